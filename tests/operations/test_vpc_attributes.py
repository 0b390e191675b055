"""Attributes of a VPC: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, Account

ATTRIBUTES = ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")


def attributes(account: Account, vpc_id: str) -> tuple[bool, ...]:
    """What the VPC has of each of the three."""
    values = []
    for name in ATTRIBUTES:
        answer = account.call("DescribeVpcAttribute", VpcId=vpc_id, Attribute=name)
        member = name[0].upper() + name[1:]
        assert answer.keys() == {"VpcId", member}, "only what was asked for"
        values.append(answer[member]["Value"])
    return tuple(values)


def test_what_a_vpc_begins_with(account: Account) -> None:
    assert attributes(account, account.vpc()) == (True, False, False)
    assert attributes(account, account.default_vpc_id) == (True, True, False)


def test_each_attribute_is_set_and_stays(account: Account) -> None:
    vpc_id = account.vpc()
    for member in ("EnableDnsHostnames", "EnableNetworkAddressUsageMetrics"):
        assert account.call("ModifyVpcAttribute", VpcId=vpc_id, **{member: {"Value": True}}) == {}
    assert attributes(account, vpc_id) == (True, True, True)
    account.call("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": False})
    assert attributes(account, vpc_id) == (False, True, True)
    assert attributes(account, account.default_vpc_id) == (True, True, False)


def test_the_same_value_again_changes_nothing(account: Account) -> None:
    vpc_id = account.vpc()
    before = account.picture()
    account.call("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": True})
    assert account.picture() == before


def test_host_names_need_dns_support(account: Account) -> None:
    vpc_id = account.vpc()
    account.call("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": False})
    account.call("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    assert account.refused("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True}) == (
        "InvalidParameterCombination",
        f"DNS hostnames can't be enabled for the vpc '{vpc_id}' while its DNS support is disabled.",
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("InvalidParameterCombination", "No attributes specified.")),
        ({"EnableDnsSupport": {}}, ("InvalidParameterCombination", "No attributes specified.")),
        (
            {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}},
            (
                "InvalidParameterCombination",
                "Fields for multiple attribute types specified: enableDnsHostnames, enableDnsSupport",
            ),
        ),
        ({"VpcId": None}, ("MissingParameter", "The request must contain the parameter vpcId")),
        ({"VpcId": "x"}, ("InvalidVpcID.Malformed", 'Invalid id: "x" (expecting "vpc-...")')),
    ],
)
def test_modify_refuses_before_a_dry_run(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"VpcId": account.default_vpc_id} | given
    assert account.checked("ModifyVpcAttribute", **request) == expected
    assert account.refused("ModifyVpcAttribute", **request) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Attribute": None}, ("MissingParameter", "The request must contain the parameter attribute")),
        (
            {"Attribute": "EnableDnsSupport"},
            (
                "InvalidParameterValue",
                "Value (EnableDnsSupport) for parameter attribute is invalid. "
                "Valid values are: enableDnsHostnames, enableDnsSupport, enableNetworkAddressUsageMetrics.",
            ),
        ),
        ({"VpcId": None}, ("MissingParameter", "The request must contain the parameter vpcId")),
        ({"VpcId": "x"}, ("InvalidVpcID.Malformed", 'Invalid id: "x" (expecting "vpc-...")')),
    ],
)
def test_describe_refuses_before_a_dry_run(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"VpcId": account.default_vpc_id, "Attribute": "enableDnsSupport"} | given
    assert account.checked("DescribeVpcAttribute", **request) == expected


def test_an_absent_vpc_has_no_attributes(account: Account) -> None:
    absent = ("InvalidVpcID.NotFound", f"The vpc ID '{ABSENT['vpc']}' does not exist")
    assert account.refused("DescribeVpcAttribute", VpcId=ABSENT["vpc"], Attribute="enableDnsSupport") == absent
    assert account.refused("ModifyVpcAttribute", VpcId=ABSENT["vpc"], EnableDnsSupport={"Value": True}) == absent
