"""VPCs, subnets and regions: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, Account, tag_specification
from ringwall.domain.quota import Quota
from ringwall.operations.vpcs import ensure_region

# --- Regions ---


def test_a_region_begins_with_its_default_vpc(account: Account) -> None:
    (vpc,) = account.call("DescribeVpcs")["Vpcs"]
    assert (vpc["CidrBlock"], vpc["IsDefault"], vpc["State"]) == ("172.31.0.0/16", True, "available")
    subnets = account.call("DescribeSubnets")["Subnets"]
    assert [(each["CidrBlock"], each["AvailabilityZone"], each["DefaultForAz"]) for each in subnets] == [
        ("172.31.0.0/20", "us-east-1a", True),
        ("172.31.16.0/20", "us-east-1b", True),
        ("172.31.32.0/20", "us-east-1c", True),
    ]
    (group,) = account.call("DescribeSecurityGroups")["SecurityGroups"]
    assert (group["GroupName"], group["VpcId"]) == ("default", vpc["VpcId"])
    (ingress,), (egress,) = group["IpPermissions"], group["IpPermissionsEgress"]
    assert ingress["UserIdGroupPairs"] == [{"GroupId": group["GroupId"], "UserId": ACCOUNT}]
    assert egress["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]


def test_a_region_is_made_once(account: Account) -> None:
    before = account.picture()
    account.store.write(lambda transaction: ensure_region(account.context(transaction)))
    assert account.picture() == before


def test_regions_and_accounts_are_apart(account: Account) -> None:
    others = [account.elsewhere(region="eu-west-1"), account.elsewhere(account_id="210987654321")]
    vpc_ids = {each.default_vpc_id for each in (account, *others)}
    assert len(vpc_ids) == 3
    assert others[0].call("DescribeSubnets")["Subnets"][0]["AvailabilityZoneId"] == "euw1-az1"


# --- CreateVpc ---


@pytest.mark.parametrize(("given", "cidr"), [("10.0.0.1/16", "10.0.0.0/16"), ("192.168.7.255/28", "192.168.7.240/28")])
def test_a_block_is_stored_without_host_bits(account: Account, given: str, cidr: str) -> None:
    assert account.call("CreateVpc", CidrBlock=given)["Vpc"]["CidrBlock"] == cidr


def test_a_vpc_has_one_default_group_of_its_own(account: Account) -> None:
    vpc_id = account.vpc()
    assert account.default_group(vpc_id) != account.default_group(account.default_vpc_id)


def test_an_ipv6_block_of_ones_own(account: Account) -> None:
    vpc = account.call("CreateVpc", CidrBlock="10.0.0.0/16", Ipv6CidrBlock="2001:DB8:1:2::/60", Ipv6Pool="mine")["Vpc"]
    (association,) = vpc["Ipv6CidrBlockAssociationSet"]
    assert association["Ipv6CidrBlock"] == "2001:db8:1::/60"
    assert association["Ipv6CidrBlockState"] == {"State": "associated"}
    (shown,) = account.call("DescribeVpcs", VpcIds=[vpc["VpcId"]])["Vpcs"]
    assert shown["Ipv6CidrBlockAssociationSet"] == [association]


def test_a_block_that_is_provided_is_local_and_a_56(account: Account) -> None:
    vpc = account.call("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    (association,) = vpc["Ipv6CidrBlockAssociationSet"]
    assert association["Ipv6CidrBlock"].startswith("fd")
    assert association["Ipv6CidrBlock"].endswith("/56")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")),
        ({"CidrBlock": "10.0.0.0/15"}, ("InvalidVpc.Range", "The CIDR '10.0.0.0/15' is invalid.")),
        ({"CidrBlock": "10.0.0.0/29"}, ("InvalidVpc.Range", "The CIDR '10.0.0.0/29' is invalid.")),
        *(
            (
                {"CidrBlock": text},
                (
                    "InvalidParameterValue",
                    f"Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
                ),
            )
            for text in ("x", "10.0.0.0", "2001:db8::/56", "10.0.0.0/16\n")
        ),
        (
            {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "host"},
            (
                "InvalidParameterValue",
                "Value (host) for parameter instanceTenancy is invalid. Valid values are: default, dedicated.",
            ),
        ),
        (
            {"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlock": "10.0.0.0/16"},
            (
                "InvalidParameterValue",
                "Value (10.0.0.0/16) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.",
            ),
        ),
        (
            {"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlock": "fd00::/65"},
            ("InvalidVpc.Range", "The CIDR 'fd00::/65' is invalid."),
        ),
        (
            {"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlock": "fd00::/56", "AmazonProvidedIpv6CidrBlock": True},
            (
                "InvalidParameterCombination",
                "The parameter ipv6CidrBlock cannot be used with the parameter amazonProvidedIpv6CidrBlock",
            ),
        ),
        (
            {"CidrBlock": "10.0.0.0/16", "Ipv6Pool": "mine"},
            ("MissingParameter", "The request must contain the parameter ipv6CidrBlock"),
        ),
        (
            {"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlockNetworkBorderGroup": "us-east-1-wl1"},
            (
                "InvalidParameterValue",
                "Value (us-east-1-wl1) for parameter ipv6CidrBlockNetworkBorderGroup is invalid. "
                "A region has one network border group, of its own name.",
            ),
        ),
        (
            {"Ipv4IpamPoolId": "ipam-pool-1"},
            ("UnsupportedOperation", "The parameter Ipv4IpamPoolId isn't supported here."),
        ),
        (
            {"CidrBlock": "10.0.0.0/16", "VpcEncryptionControl": {"Mode": "enforce"}},
            ("UnsupportedOperation", "The parameter VpcEncryptionControl isn't supported here."),
        ),
        (
            {"CidrBlock": "10.0.0.0/16", "TagSpecifications": tag_specification("subnet", a="b")},
            ("InvalidParameterValue", "'subnet' is not a valid taggable resource type for this operation."),
        ),
    ],
)
def test_create_vpc_refuses(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert account.refused("CreateVpc", **given) == expected


def test_vpcs_count_against_the_quota(store: Any) -> None:
    account = Account(store, quota=Quota(vpcs_per_region_max=2))
    account.vpc()
    assert account.refused("CreateVpc", CidrBlock="10.1.0.0/16") == (
        "VpcLimitExceeded",
        "The maximum number of VPCs has been reached.",
    )


# --- DescribeVpcs ---


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("cidr", "10.0.0.0/16", True),
        ("cidr", "10.0.0.0/8", False),
        ("cidr-block-association.cidr-block", "10.*", True),
        ("cidr-block-association.state", "associated", True),
        ("is-default", "false", True),
        ("isDefault", "true", False),
        ("state", "available", True),
        ("state", "pending", False),
        ("owner-id", ACCOUNT, True),
        ("tag:Name", "mine", True),
        ("tag-key", "Name", True),
        ("tag:Name", "other", False),
        ("ipv6-cidr-block-association.ipv6-cidr-block", "fd00:*", True),
        ("ipv6-cidr-block-association.state", "associated", True),
        ("ipv6-cidr-block-association.ipv6-pool", "*", False),
        ("dhcp-options-id", "dopt-*", True),
    ],
)
def test_filters_of_vpcs(account: Account, name: str, value: str, found: bool) -> None:
    vpc_id = account.vpc(Ipv6CidrBlock="fd00:1::/56", TagSpecifications=tag_specification("vpc", Name="mine"))
    answer = account.call("DescribeVpcs", Filters=[{"Name": name, "Values": [value]}])
    assert (vpc_id in [vpc["VpcId"] for vpc in answer["Vpcs"]]) is found


def test_describe_vpcs_refuses(account: Account) -> None:
    assert account.refused("DescribeVpcs", VpcIds=["vpc-0"]) == (
        "InvalidVpcID.NotFound",
        "The vpc ID 'vpc-0' does not exist",
    )
    unknown = [{"Name": "nope", "Values": ["x"]}]
    assert account.refused("DescribeVpcs", Filters=unknown) == (
        "InvalidParameterValue",
        "The filter 'nope' is invalid",
    )
    assert account.checked("DescribeVpcs", VpcIds=["sg-1"]) == (
        "InvalidVpcID.Malformed",
        'Invalid id: "sg-1" (expecting "vpc-...")',
    )


# --- Subnets ---


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
    assert account.call("DescribeSubnets", SubnetIds=[subnet["SubnetId"]])["Subnets"] == [subnet]


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
        ({"VpcId": ABSENT["vpc"]}, ("InvalidVpcID.NotFound", f"The vpc ID '{ABSENT['vpc']}' does not exist")),
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
            ("UnsupportedOperation", "A subnet without an IPv4 block isn't supported here."),
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
