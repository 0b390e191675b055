"""The unmodified aws CLI against a real server, by environment variables alone."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from serving import AWS, Server

pytestmark = pytest.mark.skipif(not AWS.exists(), reason="the aws CLI isn't installed: `make awscli`")


def aws(server: Server, *arguments: str) -> Any:
    """The CLI's JSON, when it succeeds."""
    done = server.aws("ec2", *arguments, "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else {}


@pytest.fixture
def group_id(server: Server) -> str:
    vpc_id = server.client().create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"] if not _vpc else _vpc[0]
    _vpc[:] = [vpc_id]
    name = f"g-{secrets.token_hex(4)}"
    return str(
        aws(server, "create-security-group", "--group-name", name, "--description", "d", "--vpc-id", vpc_id)["GroupId"]
    )


_vpc: list[str] = []


def test_a_rule_is_authorized_and_revoked(server: Server, group_id: str) -> None:
    rule = ["--group-id", group_id, "--protocol", "tcp", "--port", "22", "--cidr", "203.0.113.0/24"]
    authorized = aws(server, "authorize-security-group-ingress", *rule)
    assert authorized["Return"] is True
    rule_id = authorized["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    revoked = aws(server, "revoke-security-group-ingress", *rule)
    assert revoked == {
        "Return": True,
        "RevokedSecurityGroupRules": [
            {
                "SecurityGroupRuleId": rule_id,
                "GroupId": group_id,
                "IsEgress": False,
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "CidrIpv4": "203.0.113.0/24",
            }
        ],
    }
    shown = aws(server, "describe-security-groups", "--group-ids", group_id)["SecurityGroups"][0]
    assert shown["IpPermissions"] == []


def test_a_revoke_that_matches_nothing_says_so_and_ends_with_255(server: Server, group_id: str) -> None:
    done = server.aws(
        "ec2", "revoke-security-group-ingress",
        "--group-id", group_id, "--protocol", "tcp", "--port", "22", "--cidr", "203.0.113.0/24",
    )  # fmt: skip
    assert done.returncode in (254, 255)
    assert done.stderr.strip() == (
        "An error occurred (InvalidPermission.NotFound) when calling the RevokeSecurityGroupIngress operation: "
        "The specified rule does not exist in this security group."
    ) or done.stderr.strip().endswith("The specified rule does not exist in this security group.")


def test_a_dry_run_is_answered_and_changes_nothing(server: Server, group_id: str) -> None:
    rule = ["--group-id", group_id, "--protocol", "tcp", "--port", "22", "--cidr", "203.0.113.0/24"]
    aws(server, "authorize-security-group-ingress", *rule)
    done = server.aws("ec2", "revoke-security-group-ingress", "--dry-run", *rule)
    assert "(DryRunOperation)" in done.stderr
    assert "Request would have succeeded, but DryRun flag is set." in done.stderr
    shown = aws(server, "describe-security-groups", "--group-ids", group_id)["SecurityGroups"][0]
    assert len(shown["IpPermissions"]) == 1


def test_every_protocol_form_of_the_command_line_round_trips(server: Server, group_id: str) -> None:
    forms = [
        ("--protocol", "udp", "--port", "53-60", "--cidr", "10.0.0.1/8"),
        ("--protocol", "icmp", "--port", "3-4", "--cidr", "0.0.0.0/0"),
        ("--protocol", "icmp", "--port", "-1", "--cidr", "0.0.0.0/0"),
        ("--protocol", "all", "--cidr", "192.0.2.0/24"),
        ("--protocol", "47", "--cidr", "192.0.2.0/24"),
        ("--protocol", "tcp", "--port", "443", "--source-group", group_id),
    ]
    for form in forms:
        aws(server, "authorize-security-group-ingress", "--group-id", group_id, *form)
    for form in forms:
        answer = aws(server, "revoke-security-group-ingress", "--group-id", group_id, *form)
        assert len(answer["RevokedSecurityGroupRules"]) == 1, form
    shown = aws(server, "describe-security-group-rules", "--filters", f"Name=group-id,Values={group_id}")
    assert [rule["IsEgress"] for rule in shown["SecurityGroupRules"]] == [True]


def test_the_caller_is_known_to_sts(server: Server) -> None:
    done = server.aws("sts", "get-caller-identity")
    assert json.loads(done.stdout) == {
        "UserId": "123456789012",
        "Account": "123456789012",
        "Arn": "arn:aws:iam::123456789012:root",
    }
