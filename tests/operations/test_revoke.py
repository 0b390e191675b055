"""RevokeSecurityGroupIngress and -Egress, to the letter of the API page: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, Account, permission

INGRESS, EGRESS = "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"
DIRECTIONS = pytest.mark.parametrize("name", [INGRESS, EGRESS])
SOURCE = "10.0.0.0/8"
NOT_FOUND = ("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
TWICE = ("InvalidParameterValue", "The same permission must not appear multiple times")
NO_LISTS: dict[str, list[Any]] = {"UserIdGroupPairs": [], "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": []}


def elsewhere(account: Account) -> str:
    """A group outside the default VPC, without its first egress rule."""
    return bare(account, account.group(VpcId=account.vpc()))


def bare(account: Account, group_id: str) -> str:
    account.call(EGRESS, GroupId=group_id, IpPermissions=[permission("-1", None, "0.0.0.0/0")])
    return group_id


def held(account: Account, group_id: str, name: str) -> list[str]:
    return account.rule_ids(group_id, egress=name == EGRESS)


# --- By rule id ---


@DIRECTIONS
def test_by_rule_ids_exactly_those(account: Account, name: str) -> None:
    """Observed for ingress: three rules authorized as `TCP`, one revoked by id, two left."""
    group_id = elsewhere(account)
    first, second, third = account.allow(
        group_id, permission("TCP", 22, SOURCE, "::/0", group_id, description="d"), egress=name == EGRESS
    )
    answer = account.call(name, GroupId=group_id, SecurityGroupRuleIds=[third, first])
    assert answer == {
        "Return": True,
        "RevokedSecurityGroupRules": [
            revoked(third, group_id, name, CidrIpv6="::/0", Description="d"),
            revoked(first, group_id, name, ReferencedGroupId=group_id, Description="d"),
        ],
    }
    assert held(account, group_id, name) == [second]


def revoked(rule_id: str, group_id: str, name: str, **members: Any) -> dict[str, Any]:
    return {
        "SecurityGroupRuleId": rule_id,
        "GroupId": group_id,
        "IsEgress": name == EGRESS,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
    } | members


@DIRECTIONS
@pytest.mark.parametrize("in_default_vpc", [False, True])
def test_one_unknown_rule_id_refuses_all(account: Account, name: str, in_default_vpc: bool) -> None:
    group_id = account.group() if in_default_vpc else elsewhere(account)
    (rule_id,) = account.allow(group_id, permission("tcp", 22, SOURCE), egress=name == EGRESS)
    assert account.refused(name, GroupId=group_id, SecurityGroupRuleIds=[rule_id, ABSENT["sgr"]]) == (
        "InvalidSecurityGroupRuleId.NotFound",
        f"The security group rule ID '{ABSENT['sgr']}' does not exist",
    )


@DIRECTIONS
def test_a_rule_id_of_another_group_or_direction(account: Account, name: str) -> None:
    group_id = account.group()
    (foreign,) = account.allow(account.group("other"), permission("tcp", 22, SOURCE), egress=name == EGRESS)
    (reverse,) = account.allow(group_id, permission("tcp", 22, SOURCE), egress=name != EGRESS)
    for rule_id in (foreign, reverse):
        assert account.refused(name, GroupId=group_id, SecurityGroupRuleIds=[rule_id]) == (
            "InvalidSecurityGroupRuleId.NotFound",
            f"The security group rule ID '{rule_id}' does not exist",
        )


def test_a_rule_id_of_another_account_or_region(account: Account) -> None:
    (rule_id,) = account.allow(account.group(), permission("tcp", 22, SOURCE))
    for other in (account.elsewhere(account_id="210987654321"), account.elsewhere(region="eu-west-1")):
        code, _ = other.refused(INGRESS, GroupId=other.group(), SecurityGroupRuleIds=[rule_id])
        assert code == "InvalidSecurityGroupRuleId.NotFound"


@DIRECTIONS
def test_a_rule_id_twice(account: Account, name: str) -> None:
    group_id = account.group()
    rule_ids = account.allow(group_id, permission("tcp", 22, SOURCE), egress=name == EGRESS) * 2
    assert account.refused(name, GroupId=group_id, SecurityGroupRuleIds=rule_ids) == TWICE
    # That the ids exist comes before that.
    code, _ = account.refused(name, GroupId=group_id, SecurityGroupRuleIds=["sgr-0", "sgr-0"])
    assert code == "InvalidSecurityGroupRuleId.NotFound"


@pytest.mark.parametrize(
    "beside", [{"IpPermissions": [permission("tcp", 22, SOURCE)]}, {"CidrIp": SOURCE}, {"FromPort": 0}]
)
def test_rule_ids_and_what_they_say(account: Account, beside: dict[str, Any]) -> None:
    group_id = account.group()
    rule_ids = account.allow(group_id, permission("tcp", 22, SOURCE))
    (member,) = beside
    assert account.refused(INGRESS, GroupId=group_id, SecurityGroupRuleIds=rule_ids, **beside) == (
        "InvalidParameterCombination",
        f"The parameter securityGroupRuleIds cannot be used with the parameter {member[0].lower()}{member[1:]}",
    )


# --- By permissions ---


@DIRECTIONS
def test_of_a_permission_with_many_sources_only_those_named(account: Account, name: str) -> None:
    group_id, source = elsewhere(account), None
    source = account.group("source", VpcId=account.described(group_id)["VpcId"])
    sources = [SOURCE, "192.0.2.0/24", "2001:db8::/32", "pl-63a5400a", source, group_id]
    egress = name == EGRESS
    account.allow(group_id, permission("tcp", 22, *sources), permission("tcp", 80, *sources), egress=egress)
    doomed = permission("tcp", 22, SOURCE, "2001:db8::/32", source)
    answer = account.call(name, GroupId=group_id, IpPermissions=[doomed])
    assert [peer(rule) for rule in answer["RevokedSecurityGroupRules"]] == [source, SOURCE, "2001:db8::/32"]
    left = account.described(group_id)["IpPermissionsEgress" if egress else "IpPermissions"]
    assert [(each["FromPort"], len(each["IpRanges"]), len(each["UserIdGroupPairs"])) for each in left] == [
        (22, 1, 1),
        (80, 2, 2),
    ]


def peer(rule: dict[str, Any]) -> str:
    members = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId")
    (value,) = (rule[member] for member in members if member in rule)
    return value


@DIRECTIONS
@pytest.mark.parametrize("in_default_vpc", [False, True])
def test_what_describe_shows_can_be_sent_back(account: Account, name: str, in_default_vpc: bool) -> None:
    group_id = bare(account, account.group()) if in_default_vpc else elsewhere(account)
    egress = name == EGRESS
    account.allow(
        group_id,
        permission("tcp", 22, SOURCE, "::/0", group_id, "pl-02cd2c6b", description="all four"),
        permission("-1", None, SOURCE, "::/0", group_id, "pl-02cd2c6b"),
        permission("icmp", (8, -1), SOURCE),
        permission("58", None, "::/0"),
        permission("50", None, SOURCE),
        egress=egress,
    )
    shown = account.described(group_id)["IpPermissionsEgress" if egress else "IpPermissions"]
    answer = account.call(name, GroupId=group_id, IpPermissions=shown)
    assert len(answer["RevokedSecurityGroupRules"]) == 11
    assert "UnknownIpPermissions" not in answer
    assert held(account, group_id, name) == []


@pytest.mark.parametrize(
    ("authorized", "sent"),
    [
        (permission("tcp", 22, SOURCE), permission("TCP", 22, "10.255.0.1/8")),
        (permission("6", 22, SOURCE), permission("tcp", 22, SOURCE)),
        (permission("udp", 53, "2001:db8::/32"), permission("17", 53, "2001:0DB8::ffff/32")),
        (permission("1", (8, -1), SOURCE), permission("Icmp", (8, -1), SOURCE)),
        (permission("icmpv6", None, "::/0"), permission("58", (-1, -1), "::/0")),
        (permission("-1", None, SOURCE), permission("-1", (22, 25), SOURCE)),
        (permission("-1", (-1, -1), SOURCE), permission("-1", None, SOURCE)),
        (permission("47", None, SOURCE), permission("047", (1, 2), SOURCE)),
    ],
)
def test_another_spelling_is_the_same_rule(account: Account, authorized: Any, sent: Any) -> None:
    group_id = elsewhere(account)
    account.allow(group_id, authorized)
    account.call(INGRESS, GroupId=group_id, IpPermissions=[sent])
    assert account.rule_ids(group_id) == []


MISSES = [
    permission("tcp", (22, 26), SOURCE),
    permission("tcp", (21, 25), SOURCE),
    permission("tcp", (23, 24), SOURCE),
    permission("udp", (22, 25), SOURCE),
    permission("tcp", (22, 25), "10.0.0.0/9"),
    permission("tcp", (22, 25), "0.0.0.0/0"),
    permission("tcp", (22, 25), "::/0"),
    permission("-1", None, SOURCE),
    # Observed: `--port 8` of the CLI sends 8 and 8, which isn't the rule 8 and -1 (aws-cli 1075).
    permission("icmp", (8, 8), SOURCE),
    permission("icmp", (-1, -1), SOURCE),
    permission("tcp", (22, 25), SOURCE, description="another"),
    permission("tcp", (22, 25), "pl-63a5400a"),
    permission("tcp", (22, 25), ABSENT["pl"]),
    # A group that is gone can still be named by its id; the rule just isn't there.
    permission("tcp", (22, 25), ABSENT["sg"]),
]


@DIRECTIONS
@pytest.mark.parametrize("miss", MISSES)
def test_elsewhere_one_miss_refuses_all(account: Account, name: str, miss: dict[str, Any]) -> None:
    """The API page; for egress observed (openstack-functional-expectations.json)."""
    group_id = elsewhere(account)
    hits = [permission("tcp", (22, 25), SOURCE, description="this"), permission("icmp", (8, -1), SOURCE)]
    account.allow(group_id, *hits, egress=name == EGRESS)
    assert account.refused(name, GroupId=group_id, IpPermissions=[hits[1], miss]) == NOT_FOUND


@DIRECTIONS
@pytest.mark.parametrize("miss", MISSES)
def test_in_the_default_vpc_hits_go_and_misses_come_back(account: Account, name: str, miss: dict[str, Any]) -> None:
    group_id = bare(account, account.group())
    hits = [permission("tcp", (22, 25), SOURCE, description="this"), permission("icmp", (8, -1), SOURCE)]
    stays, goes = account.allow(group_id, *hits, egress=name == EGRESS)
    answer = account.call(name, GroupId=group_id, IpPermissions=[hits[1], miss])
    assert [rule["SecurityGroupRuleId"] for rule in answer["RevokedSecurityGroupRules"]] == [goes]
    (unknown,) = answer["UnknownIpPermissions"]
    pairs = [pair | {"UserId": ACCOUNT} for pair in miss.get("UserIdGroupPairs", [])]
    assert unknown == NO_LISTS | miss | {"UserIdGroupPairs": pairs}
    assert held(account, group_id, name) == [stays]


def test_what_comes_back_is_grouped_like_describe(account: Account) -> None:
    group_id = account.group()
    sent = [
        permission("TCP", 22, "10.1.2.3/8", "2001:DB8::/32"),
        permission("-1", (1, 2), SOURCE),
        permission("6", 22, "192.0.2.0/24", "pl-63a5400a", group_id, description="why"),
        permission("icmp", (-1, -1), SOURCE),
    ]
    answer = account.call(INGRESS, GroupId=group_id, IpPermissions=sent)
    assert answer == {
        "Return": True,
        "RevokedSecurityGroupRules": [],
        "UnknownIpPermissions": [
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "UserIdGroupPairs": [{"GroupId": group_id, "UserId": ACCOUNT, "Description": "why"}],
                "IpRanges": [{"CidrIp": SOURCE}, {"CidrIp": "192.0.2.0/24", "Description": "why"}],
                "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
                "PrefixListIds": [{"PrefixListId": "pl-63a5400a", "Description": "why"}],
            },
            NO_LISTS | {"IpProtocol": "-1", "IpRanges": [{"CidrIp": SOURCE}]},
            NO_LISTS | {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": SOURCE}]},
        ],
    }


@DIRECTIONS
def test_the_default_vpc_counts_not_the_default_group(account: Account, name: str) -> None:
    vpc_id = account.vpc()
    group_id = account.default_group(vpc_id)
    miss = permission("tcp", 22, "192.0.2.0/24")
    assert account.refused(name, GroupId=group_id, IpPermissions=[miss]) == NOT_FOUND
    assert account.call(name, GroupId=account.group(), IpPermissions=[miss])["Return"] is True


@DIRECTIONS
def test_a_revoke_of_nothing_changes_nothing(account: Account, name: str) -> None:
    group_id = account.group()
    before = account.picture()
    account.call(name, GroupId=group_id, IpPermissions=[permission("tcp", 22, SOURCE)])
    assert account.picture() == before


@DIRECTIONS
def test_the_directions_are_apart(account: Account, name: str) -> None:
    group_id = elsewhere(account)
    account.allow(group_id, permission("tcp", 22, SOURCE), egress=name != EGRESS)
    assert account.refused(name, GroupId=group_id, IpPermissions=[permission("tcp", 22, SOURCE)]) == NOT_FOUND


# --- Descriptions ---


@pytest.mark.parametrize(
    ("stored", "sent", "hit"),
    [
        ("Access from workstation 1a2b", "Access from workstation 1a2b", True),
        ("Access from workstation 1a2b", None, True),
        ("Access from workstation 1a2b", "", True),
        ("Access from workstation 1a2b", "access from workstation 1a2b", False),
        (None, "Access from workstation 1a2b", False),
        (None, None, True),
        ("", "x", False),
        # One that couldn't be stored can't match, and isn't an error either.
        ("x", "ü" * 300, False),
    ],
)
@pytest.mark.parametrize("source", [SOURCE, "::/0", "pl-63a5400a", "the group"])
def test_a_description_given_must_match(
    account: Account, source: str, stored: str | None, sent: str | None, hit: bool
) -> None:
    group_id = elsewhere(account)
    peer = group_id if source == "the group" else source
    account.allow(group_id, permission("tcp", 22, peer, description=stored))
    request = {"GroupId": group_id, "IpPermissions": [permission("tcp", 22, peer, description=sent)]}
    if hit:
        account.call(INGRESS, **request)
        assert account.rule_ids(group_id) == []
    else:
        assert account.refused(INGRESS, **request) == NOT_FOUND


# --- Groups, by id and name ---


def test_a_group_by_name_in_the_default_vpc(account: Account) -> None:
    group_id, source = account.group("websrv"), account.group("source")
    account.allow(group_id, permission("tcp", 22, source))
    pair = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupName": "source"}]}
    answer = account.call(INGRESS, GroupName="websrv", IpPermissions=[pair])
    assert [peer(rule) for rule in answer["RevokedSecurityGroupRules"]] == [source]


def test_the_refusal_of_a_name_names_the_source(account: Account) -> None:
    """Observed (boto3 1697), there without a default VPC."""
    pair = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupName": "sg-11111111"}]}
    assert account.refused(INGRESS, GroupId=account.group(), IpPermissions=[pair]) == (
        "InvalidGroup.NotFound",
        f"The security group 'sg-11111111' does not exist in default VPC '{account.default_vpc_id}'",
    )


@DIRECTIONS
@pytest.mark.parametrize("second", [{"GroupId": "{source}"}, {"GroupName": "source"}])
def test_a_group_twice_by_whatever_name(account: Account, name: str, second: dict[str, str]) -> None:
    group_id, source = account.group(), account.group("source")
    pairs = [{"GroupId": source}, {key: value.format(source=source) for key, value in second.items()}]
    account.allow(group_id, permission("tcp", 22, source), egress=name == EGRESS)
    permissions = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": pairs}]
    assert account.refused(name, GroupId=group_id, IpPermissions=permissions) == TWICE


def test_the_groups_of_another_account_cannot_be_named(account: Account) -> None:
    group_id = account.group()
    account.allow(group_id, permission("tcp", 22, group_id))
    pair = {"GroupId": group_id, "UserId": "210987654321"}
    permissions = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [pair]}]
    assert account.refused(INGRESS, GroupId=group_id, IpPermissions=permissions) == (
        "InvalidGroup.NotFound",
        f"The security group '{group_id}' does not exist",
    )


# --- The flat parameters ---


def test_flat_parameters(account: Account) -> None:
    group_id = elsewhere(account)
    account.allow(group_id, permission("tcp", 22, SOURCE, "192.0.2.0/24"))
    answer = account.call(INGRESS, GroupId=group_id, IpProtocol="6", FromPort=22, ToPort=22, CidrIp="10.1.1.1/8")
    assert [peer(rule) for rule in answer["RevokedSecurityGroupRules"]] == [SOURCE]
    assert len(account.rule_ids(group_id)) == 1


def test_flat_parameters_that_miss(account: Account) -> None:
    flat = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": SOURCE}
    assert account.refused(INGRESS, GroupId=elsewhere(account), **flat) == NOT_FOUND
    assert len(account.call(INGRESS, GroupId=account.group("web"), **flat)["UnknownIpPermissions"]) == 1


def test_flat_parameters_without_a_source_do_nothing(account: Account) -> None:
    group_id = elsewhere(account)
    account.allow(group_id, permission("tcp", 22, SOURCE))
    answer = account.call(INGRESS, GroupId=group_id, IpProtocol="tcp", FromPort=22, ToPort=22)
    assert answer == {"Return": True, "RevokedSecurityGroupRules": []}
    assert len(account.rule_ids(group_id)) == 1


def test_a_source_group_name_alone(account: Account) -> None:
    group_id, source = account.group(), account.group("source")
    account.call("AuthorizeSecurityGroupIngress", GroupId=group_id, SourceSecurityGroupName="source")
    account.allow(group_id, permission("tcp", 22, source))
    answer = account.call(INGRESS, GroupName="web", SourceSecurityGroupName="source")
    assert [rule["IpProtocol"] for rule in answer["RevokedSecurityGroupRules"]] == ["tcp", "udp", "icmp"]
    assert len(account.rule_ids(group_id)) == 1


def test_egress_has_no_flat_parameters(account: Account) -> None:
    code, _ = account.refused(EGRESS, GroupId=account.group(), IpProtocol="-1", CidrIp="0.0.0.0/0")
    assert code == "InvalidParameterCombination"


# --- What can't be meant ---

REFUSED: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({}, ("MissingParameter", "The request must contain the parameter ipPermissions")),
    ({"IpPermissions": []}, ("MissingParameter", "The request must contain the parameter ipPermissions")),
    ({"SecurityGroupRuleIds": []}, ("MissingParameter", "The request must contain the parameter ipPermissions")),
    (
        {"IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": []}]},
        (
            "InvalidParameterValue",
            "missing mandatory parameter: exactly one of remote-security-group, remote-ip-range, remote-ipv6-range, "
            "or prefix-list-id must be present",
        ),
    ),
    (
        {"IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "::/0"}]}]},
        ("InvalidParameterValue", "CIDR block ::/0 is malformed"),
    ),
    (
        {"IpPermissions": [{"IpRanges": [{"CidrIp": SOURCE}]}]},
        (
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        ),
    ),
    (
        {"IpPermissions": [{"IpProtocol": "all", "IpRanges": [{"CidrIp": SOURCE}]}]},
        ("InvalidParameterValue", "Invalid value 'all' for IP protocol. Unknown protocol."),
    ),
    (
        {"IpPermissions": [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": SOURCE}]}]},
        (
            "InvalidParameterValue",
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
        ),
    ),
    ({"IpPermissions": [permission("tcp", 22, SOURCE), permission("6", 22, "10.1.1.1/8")]}, TWICE),
]


@DIRECTIONS
@pytest.mark.parametrize(("given", "expected"), REFUSED)
@pytest.mark.parametrize("in_default_vpc", [False, True])
def test_what_cannot_be_meant(
    account: Account, name: str, given: dict[str, Any], expected: tuple[str, str], in_default_vpc: bool
) -> None:
    group_id = account.group() if in_default_vpc else elsewhere(account)
    account.allow(group_id, permission("tcp", 22, SOURCE), egress=name == EGRESS)
    assert account.refused(name, GroupId=group_id, **given) == expected


def test_a_group_that_does_not_exist(account: Account) -> None:
    """The page's third sample names sg-112233, which is well-formed."""
    sample = permission("tcp", 22, "203.0.113.4/32", description="Access from workstation 1a2b")
    assert account.refused(INGRESS, GroupId="sg-112233", IpPermissions=[sample]) == (
        "InvalidGroup.NotFound",
        "The security group 'sg-112233' does not exist",
    )
    assert account.refused(INGRESS, GroupName="ipa", IpPermissions=[sample]) == (
        "InvalidGroup.NotFound",
        f"The security group 'ipa' does not exist in default VPC '{account.default_vpc_id}'",
    )


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        (INGRESS, {}, ("MissingParameter", "The request must contain the parameter groupName or groupId")),
        (
            INGRESS,
            {"SecurityGroupRuleIds": ["sgr-1"]},
            ("MissingParameter", "The request must contain the parameter groupName or groupId"),
        ),
        (EGRESS, {}, ("MissingParameter", "The request must contain the parameter groupId")),
        (INGRESS, {"GroupId": ""}, ("InvalidGroupId.Malformed", "The security-group ID '' is malformed")),
        (
            EGRESS,
            {"GroupId": "tcp_elb_security_group"},
            ("InvalidGroupId.Malformed", 'Invalid id: "tcp_elb_security_group" (expecting "sg-...")'),
        ),
        (
            INGRESS,
            {"GroupId": "sg-1", "IpPermissions": [permission("tcp", None, "sg-x")]},
            ("InvalidGroupId.Malformed", 'Invalid id: "sg-x"'),
        ),
        (
            INGRESS,
            {"GroupId": "sg-1", "SecurityGroupRuleIds": ["203.0.113.4"]},
            ("InvalidSecurityGroupRuleId.Malformed", "The security group rule ID '203.0.113.4' is malformed"),
        ),
        # Observed 2018: the body that a permission without a source makes passes a dry run.
        (INGRESS, {"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp"}]}, None),
    ],
)
def test_what_is_refused_before_a_dry_run(
    account: Account, name: str, given: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    assert account.checked(name, **given) == expected
