"""VPCs: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, NOW, Account, permission, tag_specification
from ringwall.domain.peering import PENDING_SECONDS, PeeringSide, PeeringStatus, VpcPeering
from ringwall.domain.quota import Quota
from ringwall.operations.vpcs import ensure_region

# --- The default VPC ---


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
    assert association["Ipv6CidrBlockState"] == {"State": "associating"}
    (shown,) = account.call("DescribeVpcs", VpcIds=[vpc["VpcId"]])["Vpcs"]
    assert shown["Ipv6CidrBlockAssociationSet"] == [association | {"Ipv6CidrBlockState": {"State": "associated"}}]


def test_a_block_that_is_provided_is_local_and_a_56(account: Account) -> None:
    vpc = account.call("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    (association,) = vpc["Ipv6CidrBlockAssociationSet"]
    assert association["Ipv6CidrBlock"].startswith("fd")
    assert association["Ipv6CidrBlock"].endswith("/56")


def test_a_block_that_is_provided_is_told_from_one_that_is_given(account: Account) -> None:
    """Terraform reads `assign_generated_ipv6_cidr_block` from the pool."""
    told = ("Ipv6Pool", "IpSource", "Ipv6AddressAttribute")
    vpc = account.call("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    (made,) = vpc["Ipv6CidrBlockAssociationSet"]
    provided = made["Ipv6CidrBlock"]
    account.call("AssociateVpcCidrBlock", VpcId=vpc["VpcId"], Ipv6CidrBlock="fd00:1::/56")
    given_id = account.vpc("10.1.0.0/16", Ipv6CidrBlock=provided)
    (shown,) = account.call("DescribeVpcs", VpcIds=[vpc["VpcId"]])["Vpcs"]
    first, second = shown["Ipv6CidrBlockAssociationSet"]
    assert [made[name] for name in told] == [first[name] for name in told] == ["Amazon", "amazon", "public"]
    assert [second.get(name) for name in told] == [None, "none", "private"]
    for value, found in (("Amazon", [vpc["VpcId"]]), ("other", [])):
        filters = [{"Name": "ipv6-cidr-block-association.ipv6-pool", "Values": [value]}]
        assert [each["VpcId"] for each in account.call("DescribeVpcs", Filters=filters)["Vpcs"]] == found
    for vpc_id, place, expected in (
        (vpc["VpcId"], provided, ["amazon", "public"]),
        (vpc["VpcId"], "fd00:1::/56", ["none", "private"]),
        (given_id, provided, ["none", "private"]),
    ):
        cidr = "10.0.0.0/24" if expected[0] == "amazon" else "10.1.0.0/24" if vpc_id == given_id else "10.0.1.0/24"
        block = place.replace("/56", "/64")
        subnet = account.call("CreateSubnet", VpcId=vpc_id, CidrBlock=cidr, Ipv6CidrBlock=block)["Subnet"]
        (later,) = account.call("DescribeSubnets", SubnetIds=[subnet["SubnetId"]])["Subnets"]
        for each in (subnet, later):
            (association,) = each["Ipv6CidrBlockAssociationSet"]
            assert [association[name] for name in told[1:]] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")),
        ({"CidrBlock": "10.0.0.0/15"}, ("InvalidVpc.Range", "The CIDR '10.0.0.0/15' is invalid.")),
        ({"CidrBlock": "10.0.0.0/29"}, ("InvalidVpc.Range", "The CIDR '10.0.0.0/29' is invalid.")),
        *(
            ({"CidrBlock": text}, ("InvalidVpc.Range", f"The CIDR '{text}' is invalid."))
            for text in ("0.1.0.0/16", "127.0.0.0/24", "169.254.0.0/16", "169.254.8.0/28", "239.9.0.0/16")
        ),
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
            {
                "CidrBlock": "10.0.0.0/16",
                "AmazonProvidedIpv6CidrBlock": True,
                "Ipv6CidrBlockNetworkBorderGroup": "us-east-1-wl1",
            },
            (
                "InvalidParameterValue",
                "Value (us-east-1-wl1) for parameter ipv6CidrBlockNetworkBorderGroup is invalid. "
                "A region has one network border group, of its own name.",
            ),
        ),
        (
            {"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlockNetworkBorderGroup": "us-east-1"},
            ("MissingParameter", "The request must contain the parameter amazonProvidedIpv6CidrBlock"),
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


# --- CreateDefaultVpc ---


def test_a_default_vpc_can_be_deleted_and_made_again(account: Account) -> None:
    first = account.call("DescribeVpcs")["Vpcs"][0]
    empty(account, account.default_vpc_id)
    account.call("DeleteVpc", VpcId=account.default_vpc_id)
    account.store.write(lambda transaction: ensure_region(account.context(transaction)))
    assert account.call("DescribeVpcs")["Vpcs"] == [], "a region is given its default VPC once"
    made = account.call("CreateDefaultVpc")["Vpc"]
    assert made["VpcId"] != first["VpcId"]
    assert (made["State"], made["IsDefault"], made["Tags"]) == ("pending", True, [])
    (shown,) = account.call("DescribeVpcs")["Vpcs"]
    apart = ("VpcId", "DhcpOptionsId", "CidrBlockAssociationSet")
    assert {key: value for key, value in shown.items() if key not in apart} == {
        key: value for key, value in first.items() if key not in apart
    }
    subnets = account.call("DescribeSubnets")["Subnets"]
    assert [(each["CidrBlock"], each["AvailabilityZone"]) for each in subnets if each["DefaultForAz"]] == [
        ("172.31.0.0/20", "us-east-1a"),
        ("172.31.16.0/20", "us-east-1b"),
        ("172.31.32.0/20", "us-east-1c"),
    ]
    assert account.default_group(made["VpcId"])
    assert account.group(), "groups by name are looked for in the new default VPC"


def test_one_default_vpc_at_a_time(account: Account) -> None:
    assert account.refused("CreateDefaultVpc") == (
        "DefaultVpcAlreadyExists",
        "A Default VPC already exists for this account in this region.",
    )


def test_a_default_vpc_counts_against_the_quota(store: Any) -> None:
    account = Account(store, quota=Quota(vpcs_per_region_max=1))
    empty(account, account.default_vpc_id)
    account.call("DeleteVpc", VpcId=account.default_vpc_id)
    account.vpc()
    assert account.refused("CreateDefaultVpc")[0] == "VpcLimitExceeded"


# --- DeleteVpc ---


def empty(account: Account, vpc_id: str) -> None:
    """Deletes the subnets of a VPC."""
    for subnet in account.call("DescribeSubnets", Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]:
        account.call("DeleteSubnet", SubnetId=subnet["SubnetId"])


def in_the_way(vpc_id: str) -> tuple[str, str]:
    """The refusal to delete a VPC that something hangs on."""
    return "DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted."


def peering(account: Account, vpc_id: str, peer_id: str, *, accept: bool = True) -> str:
    """A connection of two VPCs, or a request for one."""
    answer = account.call("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=peer_id)
    peering_id = answer["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    if accept:
        account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    return peering_id


def test_a_vpc_goes_with_its_default_group_and_all_tags(account: Account) -> None:
    before = account.picture()[1:]
    vpc_id = account.vpc(TagSpecifications=tag_specification("vpc", Name="mine"))
    group_id = account.default_group(vpc_id)
    (rule_id,) = account.allow(group_id, permission("tcp", 22, "192.0.2.0/24"))
    account.call("CreateTags", Resources=[group_id, rule_id], Tags=[{"Key": "a", "Value": "b"}])
    account.call("DeleteVpc", VpcId=vpc_id)
    assert account.picture()[1:] == before
    assert account.refused("DeleteVpc", VpcId=vpc_id)[0] == "InvalidVpcID.NotFound"


def test_what_keeps_a_vpc(account: Account) -> None:
    """openstack-functional-expectations.json: DeleteVpc with a subnet."""
    vpc_id, other_id = account.vpc(), account.vpc("10.1.0.0/16")
    subnet_id = account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    assert account.refused("DeleteVpc", VpcId=vpc_id) == in_the_way(vpc_id)
    account.call("DeleteSubnet", SubnetId=subnet_id)
    group_id = account.group(VpcId=vpc_id)
    assert account.refused("DeleteVpc", VpcId=vpc_id) == in_the_way(vpc_id)
    account.call("DeleteSecurityGroup", GroupId=group_id)
    group_id = account.group(VpcId=other_id)
    account.call("AssociateSecurityGroupVpc", GroupId=group_id, VpcId=vpc_id)
    assert account.refused("DeleteVpc", VpcId=vpc_id) == in_the_way(vpc_id)
    account.call("DisassociateSecurityGroupVpc", GroupId=group_id, VpcId=vpc_id)
    account.call("DeleteVpc", VpcId=vpc_id)


def test_an_active_peering_connection_keeps_both_vpcs(account: Account) -> None:
    vpc_id, peer_id = account.vpc(), account.vpc("10.1.0.0/16")
    peering_id = peering(account, vpc_id, peer_id)
    for each in (vpc_id, peer_id):
        assert account.refused("DeleteVpc", VpcId=each) == in_the_way(each)
    group_id = account.group(VpcId=vpc_id)
    account.allow(group_id, permission("tcp", 22, account.default_group(peer_id)))
    account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    account.call("DeleteVpc", VpcId=peer_id)
    (rule,) = account.described(group_id)["IpPermissions"]
    assert rule["UserIdGroupPairs"][0]["VpcId"] == peer_id, "the rule stays"
    (stale,) = account.call("DescribeStaleSecurityGroups", VpcId=vpc_id)["StaleSecurityGroupSet"]
    assert stale["GroupId"] == group_id


@pytest.mark.parametrize("asked", [True, False])
def test_a_request_of_ones_own_goes_with_either_vpc(account: Account, asked: bool) -> None:
    vpc_id, peer_id = account.vpc(), account.vpc("10.1.0.0/16")
    peering_id = peering(account, vpc_id, peer_id, accept=False)
    account.call("DeleteVpc", VpcId=vpc_id if asked else peer_id)
    (shown,) = account.call("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[peering_id])[
        "VpcPeeringConnections"
    ]
    assert shown["Status"]["Code"] == "deleted"


def test_a_request_of_another_account_must_be_rejected_first(account: Account) -> None:
    vpc_id, stranger = account.vpc(), PeeringSide("210987654321", "us-east-1", ABSENT["vpc"])
    side = PeeringSide(ACCOUNT, "us-east-1", vpc_id)
    request = VpcPeering("pcx-1", stranger, side, PeeringStatus.PENDING_ACCEPTANCE, NOW)
    account.store.write(lambda transaction: transaction.insert_peering(request))
    assert account.refused("DeleteVpc", VpcId=vpc_id) == in_the_way(vpc_id)
    account.call("RejectVpcPeeringConnection", VpcPeeringConnectionId="pcx-1")
    account.call("DeleteVpc", VpcId=vpc_id)


def test_a_request_that_expired_keeps_nothing(account: Account) -> None:
    vpc_id, stranger = account.vpc(), PeeringSide("210987654321", "us-east-1", ABSENT["vpc"])
    side = PeeringSide(ACCOUNT, "us-east-1", vpc_id)
    request = VpcPeering("pcx-1", stranger, side, PeeringStatus.PENDING_ACCEPTANCE, NOW - PENDING_SECONDS)
    account.store.write(lambda transaction: transaction.insert_peering(request))
    account.call("DeleteVpc", VpcId=vpc_id)


def test_delete_vpc_refuses(account: Account) -> None:
    assert account.checked("DeleteVpc") == ("MissingParameter", "The request must contain the parameter vpcId")
    assert account.checked("DeleteVpc", VpcId="x") == (
        "InvalidVpcID.Malformed",
        'Invalid id: "x" (expecting "vpc-...")',
    )
    elsewhere = account.elsewhere(region="eu-west-1")
    assert elsewhere.refused("DeleteVpc", VpcId=account.default_vpc_id) == (
        "InvalidVpcID.NotFound",
        f"The vpc ID '{account.default_vpc_id}' does not exist",
    )


# --- DescribeVpcs: pages and the item ---


def test_vpcs_page_by_page(account: Account) -> None:
    made = {account.default_vpc_id, *(account.vpc(f"10.{number}.0.0/16") for number in range(11))}
    first = account.call("DescribeVpcs", MaxResults=5)
    second = account.call("DescribeVpcs", MaxResults=5, NextToken=first["NextToken"])
    third = account.call("DescribeVpcs", MaxResults=5, NextToken=second["NextToken"])
    assert "NextToken" not in third
    assert [len(each["Vpcs"]) for each in (first, second, third)] == [5, 5, 2]
    assert {vpc["VpcId"] for each in (first, second, third) for vpc in each["Vpcs"]} == made
    assert account.refused("DescribeVpcs", MaxResults=4)[0] == "InvalidParameterValue"
    assert account.refused("DescribeVpcs", NextToken="x")[0] == "InvalidParameterValue"


def test_a_vpc_as_it_is_described(account: Account) -> None:
    vpc_id = account.vpc()
    (vpc,) = account.call("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    assert vpc == {
        "VpcId": vpc_id,
        "OwnerId": ACCOUNT,
        "State": "available",
        "CidrBlock": "10.0.0.0/16",
        "CidrBlockAssociationSet": [
            {
                "AssociationId": vpc["CidrBlockAssociationSet"][0]["AssociationId"],
                "CidrBlock": "10.0.0.0/16",
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "DhcpOptionsId": vpc["DhcpOptionsId"],
        "InstanceTenancy": "default",
        "IsDefault": False,
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
    }
