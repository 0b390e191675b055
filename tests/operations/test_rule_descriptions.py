"""UpdateSecurityGroupRuleDescriptionsIngress and -Egress: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, Account, permission

INGRESS, EGRESS = "UpdateSecurityGroupRuleDescriptionsIngress", "UpdateSecurityGroupRuleDescriptionsEgress"
DIRECTIONS = pytest.mark.parametrize("name", [INGRESS, EGRESS])
ANY = "10.0.0.0/8"
LIST = "pl-63a5400a"
NOT_FOUND = ("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
BAD = (
    "InvalidParameterValue",
    "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  "
    "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
)


def descriptions(account: Account, rule_ids: list[str]) -> list[str | None]:
    rules = account.call("DescribeSecurityGroupRules", SecurityGroupRuleIds=rule_ids)["SecurityGroupRules"]
    return [rule.get("Description") for rule in rules]


def by_id(*pairs: tuple[str, str | None]) -> list[dict[str, Any]]:
    return [
        {"SecurityGroupRuleId": rule_id} | ({} if text is None else {"Description": text}) for rule_id, text in pairs
    ]


@DIRECTIONS
def test_of_all_kinds_of_sources(account: Account, name: str) -> None:
    group_id = account.group()
    sources = (group_id, ANY, "2001:db8::/32", LIST)
    rule_ids = account.allow(group_id, permission("tcp", 22, *sources, description="old"), egress=name == EGRESS)
    wanted = permission("TCP", 22, *sources)
    lists = ("UserIdGroupPairs", "IpRanges", "Ipv6Ranges", "PrefixListIds")
    for number, member in enumerate(lists):
        wanted[member][0]["Description"] = f"new {number}"
    wanted["IpRanges"][0]["CidrIp"] = "10.1.2.3/8"
    assert account.call(name, GroupId=group_id, IpPermissions=[wanted]) == {"Return": True}
    assert descriptions(account, rule_ids) == ["new 0", "new 1", "new 2", "new 3"]


@DIRECTIONS
def test_of_the_sources_named_only(account: Account, name: str) -> None:
    group_id = account.group()
    rule_ids = account.allow(group_id, permission("tcp", 22, ANY, "::/0", description="old"), egress=name == EGRESS)
    account.call(name, GroupId=group_id, IpPermissions=[permission("tcp", 22, "::/0", description="new")])
    assert descriptions(account, rule_ids) == ["old", "new"]


@DIRECTIONS
@pytest.mark.parametrize("text", [None, ""])
def test_one_that_is_not_given_clears(account: Account, name: str, text: str | None) -> None:
    group_id = account.group()
    egress = name == EGRESS
    first, second = account.allow(group_id, permission("tcp", 22, ANY, "::/0", description="old"), egress=egress)
    account.call(name, GroupId=group_id, IpPermissions=[permission("tcp", 22, ANY, description=text)])
    account.call(name, GroupId=group_id, SecurityGroupRuleDescriptions=by_id((second, text)))
    assert descriptions(account, [first, second]) == [None, None]


@DIRECTIONS
def test_by_rule_ids(account: Account, name: str) -> None:
    group_id = account.group()
    one, two, three = account.allow(
        group_id, *(permission("tcp", port, ANY, description="old") for port in (1, 2, 3)), egress=name == EGRESS
    )
    given = by_id((three, "c"), (one, "a"))
    assert account.call(name, GroupId=group_id, SecurityGroupRuleDescriptions=given) == {"Return": True}
    assert descriptions(account, [one, two, three]) == ["a", "old", "c"]


@DIRECTIONS
def test_a_group_by_name(account: Account, name: str) -> None:
    """The model documents GroupName for both directions."""
    rule_ids = account.allow(account.group(), permission("tcp", 22, ANY), egress=name == EGRESS)
    account.call(name, GroupName="web", SecurityGroupRuleDescriptions=by_id((rule_ids[0], "new")))
    assert descriptions(account, rule_ids) == ["new"]


@DIRECTIONS
def test_what_describe_shows_can_be_sent_back(account: Account, name: str) -> None:
    group_id = account.group()
    account.allow(
        group_id,
        permission("tcp", 22, ANY, group_id, LIST, "::/0", description="x"),
        permission("icmp", (8, -1), ANY),
        permission("-1", None, ANY),
        permission("50", None, ANY),
        egress=name == EGRESS,
    )
    shown = account.described(group_id)["IpPermissionsEgress" if name == EGRESS else "IpPermissions"]
    before = account.picture()
    account.call(name, GroupId=group_id, IpPermissions=shown)
    assert account.picture() == before, "the same descriptions make no revision"


def test_tags_stay_and_nothing_else_changes(account: Account) -> None:
    group_id = account.group()
    rule_ids = account.allow(group_id, permission("tcp", 22, ANY))
    account.call("CreateTags", Resources=rule_ids, Tags=[{"Key": "Team", "Value": "a"}])
    before = account.call("DescribeSecurityGroupRules")["SecurityGroupRules"]
    account.call(INGRESS, GroupId=group_id, SecurityGroupRuleDescriptions=by_id((rule_ids[0], "new")))
    after = account.call("DescribeSecurityGroupRules")["SecurityGroupRules"]
    assert after == [
        rule | ({"Description": "new"} if rule["SecurityGroupRuleId"] in rule_ids else {}) for rule in before
    ]


# --- Refusals: all or nothing ---


@DIRECTIONS
@pytest.mark.parametrize("in_default_vpc", [False, True])
@pytest.mark.parametrize(
    "miss",
    [
        permission("tcp", 23, ANY, description="new"),
        permission("udp", 22, ANY, description="new"),
        permission("tcp", 22, "10.0.0.0/9", description="new"),
        permission("tcp", 22, ABSENT["sg"], description="new"),
        permission("tcp", 22, ABSENT["pl"], description="new"),
    ],
)
def test_one_miss_refuses_all(account: Account, name: str, miss: dict[str, Any], in_default_vpc: bool) -> None:
    group_id = account.group() if in_default_vpc else account.group(VpcId=account.vpc())
    account.allow(group_id, permission("tcp", 22, ANY), egress=name == EGRESS)
    hit = permission("tcp", 22, ANY, description="new")
    assert account.refused(name, GroupId=group_id, IpPermissions=[hit, miss]) == NOT_FOUND


@DIRECTIONS
def test_the_directions_are_apart(account: Account, name: str) -> None:
    group_id = account.group()
    (rule_id,) = account.allow(group_id, permission("tcp", 22, ANY), egress=name != EGRESS)
    wanted = [permission("tcp", 22, ANY, description="new")]
    assert account.refused(name, GroupId=group_id, IpPermissions=wanted) == NOT_FOUND
    absent = f"The security group rule ID '{rule_id}' does not exist"
    given = by_id((rule_id, "new"))
    assert account.refused(name, GroupId=group_id, SecurityGroupRuleDescriptions=given) == (
        "InvalidSecurityGroupRuleId.NotFound",
        absent,
    )


@DIRECTIONS
def test_rule_ids_that_are_not_of_the_group(account: Account, name: str) -> None:
    group_id = account.group()
    (mine,) = account.allow(group_id, permission("tcp", 22, ANY), egress=name == EGRESS)
    (foreign,) = account.allow(account.group("other"), permission("tcp", 22, ANY), egress=name == EGRESS)
    for rule_id in (ABSENT["sgr"], foreign):
        given = by_id((mine, "new"), (rule_id, "new"))
        assert account.refused(name, GroupId=group_id, SecurityGroupRuleDescriptions=given) == (
            "InvalidSecurityGroupRuleId.NotFound",
            f"The security group rule ID '{rule_id}' does not exist",
        )


@DIRECTIONS
@pytest.mark.parametrize("text", ["ü", "x" * 256, "a<b", "line\nfeed", "tab\t", 'quoted "so"', "it's", "100%", "a|b"])
def test_descriptions_that_cannot_be(account: Account, name: str, text: str) -> None:
    group_id = account.group()
    good, bad = account.allow(group_id, permission("tcp", 22, ANY, "::/0"), egress=name == EGRESS)
    given = by_id((good, "fine"), (bad, text))
    assert account.refused(name, GroupId=group_id, SecurityGroupRuleDescriptions=given) == BAD
    wanted = [permission("tcp", 22, ANY, description="fine"), permission("tcp", 22, "::/0", description=text)]
    assert account.refused(name, GroupId=group_id, IpPermissions=wanted) == BAD


@DIRECTIONS
def test_every_character_that_ec2_names(account: Account, name: str) -> None:
    group_id = account.group()
    rule_ids = account.allow(group_id, permission("tcp", 22, ANY), egress=name == EGRESS)
    for text in ("azAZ09. _-:/()#,@[]+=&;{}!$*", "x" * 255, " leading and trailing "):
        account.call(name, GroupId=group_id, SecurityGroupRuleDescriptions=by_id((rule_ids[0], text)))
        assert descriptions(account, rule_ids) == [text]


@DIRECTIONS
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("MissingParameter", "The request must contain the parameter ipPermissions")),
        ({"IpPermissions": []}, ("MissingParameter", "The request must contain the parameter ipPermissions")),
        (
            {"SecurityGroupRuleDescriptions": []},
            ("MissingParameter", "The request must contain the parameter ipPermissions"),
        ),
        (
            {"IpPermissions": [permission("tcp", 22, ANY)], "SecurityGroupRuleDescriptions": by_id(("sgr-1", "x"))},
            (
                "InvalidParameterCombination",
                "The parameter ipPermissions cannot be used with the parameter securityGroupRuleDescriptions",
            ),
        ),
        (
            {"IpPermissions": [permission("tcp", 22, ANY), permission("6", 22, "10.1.1.1/8")]},
            ("InvalidParameterValue", "The same permission must not appear multiple times"),
        ),
        # Existence comes before repetition.
        (
            {"SecurityGroupRuleDescriptions": by_id(("sgr-1", "x"), ("sgr-1", "y"))},
            ("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID 'sgr-1' does not exist"),
        ),
        (
            {"IpPermissions": [permission("all", 22, ANY)]},
            ("InvalidParameterValue", "Invalid value 'all' for IP protocol. Unknown protocol."),
        ),
        (
            {"IpPermissions": [permission("tcp", None, ANY)]},
            (
                "InvalidParameterValue",
                "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
            ),
        ),
        (
            {"IpPermissions": [permission("tcp", 22)]},
            (
                "InvalidParameterValue",
                "missing mandatory parameter: exactly one of remote-security-group, remote-ip-range, "
                "remote-ipv6-range, or prefix-list-id must be present",
            ),
        ),
        (
            {"IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "::/0"}]}]},
            ("InvalidParameterValue", "CIDR block ::/0 is malformed"),
        ),
        (
            {"IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupName": "none"}]}]},
            ("InvalidGroup.NotFound", "The security group 'none' does not exist in default VPC '{default}'"),
        ),
        (
            {"IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1", "UserId": "1" * 12}]}]},
            ("InvalidGroup.NotFound", "The security group 'sg-1' does not exist"),
        ),
    ],
)
def test_what_cannot_be_meant(account: Account, name: str, given: dict[str, Any], expected: tuple[str, str]) -> None:
    group_id = account.group()
    account.allow(group_id, permission("tcp", 22, ANY), egress=name == EGRESS)
    refusal = account.refused(name, GroupId=group_id, **given)
    assert refusal == (expected[0], expected[1].format(default=account.default_vpc_id))


@DIRECTIONS
def test_a_rule_id_twice(account: Account, name: str) -> None:
    group_id = account.group()
    (rule_id,) = account.allow(group_id, permission("tcp", 22, ANY), egress=name == EGRESS)
    given = by_id((rule_id, "x"), (rule_id, "y"))
    assert account.refused(name, GroupId=group_id, SecurityGroupRuleDescriptions=given) == (
        "InvalidParameterValue",
        "The same permission must not appear multiple times",
    )


@DIRECTIONS
def test_a_group_that_does_not_exist(account: Account, name: str) -> None:
    wanted = [permission("x", 22, ANY)]  # the group is looked for before the protocol
    assert account.refused(name, GroupId=ABSENT["sg"], IpPermissions=wanted) == (
        "InvalidGroup.NotFound",
        f"The security group '{ABSENT['sg']}' does not exist",
    )
    assert account.refused(name, GroupName="none", IpPermissions=wanted) == (
        "InvalidGroup.NotFound",
        f"The security group 'none' does not exist in default VPC '{account.default_vpc_id}'",
    )


@DIRECTIONS
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("MissingParameter", "The request must contain the parameter groupName or groupId")),
        ({"GroupId": "web"}, ("InvalidGroupId.Malformed", 'Invalid id: "web" (expecting "sg-...")')),
        (
            {"GroupId": "sg-1", "GroupName": "web"},
            ("InvalidParameterCombination", "The parameter groupId cannot be used with the parameter groupName"),
        ),
        (
            {"GroupId": "sg-1", "SecurityGroupRuleDescriptions": by_id(("1.2.3.4", "x"))},
            ("InvalidSecurityGroupRuleId.Malformed", "The security group rule ID '1.2.3.4' is malformed"),
        ),
        (
            {"GroupId": "sg-1", "SecurityGroupRuleDescriptions": [{"Description": "x"}]},
            ("MissingParameter", "The request must contain the parameter securityGroupRuleId"),
        ),
        (
            {"GroupId": "sg-1", "IpPermissions": [permission("-1", None, "sg-x")]},
            ("InvalidGroupId.Malformed", 'Invalid id: "sg-x"'),
        ),
        ({"GroupId": "sg-1"}, None),
        ({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "x"}]}, None),
    ],
)
def test_before_a_dry_run(account: Account, name: str, given: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert account.checked(name, **given) == expected


def test_of_another_account(account: Account) -> None:
    group_id = account.group()
    (rule_id,) = account.allow(group_id, permission("tcp", 22, ANY))
    other = account.elsewhere(account_id="210987654321")
    assert other.caller.account_id != ACCOUNT
    code, _ = other.refused(INGRESS, GroupId=group_id, SecurityGroupRuleDescriptions=by_id((rule_id, "x")))
    assert code == "InvalidGroup.NotFound"
