"""The policy documents that ringwall ships, on every operation and every action of /ringwall/v1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import botocore_judge as judge
from operations_given import given
from ringwall.domain.principal import PrincipalKind
from ringwall.iam.document import parse_document
from ringwall.iam.evaluate import Attached, evaluate
from ringwall.iam.shipped import SHIPPED, TEMPLATES
from ringwall.operations.table import OPERATIONS
from ringwall.server.api import ROUTES
from ringwall.server.api_needs import TARGETS
from ringwall.store.base import Transaction
from site_of_accounts import ACCOUNT, REGION, ROOT, Key, Site, document

EC2 = sorted(name for name in OPERATIONS if judge.service_of(name) == "ec2")
CLOSING = {"RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"}
CLOSING_HERE = {"ChangeRules", "EndDraining", "RevokeRules"}
"""ChangeRules needs EC2's own actions beside its own, and that document has only those that close."""
LOOKING = {action for method, _, action, _ in ROUTES if method == "GET"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    made.ask(ROOT, "DescribeVpcs")
    yield made
    made.close()


def holder(site: Site, policy: str) -> Key:
    """A user with a shipped document."""
    name = f"with{policy}"
    if site.store.read(lambda reader: reader.principal(ACCOUNT, PrincipalKind.USER, name)) is None:
        key = site.user(name)

        def attach(transaction: Transaction) -> None:
            user = transaction.principal(ACCOUNT, PrincipalKind.USER, name)
            assert user is not None
            transaction.update_principal(replace(user, policies=(policy,)))

        site.write(attach)
        return key
    return Key(f"AKIA{name.upper():X<16}"[:20], f"secret of {name} in {ACCOUNT}")


def may(site: Site, policy: str, name: str) -> bool:
    return site.ask(holder(site, policy), name, **given(name)).code != "UnauthorizedOperation"


def allows(policy: str, action: str) -> bool:
    attached = [Attached(policy, parse_document(SHIPPED[policy]))]
    return evaluate(attached, action, (), {}).allowed


@pytest.mark.parametrize("name", EC2)
def test_each_does_what_its_name_says(name: str, site: Site) -> None:
    writes = OPERATIONS[name].writes
    assert may(site, "ReadOnly", name) is not writes
    assert may(site, "RevokeOnly", name) is (not writes or name in CLOSING)
    assert may(site, "Administrator", name)


def test_who_may_only_revoke_can_t_let_flows_go_on(site: Site) -> None:
    group_id = site.ask(ROOT, "CreateSecurityGroup", GroupName="web", Description="x").one("groupId")
    tags = [{"Key": "ringwall:on-revoke", "Value": "keep"}]
    for name, request in [
        ("CreateTags", {"Resources": [group_id], "Tags": tags}),
        ("DeleteTags", {"Resources": [group_id], "Tags": tags}),
        ("CreateTags", {"Resources": [group_id], "Tags": [{"Key": "team", "Value": "web"}]}),
    ]:
        assert site.ask(holder(site, "RevokeOnly"), name, **request).code == "UnauthorizedOperation"
    assert not allows("RevokeOnly", "ringwall:SetRevokeMode")


@pytest.mark.parametrize("action", sorted(TARGETS))
def test_of_ringwalls_own_actions_only_those_that_look_or_close(action: str) -> None:
    assert allows("Administrator", f"ringwall:{action}")
    if allows("ReadOnly", f"ringwall:{action}"):
        assert action in LOOKING | {"ReadMetrics"}
    if allows("RevokeOnly", f"ringwall:{action}"):
        assert action in LOOKING | CLOSING_HERE


def test_no_other_service_s_action_is_allowed() -> None:
    for policy in ("ReadOnly", "RevokeOnly"):
        for action in ("sts:AssumeRole", "iam:PassRole", "s3:GetObject", "ringwall:Watch", "ringwall:Report"):
            assert not allows(policy, action)


def test_the_template_for_one_group_is_about_that_one(site: Site) -> None:
    mine = site.ask(ROOT, "CreateSecurityGroup", GroupName="mine", Description="x").one("groupId")
    other = site.ask(ROOT, "CreateSecurityGroup", GroupName="other", Description="x").one("groupId")
    text = TEMPLATES["OneGroup"].replace("REGION", REGION).replace("ACCOUNT", ACCOUNT).replace("sg-FILL-IN", mine)
    key = site.user("owner", text)
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    for name in sorted(OPERATIONS):
        if not OPERATIONS[name].writes or judge.service_of(name) != "ec2":
            continue
        for group_id in (mine, other):
            request = given(name)
            if "GroupId" in request:
                request["GroupId"] = group_id
            told = site.ask(key, name, **request)
            is_its_rules = name.startswith(("Authorize", "Revoke", "Update")) or name == "ModifySecurityGroupRules"
            assert (told.code != "UnauthorizedOperation") is (is_its_rules and group_id == mine), (name, group_id)
    for group_id, code in ((mine, None), (other, "UnauthorizedOperation")):
        asked = {"GroupId": group_id, "IpPermissions": [permission]}
        assert site.ask(key, "AuthorizeSecurityGroupIngress", **asked).code == code


def test_each_is_a_document_that_would_be_taken() -> None:
    for text in (*SHIPPED.values(), *TEMPLATES.values(), document({"Effect": "Deny", "Action": "*", "Resource": "*"})):
        parse_document(text)


def test_each_action_of_the_api_names_its_targets() -> None:
    assert {action for _, _, action, _ in ROUTES} | {"ReadMetrics"} == TARGETS.keys()
