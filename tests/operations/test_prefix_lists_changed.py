"""Prefix lists of the account change as EC2 says: versions, sizes, states, and nothing where something is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account import Account, permission, tag_specification
from plain_store import PlainStore
from ringwall.domain.errors import ServiceError
from ringwall.domain.quota import NO_LIMITS, Quota

S3 = "pl-63a5400a"
MISMATCH = ("PrefixListVersionMismatch", "The prefix list has the incorrect version number.")
FORBIDDEN = ("UnauthorizedOperation", "You are not authorized to perform this operation.")
BELOW_ONE = (
    "InvalidParameterValue",
    "The specified value for version is not valid. The value must be greater than (1).",
)
REQUEST: dict[str, Any] = {"PrefixListName": "offices", "AddressFamily": "IPv4", "MaxEntries": 10}


def blocks(*cidrs: str) -> list[dict[str, str]]:
    return [{"Cidr": cidr} for cidr in cidrs]


def created(account: Account, *cidrs: str, **request: Any) -> str:
    answer = account.call("CreateManagedPrefixList", **REQUEST | {"Entries": blocks(*cidrs)} | request)
    return str(answer["PrefixList"]["PrefixListId"])


def modified(account: Account, list_id: str, **request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = account.call("ModifyManagedPrefixList", PrefixListId=list_id, **request)["PrefixList"]
    return answer


def described(account: Account, list_id: str) -> dict[str, Any]:
    answer = account.call("DescribeManagedPrefixLists", PrefixListIds=[list_id])
    list_: dict[str, Any] = answer["PrefixLists"][0]
    return list_


def entries(account: Account, list_id: str, **request: Any) -> list[str]:
    answer = account.call("GetManagedPrefixListEntries", PrefixListId=list_id, **request)
    return [each["Cidr"] for each in answer["Entries"]]


def settled(account: Account, list_id: str) -> tuple[str, int, int]:
    list_ = described(account, list_id)
    return list_["State"], list_["Version"], list_["MaxEntries"]


# --- CreateManagedPrefixList ---


def test_a_new_list_is_being_created_and_then_is(account: Account) -> None:
    answer = account.call(
        "CreateManagedPrefixList",
        **REQUEST,
        Entries=[{"Cidr": "10.0.0.0/8", "Description": "all of us"}],
        TagSpecifications=tag_specification("prefix-list", team="net"),
    )["PrefixList"]
    assert (answer["State"], answer["Version"], answer["MaxEntries"]) == ("create-in-progress", 1, 10)
    assert answer["Tags"] == [{"Key": "team", "Value": "net"}]
    assert described(account, answer["PrefixListId"]) == answer | {"State": "create-complete"}


def test_blocks_are_kept_in_canonical_form(account: Account) -> None:
    list_id = created(account, "100.68.0.18/18", "0.0.0.0/0")
    assert entries(account, list_id) == ["0.0.0.0/0", "100.68.0.0/18"]
    six = created(account, "2001:DB8:0::1/32", "::/0", AddressFamily="IPv6")
    assert entries(account, six) == ["2001:db8::/32", "::/0"]


def test_bounds_of_what_a_list_may_be(account: Account) -> None:
    hundred = [f"10.{number}.0.0/16" for number in range(100)]
    list_id = created(account, *hundred, PrefixListName="ü" * 255, MaxEntries=1000)
    assert len(entries(account, list_id)) == 100
    created(account, "10.0.0.0/8", MaxEntries=1)
    created(
        account, Entries=[{"Cidr": "10.0.0.0/8", "Description": "d" * 255}, {"Cidr": "11.0.0.0/8", "Description": ""}]
    )


def invalid(value: str, name: str, reason: str) -> tuple[str, str]:
    return "InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid. {reason}"


def test_without_limits_any_size_will_do(store: Any) -> None:
    account = Account(store, quota=NO_LIMITS)
    assert settled(account, created(account, MaxEntries=100_000)) == ("create-complete", 1, 100_000)
    assert account.refused("CreateManagedPrefixList", **REQUEST | {"MaxEntries": 0}) == (
        "InvalidParameterValue",
        "Must specify a max size of at least 1",
    )


NO_BLOCK = "This is not a valid CIDR block."


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        ({"PrefixListName": ""}, invalid("", "prefixListName", "The name may not be empty.")),
        ({"PrefixListName": "n" * 256},
         invalid("n" * 256, "prefixListName", "The name can have at most 255 characters.")),
        ({"PrefixListName": "a\tb"}, invalid("a\tb", "prefixListName", "The name can't have control characters.")),
        ({"PrefixListName": "com.amazonaws.x"},
         invalid("com.amazonaws.x", "prefixListName", "The name cannot start with com.amazonaws.")),
        ({"PrefixListName": "Com.AmazonAWS"},
         invalid("Com.AmazonAWS", "prefixListName", "The name cannot start with com.amazonaws.")),
        ({"AddressFamily": "ipv4"}, invalid("ipv4", "addressFamily", "Valid values are IPv4 and IPv6.")),
        ({"MaxEntries": 0}, ("InvalidParameterValue", "Must specify a max size between 1 and 1000")),
        ({"MaxEntries": 1001}, ("InvalidParameterValue", "Must specify a max size between 1 and 1000")),
        ({"Entries": blocks(*(f"10.0.{number}.0/24" for number in range(101)))},
         ("InvalidParameterValue", "The number of entries per request cannot exceeds limit (100).")),
        ({"Entries": blocks("10.0.0.0")}, invalid("10.0.0.0", "cidr", NO_BLOCK)),
        ({"Entries": blocks("10.0.0.0/33")}, invalid("10.0.0.0/33", "cidr", NO_BLOCK)),
        ({"Entries": [{"Description": "d"}]}, invalid("", "cidr", NO_BLOCK)),
        ({"Entries": blocks("::/0")}, invalid("::/0", "cidr", "The address family of the prefix list is IPv4.")),
        ({"Entries": blocks("10.0.0.0/8"), "AddressFamily": "IPv6"},
         invalid("10.0.0.0/8", "cidr", "The address family of the prefix list is IPv6.")),
        ({"Entries": blocks("10.0.0.0/8", "10.9.9.9/8")},
         ("InvalidParameterValue", "Request cannot contain Cidr 10.0.0.0/8 more than once.")),
        ({"Entries": [{"Cidr": "10.0.0.0/8", "Description": "d" * 256}]},
         invalid("d" * 256, "description", "The description can have at most 255 characters.")),
        ({"Entries": [{"Cidr": "10.0.0.0/8", "Description": "\x85"}]},
         invalid("\x85", "description", "The description can't have control characters.")),
        ({"Entries": blocks("10.0.0.0/8", "11.0.0.0/8"), "MaxEntries": 1},
         ("PrefixListMaxEntriesExceeded",
          "The number of entries (2) exceeds the maximum number of entries (1) of the prefix list.")),
        ({"TagSpecifications": tag_specification("vpc", a="b")},
         ("InvalidParameterValue", "'vpc' is not a valid taggable resource type for this operation.")),
    ],
)  # fmt: skip
def test_lists_that_are_not_created(account: Account, request_: dict[str, Any], refusal: tuple[str, str]) -> None:
    assert account.refused("CreateManagedPrefixList", **REQUEST | request_) == refusal
    assert account.refused("CreateManagedPrefixList", **REQUEST | request_, ClientToken="t") == refusal


def test_a_region_has_no_more_lists_than_the_quota(store: Any) -> None:
    account = Account(store, quota=Quota(prefix_lists_per_region_max=2))
    first, _ = created(account), created(account)
    refusal = ("ResourceLimitExceeded", "The maximum number of prefix lists has been reached.")
    assert account.refused("CreateManagedPrefixList", **REQUEST) == refusal
    created(account.elsewhere(region="eu-west-1"))
    account.call("DeleteManagedPrefixList", PrefixListId=first)
    created(account)


# --- ModifyManagedPrefixList ---


def test_entries_make_a_version_and_the_answer_shows_the_old_one(account: Account) -> None:
    list_id = created(account, "10.1.0.0/16", "10.2.0.0/16")
    answer = modified(
        account, list_id, CurrentVersion=1,
        AddEntries=[{"Cidr": "10.3.0.9/16", "Description": "new"}], RemoveEntries=blocks("10.1.2.3/16"),
    )  # fmt: skip
    assert (answer["State"], answer["Version"]) == ("modify-in-progress", 1)
    assert settled(account, list_id) == ("modify-complete", 2, 10)
    assert entries(account, list_id) == ["10.2.0.0/16", "10.3.0.0/16"]
    assert entries(account, list_id, TargetVersion=1) == ["10.1.0.0/16", "10.2.0.0/16"]


def test_a_rename_makes_no_version_and_no_other_state(account: Account) -> None:
    list_id = created(account)
    for current in ({}, {"CurrentVersion": 1}):
        answer = modified(account, list_id, PrefixListName="branches", **current)
        assert answer == described(account, list_id)
        assert (answer["PrefixListName"], answer["State"], answer["Version"]) == ("branches", "create-complete", 1)


def test_a_rename_comes_with_entries_or_a_size(account: Account) -> None:
    list_id = created(account)
    assert modified(account, list_id, PrefixListName="a", CurrentVersion=1, AddEntries=blocks("10.0.0.0/8"))[
        "PrefixListName"
    ] == ("a")
    assert modified(account, list_id, PrefixListName="b", MaxEntries=20)["PrefixListName"] == "b"
    list_ = described(account, list_id)
    assert (list_["PrefixListName"], list_["Version"], list_["MaxEntries"]) == ("b", 2, 20)


def test_a_size_makes_no_version(account: Account) -> None:
    list_id = created(account, "10.1.0.0/16")
    answer = modified(account, list_id, MaxEntries=1000)
    assert (answer["State"], answer["Version"], answer["MaxEntries"]) == ("modify-in-progress", 1, 10)
    assert settled(account, list_id) == ("modify-complete", 1, 1000)
    modified(account, list_id, MaxEntries=1, CurrentVersion=1)
    assert settled(account, list_id) == ("modify-complete", 1, 1)


def test_an_entry_with_another_description_takes_the_place_of_the_old(account: Account) -> None:
    list_id = created(account, "10.1.0.0/16", MaxEntries=1)
    modified(account, list_id, CurrentVersion=1, AddEntries=[{"Cidr": "10.1.0.0/16", "Description": "one"}])
    answer = account.call("GetManagedPrefixListEntries", PrefixListId=list_id)
    assert answer == {"Entries": [{"Cidr": "10.1.0.0/16", "Description": "one"}]}
    assert account.refused(
        "ModifyManagedPrefixList",
        PrefixListId=list_id,
        CurrentVersion=2,
        AddEntries=[{"Cidr": "10.1.0.1/16", "Description": "one"}],
    ) == (
        "InvalidPrefixListModification",
        "An entry with the CIDR (10.1.0.0/16) and description (one) already exists.",
    )


def test_removals_make_room_for_additions(account: Account) -> None:
    list_id = created(account, "10.1.0.0/16", MaxEntries=1)
    modified(account, list_id, CurrentVersion=1, AddEntries=blocks("10.2.0.0/16"), RemoveEntries=blocks("10.1.0.0/16"))
    assert entries(account, list_id) == ["10.2.0.0/16"]


ADD = {"CurrentVersion": 1, "AddEntries": blocks("10.9.0.0/16")}


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        ({}, ("InvalidRequest", "The request received was invalid.")),
        ({"CurrentVersion": 1, "AddEntries": [], "RemoveEntries": []},
         ("InvalidRequest", "The request received was invalid.")),
        (ADD | {"MaxEntries": 20},
         ("InvalidParameterCombination",
          "You cannot modify the entries and the maximum entries for the prefix list in the same request.")),
        ({"AddEntries": blocks("10.9.0.0/16")},
         ("MissingParameter", "The request must contain the parameter currentVersion")),
        ({"RemoveEntries": blocks("10.1.0.0/16")},
         ("MissingParameter", "The request must contain the parameter currentVersion")),
        (ADD | {"CurrentVersion": 0}, BELOW_ONE),
        (ADD | {"CurrentVersion": 2}, MISMATCH),
        ({"MaxEntries": 20, "CurrentVersion": 2}, MISMATCH),
        ({"PrefixListName": "n", "CurrentVersion": 2}, MISMATCH),
        (ADD | {"PrefixListName": ""}, invalid("", "prefixListName", "The name may not be empty.")),
        ({"MaxEntries": 0}, ("InvalidParameterValue", "Must specify a max size between 1 and 1000")),
        ({"MaxEntries": 1001}, ("InvalidParameterValue", "Must specify a max size between 1 and 1000")),
        ({"MaxEntries": 1},
         ("PrefixListMaxEntriesExceeded",
          "The number of entries (2) exceeds the maximum number of entries (1) of the prefix list (LIST).")),
        (ADD | {"AddEntries": blocks("10.3.0.0/16", "10.4.0.0/16")},
         ("PrefixListMaxEntriesExceeded",
          "The number of entries (4) exceeds the maximum number of entries (3) of the prefix list (LIST).")),
        (ADD | {"AddEntries": blocks(*(f"10.0.{number}.0/24" for number in range(101)))},
         ("InvalidParameterValue", "The request cannot contain more than 100 entry additions or removals.")),
        ({"CurrentVersion": 1, "RemoveEntries": blocks(*(f"10.0.{number}.0/24" for number in range(101)))},
         ("InvalidParameterValue", "The request cannot contain more than 100 entry additions or removals.")),
        (ADD | {"RemoveEntries": blocks("10.9.1.1/16")},
         ("InvalidParameterValue",
          "Request cannot contain Cidr 10.9.0.0/16 in both AddPrefixListEntries and RemovePrefixListEntries")),
        (ADD | {"RemoveEntries": blocks("10.8.0.0/16")},
         ("InvalidPrefixListModification", "An entry with the CIDR (10.8.0.0/16) does not exist.")),
        (ADD | {"AddEntries": blocks("10.1.0.0/16")},
         ("InvalidPrefixListModification",
          "An entry with the CIDR (10.1.0.0/16) and description (null) already exists.")),
        (ADD | {"AddEntries": blocks("10.9.0.0/16", "10.9.0.0/16")},
         ("InvalidParameterValue", "Request cannot contain Cidr 10.9.0.0/16 more than once.")),
        (ADD | {"RemoveEntries": blocks("10.1.0.0/16", "10.1.0.1/16")},
         ("InvalidParameterValue", "Request cannot contain Cidr 10.1.0.0/16 more than once.")),
        (ADD | {"AddEntries": blocks("::/0")},
         invalid("::/0", "cidr", "The address family of the prefix list is IPv4.")),
        ({"CurrentVersion": 1, "RemoveEntries": blocks("x")}, invalid("x", "cidr", NO_BLOCK)),
    ],
)  # fmt: skip
def test_modifications_that_are_refused(account: Account, request_: dict[str, Any], refusal: tuple[str, str]) -> None:
    list_id = created(account, "10.1.0.0/16", "10.2.0.0/16", MaxEntries=3)
    code, message = account.refused("ModifyManagedPrefixList", PrefixListId=list_id, **request_)
    assert (code, message) == (refusal[0], refusal[1].replace("LIST", list_id))


def test_being_kept_in_step_by_an_ipam_is_refused_and_not_being_is_not(account: Account) -> None:
    list_id = created(account)
    request = {"PrefixListId": list_id, "PrefixListName": "n"}
    assert account.refused("ModifyManagedPrefixList", **request, IpamPrefixListResolverSyncEnabled=True) == (
        "UnsupportedOperation",
        "The parameter IpamPrefixListResolverSyncEnabled isn't supported here.",
    )
    account.call("ModifyManagedPrefixList", **request, IpamPrefixListResolverSyncEnabled=False)


def test_lists_of_aws_are_never_changed(account: Account) -> None:
    assert account.refused("ModifyManagedPrefixList", PrefixListId=S3, PrefixListName="mine") == FORBIDDEN
    assert account.refused("DeleteManagedPrefixList", PrefixListId=S3) == FORBIDDEN
    restore = {"PreviousVersion": 1, "CurrentVersion": 1}
    assert account.refused("RestoreManagedPrefixListVersion", PrefixListId=S3, **restore) == FORBIDDEN


# --- A list that rules name ---


def test_a_list_grows_as_far_as_every_group_has_room(store: Any) -> None:
    account = Account(store, quota=Quota(rules_per_group_max=20))
    list_id = created(account, MaxEntries=5)
    web, db, idle = (account.group(name) for name in ("web", "db", "idle"))
    account.allow(web, permission("tcp", 22, list_id), permission("tcp", 80, list_id))
    account.allow(db, permission("tcp", 22, list_id, S3, "10.0.0.0/8"))
    account.allow(idle, *(permission("tcp", port, "10.0.0.0/8") for port in range(20)))
    modified(account, list_id, MaxEntries=10)
    assert settled(account, list_id) == ("modify-complete", 1, 10)
    before = described(account, list_id)
    answer = modified(account, list_id, MaxEntries=11, PrefixListName="larger")
    assert (answer["State"], answer["MaxEntries"]) == ("modify-in-progress", 10)
    assert described(account, list_id) == before | {
        "State": "modify-failed",
        "StateMessage": f"The following resources do not support the new maximum size: {web}",
    }
    modified(account, list_id, MaxEntries=19)
    assert described(account, list_id)["StateMessage"].endswith(f": {web}, {db}")
    modified(account, list_id, CurrentVersion=1, AddEntries=blocks("10.0.0.0/8"))
    assert "StateMessage" not in described(account, list_id)


def test_the_message_names_up_to_ten_groups(store: Any) -> None:
    account = Account(store, quota=Quota(rules_per_group_max=20))
    list_id = created(account, MaxEntries=20)
    groups = [account.group(f"g{number}") for number in range(11)]
    for group in groups:
        account.allow(group, permission("tcp", 22, list_id))
    modified(account, list_id, MaxEntries=21)
    assert described(account, list_id)["StateMessage"].endswith(": " + ", ".join(groups[:10]))


def test_each_direction_has_room_of_its_own(store: Any) -> None:
    account = Account(store, quota=Quota(rules_per_group_max=20))
    list_id, web = created(account, MaxEntries=10), account.group("web")
    account.allow(web, permission("tcp", 22, list_id))
    account.allow(web, permission("tcp", 22, list_id), egress=True)
    modified(account, list_id, MaxEntries=20)
    # The rule that every group begins with, to everywhere, leaves room for 19.
    assert described(account, list_id)["StateMessage"].endswith(web)
    modified(account, list_id, MaxEntries=19)
    assert settled(account, list_id) == ("modify-complete", 1, 19)


def test_a_rule_counts_for_the_lists_size_and_not_for_its_entries(store: Any) -> None:
    account = Account(store, quota=Quota(rules_per_group_max=20))
    empty, six = created(account, MaxEntries=12), created(account, AddressFamily="IPv6", MaxEntries=8)
    web = account.group("web")
    account.allow(web, permission("tcp", 22, empty, six))
    assert account.refused(
        "AuthorizeSecurityGroupIngress", GroupId=web, IpPermissions=[permission("tcp", 22, "10.0.0.0/8")]
    ) == ("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
    modified(account, empty, MaxEntries=11)
    account.allow(web, permission("tcp", 22, "10.0.0.0/8", "::/0"))


def test_a_list_of_another_account_cannot_be_named(account: Account) -> None:
    other = account.elsewhere(account_id="111122223333")
    list_id, web = created(other), account.group("web")
    assert account.refused(
        "AuthorizeSecurityGroupIngress", GroupId=web, IpPermissions=[permission("tcp", 22, list_id)]
    ) == ("InvalidPrefixListID.NotFound", f"The prefix list ID '{list_id}' does not exist")


# --- DeleteManagedPrefixList ---


def test_a_deleted_list_is_gone_with_its_tags_and_versions(account: Account) -> None:
    list_id = created(account, "10.0.0.0/8", TagSpecifications=tag_specification("prefix-list", a="b"))
    before = described(account, list_id)
    answer = account.call("DeleteManagedPrefixList", PrefixListId=list_id)["PrefixList"]
    assert answer == before | {"State": "delete-in-progress"}
    gone = ("InvalidPrefixListID.NotFound", f"The prefix list ({list_id}) does not exist.")
    assert account.refused("GetManagedPrefixListEntries", PrefixListId=list_id, TargetVersion=1) == gone
    assert account.refused("DeleteManagedPrefixList", PrefixListId=list_id) == gone
    assert account.call("DescribeTags") == {"Tags": []}


def test_a_list_that_a_rule_names_stays_and_says_why(account: Account) -> None:
    list_id, web, db = created(account, "10.0.0.0/8"), account.group("web"), account.group("db")
    (rule,) = account.allow(web, permission("tcp", 22, list_id))
    account.allow(db, permission("tcp", 22, list_id), permission("tcp", 80, list_id), egress=True)
    before = described(account, list_id)
    answer = account.call("DeleteManagedPrefixList", PrefixListId=list_id)["PrefixList"]
    assert answer == before | {"State": "delete-in-progress"}
    message = f"The prefix list is referenced by: {web}, {db}"
    assert described(account, list_id) == before | {"State": "delete-failed", "StateMessage": message}
    assert entries(account, list_id) == ["10.0.0.0/8"]
    assert account.rule_ids(web) == [rule]

    account.call("RevokeSecurityGroupIngress", GroupId=web, SecurityGroupRuleIds=[rule])
    account.call("DeleteSecurityGroup", GroupId=db)
    assert account.call("DeleteManagedPrefixList", PrefixListId=list_id)["PrefixList"] == answer
    assert account.refused("DeleteManagedPrefixList", PrefixListId=list_id)[0] == "InvalidPrefixListID.NotFound"


def test_a_list_whose_deletion_failed_can_be_modified(account: Account) -> None:
    list_id, web = created(account), account.group("web")
    account.allow(web, permission("tcp", 22, list_id))
    account.call("DeleteManagedPrefixList", PrefixListId=list_id)
    assert "StateMessage" not in modified(account, list_id, **ADD)
    assert settled(account, list_id) == ("modify-complete", 2, 10)


# --- RestoreManagedPrefixListVersion ---


def test_a_restored_version_is_a_new_one(account: Account) -> None:
    list_id = created(account, "10.1.0.0/16")
    modified(account, list_id, **ADD)
    answer = account.call("RestoreManagedPrefixListVersion", PrefixListId=list_id, PreviousVersion=1, CurrentVersion=2)[
        "PrefixList"
    ]
    assert (answer["State"], answer["Version"]) == ("restore-in-progress", 2)
    assert settled(account, list_id) == ("restore-complete", 3, 10)
    assert entries(account, list_id) == ["10.1.0.0/16"]
    assert entries(account, list_id, TargetVersion=2) == ["10.1.0.0/16", "10.9.0.0/16"]
    account.call("RestoreManagedPrefixListVersion", PrefixListId=list_id, PreviousVersion=3, CurrentVersion=3)
    assert settled(account, list_id) == ("restore-complete", 4, 10)


@pytest.mark.parametrize(
    ("previous", "current", "refusal"),
    [
        (1, 1, MISMATCH),
        (1, 0, BELOW_ONE),
        (0, 2, BELOW_ONE),
        (3, 2, ("InvalidParameterValue", "The version (3) of the prefix list (LIST) does not exist.")),
    ],
)
def test_versions_that_are_not_restored(
    account: Account, previous: int, current: int, refusal: tuple[str, str]
) -> None:
    list_id = created(account)
    modified(account, list_id, **ADD)
    code, message = account.refused(
        "RestoreManagedPrefixListVersion", PrefixListId=list_id, PreviousVersion=previous, CurrentVersion=current
    )
    assert (code, message) == (refusal[0], refusal[1].replace("LIST", list_id))


def test_a_version_larger_than_the_list_is_now_is_not_restored(account: Account) -> None:
    list_id = created(account, "10.1.0.0/16", "10.2.0.0/16")
    modified(account, list_id, CurrentVersion=1, RemoveEntries=blocks("10.1.0.0/16"))
    modified(account, list_id, MaxEntries=1)
    request = {"PrefixListId": list_id, "PreviousVersion": 1, "CurrentVersion": 2}
    assert account.refused("RestoreManagedPrefixListVersion", **request) == (
        "PrefixListMaxEntriesExceeded",
        f"The number of entries (2) exceeds the maximum number of entries (1) of the prefix list ({list_id}).",
    )


def test_the_oldest_versions_are_dropped(store: Any) -> None:
    account = Account(store, quota=Quota(versions_per_prefix_list_max=3))
    list_id = created(account)
    for version in range(1, 6):
        modified(account, list_id, CurrentVersion=version, AddEntries=blocks(f"10.{version}.0.0/16"))
    assert [len(entries(account, list_id, TargetVersion=version)) for version in (4, 5, 6)] == [3, 4, 5]
    absent = ("InvalidParameterValue", f"The version (3) of the prefix list ({list_id}) does not exist.")
    assert account.refused("GetManagedPrefixListEntries", PrefixListId=list_id, TargetVersion=3) == absent
    request = {"PrefixListId": list_id, "PreviousVersion": 3, "CurrentVersion": 6}
    assert account.refused("RestoreManagedPrefixListVersion", **request) == absent


# --- Any sequence ---

SIZE, KEPT = 3, 4
CIDRS = ["10.0.0.0/8", "10.0.0.0/16", "192.0.2.0/24", "198.51.100.0/24", "0.0.0.0/0"]
descriptions = st.sampled_from([None, "a", "b"])
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("modify"),
            st.dictionaries(st.sampled_from(CIDRS), descriptions, max_size=3),
            st.sets(st.sampled_from(CIDRS), max_size=2),
        ),
        st.tuples(st.just("restore"), st.integers(1, 8), st.none()),
        st.tuples(st.just("resize"), st.integers(1, 5), st.none()),
    ),
    max_size=10,
)


class Model:
    """A list as plain as can be: each version a dictionary from block to description."""

    def __init__(self) -> None:
        self.versions: dict[int, dict[str, str | None]] = {1: {}}
        self.version, self.size = 1, SIZE

    def take(self, step: Any) -> bool:
        """Does the step, if it can be done."""
        kind, first, second = step
        now = self.versions[self.version]
        if kind == "resize":
            if first < len(now):
                return False
            self.size = first
            return True
        if kind == "restore":
            if first not in self.versions:
                return False
            after = self.versions[first]
        else:
            wrong = (not first and not second) or first.keys() & second or second - now.keys()
            if wrong or any(cidr in now and now[cidr] == text for cidr, text in first.items()):
                return False
            after = {cidr: text for cidr, text in now.items() if cidr not in second} | first
        if len(after) > self.size:
            return False
        self.version += 1
        self.versions[self.version] = dict(after)
        self.versions.pop(self.version - KEPT, None)
        return True


def taken(account: Account, list_id: str, version: int, step: Any) -> bool:
    """Whether the operation did the step; a refused one changed nothing."""
    kind, first, second = step
    if kind == "modify":
        name = "ModifyManagedPrefixList"
        request = {
            "CurrentVersion": version,
            "AddEntries": [{"Cidr": cidr} | ({"Description": text} if text else {}) for cidr, text in first.items()],
            "RemoveEntries": blocks(*sorted(second)),
        }
    elif kind == "restore":
        name, request = "RestoreManagedPrefixListVersion", {"PreviousVersion": first, "CurrentVersion": version}
    else:
        name, request = "ModifyManagedPrefixList", {"MaxEntries": first}
    before = account.picture()
    try:
        account.call(name, PrefixListId=list_id, **request)
    except ServiceError:
        assert account.picture() == before
        return False
    return True


@given(steps)
def test_any_sequence_comes_to_what_a_dictionary_with_versions_comes_to(sequence: list[Any]) -> None:
    account = Account(PlainStore(), quota=Quota(versions_per_prefix_list_max=KEPT), default_vpc=False)
    list_id, model = created(account, MaxEntries=SIZE), Model()
    for step in sequence:
        version = model.version
        assert taken(account, list_id, version, step) == model.take(step)
        list_ = described(account, list_id)
        assert (list_["Version"], list_["MaxEntries"]) == (model.version, model.size)
    for version in range(1, model.version + 2):
        request = {"PrefixListId": list_id, "TargetVersion": version}
        if version in model.versions:
            answer = account.call("GetManagedPrefixListEntries", **request)["Entries"]
            assert {each["Cidr"]: each.get("Description") for each in answer} == model.versions[version]
        else:
            account.refused("GetManagedPrefixListEntries", **request)
