"""What operations name as their targets, over both stores, and when it is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import botocore_judge as judge
from account import ACCOUNT, REGION, Account, tag_specification
from operations_given import given
from ringwall.operations.needs import needs
from ringwall.operations.resources import READ_MAX
from ringwall.operations.table import OPERATIONS
from ringwall.operations.targets import RESOURCE_TYPES
from ringwall.server.handle import handle
from site_of_accounts import ROOT, Site, allow, document

PREFIX = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"


def targets_of(account: Account, name: str, **request: Any) -> list[tuple[str, dict[str, Any]]]:
    """ARNs without what they have in common, with their keys."""
    found = account.store.read(lambda reader: OPERATIONS[name].targets(reader, account.caller, request))
    return [(target.arn.removeprefix(PREFIX), dict(target.keys)) for target in found]


@pytest.mark.parametrize("name", sorted(name for name in OPERATIONS if judge.service_of(name) == "ec2"))
def test_what_isn_t_there_has_its_arn_alone(account: Account, name: str) -> None:
    found = targets_of(account, name, **given(name))
    assert {arn.partition("/")[0] for arn, _ in found} <= set(RESOURCE_TYPES.get(OPERATIONS[name].targets, ()))
    there = f"vpc/{account.default_vpc_id}"  # which CreateSecurityGroup means without a word
    assert all(not keys for arn, keys in found if not arn.endswith("/*") and arn != there)


def test_a_group_brings_its_vpc_its_id_and_its_tags(account: Account) -> None:
    group_id = account.group(TagSpecifications=tag_specification("security-group", Team="web", team="db"))
    expected = {
        "ec2:securitygroupid": (group_id,),
        "ec2:vpc": (f"{PREFIX}vpc/{account.default_vpc_id}",),
        "aws:resourcetag/team": ("web", "db"),
        "ec2:resourcetag/team": ("web", "db"),
    }
    assert targets_of(account, "RevokeSecurityGroupIngress", GroupId=group_id) == [
        (f"security-group/{group_id}", expected)
    ]
    assert targets_of(account, "RevokeSecurityGroupIngress", GroupName="web") == [
        (f"security-group/{group_id}", expected)
    ]


def test_an_interface_is_asked_about_with_the_group_that_it_gets_unasked(account: Account) -> None:
    subnet_id = account.call("DescribeSubnets")["Subnets"][0]["SubnetId"]
    arns = [arn for arn, _ in targets_of(account, "CreateNetworkInterface", SubnetId=subnet_id)]
    default = account.default_group(account.default_vpc_id)
    assert arns == ["network-interface/*", f"subnet/{subnet_id}", f"security-group/{default}"]


def test_what_is_beyond_any_operation_isn_t_looked_up(account: Account) -> None:
    group_id = account.group()
    many = [f"sg-{number:016x}f" for number in range(READ_MAX)]
    found = targets_of(account, "CreateTags", Resources=[*many, group_id, group_id], Tags=[])
    assert len(found) == READ_MAX + 1
    assert found[-1] == (f"security-group/{group_id}", {})


def test_tags_at_creation_are_another_need_with_the_keys_of_what_is_made(account: Account) -> None:
    request = {
        "GroupName": "x",
        "Description": "x",
        "TagSpecifications": tag_specification("security-group", **{"Name": "x", "ringwall:on-revoke": "keep"}),
    }
    operation = OPERATIONS["CreateSecurityGroup"]
    found = account.store.read(lambda reader: needs("ec2", operation, reader, account.caller, request))
    assert [need.action for need in found] == ["ec2:CreateSecurityGroup", "ec2:CreateTags", "ringwall:SetRevokeMode"]
    assert [[target.arn.removeprefix(PREFIX) for target in need.targets] for need in found[1:]] == [
        ["security-group/*"]
    ] * 2
    assert "ec2:vpc" in found[1].targets[0].keys
    assert found[1].keys["ec2:createaction"] == ("CreateSecurityGroup",)
    assert found[1].keys["aws:tagkeys"] == ("Name", "ringwall:on-revoke")
    assert found[2].keys["ringwall:revokemode"] == ("keep",)


def test_targets_are_read_in_the_operation_s_own_transaction() -> None:
    """A tag that goes in the same commit, just before, is gone for the decision."""
    site = Site()
    group_id = site.ask(ROOT, "CreateSecurityGroup", GroupName="web", Description="x").one("groupId")
    tags = {"Resources": [group_id], "Tags": [{"Key": "team", "Value": "web"}]}
    key = site.user("web", document(allow("ec2:DeleteSecurityGroup", StringEquals={"aws:ResourceTag/team": "web"})))
    site.ask(ROOT, "CreateTags", **tags)
    dry = site.ask(key, "DeleteSecurityGroup", GroupId=group_id, DryRun=True)
    assert dry.code == "DryRunOperation"
    untag = site.raw(ROOT, judge.form(judge.flat("DeleteTags", tags)))
    delete = site.raw(key, judge.form(judge.flat("DeleteSecurityGroup", {"GroupId": group_id})))

    async def together() -> list[int]:
        return [
            reply.status for reply in await asyncio.gather(handle(site.service, untag), handle(site.service, delete))
        ]

    assert site.runner.run(together()) == [200, 403]
    assert site.ask(ROOT, "DescribeSecurityGroups", GroupIds=[group_id]).status == 200
    site.close()
