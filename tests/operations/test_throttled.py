"""A real server with EC2's own request limits: refused in EC2's words, and nothing done."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from enrolled import enrol
from serving import serving


def test_the_fifty_first_revoke_at_once_is_refused() -> None:
    with serving("--throttle", "aws") as server:
        client = server.client()
        (group,) = client.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
        revoke = f"Action=RevokeSecurityGroupIngress&Version=2016-11-15&GroupId={group['GroupId']}&CidrIp=10.0.0.0%2F8"
        answers = [server.call(revoke + "&IpProtocol=tcp&FromPort=1&ToPort=1") for _ in range(60)]
        assert [answer.code for answer in answers[:50]] == [None] * 50  # nothing was there to revoke
        assert answers[-1].status == 503
        assert answers[-1].code == "RequestLimitExceeded"
        with pytest.raises(ClientError, match="has been throttled on ec2:AuthorizeSecurityGroupIngress"):
            for _ in range(3):
                permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
                client.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])
                client.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])
        assert client.describe_security_groups(GroupNames=["default"])["SecurityGroups"] == [group]


def test_our_own_way_to_change_rules_is_no_way_around() -> None:
    with serving("--throttle", "aws") as server:
        (group,) = server.client().describe_security_groups(GroupNames=["default"])["SecurityGroups"]
        change = {"group_id": group["GroupId"], "direction": "ingress", "revoke": ["sgr-0123456789abcdef0"]}
        revoke = {"rule_ids": ["sgr-0123456789abcdef0"]}
        path = f"/ringwall/v1/groups/{group['GroupId']}/revoke"
        answers = [server.api("POST", path, revoke) for _ in range(30)]
        answers += [server.api("POST", "/ringwall/v1/changes", {"changes": [change]}) for _ in range(30)]
        codes = [answer.json["error"]["code"] for answer in answers]
        assert codes[:50] == ["InvalidSecurityGroupRuleId.NotFound"] * 50
        assert (answers[-1].status, codes[-1]) == (503, "RequestLimitExceeded")
        assert "has been throttled on ringwall:ChangeRules" in answers[-1].json["error"]["message"]


def test_a_hosts_agent_is_heard_however_much_its_account_asks() -> None:
    with serving("--throttle", "aws") as server:
        host = enrol(server)
        while server.api("GET", "/ringwall/v1/hosts").status == 200:
            pass
        answers = [server.api("POST", "/ringwall/v1/answers/nothing", {}, **host.key) for _ in range(200)]
        assert 503 not in {answer.status for answer in answers}
