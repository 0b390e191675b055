"""DescribeManagedPrefixLists, GetCallerIdentity, and the table of all operations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from account import ABSENT, ACCOUNT, REGION, Account, permission, tag_specification
from botocore_judge import model, read, version_of
from ringwall.domain.prefix_list import aws_prefix_lists
from ringwall.operations.table import OPERATIONS
from ringwall.wire import shapes
from ringwall.wire.response import serialize


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("owner-id", "AWS", sorted(aws_prefix_lists(REGION))),
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


def test_what_is_answered_is_what_botocore_reads(account: Account) -> None:
    vpc_id = account.vpc(AmazonProvidedIpv6CidrBlock=True)
    subnet_id = account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group_id = account.group(VpcId=vpc_id, TagSpecifications=tag_specification("security-group", a="<&>"))
    account.allow(group_id, permission("tcp", 22, "10.0.0.0/8", "::/0", group_id, "pl-63a5400a", description="a & b"))
    account.enrolled(subnet_id, [group_id], addresses=("10.0.1.5",))
    doomed = [permission("tcp", 22, "::/0"), permission("tcp", 23, "::/0")]
    describes = [name for name in OPERATIONS if name.startswith("Describe")]
    calls: list[tuple[str, dict[str, Any]]] = [
        (name, {}) for name in describes if not model(name).input_shape.required_members
    ]
    calls += [
        ("GetCallerIdentity", {}),
        ("DescribeVpcAttribute", {"VpcId": vpc_id, "Attribute": "enableDnsHostnames"}),
        ("CreateVpc", {"CidrBlock": "10.1.0.0/16"}),
        ("AssociateVpcCidrBlock", {"VpcId": vpc_id, "CidrBlock": "10.2.0.0/16"}),
        ("AssociateVpcCidrBlock", {"VpcId": vpc_id, "AmazonProvidedIpv6CidrBlock": True}),
        ("CreateSubnet", {"VpcId": vpc_id, "CidrBlock": "10.0.2.0/24"}),
        ("CreateSecurityGroup", {"GroupName": "web", "Description": "d"}),
        ("AuthorizeSecurityGroupIngress", {"GroupName": "web", "IpPermissions": doomed[:1]}),
        ("RevokeSecurityGroupIngress", {"GroupName": "web", "IpPermissions": doomed}),
        ("DeleteSecurityGroup", {"GroupName": "web"}),
    ]
    for name, request in calls:
        answer = account.call(name, **request)
        assert answer
        document = serialize(name, version_of(name), answer, "59dbff89-35bd-4eac-99ed-be587EXAMPLE")
        understood = read(name, 200, document)
        del understood["ResponseMetadata"]
        assert _with_times_as_numbers(understood) == answer, name


def _with_times_as_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_times_as_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_times_as_numbers(each) for each in value]
    return int(value.timestamp()) if isinstance(value, datetime) else value


def test_the_table_has_what_the_wire_speaks() -> None:
    assert OPERATIONS.keys() == shapes.OPERATIONS.keys()
    assert all(name == operation.name for name, operation in OPERATIONS.items())


def test_what_describes_does_not_write() -> None:
    writes_by_its_name = {name for name in OPERATIONS if not name.startswith(("Describe", "Get", "Decode"))}
    kept = {"GetSessionToken"}  # gives a session, which is stored
    assert {name for name, operation in OPERATIONS.items() if operation.writes} == writes_by_its_name | kept
