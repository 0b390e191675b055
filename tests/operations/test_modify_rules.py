"""ModifySecurityGroupRules: state, call, answer or refusal. `refused` shows each time that nothing was changed."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, Account, permission, tag_specification
from ringwall.domain.quota import Quota

NAME = "ModifySecurityGroupRules"
ANY = "10.0.0.0/8"
LIST = "pl-63a5400a"
TWICE = ("InvalidParameterValue", "The same permission must not appear multiple times")
NO_SOURCE = (
    "MissingParameter",
    "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
)
TWO_SOURCES = (
    "InvalidParameterCombination",
    "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified",
)
OTHER_NETWORK = ("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
FULL = ("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")


def modified(*rules: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": rule} for rule_id, rule in rules]


def tcp(port: int, **members: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | (members or {"CidrIpv4": ANY})


def rule(account: Account, rule_id: str) -> dict[str, Any]:
    (shown,) = account.call("DescribeSecurityGroupRules", SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"]
    return shown


def test_everything_of_a_rule_but_its_id_direction_and_tags(account: Account) -> None:
    """Recorded: aws-verified-expectations-from-moto.json, protocol, ports, block and description at once."""
    group_id = account.group()
    answer = account.call(
        "AuthorizeSecurityGroupIngress",
        GroupId=group_id,
        IpPermissions=[permission("tcp", 22, ANY, description="old")],
        TagSpecifications=tag_specification("security-group-rule", Team="a"),
    )
    (before,) = answer["SecurityGroupRules"]
    rule_id = before["SecurityGroupRuleId"]
    wanted = {"IpProtocol": "UDP", "FromPort": 53, "ToPort": 54, "CidrIpv4": "192.0.2.7/24", "Description": "new"}
    answer = account.call(NAME, GroupId=group_id, SecurityGroupRules=modified((rule_id, wanted)))
    assert answer == {"Return": True}
    assert rule(account, rule_id) == before | {
        "IpProtocol": "udp",
        "FromPort": 53,
        "ToPort": 54,
        "CidrIpv4": "192.0.2.0/24",
        "Description": "new",
    }


def test_several_rules_of_both_directions(account: Account) -> None:
    """Recorded: aws-verified-expectations-from-moto.json."""
    group_id = account.group()
    (ingress,) = account.allow(group_id, permission("tcp", 22, ANY))
    (egress,) = account.allow(group_id, permission("tcp", 22, "::/0"), egress=True)
    account.call(
        NAME, GroupId=group_id, SecurityGroupRules=modified((egress, tcp(1, CidrIpv6="::/0")), (ingress, tcp(1)))
    )
    assert [rule(account, each)["FromPort"] for each in (ingress, egress)] == [1, 1]
    assert [rule(account, each)["IsEgress"] for each in (ingress, egress)] == [False, True]


def test_ports_may_be_left_out_of_all_protocols(account: Account) -> None:
    group_id = account.group()
    (rule_id,) = account.allow(group_id, permission("tcp", 22, ANY))
    account.call(NAME, GroupId=group_id, SecurityGroupRules=modified((rule_id, {"IpProtocol": "-1", "CidrIpv4": ANY})))
    assert (rule(account, rule_id)["IpProtocol"], rule(account, rule_id)["FromPort"]) == ("-1", -1)
    (shown,) = account.described(group_id)["IpPermissions"]
    assert not {"FromPort", "ToPort"} & shown.keys()


@pytest.mark.parametrize("description", [{}, {"Description": ""}, {"Description": None}])
def test_a_description_that_is_not_given_goes(account: Account, description: dict[str, Any]) -> None:
    group_id = account.group()
    (rule_id,) = account.allow(group_id, permission("tcp", 22, ANY, description="old"))
    account.call(NAME, GroupId=group_id, SecurityGroupRules=modified((rule_id, tcp(22, CidrIpv4=ANY) | description)))
    assert "Description" not in rule(account, rule_id)


@pytest.mark.parametrize(
    ("old", "member", "new"),
    [
        (ANY, "CidrIpv4", "192.0.2.0/24"),
        ("::/0", "CidrIpv6", "2001:db8::/32"),
        (LIST, "PrefixListId", "pl-02cd2c6b"),
        ("{web}", "ReferencedGroupId", "{other}"),
    ],
)
def test_another_source_of_the_same_kind(account: Account, old: str, member: str, new: str) -> None:
    groups = {"web": account.group(), "other": account.group("other")}
    (rule_id,) = account.allow(groups["web"], permission("tcp", 22, old.format(**groups)))
    wanted = tcp(22, **{member: new.format(**groups)})
    account.call(NAME, GroupId=groups["web"], SecurityGroupRules=modified((rule_id, wanted)))
    shown = rule(account, rule_id)
    assert new.format(**groups) in (shown.get(member), shown.get("ReferencedGroupInfo", {}).get("GroupId"))


def test_two_rules_change_places(account: Account) -> None:
    group_id = account.group()
    one, two = account.allow(group_id, permission("tcp", 22, ANY), permission("tcp", 443, ANY))
    account.call(NAME, GroupId=group_id, SecurityGroupRules=modified((one, tcp(443)), (two, tcp(22))))
    assert [rule(account, each)["FromPort"] for each in (one, two)] == [443, 22]
    # And a rule may follow into the place of one that makes way.
    account.call(NAME, GroupId=group_id, SecurityGroupRules=modified((one, tcp(22)), (two, tcp(80))))
    assert [rule(account, each)["FromPort"] for each in (one, two)] == [22, 80]


def test_a_rule_that_says_the_same_changes_nothing(account: Account) -> None:
    group_id = account.group()
    (rule_id,) = account.allow(group_id, permission("tcp", 22, ANY))
    before = account.picture()
    account.call(NAME, GroupId=group_id, SecurityGroupRules=modified((rule_id, tcp(22, CidrIpv4="10.1.2.3/8"))))
    assert account.picture() == before


# --- Refusals ---


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        # The first five are recorded: aws-verified-expectations-from-moto.json.
        (
            {"FromPort": 1, "ToPort": 2, "CidrIpv4": ANY},
            (
                "InvalidParameterValue",
                "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
            ),
        ),
        (
            {"IpProtocol": "udp", "ToPort": 2, "CidrIpv4": ANY},
            (
                "InvalidParameterValue",
                "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
            ),
        ),
        ({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2}, NO_SOURCE),
        ({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "Description": "x"}, NO_SOURCE),
        (tcp(1, CidrIpv4=ANY, CidrIpv6="::/0"), TWO_SOURCES),
        (tcp(1, PrefixListId=LIST, ReferencedGroupId="sg-1"), TWO_SOURCES),
        (
            tcp(1, CidrIpv6="::/0"),
            (
                "InvalidParameterValue",
                "Invalid rule type for security group rule '{rule}'. You may not specify CidrIpv6 for an existing "
                "IPv4 CIDR rule.",
            ),
        ),
        (
            tcp(1, PrefixListId=LIST),
            (
                "InvalidParameterValue",
                "Invalid rule type for security group rule '{rule}'. You may not specify PrefixListId for an existing "
                "IPv4 CIDR rule.",
            ),
        ),
        (tcp(1, CidrIpv4="::/0"), ("InvalidParameterValue", "CIDR block ::/0 is malformed")),
        (tcp(1, CidrIpv4=""), ("InvalidParameterValue", "CIDR block  is malformed")),
        (tcp(1, CidrIpv4="1.2.3.4"), ("InvalidParameterValue", "CIDR block 1.2.3.4 is malformed")),
        (
            tcp(1, CidrIpv4=ANY, Description="ü"),
            (
                "InvalidParameterValue",
                "Invalid rule description. Valid descriptions are strings less than 256 characters from the following "
                "set:  a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*",
            ),
        ),
        # What is wrong first is told first: protocol, ports, sources, kind, block.
        ({}, ("InvalidParameterValue", "Invalid value 'null' for protocol. VPC security group rules must specify "
              "protocols explicitly.")),
        ({"IpProtocol": "x"}, ("InvalidParameterValue", "Invalid value 'x' for IP protocol. Unknown protocol.")),
        (
            tcp(1, CidrIpv6="x"),
            (
                "InvalidParameterValue",
                "Invalid rule type for security group rule '{rule}'. You may not specify CidrIpv6 for an existing "
                "IPv4 CIDR rule.",
            ),
        ),
    ],
)  # fmt: skip
def test_what_a_rule_cannot_be(account: Account, wanted: dict[str, Any], expected: tuple[str, str]) -> None:
    group_id = account.group()
    good, bad = account.allow(group_id, permission("tcp", 443, ANY), permission("tcp", 22, ANY))
    rules = modified((good, tcp(444)), (bad, wanted))
    refusal = account.refused(NAME, GroupId=group_id, SecurityGroupRules=rules)
    assert refusal == (expected[0], expected[1].format(rule=bad))


@pytest.mark.parametrize(
    ("old", "kind"),
    [(ANY, "IPv4 CIDR"), ("::/0", "IPv6 CIDR"), (LIST, "prefix list"), ("{web}", "security group")],
)
@pytest.mark.parametrize(
    ("member", "new"),
    [("CidrIpv4", ANY), ("CidrIpv6", "::/0"), ("PrefixListId", LIST), ("ReferencedGroupId", "{web}")],
)
def test_the_kind_of_source_stays(account: Account, old: str, kind: str, member: str, new: str) -> None:
    group_id = account.group()
    (rule_id,) = account.allow(group_id, permission("tcp", 22, old.format(web=group_id)))
    request = {
        "GroupId": group_id,
        "SecurityGroupRules": modified((rule_id, tcp(23, **{member: new.format(web=group_id)}))),
    }
    if old == new:
        assert account.call(NAME, **request) == {"Return": True}
    else:
        assert account.refused(NAME, **request) == (
            "InvalidParameterValue",
            f"Invalid rule type for security group rule '{rule_id}'. You may not specify {member} for an existing "
            f"{kind} rule.",
        )


def test_what_a_rule_names_must_be_there(account: Account) -> None:
    group_id, other = account.group(), account.group(VpcId=account.vpc())
    by_group, by_list = account.allow(group_id, permission("tcp", 22, group_id), permission("tcp", 22, LIST))
    for rule_id, source, expected in (
        (
            by_group,
            {"ReferencedGroupId": ABSENT["sg"]},
            ("InvalidGroup.NotFound", f"The security group '{ABSENT['sg']}' does not exist"),
        ),
        (by_group, {"ReferencedGroupId": other}, OTHER_NETWORK),
        (
            by_list,
            {"PrefixListId": ABSENT["pl"]},
            ("InvalidPrefixListID.NotFound", f"The prefix list ID '{ABSENT['pl']}' does not exist"),
        ),
    ):
        rules = modified((rule_id, tcp(22, **source)))
        assert account.refused(NAME, GroupId=group_id, SecurityGroupRules=rules) == expected


def test_a_rule_that_the_group_has_already(account: Account) -> None:
    group_id = account.group()
    one, _ = account.allow(group_id, permission("tcp", 22, ANY), permission("tcp", 443, ANY))
    rules = modified((one, tcp(443, CidrIpv4="10.9.9.9/8", Description="another")))
    assert account.refused(NAME, GroupId=group_id, SecurityGroupRules=rules) == (
        "InvalidPermission.Duplicate",
        f'the specified rule "peer: {ANY}, TCP, from port: 443, to port: 443, ALLOW" already exists',
    )
    # The other direction has rules of its own.
    (egress,) = account.allow(group_id, permission("tcp", 22, ANY), egress=True)
    account.call(NAME, GroupId=group_id, SecurityGroupRules=modified((egress, tcp(443))))


def test_two_rules_that_would_be_the_same(account: Account) -> None:
    group_id = account.group()
    one, two = account.allow(group_id, permission("tcp", 22, ANY), permission("tcp", 443, ANY))
    for rules in (
        modified((one, tcp(80)), (two, tcp(80, CidrIpv4="10.1.1.1/8"))),
        modified((one, tcp(443)), (two, tcp(443))),
        modified((one, tcp(1)), (one, tcp(2))),
    ):
        assert account.refused(NAME, GroupId=group_id, SecurityGroupRules=rules) == TWICE


def test_a_group_and_rules_that_do_not_exist(account: Account) -> None:
    """Recorded: aws-verified-expectations-from-moto.json."""
    group_id, other = account.group(), account.group("other")
    (mine,) = account.allow(group_id, permission("tcp", 22, ANY))
    (foreign,) = account.allow(other, permission("tcp", 22, ANY))
    assert account.refused(NAME, GroupId="sg-00000000", SecurityGroupRules=modified((mine, tcp(1)))) == (
        "InvalidGroup.NotFound",
        "The security group 'sg-00000000' does not exist",
    )
    for rule_id in ("sgr-00000000", foreign):
        rules = modified((mine, tcp(1)), (rule_id, tcp(1)))
        assert account.refused(NAME, GroupId=group_id, SecurityGroupRules=rules) == (
            "InvalidSecurityGroupRuleId.NotFound",
            f"The security group rule ID '{rule_id}' does not exist",
        )


def test_the_rules_of_another_account_or_region(account: Account) -> None:
    (rule_id,) = account.allow(account.group(), permission("tcp", 22, ANY))
    for other in (account.elsewhere(account_id="210987654321"), account.elsewhere(region="eu-west-1")):
        code, _ = other.refused(NAME, GroupId=other.group(), SecurityGroupRules=modified((rule_id, tcp(1))))
        assert code == "InvalidSecurityGroupRuleId.NotFound"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # Recorded: error-texts-from-public-reports.json, an empty body, and an id of no kind.
        ({}, ("MissingParameter", "The request must contain the parameter groupId")),
        (
            {"GroupId": "someid", "SecurityGroupRules": modified(("sgr-1", {}))},
            ("InvalidGroupId.Malformed", 'Invalid id: "someid"'),
        ),
        ({"GroupId": "sg-1"}, ("MissingParameter", "The request must contain the parameter securityGroupRuleSet")),
        (
            {"GroupId": "sg-1", "SecurityGroupRules": []},
            ("MissingParameter", "The request must contain the parameter securityGroupRuleSet"),
        ),
        (
            {"GroupId": "sg-1", "SecurityGroupRules": [{"SecurityGroupRule": tcp(1)}]},
            ("MissingParameter", "The request must contain the parameter securityGroupRuleId"),
        ),
        (
            {"GroupId": "sg-1", "SecurityGroupRules": modified(("sg-1", tcp(1)))},
            ("InvalidSecurityGroupRuleId.Malformed", "The security group rule ID 'sg-1' is malformed"),
        ),
        (
            {"GroupId": "sg-1", "SecurityGroupRules": modified(("sgr-1", tcp(1, ReferencedGroupId="web")))},
            ("InvalidGroupId.Malformed", 'Invalid id: "web" (expecting "sg-...")'),
        ),
        (
            {"GroupId": "sg-1", "SecurityGroupRules": modified(("sgr-1", tcp(1, PrefixListId="")))},
            ("InvalidPrefixListId.Malformed", 'Invalid id: "" (expecting "pl-...")'),
        ),
        # A dry run ends before the rules are looked at.
        ({"GroupId": "sg-1", "SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1"}]}, None),
        ({"GroupId": "sg-1", "SecurityGroupRules": modified(("sgr-1", {"IpProtocol": "x"}))}, None),
    ],
)
def test_before_a_dry_run(account: Account, given: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert account.checked(NAME, **given) == expected


# --- Quota: a modified rule keeps its kind, so that only another prefix list takes more room ---


def customer_list(account: Account, max_entries: int) -> str:
    answer = account.call(
        "CreateManagedPrefixList", PrefixListName="ours", MaxEntries=max_entries, AddressFamily="IPv4"
    )
    return answer["PrefixList"]["PrefixListId"]


@pytest.mark.parametrize(("weight", "blocks", "fits"), [(10, 0, True), (60, 0, True), (61, 0, False), (10, 51, False)])
def test_a_heavier_list(account: Account, weight: int, blocks: int, fits: bool) -> None:
    group_id = account.group()
    (rule_id, *_) = account.allow(
        group_id, permission("tcp", 22, LIST, *(f"10.0.{each}.0/24" for each in range(blocks)))
    )[-1:]
    request = {
        "GroupId": group_id,
        "SecurityGroupRules": modified((rule_id, tcp(22, PrefixListId=customer_list(account, weight)))),
    }
    if fits:
        assert account.call(NAME, **request) == {"Return": True}
    else:
        assert account.refused(NAME, **request) == FULL


def test_each_direction_has_room_of_its_own(account: Account) -> None:
    group_id, heavy = account.group(), customer_list(account, 60)
    (ingress,) = account.allow(group_id, permission("tcp", 22, LIST))
    (egress,) = account.allow(group_id, permission("tcp", 22, LIST), egress=True)
    account.call(NAME, GroupId=group_id, SecurityGroupRules=modified((ingress, tcp(22, PrefixListId=heavy))))
    # A new group has one egress rule already, which is one too many.
    rules = modified((egress, tcp(22, PrefixListId=heavy)))
    assert account.refused(NAME, GroupId=group_id, SecurityGroupRules=rules) == FULL


def test_what_takes_no_more_room_is_never_refused(store: Any) -> None:
    roomy = Account(store, quota=Quota(rules_per_group_max=None))
    group_id = roomy.group()
    rule_ids = roomy.allow(group_id, permission("tcp", 22, *(f"10.0.{each}.0/24" for each in range(3)), LIST, group_id))
    tight = Account(store, quota=Quota(rules_per_group_max=2), ids=roomy.ids)
    tight.call(NAME, GroupId=group_id, SecurityGroupRules=modified((rule_ids[1], tcp(80, CidrIpv4=ANY))))
    assert rule(tight, rule_ids[1])["FromPort"] == 80


def test_a_list_that_too_many_rules_would_name(store: Any) -> None:
    account = Account(store, quota=Quota(prefix_list_references_max=2))
    group_id, ours = account.group(), customer_list(account, 1)
    account.allow(group_id, permission("tcp", 22, ours))
    account.allow(group_id, permission("tcp", 22, ours), egress=True)
    full = ("ResourceLimitExceeded", f"The maximum number of references to the prefix list '{ours}' has been reached.")
    assert (
        account.refused("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission("udp", 1, ours)])
        == full
    )
    # AWS's own lists are everybody's and aren't counted.
    others = account.allow(group_id, *(permission("tcp", port, LIST) for port in (1, 2, 3)))
    rules = modified((others[0], tcp(1, PrefixListId=ours)))
    assert account.refused(NAME, GroupId=group_id, SecurityGroupRules=rules) == full
    # Two rules that exchange their lists name them no more often than before.
    first = account.rule_ids(group_id)[0]
    swap = modified((first, tcp(22, PrefixListId=LIST)), (others[0], tcp(1, PrefixListId=ours)))
    assert account.call(NAME, GroupId=group_id, SecurityGroupRules=swap) == {"Return": True}
