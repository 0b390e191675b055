"""Regions, zones and the account's attributes: call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import REGIONS, Account
from ringwall.domain.quota import NO_LIMITS, Quota

# --- DescribeRegions ---


def test_the_regions_that_are_served(account: Account) -> None:
    assert account.call("DescribeRegions", AllRegions=True)["Regions"] == [
        {"RegionName": "ap-east-1", "Endpoint": "ec2.ap-east-1.amazonaws.com", "OptInStatus": "opted-in"},
        {"RegionName": "eu-west-1", "Endpoint": "ec2.eu-west-1.amazonaws.com", "OptInStatus": "opt-in-not-required"},
        {"RegionName": "us-east-1", "Endpoint": "ec2.us-east-1.amazonaws.com", "OptInStatus": "opt-in-not-required"},
    ]
    assert account.call("DescribeRegions") == account.call("DescribeRegions", AllRegions=True)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"RegionNames": ["us-east-1", "eu-west-1", "us-east-1"]}, {"us-east-1", "eu-west-1"}),
        ({"Filters": [{"Name": "region-name", "Values": ["us-*"]}]}, {"us-east-1"}),
        ({"Filters": [{"Name": "endpoint", "Values": ["*eu*"]}]}, {"eu-west-1"}),
        ({"Filters": [{"Name": "opt-in-status", "Values": ["opted-in"]}]}, {"ap-east-1"}),
        ({"Filters": [{"Name": "opt-in-status", "Values": ["not-opted-in"]}]}, set()),
        ({"RegionNames": ["us-east-1"], "Filters": [{"Name": "region-name", "Values": ["eu-*"]}]}, set()),
        ({"RegionNames": []}, set(REGIONS)),
    ],
)
def test_some_regions(account: Account, given: dict[str, Any], found: set[str]) -> None:
    assert {each["RegionName"] for each in account.call("DescribeRegions", **given)["Regions"]} == found


def test_describe_regions_refuses(account: Account) -> None:
    assert account.refused("DescribeRegions", RegionNames=["mars-1", "us-east-1", "us-west-2"]) == (
        "InvalidParameterValue",
        "Invalid region names: [mars-1, us-west-2]",
    )
    assert account.refused("DescribeRegions", Filters=[{"Name": "tag:a", "Values": ["b"]}]) == (
        "InvalidParameterValue",
        "The filter 'tag:a' is invalid",
    )


# --- DescribeAvailabilityZones ---


def test_a_zone_as_it_is_described(account: Account) -> None:
    """localstack-ec2-snapshots.json, …_zones_filter_with_zone_names; only the id is another."""
    (zone,) = account.call("DescribeAvailabilityZones", ZoneNames=["us-east-1a"])["AvailabilityZones"]
    assert zone == {
        "GroupLongName": "US East (N. Virginia) 1",
        "GroupName": "us-east-1-zg-1",
        "Messages": [],
        "NetworkBorderGroup": "us-east-1",
        "OptInStatus": "opt-in-not-required",
        "RegionName": "us-east-1",
        "State": "available",
        "ZoneId": "use1-az1",
        "ZoneName": "us-east-1a",
        "ZoneType": "availability-zone",
    }


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, "abc"),
        ({"AllAvailabilityZones": True}, "abc"),
        ({"ZoneIds": ["use1-az3", "use1-az1"]}, "ac"),
        ({"ZoneNames": ["us-east-1b"], "ZoneIds": ["use1-az1"]}, ""),
        ({"Filters": [{"Name": "zone-name", "Values": ["*b"]}]}, "b"),
        ({"Filters": [{"Name": "zone-id", "Values": ["use1-az2"]}]}, "b"),
        ({"Filters": [{"Name": "group-name", "Values": ["us-east-1-zg-1"]}]}, "abc"),
        ({"Filters": [{"Name": "group-long-name", "Values": ["US East*"]}]}, "abc"),
        ({"Filters": [{"Name": "opt-in-status", "Values": ["opted-in"]}]}, ""),
        ({"Filters": [{"Name": "region-name", "Values": ["eu-west-1"]}]}, ""),
        ({"Filters": [{"Name": "state", "Values": ["available"]}]}, "abc"),
        ({"Filters": [{"Name": "zone-type", "Values": ["local-zone"]}]}, ""),
        *(
            ({"Filters": [{"Name": name, "Values": ["*"]}]}, "")
            for name in ("message", "parent-zone-id", "parent-zone-name")
        ),
    ],
)
def test_some_zones(account: Account, given: dict[str, Any], found: str) -> None:
    shown = account.call("DescribeAvailabilityZones", **given)["AvailabilityZones"]
    assert [each["ZoneName"] for each in shown] == [f"us-east-1{letter}" for letter in found]


def test_describe_zones_refuses(account: Account) -> None:
    assert account.refused("DescribeAvailabilityZones", ZoneNames=["eu-west-1a"]) == (
        "InvalidParameterValue",
        "Invalid availability zones: [eu-west-1a]",
    )
    assert account.refused("DescribeAvailabilityZones", ZoneIds=["us-east-1a"]) == (
        "InvalidParameterValue",
        "Invalid availability zone-ids: [us-east-1a]",
    )
    assert account.refused("DescribeAvailabilityZones", Filters=[{"Name": "zone", "Values": ["b"]}]) == (
        "InvalidParameterValue",
        "The filter 'zone' is invalid",
    )


def test_a_region_without_a_long_name_goes_by_its_code(account: Account) -> None:
    elsewhere = account.elsewhere(region="us-gov-west-1")
    (first, *_) = elsewhere.call("DescribeAvailabilityZones")["AvailabilityZones"]
    assert (first["GroupLongName"], first["ZoneId"]) == ("us-gov-west-1 1", "usgw1-az1")


# --- DescribeAccountAttributes ---


def attributes(account: Account, *names: str) -> dict[str, list[str]]:
    """The account's attributes: those named, or all."""
    answer = account.call("DescribeAccountAttributes", **({"AttributeNames": list(names)} if names else {}))
    return {
        each["AttributeName"]: [value["AttributeValue"] for value in each["AttributeValues"]]
        for each in answer["AccountAttributes"]
    }


def test_the_attributes_of_the_account(account: Account) -> None:
    assert attributes(account) == {
        "vpc-max-security-groups-per-interface": ["5"],
        "max-instances": ["20"],
        "supported-platforms": ["VPC"],
        "default-vpc": [account.default_vpc_id],
        "max-elastic-ips": ["5"],
        "vpc-max-elastic-ips": ["5"],
    }
    assert attributes(account, "default-vpc", "default-vpc") == {"default-vpc": [account.default_vpc_id]}


def test_an_account_without_a_default_vpc(store: Any) -> None:
    account = Account(store, default_vpc=False)
    assert attributes(account, "default-vpc") == {"default-vpc": ["none"]}


@pytest.mark.parametrize(("quota", "most"), [(Quota(groups_per_interface_max=16), "16"), (NO_LIMITS, "2147483647")])
def test_groups_per_interface_follow_the_quota(store: Any, quota: Quota, most: str) -> None:
    account = Account(store, quota=quota)
    name = "vpc-max-security-groups-per-interface"
    assert attributes(account, name) == {name: [most]}


def test_an_unknown_attribute(account: Account) -> None:
    code, text = account.refused("DescribeAccountAttributes", AttributeNames=["default-vpc", "nope"])
    assert (code, text.partition(".")[0]) == (
        "InvalidParameterValue",
        "Value (nope) for parameter attributeName is invalid",
    )
