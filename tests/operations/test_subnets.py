"""Subnets: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, Account, tag_specification
from ringwall.domain.errors import InvalidParameterValue
from ringwall.domain.quota import Quota
from ringwall.operations import hosts

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


def test_default_subnets_map_public_addresses_as_ec2s_do(account: Account) -> None:
    (default,) = account.call("DescribeSubnets", Filters=[{"Name": "availabilityZone", "Values": ["us-east-1b"]}])[
        "Subnets"
    ]
    assert default["MapPublicIpOnLaunch"] is True
    account.call("DeleteSubnet", SubnetId=default["SubnetId"])
    again = account.call("CreateDefaultSubnet", AvailabilityZone="us-east-1b")["Subnet"]
    other = account.call("CreateSubnet", VpcId=account.vpc(), CidrBlock="10.0.1.0/24")["Subnet"]
    assert (again["MapPublicIpOnLaunch"], other["MapPublicIpOnLaunch"]) == (True, False)


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
        ("map-public-ip-on-launch", "true", 3),
        ("map-public-ip-on-launch", "false", 1),
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


def test_subnets_page_by_page(account: Account) -> None:
    vpc_id = account.vpc()
    for number in range(8):
        account.call("CreateSubnet", VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24")
    made = {each["SubnetId"] for each in account.call("DescribeSubnets")["Subnets"]}
    first = account.call("DescribeSubnets", MaxResults=6)
    second = account.call("DescribeSubnets", MaxResults=6, NextToken=first["NextToken"])
    assert "NextToken" not in second
    assert [len(first["Subnets"]), len(second["Subnets"])] == [6, 5]
    assert {subnet["SubnetId"] for each in (first, second) for subnet in each["Subnets"]} == made
    assert account.refused("DescribeSubnets", MaxResults=1001)[0] == "InvalidParameterValue"


def test_describe_subnets_refuses(account: Account) -> None:
    """openstack-functional-expectations.json: subnet-0 is well-formed and absent."""
    assert account.refused("DescribeSubnets", SubnetIds=["subnet-0"]) == (
        "InvalidSubnetID.NotFound",
        "The subnet ID 'subnet-0' does not exist",
    )
    assert account.refused("DescribeSubnets", SubnetIds=["subnet-0", "subnet-1"]) == (
        "InvalidSubnetID.NotFound",
        "The subnet IDs 'subnet-0, subnet-1' do not exist",
    )
    assert account.checked("DescribeSubnets", SubnetIds=["vpc-1"]) == (
        "InvalidSubnetID.Malformed",
        'Invalid id: "vpc-1" (expecting "subnet-...")',
    )
    unknown = [{"Name": "nope", "Values": ["x"]}]
    assert account.refused("DescribeSubnets", Filters=unknown) == (
        "InvalidParameterValue",
        "The filter 'nope' is invalid",
    )


# --- CreateDefaultSubnet ---


def default_subnet(account: Account, zone: str) -> str:
    """The id of the zone's default subnet."""
    filters = [{"Name": "default-for-az", "Values": ["true"]}, {"Name": "availability-zone", "Values": [zone]}]
    (subnet,) = account.call("DescribeSubnets", Filters=filters)["Subnets"]
    return subnet["SubnetId"]


@pytest.mark.parametrize("zone", [{"AvailabilityZone": "us-east-1b"}, {"AvailabilityZoneId": "use1-az2"}])
def test_a_default_subnet_again(account: Account, zone: dict[str, str]) -> None:
    account.call("DeleteSubnet", SubnetId=default_subnet(account, "us-east-1b"))
    subnet = account.call("CreateDefaultSubnet", **zone)["Subnet"]
    assert (subnet["CidrBlock"], subnet["AvailabilityZone"]) == ("172.31.16.0/20", "us-east-1b")
    assert (subnet["DefaultForAz"], subnet["VpcId"]) == (True, account.default_vpc_id)
    assert default_subnet(account, "us-east-1b") == subnet["SubnetId"]
    assert account.refused("CreateDefaultSubnet", **zone) == (
        "DefaultSubnetAlreadyExistsInAvailabilityZone",
        f"'{subnet['SubnetId']}' is already the default subnet in us-east-1b.",
    )


def test_a_default_subnet_takes_what_is_free(account: Account) -> None:
    for zone in ("us-east-1a", "us-east-1b"):
        account.call("DeleteSubnet", SubnetId=default_subnet(account, zone))
    account.call("CreateSubnet", VpcId=account.default_vpc_id, CidrBlock="172.31.3.0/28")
    first = account.call("CreateDefaultSubnet", AvailabilityZone="us-east-1a")["Subnet"]
    assert first["CidrBlock"] == "172.31.16.0/20"
    account.call("CreateSubnet", VpcId=account.default_vpc_id, CidrBlock="172.31.128.0/17")
    account.call("CreateSubnet", VpcId=account.default_vpc_id, CidrBlock="172.31.64.0/18")
    account.call("CreateSubnet", VpcId=account.default_vpc_id, CidrBlock="172.31.48.0/20")
    assert account.refused("CreateDefaultSubnet", AvailabilityZone="us-east-1b") == (
        "InvalidSubnet.Conflict",
        "The CIDR '172.31.0.0/16' conflicts with another subnet",
    )


def test_a_default_subnet_needs_a_default_vpc(store: Any) -> None:
    account = Account(store, default_vpc=False)
    assert account.refused("CreateDefaultSubnet", AvailabilityZone="us-east-1a") == (
        "DefaultVpcDoesNotExist",
        "No default VPC exists for this account in this region.",
    )


def test_a_default_subnet_counts_against_the_quota(store: Any) -> None:
    account = Account(store, quota=Quota(subnets_per_vpc_max=3))
    account.call("DeleteSubnet", SubnetId=default_subnet(account, "us-east-1c"))
    account.call("CreateSubnet", VpcId=account.default_vpc_id, CidrBlock="172.31.255.0/24")
    assert account.refused("CreateDefaultSubnet", AvailabilityZone="us-east-1c")[0] == "SubnetLimitExceeded"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("MissingParameter", "Either 'availabilityZone' or 'availabilityZoneId' should be provided.")),
        (
            {"AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1"},
            (
                "InvalidParameterCombination",
                "The parameter availabilityZone cannot be used with the parameter availabilityZoneId",
            ),
        ),
        (
            {"AvailabilityZone": "us-east-1a", "Ipv6Native": True},
            ("UnsupportedOperation", "The parameter Ipv6Native isn't supported here."),
        ),
        (
            {"AvailabilityZoneId": "use1-az4"},
            (
                "InvalidParameterValue",
                "Value (use1-az4) for parameter availabilityZoneId is invalid. Subnets can currently only be created "
                "in the following availability zones: use1-az1, use1-az2, use1-az3.",
            ),
        ),
    ],
)
def test_create_default_subnet_refuses(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert account.refused("CreateDefaultSubnet", **given) == expected


# --- DeleteSubnet ---


def test_a_subnet_goes_with_its_tags(account: Account) -> None:
    before = account.picture()[1:]
    vpc_id = account.default_vpc_id
    subnet_id = account.call(
        "CreateSubnet",
        VpcId=vpc_id,
        CidrBlock="172.31.255.0/24",
        TagSpecifications=tag_specification("subnet", Name="s"),
    )["Subnet"]["SubnetId"]
    assert account.call("DeleteSubnet", SubnetId=subnet_id) == {}
    assert account.picture()[1:] == before
    account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="172.31.255.0/24")


def test_a_subnet_that_is_gone(account: Account) -> None:
    """subnet-delete-errors.json."""
    absent = "subnet-056d542a687f866ee"
    expected = ("InvalidSubnetID.NotFound", f"The subnet ID '{absent}' does not exist")
    assert account.refused("DeleteSubnet", SubnetId=absent) == expected
    assert account.refused("DescribeSubnets", SubnetIds=[absent]) == expected


def test_an_interface_keeps_its_subnet(account: Account) -> None:
    """subnet-dependency-violation.json."""
    subnet_id = default_subnet(account, "us-east-1a")
    refusal = ("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    made = account.call("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]
    assert account.refused("DeleteSubnet", SubnetId=subnet_id) == refusal
    account.call("DeleteNetworkInterface", NetworkInterfaceId=made["NetworkInterfaceId"])
    account.enrolled(subnet_id, [account.default_group(account.default_vpc_id)])
    assert account.refused("DeleteSubnet", SubnetId=subnet_id) == refusal


def test_a_token_for_a_subnet_that_is_gone_enrols_nobody(account: Account) -> None:
    subnet_id = default_subnet(account, "us-east-1a")
    token = account.store.write(
        lambda transaction: hosts.create_token(account.context(transaction), "0" * 64, subnet_id, "eth0")
    ).result
    account.call("DeleteSubnet", SubnetId=subnet_id)
    before = account.picture()
    with pytest.raises(InvalidParameterValue):
        account.store.write(
            lambda transaction: hosts.enroll(account.context(transaction), token, "web-1", (), "AKIA1", "secret")
        )
    assert account.picture() == before


def test_delete_subnet_refuses_before_a_dry_run(account: Account) -> None:
    assert account.checked("DeleteSubnet") == ("MissingParameter", "The request must contain the parameter subnetId")
    assert account.checked("DeleteSubnet", SubnetId="x") == (
        "InvalidSubnetID.Malformed",
        'Invalid id: "x" (expecting "subnet-...")',
    )
