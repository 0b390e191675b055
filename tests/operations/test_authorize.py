"""AuthorizeSecurityGroupIngress and -Egress: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, REGION, Account, permission, tag_specification
from ringwall.domain.quota import Quota

INGRESS, EGRESS = "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"
DIRECTIONS = pytest.mark.parametrize("name", [INGRESS, EGRESS])
ANY = "10.0.0.0/8"
BAD_DESCRIPTION = (
    "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  "
    "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
)
NO_SOURCE = (
    "missing mandatory parameter: exactly one of remote-security-group, remote-ip-range, remote-ipv6-range, or "
    "prefix-list-id must be present"
)
PORTS = "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."
ICMP_PORTS = "Invalid value for portRange. Must specify both from and to ports with ICMP."
NULL_PROTOCOL = "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly."
TWICE = "The same permission must not appear multiple times"


@DIRECTIONS
def test_the_answer_lists_each_new_rule(account: Account, name: str) -> None:
    group_id = account.group(VpcId=account.vpc())
    source = permission("tcp", (22, 25), ANY, "2001:db8::/32", group_id, "pl-63a5400a", description="from there")
    answer = account.call(name, GroupId=group_id, IpPermissions=[source])
    assert answer["Return"] is True
    common = {
        "GroupId": group_id,
        "GroupOwnerId": ACCOUNT,
        "IsEgress": name == EGRESS,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 25,
        "Description": "from there",
    }
    peers = [
        {"ReferencedGroupInfo": {"GroupId": group_id, "UserId": ACCOUNT}},
        {"CidrIpv4": ANY},
        {"CidrIpv6": "2001:db8::/32"},
        {"PrefixListId": "pl-63a5400a"},
    ]
    ids = [rule["SecurityGroupRuleId"] for rule in answer["SecurityGroupRules"]]
    assert answer["SecurityGroupRules"] == [
        common
        | peer
        | {
            "SecurityGroupRuleId": rule_id,
            "SecurityGroupRuleArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group-rule/{rule_id}",
        }
        for peer, rule_id in zip(peers, ids, strict=True)
    ]
    assert sorted(account.rule_ids(group_id, egress=name == EGRESS)[-4:]) == sorted(ids)


def test_tags_go_to_every_new_rule(account: Account) -> None:
    group_id = account.group()
    answer = account.call(
        INGRESS,
        GroupId=group_id,
        IpPermissions=[permission("tcp", 22, ANY, "::/0")],
        TagSpecifications=tag_specification("security-group-rule", Team="a"),
    )
    assert [rule["Tags"] for rule in answer["SecurityGroupRules"]] == [[{"Key": "Team", "Value": "a"}]] * 2


@pytest.mark.parametrize(
    ("protocol", "ports", "stored"),
    [
        ("TCP", 22, ("tcp", 22, 22)),
        ("6", 22, ("tcp", 22, 22)),
        ("006", 22, ("tcp", 22, 22)),
        ("17", (0, 65535), ("udp", 0, 65535)),
        ("1", (3, 4), ("icmp", 3, 4)),
        ("icmp", (8, -1), ("icmp", 8, -1)),
        ("icmp", (-1, -1), ("icmp", -1, -1)),
        ("58", None, ("icmpv6", -1, -1)),
        ("ICMPv6", (128, 0), ("icmpv6", 128, 0)),
        ("-1", None, ("-1", -1, -1)),
        ("-1", 22, ("-1", -1, -1)),
        ("-1", (-1, -1), ("-1", -1, -1)),
        ("47", (7, 3), ("47", -1, -1)),
        ("0", None, ("0", -1, -1)),
        ("255", (-1, -1), ("255", -1, -1)),
    ],
)
def test_traffic_is_stored_canonically(
    account: Account, protocol: str, ports: Any, stored: tuple[str, int, int]
) -> None:
    answer = account.call(INGRESS, GroupId=account.group(), IpPermissions=[permission(protocol, ports, ANY)])
    (rule,) = answer["SecurityGroupRules"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == stored


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("100.68.0.18/18", "100.68.0.0/18"),
        ("255.255.255.255/0", "0.0.0.0/0"),
        ("2001:DB8:0:0::1/32", "2001:db8::/32"),
        ("::1/0", "::/0"),
    ],
)
def test_cidr_blocks_are_stored_canonically(account: Account, given: str, stored: str) -> None:
    answer = account.call(INGRESS, GroupId=account.group(), IpPermissions=[permission("tcp", 22, given)])
    (rule,) = answer["SecurityGroupRules"]
    assert stored in (rule.get("CidrIpv4"), rule.get("CidrIpv6"))


@DIRECTIONS
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"FromPort": 22, "ToPort": 22}, NULL_PROTOCOL),
        ({"IpProtocol": "all"}, "Invalid value 'all' for IP protocol. Unknown protocol."),
        ({"IpProtocol": ""}, "Invalid value '' for IP protocol. Unknown protocol."),
        ({"IpProtocol": "256"}, "Invalid value '256' for IP protocol. Unknown protocol."),
        ({"IpProtocol": "-2"}, "Invalid value '-2' for IP protocol. Unknown protocol."),
        ({"IpProtocol": "+6"}, "Invalid value '+6' for IP protocol. Unknown protocol."),
        ({"IpProtocol": "٦"}, "Invalid value '٦' for IP protocol. Unknown protocol."),
        ({"IpProtocol": "tcp"}, PORTS),
        ({"IpProtocol": "udp", "ToPort": 22}, PORTS),
        ({"IpProtocol": "TCP", "FromPort": 22}, PORTS),
        ({"IpProtocol": "tcp", "FromPort": -1, "ToPort": -1}, PORTS),
        ({"IpProtocol": "tcp", "FromPort": 0, "ToPort": -1}, PORTS),
        ({"IpProtocol": "tcp", "FromPort": -5, "ToPort": 2}, "TCP/UDP from port is out of range."),
        ({"IpProtocol": "udp", "FromPort": 1, "ToPort": 65536}, "TCP/UDP to port is out of range."),
        ({"IpProtocol": "tcp", "FromPort": 200, "ToPort": 100}, "Invalid TCP/UDP port range (200-100)"),
        ({"IpProtocol": "icmp"}, ICMP_PORTS),
        ({"IpProtocol": "icmp", "FromPort": 8}, ICMP_PORTS),
        ({"IpProtocol": "icmp", "FromPort": 256, "ToPort": 0}, "ICMP type is out of range."),
        ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -2}, "ICMP code is out of range."),
        (
            {"IpProtocol": "icmpv6", "ToPort": 4},
            "Invalid value for portRange. All ICMP types (-1) need all ICMP codes (-1).",
        ),
        (
            {"IpProtocol": "icmp", "FromPort": -1, "ToPort": 4},
            "Invalid value for portRange. All ICMP types (-1) need all ICMP codes (-1).",
        ),
        ({"IpProtocol": "-1", "IpRanges": []}, NO_SOURCE),
        (
            {"IpProtocol": "-1", "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []},
            NO_SOURCE,
        ),
        # What is wrong first is told first: protocol, ports, sources, blocks.
        ({"IpProtocol": "tcp", "IpRanges": []}, PORTS),
        ({"IpProtocol": "x", "IpRanges": [{"CidrIp": "x"}]}, "Invalid value 'x' for IP protocol. Unknown protocol."),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "::/0"}]}, "CIDR block ::/0 is malformed"),
        (
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "sg-05cbbd25a44de07f5"}]},
            "CIDR block sg-05cbbd25a44de07f5 is malformed",
        ),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "1.2.3.4"}]}, "CIDR block 1.2.3.4 is malformed"),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8\n"}]}, "CIDR block 10.0.0.0/8\n is malformed"),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/33"}]}, "CIDR block 10.0.0.0/33 is malformed"),
        (
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/255.0.0.0"}]},
            "CIDR block 10.0.0.0/255.0.0.0 is malformed",
        ),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "010.0.0.0/8"}]}, "CIDR block 010.0.0.0/8 is malformed"),
        ({"IpProtocol": "-1", "IpRanges": [{"Description": "x"}]}, "CIDR block null is malformed"),
        ({"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": ANY}]}, f"CIDR block {ANY} is malformed"),
        (
            {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "fe80::1%eth0/64"}]},
            "CIDR block fe80::1%eth0/64 is malformed",
        ),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANY, "Description": "ü"}]}, BAD_DESCRIPTION),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANY, "Description": "x" * 256}]}, BAD_DESCRIPTION),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANY, "Description": "a<b"}]}, BAD_DESCRIPTION),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANY}, {"CidrIp": "10.1.2.3/8"}]}, TWICE),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANY}, {"CidrIp": ANY, "Description": "x"}]}, TWICE),
    ],
)
def test_a_permission_that_cannot_be_meant(account: Account, name: str, given: dict[str, Any], message: str) -> None:
    group_id = account.group()
    bad = {"IpRanges": [{"CidrIp": ANY}]} | given if "Ipv6Ranges" not in given else given
    good = permission("tcp", 443, "192.0.2.0/24")
    # All or nothing: the good one beside it isn't stored (`refused` looks).
    refusal = account.refused(name, GroupId=group_id, IpPermissions=[good, bad])
    assert refusal == ("InvalidParameterValue", message)


@DIRECTIONS
def test_the_same_rule_in_other_words_twice(account: Account, name: str) -> None:
    group_id = account.group()
    permissions = [permission("tcp", 22, ANY), permission("6", 22, "10.9.9.9/8")]
    assert account.refused(name, GroupId=group_id, IpPermissions=permissions) == ("InvalidParameterValue", TWICE)


@DIRECTIONS
@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-0"}] * 2},
            ("InvalidGroup.NotFound", "The security group 'sg-0' does not exist"),
        ),
        (
            {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-0"}] * 2},
            ("InvalidPrefixListID.NotFound", "The prefix list ID 'pl-0' does not exist"),
        ),
    ],
)
def test_what_does_not_exist_named_twice(
    account: Account, name: str, permission: dict[str, Any], expected: tuple[str, str]
) -> None:
    # ec2-behaviour 3.5: that the source exists comes before the match, and so before repetition.
    assert account.refused(name, GroupId=account.group(), IpPermissions=[permission]) == expected


DUPLICATES = [
    (("tcp", 22, "0.0.0.0/0"), "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW"),
    (("udp", (50000, 60000), "0.0.0.0/0"), "peer: 0.0.0.0/0, UDP, from port: 50000, to port: 60000, ALLOW"),
    (("icmp", (-1, -1), "10.0.0.0/24"), "peer: 10.0.0.0/24, ICMP, type: ALL, code: ALL, ALLOW"),
    (("icmp", (8, -1), "10.0.0.0/24"), "peer: 10.0.0.0/24, ICMP, type: 8, code: ALL, ALLOW"),
    (("-1", None, "10.0.0.0/8"), "peer: 10.0.0.0/8, ALL, ALLOW"),
    (("47", None, "10.0.0.0/8"), "peer: 10.0.0.0/8, 47, ALLOW"),
]


@DIRECTIONS
@pytest.mark.parametrize(("rule", "sentence"), DUPLICATES)
def test_a_rule_that_exists(account: Account, name: str, rule: Any, sentence: str) -> None:
    """Observed: authorize-duplicate-and-revoke.json, error-texts-from-public-reports.json; the last three are not."""
    group_id = account.group()
    account.call(name, GroupId=group_id, IpPermissions=[permission(*rule)])
    again = permission(*rule, description="another description is no other rule")
    new = permission("tcp", 1, "192.0.2.0/24")
    assert account.refused(name, GroupId=group_id, IpPermissions=[new, again]) == (
        "InvalidPermission.Duplicate",
        f'the specified rule "{sentence}" already exists',
    )


def test_a_rule_with_a_group_that_exists(account: Account) -> None:
    """Observed: raw-http-samples.json, the duplicate with a group for its peer."""
    group_id, source = account.group(), account.group("source")
    account.allow(group_id, permission("tcp", (0, 65535), source))
    again = permission("tcp", (0, 65535), source)
    assert account.refused(INGRESS, GroupId=group_id, IpPermissions=[again]) == (
        "InvalidPermission.Duplicate",
        f'the specified rule "peer: {source}, TCP, from port: 0, to port: 65535, ALLOW" already exists',
    )


def test_the_directions_do_not_share_rules(account: Account) -> None:
    group_id = account.group()
    assert account.allow(group_id, permission("tcp", 22, ANY))
    assert account.allow(group_id, permission("tcp", 22, ANY), egress=True)


# --- Groups and prefix lists as peers ---


def test_a_group_by_name_is_looked_for_in_the_default_vpc(account: Account) -> None:
    group_id, source = account.group(), account.group("source")
    pair = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": [{"GroupName": "SOURCE"}]}
    answer = account.call(INGRESS, GroupName="web", IpPermissions=[pair])
    assert answer["SecurityGroupRules"][0]["ReferencedGroupInfo"]["GroupId"] == source
    # What a client was shown it can send back, but a rule is there only once.
    shown = account.described(group_id)["IpPermissions"]
    assert account.refused(INGRESS, GroupId=group_id, IpPermissions=shown)[0] == "InvalidPermission.Duplicate"


PAIRS = [
    ({"GroupId": "sg-11111111"}, ("InvalidGroup.NotFound", "The security group 'sg-11111111' does not exist")),
    (
        {"GroupName": "sg-11111111"},
        ("InvalidGroup.NotFound", "The security group 'sg-11111111' does not exist in default VPC '{default}'"),
    ),
    (
        {"GroupId": "{web}", "UserId": "210987654321"},
        ("InvalidGroup.NotFound", "The security group '{web}' does not exist"),
    ),
    (
        {"GroupName": "amazon-elb-sg", "UserId": "amazon-elb"},
        ("InvalidGroup.NotFound", "The security group 'amazon-elb-sg' does not exist"),
    ),
    (
        {"GroupId": "{other}"},
        ("InvalidGroup.NotFound", "You have specified two resources that belong to different networks."),
    ),
    (
        {"GroupId": "{web}", "VpcId": "vpc-0a"},
        ("InvalidGroup.NotFound", "You have specified two resources that belong to different networks."),
    ),
    (
        {"GroupId": "{web}", "VpcPeeringConnectionId": "pcx-0a"},
        ("InvalidVpcPeeringConnectionID.NotFound", "The vpcPeeringConnection ID 'pcx-0a' does not exist"),
    ),
    (
        {"GroupId": "{web}", "GroupName": "web"},
        ("InvalidParameterCombination", "The parameter groupId cannot be used with the parameter groupName"),
    ),
    ({"UserId": ACCOUNT}, ("MissingParameter", "Source group ID missing.")),
]


@DIRECTIONS
@pytest.mark.parametrize(("pair", "expected"), PAIRS)
def test_a_group_that_cannot_be_named(
    account: Account, name: str, pair: dict[str, str], expected: tuple[str, str]
) -> None:
    there = {"web": account.group(), "other": account.group(VpcId=account.vpc()), "default": account.default_vpc_id}
    pair = {key: value.format(**there) for key, value in pair.items()}
    permissions = [{"IpProtocol": "-1", "UserIdGroupPairs": [pair]}]
    refusal = account.refused(name, GroupId=there["web"], IpPermissions=permissions)
    assert refusal == (expected[0], expected[1].format(**there))


def test_a_group_of_its_own_account_and_vpc_may_say_so(account: Account) -> None:
    group_id = account.group()
    pair = {"GroupId": group_id, "UserId": ACCOUNT, "VpcId": account.default_vpc_id, "PeeringStatus": "active"}
    account.call(INGRESS, GroupId=group_id, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [pair]}])
    (shown,) = account.described(group_id)["IpPermissions"]
    assert shown["UserIdGroupPairs"] == [{"GroupId": group_id, "UserId": ACCOUNT}]


def test_a_prefix_list_that_does_not_exist(account: Account) -> None:
    permissions = [permission("-1", None, ABSENT["pl"])]
    assert account.refused(INGRESS, GroupId=account.group(), IpPermissions=permissions) == (
        "InvalidPrefixListID.NotFound",
        f"The prefix list ID '{ABSENT['pl']}' does not exist",
    )


# --- Before a dry run ---


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        (INGRESS, {}, ("MissingParameter", "The request must contain the parameter groupName or groupId")),
        (EGRESS, {}, ("MissingParameter", "The request must contain the parameter groupId")),
        # Observed 2023: an empty id is refused before the protocol is looked at.
        (
            INGRESS,
            {"GroupId": "", "IpPermissions": [{"IpProtocol": "All"}]},
            ("InvalidGroupId.Malformed", "The security-group ID '' is malformed"),
        ),
        (EGRESS, {"GroupId": ""}, ("InvalidGroupId.Malformed", "The security-group ID '' is malformed")),
        (
            INGRESS,
            {"GroupId": "sg-1", "GroupName": "web"},
            ("InvalidParameterCombination", "The parameter groupId cannot be used with the parameter groupName"),
        ),
        (
            INGRESS,
            {"GroupId": "tcp_elb_security_group"},
            ("InvalidGroupId.Malformed", 'Invalid id: "tcp_elb_security_group" (expecting "sg-...")'),
        ),
        (
            INGRESS,
            {"GroupId": "sg-1", "IpPermissions": [permission("-1", None, "sg-xxxxxxxx, sg-xxxxxxxxx")]},
            ("InvalidGroupId.Malformed", 'Invalid id: "sg-xxxxxxxx, sg-xxxxxxxxx"'),
        ),
        (
            EGRESS,
            {"GroupId": "sg-1", "IpPermissions": [permission("-1", None, "pl-zz")]},
            ("InvalidPrefixListId.Malformed", 'Invalid id: "pl-zz"'),
        ),
        (
            EGRESS,
            {"GroupId": "sg-1", "IpPermissions": [{"PrefixListIds": [{"Description": "none"}]}]},
            ("InvalidPrefixListId.Malformed", 'Invalid id: "" (expecting "pl-...")'),
        ),
        (
            EGRESS,
            {"GroupId": "sg-1", "IpPermissions": [{"UserIdGroupPairs": [{"VpcPeeringConnectionId": "x"}]}]},
            ("InvalidVpcPeeringConnectionId.Malformed", 'Invalid id: "x" (expecting "pcx-...")'),
        ),
        (
            INGRESS,
            {"GroupId": "sg-1", "IpPermissions": [{"UserIdGroupPairs": [{"GroupId": "sg-2", "VpcId": "x"}]}]},
            ("InvalidVpcID.Malformed", 'Invalid id: "x" (expecting "vpc-...")'),
        ),
        # A dry run ends before existence and meaning (the latter observed 2018).
        (INGRESS, {"GroupId": "sg-112233", "IpPermissions": [{"IpProtocol": "all"}]}, None),
        (INGRESS, {"GroupName": "no such group"}, None),
    ],
)
def test_what_is_refused_before_a_dry_run(
    account: Account, name: str, given: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    assert account.checked(name, **given) == expected


@DIRECTIONS
def test_a_group_that_does_not_exist_comes_before_the_permissions(account: Account, name: str) -> None:
    assert account.refused(name, GroupId="sg-112233", IpPermissions=[{"IpProtocol": "all"}]) == (
        "InvalidGroup.NotFound",
        "The security group 'sg-112233' does not exist",
    )


def test_a_group_name_that_does_not_exist(account: Account) -> None:
    assert account.refused(INGRESS, GroupName="sg-3acb815f", IpPermissions=[permission("-1", None, ANY)]) == (
        "InvalidGroup.NotFound",
        f"The security group 'sg-3acb815f' does not exist in default VPC '{account.default_vpc_id}'",
    )


@DIRECTIONS
def test_no_rule_at_all(account: Account, name: str) -> None:
    expected = ("MissingParameter", "The request must contain the parameter ipPermissions")
    assert account.refused(name, GroupId=account.group()) == expected


# --- The flat parameters ---


def test_flat_parameters_name_one_rule(account: Account) -> None:
    answer = account.call(
        INGRESS, GroupId=account.group(), IpProtocol="TCP", FromPort=22, ToPort=25, CidrIp="10.1.1.1/8"
    )
    (rule,) = answer["SecurityGroupRules"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["CidrIpv4"]) == ("tcp", 22, 25, "10.0.0.0/8")


def test_flat_parameters_without_a_source_do_nothing(account: Account) -> None:
    """Observed 2017: true, and no rule."""
    group_id = account.group()
    answer = account.call(INGRESS, GroupId=group_id, IpProtocol="tcp", FromPort=22, ToPort=22)
    assert answer == {"Return": True, "SecurityGroupRules": []}
    assert account.rule_ids(group_id) == []


def test_a_source_group_name_alone_is_all_of_tcp_udp_and_icmp(account: Account) -> None:
    source = account.group("source")
    answer = account.call(
        INGRESS, GroupId=account.group(), SourceSecurityGroupName="source", SourceSecurityGroupOwnerId=ACCOUNT
    )
    assert [
        (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["ReferencedGroupInfo"]["GroupId"])
        for rule in answer["SecurityGroupRules"]
    ] == [("tcp", 1, 65535, source), ("udp", 1, 65535, source), ("icmp", -1, -1, source)]


FLAT = [
    (
        {"SourceSecurityGroupName": "web", "IpProtocol": "tcp"},
        (
            "InvalidParameterCombination",
            "The parameter 'ipProtocol' may not be used in combination with 'sourceSecurityGroupName'",
        ),
    ),
    (
        {"SourceSecurityGroupName": "web", "CidrIp": ANY},
        (
            "InvalidParameterCombination",
            "The parameter 'cidrIp' may not be used in combination with 'sourceSecurityGroupName'",
        ),
    ),
    (
        {"SourceSecurityGroupName": "none"},
        ("InvalidGroup.NotFound", "The security group 'none' does not exist in default VPC '{default}'"),
    ),
    # The owner isn't supported: naming another account's group must not admit one's own.
    (
        {"SourceSecurityGroupName": "web", "SourceSecurityGroupOwnerId": "210987654321"},
        ("InvalidGroup.NotFound", "The security group 'web' does not exist"),
    ),
    ({"SourceSecurityGroupOwnerId": ACCOUNT}, ("MissingParameter", "Source group ID missing.")),
    (
        {"SourceSecurityGroupOwnerId": ACCOUNT, "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2},
        ("MissingParameter", "Source group ID missing."),
    ),
    ({"CidrIp": ANY}, ("InvalidParameterValue", NULL_PROTOCOL)),
    ({"IpProtocol": "tcp", "CidrIp": ANY}, ("InvalidParameterValue", PORTS)),
    ({"IpProtocol": "tcp"}, ("InvalidParameterValue", PORTS)),
    ({"IpProtocol": "-1", "CidrIp": "::/0"}, ("InvalidParameterValue", "CIDR block ::/0 is malformed")),
    (
        {"IpProtocol": "-1", "CidrIp": ANY, "IpPermissions": [permission("-1", None, "::/0")]},
        ("InvalidParameterCombination", "The parameter ipPermissions cannot be used with the parameter ipProtocol"),
    ),
]


@pytest.mark.parametrize(("given", "expected"), FLAT)
def test_flat_parameters_that_cannot_be_meant(
    account: Account, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    group_id = account.group()
    refusal = account.refused(INGRESS, GroupId=group_id, **given)
    assert refusal == (expected[0], expected[1].format(default=account.default_vpc_id))


def test_egress_has_no_flat_parameters(account: Account) -> None:
    assert account.refused(EGRESS, GroupId=account.group(), IpProtocol="-1", CidrIp=ANY) == (
        "InvalidParameterCombination",
        "The parameter ipProtocol isn't supported for egress rules. Use ipPermissions instead.",
    )


@pytest.mark.parametrize(
    ("specifications", "message"),
    [
        (
            tag_specification("security-group", a="b"),
            "'security-group' is not a valid taggable resource type for this operation.",
        ),
        ([{"ResourceType": "security-group-rule"}], "Tag specification must have at least one tag"),
        (tag_specification("security-group-rule", **{"ringwall:on-revoke": "cut"}), None),
    ],
)
def test_tags_that_a_rule_cannot_have(account: Account, specifications: Any, message: str | None) -> None:
    code, text = account.refused(
        INGRESS, GroupId=account.group(), IpPermissions=[permission("-1", None, ANY)], TagSpecifications=specifications
    )
    assert code == "InvalidParameterValue"
    assert message in (None, text)


# --- Quota: four ledgers, ec2-behaviour section 4 (observed) ---

FULL = ("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")


@pytest.mark.parametrize(
    ("held", "more", "fits"),
    [
        ((60, 60, 0, 0), (0, 0, 0, 0), True),
        ((60, 0, 0, 0), (0, 60, 0, 0), True),
        ((60, 0, 0, 0), (1, 0, 0, 0), False),
        ((0, 60, 0, 0), (0, 1, 0, 0), False),
        ((59, 0, 0, 0), (2, 0, 0, 0), False),
        ((59, 59, 1, 0), (0, 0, 0, 0), True),
        ((60, 0, 0, 0), (0, 0, 1, 0), False),
        ((0, 60, 0, 0), (0, 0, 0, 1), False),
        ((58, 0, 1, 1), (0, 58, 0, 0), True),
        ((58, 0, 1, 1), (0, 59, 0, 0), False),
    ],
)
@DIRECTIONS
def test_rules_per_group(account: Account, name: str, held: Any, more: Any, fits: bool) -> None:
    group_id = account.group(VpcId=account.vpc())
    if name == EGRESS:  # a new group begins with one
        account.call("RevokeSecurityGroupEgress", GroupId=group_id, IpPermissions=[permission("-1", None, "0.0.0.0/0")])

    def some(numbers: Any, port: int) -> dict[str, Any]:
        ipv4, ipv6, groups, lists = numbers
        sources = [f"10.0.{each}.0/24" for each in range(ipv4)] + [f"2001:db8:{each:x}::/48" for each in range(ipv6)]
        return permission("tcp", port, *sources, *[group_id] * groups, *["pl-63a5400a"] * lists)

    account.call(name, GroupId=group_id, IpPermissions=[some(held, 1)])
    if sum(more):
        request = {"GroupId": group_id, "IpPermissions": [some(more, 2)]}
        if fits:
            assert account.call(name, **request)["Return"] is True
        else:
            assert account.refused(name, **request) == FULL


def test_no_quota_is_no_limit(store: Any) -> None:
    account = Account(store, quota=Quota(rules_per_group_max=None))
    group_id = account.group()
    assert len(account.allow(group_id, permission("tcp", 1, *(f"10.0.{each}.0/24" for each in range(70))))) == 70
