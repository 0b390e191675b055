"""CreateTags, DeleteTags, DescribeTags: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, Account, permission
from ringwall.domain.quota import Quota


def tags(**given: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


def of(account: Account, resource_id: str) -> dict[str, str]:
    answer = account.call("DescribeTags", Filters=[{"Name": "resource-id", "Values": [resource_id]}])
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


def every_kind(account: Account) -> dict[str, str]:
    """A resource of each kind that has tags, by the name of its type."""
    subnet_id = account.call("DescribeSubnets")["Subnets"][0]["SubnetId"]
    group_id = account.group()
    (rule_id,) = account.allow(group_id, permission("tcp", 22, "10.0.0.0/8"))
    host, interface = account.enrolled(subnet_id, [group_id])
    return {
        "vpc": account.default_vpc_id,
        "subnet": subnet_id,
        "security-group": group_id,
        "security-group-rule": rule_id,
        "instance": host.instance_id,
        "network-interface": interface.interface_id,
    }


def test_every_kind_of_resource_has_tags(account: Account) -> None:
    resources = every_kind(account)
    account.call("CreateTags", Resources=list(resources.values()), Tags=tags(Team="a", Empty=""))
    answer = account.call("DescribeTags")["Tags"]
    assert {(tag["ResourceType"], tag["ResourceId"]) for tag in answer} == set(resources.items())
    assert [tag["Key"] for tag in answer if tag["ResourceType"] == "vpc"] == ["Empty", "Team"]


def test_tags_are_written_over(account: Account) -> None:
    group_id = account.group()
    account.call("CreateTags", Resources=[group_id, group_id], Tags=tags(a="1", b="2"))
    account.call("CreateTags", Resources=[group_id], Tags=tags(b="3", c="4"))
    assert of(account, group_id) == {"a": "1", "b": "3", "c": "4"}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (None, {"ringwall:on-revoke": "cut"}),
        ([{"Key": "a"}], {"b": "2", "e": "", "ringwall:on-revoke": "cut"}),
        (tags(a="1"), {"b": "2", "e": "", "ringwall:on-revoke": "cut"}),
        (tags(a="2"), {"a": "1", "b": "2", "e": "", "ringwall:on-revoke": "cut"}),
        (tags(a=""), {"a": "1", "b": "2", "e": "", "ringwall:on-revoke": "cut"}),
        (tags(e=""), {"a": "1", "b": "2", "ringwall:on-revoke": "cut"}),
        (tags(nope="x"), {"a": "1", "b": "2", "e": "", "ringwall:on-revoke": "cut"}),
        ([{"Key": "ringwall:on-revoke"}], {"a": "1", "b": "2", "e": ""}),
    ],
)
def test_delete(account: Account, given: list[dict[str, str]] | None, left: dict[str, str]) -> None:
    group_id, other = account.group(), account.group("other")
    account.call("CreateTags", Resources=[group_id, other], Tags=tags(a="1", b="2", e=""))
    account.call("CreateTags", Resources=[group_id], Tags=[{"Key": "ringwall:on-revoke", "Value": "cut"}])
    account.call("DeleteTags", Resources=[group_id], **({} if given is None else {"Tags": given}))
    assert of(account, group_id) == left
    assert of(account, other) == {"a": "1", "b": "2", "e": ""}


REFUSED: list[tuple[Any, str]] = [
    ([{"Key": "aws:x", "Value": ""}], "Tag keys starting with 'aws:' are reserved for internal use"),
    ([{"Key": "AWS:x", "Value": ""}], "Tag keys starting with 'aws:' are reserved for internal use"),
    ([{"Key": "", "Value": "x"}], "Tag keys may not be empty"),
    ([{"Value": "x"}], "Tag keys may not be empty"),
    ([{"Key": "k" * 128, "Value": ""}], "Tag key exceeds the maximum length of 127 characters"),
    ([{"Key": "k", "Value": "v" * 257}], "Tag value exceeds the maximum length of 256 characters"),
    ([{"Key": "k"}], "Tag value cannot be null. Use empty string instead."),
    ([{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}], "Duplicate tag key 'k' specified."),
    ([{"Key": "k\x00", "Value": ""}], "Tag keys may not contain control characters"),
    ([{"Key": "k", "Value": "a\x08b"}], "Tag values may not contain control characters"),
    ([{"Key": "k", "Value": "\uffff"}], "Tag values may not contain control characters"),
    ([{"Key": "ringwall:on-revoke", "Value": ""}], "The value of 'ringwall:on-revoke' must be 'cut' or 'keep'."),
    ([{"Key": "ringwall:on-revoke", "Value": "Cut"}], "The value of 'ringwall:on-revoke' must be 'cut' or 'keep'."),
    (
        [{"Key": "ringwall:other", "Value": "x"}],
        "The tag key 'ringwall:other' is reserved. The only one is 'ringwall:on-revoke', for security groups.",
    ),
    (
        [{"Key": "Ringwall:on-revoke", "Value": "cut"}],
        "The tag key 'Ringwall:on-revoke' is reserved. The only one is 'ringwall:on-revoke', for security groups.",
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_tags_that_cannot_be(account: Account, given: Any, message: str) -> None:
    resources = [account.group("one"), account.group("two")]
    good = [{"Key": "good", "Value": "x"}]
    assert account.refused("CreateTags", Resources=resources, Tags=good + given) == ("InvalidParameterValue", message)


def test_the_longest_tag(account: Account) -> None:
    group_id = account.group()
    account.call("CreateTags", Resources=[group_id], Tags=[{"Key": "k" * 127, "Value": "ü&<>'\"\t\U0001f600" * 32}])
    assert of(account, group_id) == {"k" * 127: "ü&<>'\"\t\U0001f600" * 32}


def test_only_groups_say_how_they_revoke(account: Account) -> None:
    resources = every_kind(account)
    group_id = resources.pop("security-group")
    cut = [{"Key": "ringwall:on-revoke", "Value": "cut"}]
    account.call("CreateTags", Resources=[group_id], Tags=cut)
    for resource_id in resources.values():
        code, _ = account.refused("CreateTags", Resources=[group_id, resource_id], Tags=cut)
        assert code == "InvalidParameterValue"


@pytest.mark.parametrize("name", ["CreateTags", "DeleteTags"])
@pytest.mark.parametrize(
    ("resource_id", "expected"),
    [
        (ABSENT["sg"], ("InvalidGroup.NotFound", f"The security group '{ABSENT['sg']}' does not exist")),
        (
            ABSENT["sgr"],
            ("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{ABSENT['sgr']}' does not exist"),
        ),
        (ABSENT["vpc"], ("InvalidVpcID.NotFound", f"The vpc ID '{ABSENT['vpc']}' does not exist")),
        (ABSENT["subnet"], ("InvalidSubnetID.NotFound", f"The subnet ID '{ABSENT['subnet']}' does not exist")),
        (ABSENT["i"], ("InvalidInstanceID.NotFound", f"The instance ID '{ABSENT['i']}' does not exist")),
        (
            ABSENT["eni"],
            ("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{ABSENT['eni']}' does not exist"),
        ),
        (ABSENT["pl"], ("InvalidPrefixListID.NotFound", f"The prefix list ID '{ABSENT['pl']}' does not exist")),
        ("vol-0a", ("InvalidVolume.NotFound", "The volume 'vol-0a' does not exist.")),
        ("ami-0a", ("InvalidAMIID.NotFound", "The image id '[ami-0a]' does not exist")),
        ("rtb-0a", ("InvalidRouteTableID.NotFound", "The routeTable ID 'rtb-0a' does not exist")),
        ("vpce-0a", ("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id 'vpce-0a' does not exist")),
        ("pl-63a5400a", ("UnauthorizedOperation", "You are not authorized to perform this operation.")),
    ],
)
def test_all_resources_or_none(account: Account, name: str, resource_id: str, expected: tuple[str, str]) -> None:
    group_id = account.group()
    account.call("CreateTags", Resources=[group_id], Tags=tags(a="1"))
    assert account.refused(name, Resources=[group_id, resource_id], Tags=tags(a="1", b="2")) == expected


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        (
            "DeleteTags",
            {},
            ("MissingParameter", "The request must contain the parameter resourceIdSet"),
        ),
        (
            "CreateTags",
            {"Resources": ["sg-1"]},
            ("MissingParameter", "The request must contain the parameter tagSet"),
        ),
        (
            "CreateTags",
            {"Resources": ["nope-1"], "Tags": tags(a="b")},
            ("InvalidID", "The ID 'nope-1' is not valid"),
        ),
        ("CreateTags", {"Resources": ["sg"], "Tags": tags(a="b")}, ("InvalidID", "The ID 'sg' is not valid")),
        ("DeleteTags", {"Resources": [""]}, ("InvalidID", "The ID '' is not valid")),
        (
            "DeleteTags",
            {"Resources": ["sg-x"]},
            ("InvalidGroupId.Malformed", 'Invalid id: "sg-x"'),
        ),
        ("DeleteTags", {"Resources": ["sg-1"]}, None),
        ("CreateTags", {"Resources": ["vol-1", "igw-1"], "Tags": tags(a="b")}, None),
    ],
)
def test_before_a_dry_run(account: Account, name: str, given: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert account.checked(name, **given) == expected


def test_tags_per_resource(store: Any) -> None:
    account = Account(store, quota=Quota(tags_per_resource_max=2))
    one, two = account.group("one"), account.group("two")
    account.call("CreateTags", Resources=[two], Tags=tags(a="1", b="2"))
    full = ("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
    assert account.refused("CreateTags", Resources=[one, two], Tags=tags(c="3")) == full
    account.call("CreateTags", Resources=[two], Tags=tags(a="3"))
    specification = [{"ResourceType": "security-group", "Tags": tags(a="1", b="2", c="3")}]
    request = {"GroupName": "three", "Description": "d", "TagSpecifications": specification}
    assert account.refused("CreateSecurityGroup", **request) == full


def test_too_many_at_once(account: Account) -> None:
    group_id = account.group()
    many = [f"sg-{number:x}" for number in range(1001)]
    assert account.refused("CreateTags", Resources=many, Tags=tags(a="b")) == (
        "InvalidParameterValue",
        "The number of resources exceeds the limit (1000).",
    )
    assert account.refused("DeleteTags", Resources=[group_id], Tags=[{"Key": f"k{n}"} for n in range(1001)]) == (
        "InvalidParameterValue",
        "The number of tags exceeds the limit (1000).",
    )


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("key", "Team", 2),
        ("key", "*", 3),
        ("value", "a", 2),
        ("resource-type", "security-group", 2),
        ("resource-type", "vpc", 1),
        ("resource-id", "sg-*", 2),
        ("tag:Team", "b", 1),
        ("tag:Name", "b", 0),
    ],
)
def test_filters(account: Account, name: str, value: str, found: int) -> None:
    account.call("CreateTags", Resources=[account.group()], Tags=tags(Team="a", Name="a"))
    account.call("CreateTags", Resources=[account.default_vpc_id], Tags=tags(Team="b"))
    assert len(account.call("DescribeTags", Filters=[{"Name": name, "Values": [value]}])["Tags"]) == found


def test_tags_of_others_are_not_shown(account: Account) -> None:
    account.call("CreateTags", Resources=[account.group()], Tags=tags(a="b"))
    assert account.elsewhere(region="eu-west-1").call("DescribeTags") == {"Tags": []}
