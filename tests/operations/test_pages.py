"""MaxResults and NextToken of every Describe: whatever changes meanwhile, what stays is shown once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from account import Account, permission

DESCRIBES = [
    ("DescribeSecurityGroups", "SecurityGroups", "GroupId"),
    ("DescribeSecurityGroupRules", "SecurityGroupRules", "SecurityGroupRuleId"),
    ("DescribeVpcs", "Vpcs", "VpcId"),
    ("DescribeSubnets", "Subnets", "SubnetId"),
    ("DescribeNetworkInterfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("DescribeInstances", "Reservations", "ReservationId"),
    ("DescribeTags", "Tags", "Value"),
    ("DescribeManagedPrefixLists", "PrefixLists", "PrefixListId"),
]


def populated(account: Account) -> None:
    subnet_id = account.call("DescribeSubnets")["Subnets"][0]["SubnetId"]
    for number in range(1, 12):
        group_id = account.group(f"g{number}")
        account.allow(group_id, permission("tcp", number, "10.0.0.0/8", "::/0"))
        account.enrolled(subnet_id, [group_id], number)
        account.vpc(f"10.{number}.0.0/16")
        account.call("CreateTags", Resources=[group_id], Tags=[{"Key": "a", "Value": f"v{number}"}])


def pages(
    account: Account, name: str, member: str, size: int, between: Callable[[], object] = lambda: None, **request: Any
) -> list[list[dict[str, Any]]]:
    found, token = [], None
    for _ in range(100):
        answer = account.call(name, MaxResults=size, **request, **({"NextToken": token} if token else {}))
        found.append(answer[member])
        token = answer.get("NextToken")
        if token is None:
            return found
        between()
    raise AssertionError("the pages don't end")


@pytest.mark.parametrize(("name", "member", "key"), DESCRIBES)
def test_the_pages_hold_what_the_whole_holds(account: Account, name: str, member: str, key: str) -> None:
    populated(account)
    size = 1 if name == "DescribeManagedPrefixLists" else 5
    whole = sorted(each[key] for each in account.call(name)[member])
    found = pages(account, name, member, size)
    assert sorted(each[key] for page in found for each in page) == whole
    assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1)
    assert found[-1]


@pytest.mark.parametrize(("name", "member", "key"), DESCRIBES)
def test_a_page_that_holds_all_has_no_token(account: Account, name: str, member: str, key: str) -> None:
    populated(account)
    whole = account.call(name)[member]
    size = max(len(whole), 5)
    assert len(account.call(name, MaxResults=size)[member]) == len(whole)
    assert "NextToken" not in account.call(name, MaxResults=size)


def test_pages_stay_right_while_groups_come_and_go(account: Account) -> None:
    stay = {account.group(f"stays-{number}") for number in range(23)}
    numbers = count()
    last: list[str] = []

    def churn() -> None:
        account.call("DeleteSecurityGroup", GroupId=account.group("gone"))
        last.append(account.group(f"new-{next(numbers)}"))
        if len(last) > 2:
            account.call("DeleteSecurityGroup", GroupId=last.pop(0))

    found = [
        each["GroupId"]
        for page in pages(account, "DescribeSecurityGroups", "SecurityGroups", 5, churn)
        for each in page
    ]
    assert len(found) == len(set(found))
    assert stay <= set(found)


def test_the_last_item_of_a_page_may_go(account: Account) -> None:
    doomed = {account.group(f"g{number}") for number in range(20)}
    first = account.call("DescribeSecurityGroups", MaxResults=6)
    shown = [group["GroupId"] for group in first["SecurityGroups"]]
    for group_id in set(shown) & doomed:
        account.call("DeleteSecurityGroup", GroupId=group_id)
    rest = account.call("DescribeSecurityGroups", NextToken=first["NextToken"])
    assert {group["GroupId"] for group in rest["SecurityGroups"]} >= doomed - set(shown)
    assert "NextToken" not in rest


def test_pages_of_rules_stay_right_while_rules_go(account: Account) -> None:
    groups = [account.group(f"g{number}") for number in range(40)]
    for group_id in groups:
        account.allow(group_id, permission("tcp", 1, "10.0.0.0/8", "192.0.2.0/24"))
    doomed = [rule_id for group_id in groups[::2] for rule_id in account.rule_ids(group_id)]
    stay = {rule_id for group_id in groups[1::2] for rule_id in account.rule_ids(group_id)}

    def revoke_one() -> None:
        if doomed:
            rule_id = doomed.pop()
            (rule,) = account.call("DescribeSecurityGroupRules", SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"]
            account.call("RevokeSecurityGroupIngress", GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule_id])

    found = [
        each["SecurityGroupRuleId"]
        for page in pages(account, "DescribeSecurityGroupRules", "SecurityGroupRules", 5, revoke_one)
        for each in page
    ]
    assert len(found) == len(set(found))
    assert stay <= set(found)


def test_filters_hold_on_every_page(account: Account) -> None:
    populated(account)
    filters = [{"Name": "group-name", "Values": ["g1*"]}]
    found = pages(account, "DescribeSecurityGroups", "SecurityGroups", 5, Filters=filters)
    assert sorted(each["GroupName"] for page in found for each in page) == ["g1", "g10", "g11"]


@pytest.mark.parametrize(("name", "member", "key"), DESCRIBES)
def test_sizes_and_tokens_that_cannot_be_meant(account: Account, name: str, member: str, key: str) -> None:
    smallest, largest = (1, 100) if name == "DescribeManagedPrefixLists" else (5, 1000)
    assert account.refused(name, MaxResults=smallest - 1) == (
        "InvalidParameterValue",
        f"Value ( {smallest - 1} ) for parameter maxResults is invalid. Expecting a value greater than {smallest}.",
    )
    assert account.refused(name, MaxResults=largest + 1) == (
        "InvalidParameterValue",
        f"Value ( {largest + 1} ) for parameter maxResults is invalid. Expecting a value less than {largest}.",
    )
    for token in ("x", "{}", "AAAA", "[" * 1000, "YWZ0ZXI=", "\x00"):
        assert account.refused(name, NextToken=token) == (
            "InvalidParameterValue",
            "Unable to parse pagination token",
        )
