"""A request that is repeated with its client token makes nothing, whatever happened in between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account import NOW, Account
from ringwall.operations.idempotency import TOKEN_SECONDS, fingerprint

REQUEST: dict[str, Any] = {"PrefixListName": "offices", "AddressFamily": "IPv4", "MaxEntries": 10}
MISMATCH = (
    "IdempotentParameterMismatch",
    "The client token you have provided is associated with a resource that was created with different parameters.",
)


def made(account: Account, **request: Any) -> str:
    return str(account.call("CreateManagedPrefixList", **REQUEST | request)["PrefixList"]["PrefixListId"])


def lists(account: Account) -> list[str]:
    described = account.call("DescribeManagedPrefixLists")["PrefixLists"]
    return [each["PrefixListId"] for each in described if each["OwnerId"] != "AWS"]


def test_the_same_request_again_makes_nothing_and_shows_what_it_made(account: Account) -> None:
    first = account.call("CreateManagedPrefixList", **REQUEST, ClientToken="t")["PrefixList"]
    picture = account.picture()
    second = account.call("CreateManagedPrefixList", **REQUEST, ClientToken="t")["PrefixList"]
    assert account.picture() == picture
    assert first["State"] == "create-in-progress"
    assert second == first | {"State": "create-complete"}


def test_it_is_shown_as_it_is_now(account: Account) -> None:
    list_id = made(account, ClientToken="t")
    account.call("ModifyManagedPrefixList", PrefixListId=list_id, PrefixListName="branches")
    again = account.call("CreateManagedPrefixList", **REQUEST, ClientToken="t")["PrefixList"]
    assert (again["PrefixListId"], again["PrefixListName"]) == (list_id, "branches")


@pytest.mark.parametrize(
    "other",
    [
        {"PrefixListName": "Offices"},
        {"MaxEntries": 11},
        {"Entries": [{"Cidr": "10.0.0.0/8"}]},
        {"TagSpecifications": [{"ResourceType": "prefix-list", "Tags": [{"Key": "a", "Value": ""}]}]},
    ],
)
def test_other_parameters_under_the_same_token_are_refused(account: Account, other: dict[str, Any]) -> None:
    made(account, ClientToken="t")
    assert account.refused("CreateManagedPrefixList", **REQUEST | other, ClientToken="t") == MISMATCH


def test_without_a_token_or_with_an_empty_one_each_request_makes_its_own(account: Account) -> None:
    assert len({made(account), made(account), made(account, ClientToken=""), made(account, ClientToken="")}) == 4


def test_a_token_is_of_one_account_and_region_and_its_letter_case_counts(account: Account) -> None:
    first = made(account, ClientToken="t")
    assert made(account, ClientToken="T") != first
    assert made(account.elsewhere(region="eu-west-1"), ClientToken="t") != first
    assert made(account.elsewhere(account_id="111122223333"), ClientToken="t") != first
    assert made(account, ClientToken="t") == first


def test_a_refused_request_uses_no_token(account: Account) -> None:
    assert account.refused("CreateManagedPrefixList", **REQUEST | {"MaxEntries": 0}, ClientToken="t")
    assert made(account, ClientToken="t") == lists(account)[0]


def test_what_was_deleted_is_not_made_again(account: Account) -> None:
    list_id = made(account, ClientToken="t")
    account.call("DeleteManagedPrefixList", PrefixListId=list_id)
    assert account.refused("CreateManagedPrefixList", **REQUEST, ClientToken="t") == (
        "InvalidPrefixListID.NotFound",
        f"The prefix list ({list_id}) does not exist.",
    )


def test_a_token_is_good_for_a_day_from_its_first_use(account: Account) -> None:
    first = made(account, ClientToken="t")
    account.now = NOW + TOKEN_SECONDS - 1
    assert made(account, ClientToken="t") == first
    account.now = NOW + TOKEN_SECONDS
    assert made(account, ClientToken="t") != first


def test_tokens_that_are_too_old_are_forgotten(account: Account) -> None:
    made(account, ClientToken="old")
    account.now = NOW + TOKEN_SECONDS
    made(account, ClientToken="new")

    def use(token: str) -> Any:
        place = (account.caller.account_id, account.caller.region)
        return account.store.read(lambda reader: reader.token_use(*place, "CreateManagedPrefixList", token))

    assert use("old") is None
    assert use("new").used_at == NOW + TOKEN_SECONDS


@pytest.mark.parametrize("token", ["x" * 256, "a\nb", "a\x00", "\x7f"])
def test_a_token_that_cannot_be_one_is_refused_before_a_dry_run(account: Account, token: str) -> None:
    refusal = ("InvalidClientToken", "The client token is not valid: it may have at most 255 printable characters.")
    assert account.checked("CreateManagedPrefixList", **REQUEST, ClientToken=token) == refusal
    assert account.refused("CreateManagedPrefixList", **REQUEST, ClientToken=token) == refusal


@pytest.mark.parametrize("token", ["x" * 255, "Bücher", "123e4567-e89b-42d3-a456-426614174000"])
def test_a_token_of_other_letters_will_do_where_utf_8_is_documented(account: Account, token: str) -> None:
    assert made(account, ClientToken=token) == made(account, ClientToken=token)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ABC"), inner, max_size=2),
    max_leaves=6,
)
requests = st.dictionaries(st.sampled_from("ABC"), values, max_size=3)


def meant(value: Any) -> Any:
    """The value without what says nothing, types told apart, structures in one order."""
    if isinstance(value, dict):
        items = {name: meant(each) for name, each in value.items()}
        return "structure", tuple(sorted((name, each) for name, each in items.items() if not says_nothing(each)))
    if isinstance(value, list):
        return "list", tuple(map(meant, value))
    return type(value).__name__, repr(value)


def says_nothing(value: Any) -> bool:
    return value in (("structure", ()), ("list", ()), ("NoneType", "None"))


@given(requests, requests)
def test_requests_have_one_fingerprint_if_and_only_if_they_mean_the_same(a: Any, b: Any) -> None:
    assert (fingerprint(a) == fingerprint(b)) == (meant(a) == meant(b))


@given(requests)
def test_token_and_dry_run_are_no_part_of_it(request: Any) -> None:
    assert fingerprint(request) == fingerprint(request | {"ClientToken": "t", "DryRun": False})
