"""Subnets: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, Account, tag_specification
from ringwall.domain.quota import Quota

# --- CreateSubnet ---


def test_a_subnet(account: Account) -> None:
    vpc_id = account.vpc(Ipv6CidrBlock="fd00:1::/56")
    subnet = account.call(
        "CreateSubnet",
        VpcId=vpc_id,
        CidrBlock="10.0.1.7/24",
        Ipv6CidrBlock="fd00:1:0:1::/64",
        AvailabilityZone="us-east-1b",
        TagSpecifications=tag_specification("subnet", Name="s"),
    )["Subnet"]
    assert subnet["CidrBlock"] == "10.0.1.0/24"
    assert subnet["AvailableIpAddressCount"] == 251
    assert (subnet["AvailabilityZone"], subnet["AvailabilityZoneId"]) == ("us-east-1b", "use1-az2")
    assert (subnet["DefaultForAz"], subnet["State"]) == (False, "available")
    assert subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == "fd00:1:0:1::/64"
    assert subnet["Tags"] == [{"Key": "Name", "Value": "s"}]
    (association,) = subnet["Ipv6CidrBlockAssociationSet"]
    assert association["Ipv6CidrBlockState"] == {"State": "associating"}
    assert (association["IpSource"], association["Ipv6AddressAttribute"]) == ("none", "private")
    (shown,) = account.call("DescribeSubnets", SubnetIds=[subnet["SubnetId"]])["Subnets"]
    assert shown == subnet | {
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "Ipv6CidrBlockAssociationSet": [association | {"Ipv6CidrBlockState": {"State": "associated"}}],
    }


@pytest.mark.parametrize(
    ("given", "zone"),
    [
        ({}, "us-east-1a"),
        ({"AvailabilityZoneId": "use1-az3"}, "us-east-1c"),
        ({"AvailabilityZone": "us-east-1c"}, "us-east-1c"),
    ],
)
def test_the_zone_of_a_subnet(account: Account, given: dict[str, str], zone: str) -> None:
    answer = account.call("CreateSubnet", VpcId=account.vpc(), CidrBlock="10.0.1.0/24", **given)
    assert answer["Subnet"]["AvailabilityZone"] == zone


def test_addresses_in_use_are_not_available(account: Account) -> None:
    subnet_id = account.call("CreateSubnet", VpcId=account.vpc(), CidrBlock="10.0.1.0/28")["Subnet"]["SubnetId"]
    (vpc_id,) = {each["VpcId"] for each in account.call("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]}
    account.enrolled(subnet_id, [account.default_group(vpc_id)], addresses=("10.0.1.4", "10.0.1.5"))
    (subnet,) = account.call("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    assert subnet["AvailableIpAddressCount"] == 16 - 5 - 2


ZONES = "Subnets can currently only be created in the following availability zones: us-east-1a, us-east-1b, us-east-1c."


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"CidrBlock": "10.1.0.0/24"}, ("InvalidSubnet.Range", "The CIDR '10.1.0.0/24' is invalid.")),
        ({"CidrBlock": "10.0.0.0/15"}, ("InvalidSubnet.Range", "The CIDR '10.0.0.0/15' is invalid.")),
        ({"CidrBlock": "10.0.0.0/29"}, ("InvalidSubnet.Range", "The CIDR '10.0.0.0/29' is invalid.")),
        (
            {"CidrBlock": "10.0.9.128/25"},
            ("InvalidSubnet.Conflict", "The CIDR '10.0.9.128/25' conflicts with another subnet"),
        ),
        (
            {"CidrBlock": "10.0.0.0/16"},
            ("InvalidSubnet.Conflict", "The CIDR '10.0.0.0/16' conflicts with another subnet"),
        ),
        (
            {"CidrBlock": "x"},
            ("InvalidParameterValue", "Value (x) for parameter cidrBlock is invalid. This is not a valid CIDR block."),
        ),
        ({}, ("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")),
        (
            {"VpcId": ABSENT["vpc"], "CidrBlock": "10.0.1.0/24"},
            ("InvalidVpcID.NotFound", f"The vpc ID '{ABSENT['vpc']}' does not exist"),
        ),
        (
            {"CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1z"},
            ("InvalidParameterValue", f"Value (us-east-1z) for parameter availabilityZone is invalid. {ZONES}"),
        ),
        (
            {"CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1"},
            (
                "InvalidParameterCombination",
                "The parameter availabilityZone cannot be used with the parameter availabilityZoneId",
            ),
        ),
        (
            {"CidrBlock": "10.0.1.0/24", "Ipv6CidrBlock": "fd00:2::/64"},
            ("InvalidSubnet.Range", "The CIDR 'fd00:2::/64' is invalid."),
        ),
        (
            {"CidrBlock": "10.0.1.0/24", "Ipv6CidrBlock": "fd00:1::/65"},
            ("InvalidSubnet.Range", "The CIDR 'fd00:1::/65' is invalid."),
        ),
        (
            {"CidrBlock": "10.0.1.0/24", "Ipv6CidrBlock": "fd00:1:0:9::/64"},
            ("InvalidSubnet.Conflict", "The CIDR 'fd00:1:0:9::/64' conflicts with another subnet"),
        ),
        # Observed: aws-verified-expectations-from-moto.json.
        (
            {"Ipv6Native": True},
            ("MissingParameter", "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided."),
        ),
        (
            {"Ipv6Native": True, "CidrBlock": "10.0.1.0/24", "Ipv6CidrBlock": "fd00:1::/64"},
            (
                "InvalidParameterCombination",
                "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true.",
            ),
        ),
        (
            {"Ipv6Native": True, "Ipv6CidrBlock": "fd00:1::/64"},
            ("UnsupportedOperation", "The parameter Ipv6Native isn't supported here."),
        ),
        (
            {"CidrBlock": "10.0.1.0/24", "OutpostArn": "arn:x"},
            ("UnsupportedOperation", "The parameter OutpostArn isn't supported here."),
        ),
    ],
)
def test_create_subnet_refuses(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    vpc_id = account.vpc(Ipv6CidrBlock="fd00:1::/56")
    account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.9.0/24", Ipv6CidrBlock="fd00:1:0:9::/64")
    assert account.refused("CreateSubnet", **{"VpcId": vpc_id} | given) == expected


def test_create_subnet_refuses_before_a_dry_run(account: Account) -> None:
    assert account.checked("CreateSubnet") == ("MissingParameter", "The request must contain the parameter vpcId")
    assert account.checked("CreateSubnet", VpcId="x") == (
        "InvalidVpcID.Malformed",
        'Invalid id: "x" (expecting "vpc-...")',
    )


def test_subnets_count_against_the_quota(store: Any) -> None:
    account = Account(store, quota=Quota(subnets_per_vpc_max=1))
    vpc_id = account.vpc()
    account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")
    refusal = account.refused("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.2.0/24")
    assert refusal[0] == "SubnetLimitExceeded"


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("vpc-id", "{vpc}", 1),
        ("availabilityZone", "us-east-1a", 2),
        ("availability-zone-id", "use1-az1", 2),
        ("available-ip-address-count", "251", 1),
        ("cidrBlock", "10.0.1.0/24", 1),
        ("cidr", "10.0.*", 1),
        ("default-for-az", "true", 3),
        ("defaultForAz", "false", 1),
        ("state", "available", 4),
        ("tag:Name", "s", 1),
        ("subnet-arn", "arn:aws:ec2:us-east-1:*:subnet/*", 4),
        ("map-public-ip-on-launch", "true", 0),
        ("ipv6-native", "false", 4),
        ("outpost-arn", "*", 0),
        ("subnet-id", "subnet-?", 0),
    ],
)
def test_filters_of_subnets(account: Account, name: str, value: str, found: int) -> None:
    vpc_id = account.vpc()
    account.call(
        "CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24", TagSpecifications=tag_specification("subnet", Name="s")
    )
    answer = account.call("DescribeSubnets", Filters=[{"Name": name, "Values": [value.format(vpc=vpc_id)]}])
    assert len(answer["Subnets"]) == found
