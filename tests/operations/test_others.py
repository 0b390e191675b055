"""DescribeManagedPrefixLists, GetCallerIdentity, and the table of all operations."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, Account, permission
from ringwall.operations.table import OPERATIONS
from ringwall.wire import shapes


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("owner-id", "AWS", ["pl-02cd2c6b", "pl-63a5400a"]),
        ("owner-id", ACCOUNT, []),
        ("prefix-list-name", "*.s3", ["pl-63a5400a"]),
        ("prefix-list-id", "pl-02*", ["pl-02cd2c6b"]),
    ],
)
def test_filters_of_prefix_lists(account: Account, name: str, value: str, found: list[str]) -> None:
    answer = account.call("DescribeManagedPrefixLists", Filters=[{"Name": name, "Values": [value]}])
    assert [each["PrefixListId"] for each in answer["PrefixLists"]] == found


def test_prefix_lists_of_another_region(account: Account) -> None:
    other = account.elsewhere(region="cn-north-1")
    (found,) = other.call("DescribeManagedPrefixLists", PrefixListIds=["pl-63a5400a"])["PrefixLists"]
    assert found["PrefixListName"] == "com.amazonaws.cn-north-1.s3"
    assert found["PrefixListArn"] == "arn:aws-cn:ec2:cn-north-1:aws:prefix-list/pl-63a5400a"
    assert other.allow(other.group(), permission("tcp", 443, "pl-63a5400a"), egress=True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"PrefixListIds": [ABSENT["pl"]]},
            ("InvalidPrefixListID.NotFound", f"The prefix list ID '{ABSENT['pl']}' does not exist"),
        ),
        (
            {"Filters": [{"Name": "tag-key", "Values": ["x"]}]},
            ("InvalidParameterValue", "The filter 'tag-key' is invalid"),
        ),
    ],
)
def test_prefix_lists_refuse(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert account.refused("DescribeManagedPrefixLists", **given) == expected


def test_a_malformed_prefix_list(account: Account) -> None:
    assert account.checked("DescribeManagedPrefixLists", PrefixListIds=["x"]) == (
        "InvalidPrefixListId.Malformed",
        'Invalid id: "x" (expecting "pl-...")',
    )


def test_who_am_i(account: Account) -> None:
    assert account.call("GetCallerIdentity") == {
        "UserId": ACCOUNT,
        "Account": ACCOUNT,
        "Arn": f"arn:aws:iam::{ACCOUNT}:root",
    }


def test_the_table_has_what_the_wire_speaks() -> None:
    assert OPERATIONS.keys() == shapes.OPERATIONS.keys()
    assert all(name == operation.name for name, operation in OPERATIONS.items())


def test_what_describes_does_not_write() -> None:
    assert {name for name, operation in OPERATIONS.items() if not operation.writes} == {
        name for name in OPERATIONS if name.startswith(("Describe", "Get"))
    }
