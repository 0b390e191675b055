"""DescribeSecurityGroupRules: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ACCOUNT, REGION, Account, permission, tag_specification

NAME = "DescribeSecurityGroupRules"


def rules(account: Account, **request: Any) -> list[dict[str, Any]]:
    return account.call(NAME, **request)["SecurityGroupRules"]


def test_a_rule_as_it_is_shown(account: Account) -> None:
    group_id = account.group()
    answer = account.call(
        "AuthorizeSecurityGroupIngress",
        GroupId=group_id,
        IpPermissions=[permission("tcp", 22, group_id, description="d"), permission("icmp", (8, -1), "10.0.0.0/8")],
        TagSpecifications=tag_specification("security-group-rule", Team="a"),
    )
    ids = [rule["SecurityGroupRuleId"] for rule in answer["SecurityGroupRules"]]
    common = {"GroupId": group_id, "GroupOwnerId": ACCOUNT, "IsEgress": False, "Tags": [{"Key": "Team", "Value": "a"}]}
    arns = [f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group-rule/{rule_id}" for rule_id in ids]
    expected = [
        common
        | {
            "SecurityGroupRuleId": ids[0],
            "SecurityGroupRuleArn": arns[0],
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "ReferencedGroupInfo": {"GroupId": group_id, "UserId": ACCOUNT},
            "Description": "d",
        },
        common
        | {
            "SecurityGroupRuleId": ids[1],
            "SecurityGroupRuleArn": arns[1],
            "IpProtocol": "icmp",
            "FromPort": 8,
            "ToPort": -1,
            "CidrIpv4": "10.0.0.0/8",
        },
    ]
    assert rules(account, SecurityGroupRuleIds=ids) == expected
    assert answer["SecurityGroupRules"] == expected


def test_a_rule_without_tags_shows_none(account: Account) -> None:
    (rule_id,) = account.allow(account.group(), permission("tcp", 22, "10.0.0.0/8"))
    assert rules(account, SecurityGroupRuleIds=[rule_id])[0]["Tags"] == []


def test_filters(account: Account) -> None:
    one, two = account.group("one"), account.group("two")
    (first,) = account.allow(one, permission("tcp", 1, "10.0.0.0/8"))
    (second,) = account.allow(two, permission("tcp", 2, "10.0.0.0/8"))
    account.call("CreateTags", Resources=[second], Tags=[{"Key": "Team", "Value": "a"}])

    def found(*filters: tuple[str, list[str]]) -> set[str]:
        given = [{"Name": name, "Values": values} for name, values in filters]
        return {rule["SecurityGroupRuleId"] for rule in rules(account, Filters=given) if not rule["IsEgress"]}

    assert found(("group-id", [one])) == {first}
    assert found(("group-id", [one, two])) == {first, second}
    assert found(("group-id", [one]), ("group-id", [two])) == set()
    assert found(("security-group-rule-id", ["sgr-*"]), ("group-id", [two])) == {second}
    assert found(("security-group-rule-id", [first])) == {first}
    assert found(("tag:Team", ["a"])) == {second}
    assert found(("tag-key", ["Team"])) == {second}
    assert found(("tag:Team", ["b"])) == set()


def test_rules_of_others_are_not_shown(account: Account) -> None:
    (rule_id,) = account.allow(account.group(), permission("tcp", 22, "10.0.0.0/8"))
    for other in (account.elsewhere(account_id="210987654321"), account.elsewhere(region="eu-west-1")):
        assert rule_id not in {rule["SecurityGroupRuleId"] for rule in rules(other)}
        code, _ = other.refused(NAME, SecurityGroupRuleIds=[rule_id])
        assert code == "InvalidSecurityGroupRuleId.NotFound"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"SecurityGroupRuleIds": ["sgr-00000000"]},
            ("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID 'sgr-00000000' does not exist"),
        ),
        (
            {"SecurityGroupRuleIds": ["sgr-1"], "MaxResults": 5},
            (
                "InvalidParameterCombination",
                "The parameter 'securityGroupRuleIds' may not be used in combination with 'maxResults'.",
            ),
        ),
        (
            {"Filters": [{"Name": "vpc-id", "Values": ["x"]}]},
            ("InvalidParameterValue", "The filter 'vpc-id' is invalid"),
        ),
    ],
)
def test_refusals(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert account.refused(NAME, **given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"SecurityGroupRuleIds": ["x"]},
            ("InvalidSecurityGroupRuleId.Malformed", "The security group rule ID 'x' is malformed"),
        ),
        (
            {"Filters": [{"Name": "group-id", "Values": ["sg-*"]}]},
            ("InvalidGroupId.Malformed", "The security group ID 'sg-*' is malformed"),
        ),
        ({"Filters": [{"Name": "security-group-rule-id", "Values": ["x"]}]}, None),
    ],
)
def test_before_a_dry_run(account: Account, given: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert account.checked(NAME, **given) == expected


def test_rules_come_in_the_order_of_their_ids(account: Account) -> None:
    one, two = account.group("one"), account.group("two")
    for port in range(1, 8):
        account.allow(two if port % 2 else one, permission("tcp", port, "10.0.0.0/8"))
    everything = [rule["SecurityGroupRuleId"] for rule in rules(account)]
    assert everything == sorted(everything)
    filters = [{"Name": "group-id", "Values": [two, one]}]
    page = account.call(NAME, Filters=filters, MaxResults=5)
    rest = account.call(NAME, Filters=filters, MaxResults=5, NextToken=page["NextToken"])
    shown = [rule["SecurityGroupRuleId"] for rule in page["SecurityGroupRules"] + rest["SecurityGroupRules"]]
    assert shown == [rule["SecurityGroupRuleId"] for rule in rules(account, Filters=filters)]
    assert len(shown) == 9  # with the two first egress rules


def test_pages_of_a_few_among_many(account: Account) -> None:
    group_id = account.group()
    rule_ids = account.allow(group_id, *(permission("tcp", port, "10.0.0.0/8") for port in range(1, 41)))
    some = rule_ids[::5]
    account.call("CreateTags", Resources=some, Tags=[{"Key": "Team", "Value": "a"}])
    filters = [{"Name": "tag:Team", "Values": ["a"]}]
    page = account.call(NAME, Filters=filters, MaxResults=5)
    assert [rule["SecurityGroupRuleId"] for rule in page["SecurityGroupRules"]] == some[:5]
    rest = account.call(NAME, Filters=filters, MaxResults=5, NextToken=page["NextToken"])
    assert [rule["SecurityGroupRuleId"] for rule in rest["SecurityGroupRules"]] == some[5:]
    assert "NextToken" not in rest


@pytest.mark.parametrize("size", [4, 1001, 0, -1])
def test_sizes_of_pages_that_cannot_be(account: Account, size: int) -> None:
    code, message = account.refused(NAME, MaxResults=size)
    assert code == "InvalidParameterValue"
    assert message.startswith(f"Value ( {size} ) for parameter maxResults is invalid.")


@pytest.mark.parametrize("size", [5, 1000])
def test_sizes_of_pages(account: Account, size: int) -> None:
    assert account.call(NAME, MaxResults=size)["SecurityGroupRules"]


@pytest.mark.parametrize(
    ("protocol", "ports", "in_groups", "in_rules"),
    [
        ("tcp", (22, 25), (22, 25), (22, 25)),
        ("tcp", (0, 65535), (0, 65535), (0, 65535)),
        ("udp", (0, 0), (0, 0), (0, 0)),
        ("icmp", (-1, -1), (-1, -1), (-1, -1)),
        ("icmp", (8, -1), (8, -1), (8, -1)),
        ("icmp", (0, 0), (0, 0), (0, 0)),
        ("icmpv6", None, (-1, -1), (-1, -1)),
        ("-1", None, None, (-1, -1)),
        ("-1", (22, 25), None, (-1, -1)),
        ("50", None, None, (-1, -1)),
        ("47", (1, 2), None, (-1, -1)),
    ],
)
@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
def test_ports_in_groups_and_in_rules(
    account: Account, direction: str, protocol: str, ports: Any, in_groups: Any, in_rules: Any
) -> None:
    """Groups leave out what a protocol hasn't, rules say -1: in Authorize, in Describe and in Revoke."""
    group_id = account.group()
    sent = [permission(protocol, ports, "192.0.2.0/24")]

    def range_of(shown: dict[str, Any]) -> tuple[int, int] | None:
        assert ("FromPort" in shown) is ("ToPort" in shown)
        return (shown["FromPort"], shown["ToPort"]) if "FromPort" in shown else None

    (new,) = account.call(f"AuthorizeSecurityGroup{direction}", GroupId=group_id, IpPermissions=sent)[
        "SecurityGroupRules"
    ]
    (described,) = rules(account, SecurityGroupRuleIds=[new["SecurityGroupRuleId"]])
    member = "IpPermissionsEgress" if direction == "Egress" else "IpPermissions"
    (grouped,) = (
        each for each in account.described(group_id)[member] if {"CidrIp": "192.0.2.0/24"} in each["IpRanges"]
    )
    revoked = account.call(f"RevokeSecurityGroup{direction}", GroupId=group_id, IpPermissions=sent)
    (gone,) = revoked["RevokedSecurityGroupRules"]
    assert range_of(grouped) == in_groups
    assert {range_of(each) for each in (new, described, gone)} == {in_rules}
    assert {each["IpProtocol"] for each in (new, described, gone, grouped)} == {protocol}
