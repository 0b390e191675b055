"""Who may ask for a rule's use, and what becomes of hosts that say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from enrolled import enrol
from serving import Server

PATHS = ("rules/{rule}/usage", "rules/{rule}/flows", "groups/{group}/usage")


def made(server: Server, region: str) -> dict[str, str]:
    """The ids of a group and of its one rule of egress."""
    ec2: Any = server.client(region=region)
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="web", Description="for tests", VpcId=vpc)["GroupId"]
    (rule,) = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    return {"group": group, "rule": rule["SecurityGroupRuleId"]}


@pytest.mark.parametrize("path", PATHS)
def test_what_is_of_another_place_is_not_there(server: Server, path: str) -> None:
    where = "/ringwall/v1/" + path.format(**made(server, "eu-west-1"))
    assert server.api("GET", where, region="eu-west-1").status == 200
    answer = server.api("GET", where)
    assert answer.status == 400
    assert answer.json["error"]["code"] in ("InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound")


@pytest.mark.parametrize("path", PATHS)
def test_what_is_of_another_account_is_not_there(server: Server, path: str) -> None:
    other = server.api("POST", "/ringwall/v1/accounts", {"name": f"other-{PATHS.index(path)}"}).json
    key = {"key_id": other["access_key_id"], "secret": other["secret_access_key"]}
    where = "/ringwall/v1/" + path.format(**made(server, "us-west-2"))
    assert server.api("GET", where, region="us-west-2").status == 200
    answer = server.api("GET", where, region="us-west-2", **key)
    assert answer.status == 400
    assert answer.json["error"]["code"] in ("InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound")


@pytest.mark.parametrize("path", PATHS)
def test_a_host_may_not_ask(server: Server, path: str) -> None:
    where = "/ringwall/v1/" + path.format(**made(server, "us-east-1"))
    answer = server.api("GET", where, **enrol(server).key)
    assert answer.status == 403
    assert "hosts" not in answer.json


def test_a_host_that_does_not_answer_is_silent_and_the_sum_is_said_to_be_incomplete(server: Server) -> None:
    host = enrol(server)
    ec2 = server.client()
    group = ec2.create_security_group(GroupName="silent", Description="for tests")["GroupId"]
    ec2.modify_instance_attribute(InstanceId=host.instance_id, Groups=[group])
    filters = [{"Name": "group-id", "Values": [group]}]
    (rule,) = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    usage = server.api("GET", f"/ringwall/v1/rules/{rule['SecurityGroupRuleId']}/usage?wait=0").json
    assert [(each["instance_id"], each["state"]) for each in usage["hosts"]] == [(host.instance_id, "silent")]
    assert usage["complete"] is False
