"""Blocks of a VPC, associated and disassociated: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, Account, permission
from ringwall.domain.quota import Quota


def associated(account: Account, vpc_id: str, **block: Any) -> str:
    """The id by which the VPC has the block."""
    answer = account.call("AssociateVpcCidrBlock", VpcId=vpc_id, **block)
    (association,) = [value for key, value in answer.items() if key != "VpcId"]
    return association["AssociationId"]


def blocks(account: Account, vpc_id: str) -> tuple[list[str], list[str]]:
    """The VPC's IPv4 and IPv6 blocks, in order."""
    (vpc,) = account.call("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    return (
        [each["CidrBlock"] for each in vpc["CidrBlockAssociationSet"]],
        [each["Ipv6CidrBlock"] for each in vpc.get("Ipv6CidrBlockAssociationSet", ())],
    )


# --- AssociateVpcCidrBlock ---


def test_a_second_ipv4_block_and_a_subnet_in_it(account: Account) -> None:
    vpc_id = account.vpc()
    answer = account.call("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.1.0.7/24")
    association = answer["CidrBlockAssociation"]
    assert answer == {
        "VpcId": vpc_id,
        "CidrBlockAssociation": {
            "AssociationId": association["AssociationId"],
            "CidrBlock": "10.1.0.0/24",
            "CidrBlockState": {"State": "associating"},
        },
    }
    (vpc,) = account.call("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    assert vpc["CidrBlock"] == "10.0.0.0/16", "the primary one stays the primary one"
    assert vpc["CidrBlockAssociationSet"][1] == association | {"CidrBlockState": {"State": "associated"}}
    subnet = account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.1.0.0/28")["Subnet"]
    assert subnet["CidrBlock"] == "10.1.0.0/28"


def test_a_block_that_no_network_has_is_refused(account: Account) -> None:
    for text in ("169.254.0.0/16", "127.0.0.0/16", "230.1.0.0/24", "0.0.0.0/16"):
        refusal = account.refused("AssociateVpcCidrBlock", VpcId=account.default_vpc_id, CidrBlock=text)
        assert refusal == ("InvalidVpc.Range", f"The CIDR '{text}' is invalid.")


def test_private_ranges_may_be_mixed(account: Account) -> None:
    """Where EC2 answers InvalidVpc.Range "is restricted": hosts have the network that they have."""
    vpc_id = account.vpc("192.168.0.0/16")
    associated(account, vpc_id, CidrBlock="10.0.0.0/16")
    associated(account, vpc_id, CidrBlock="100.64.0.0/16")
    assert blocks(account, vpc_id) == (["192.168.0.0/16", "10.0.0.0/16", "100.64.0.0/16"], [])


def test_ipv6_blocks(account: Account) -> None:
    vpc_id = account.vpc()
    answer = account.call("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    association = answer["Ipv6CidrBlockAssociation"]
    assert association["Ipv6CidrBlock"].startswith("fd")
    assert association["Ipv6CidrBlockState"] == {"State": "associating"}
    assert (association["NetworkBorderGroup"], association["IpSource"]) == ("us-east-1", "amazon")
    answer = account.call("AssociateVpcCidrBlock", VpcId=vpc_id, Ipv6CidrBlock="2600:1F00::1/56", Ipv6Pool="mine")
    own = answer["Ipv6CidrBlockAssociation"]
    assert (own["IpSource"], own["Ipv6AddressAttribute"]) == ("byoip", "public")
    assert blocks(account, vpc_id)[1] == [association["Ipv6CidrBlock"], "2600:1f00::/56"]
    subnet = account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.0.0/24", Ipv6CidrBlock="2600:1f00::/64")
    assert subnet["Subnet"]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == "2600:1f00::/64"


def test_the_first_ipv6_block_lets_out_what_was_let_out_over_ipv4(account: Account) -> None:
    vpc_id = account.vpc()
    untouched, added, removed = (account.group(name, VpcId=vpc_id) for name in ("untouched", "added", "removed"))
    account.allow(added, permission("tcp", 22, "192.0.2.0/24"), egress=True)
    everything = permission("-1", None, "0.0.0.0/0")
    account.call("RevokeSecurityGroupEgress", GroupId=removed, IpPermissions=[everything])
    first = associated(account, vpc_id, Ipv6CidrBlock="fd00:1::/56")

    def lets_out_over_ipv6(group_id: str) -> bool:
        permissions = account.described(group_id)["IpPermissionsEgress"]
        return any(each["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}] for each in permissions)

    assert [lets_out_over_ipv6(each) for each in (account.default_group(vpc_id), untouched, added, removed)] == [
        True, True, False, False,
    ]  # fmt: skip
    account.call("RevokeSecurityGroupEgress", GroupId=untouched, IpPermissions=[permission("-1", None, "::/0")])
    associated(account, vpc_id, Ipv6CidrBlock="fd00:2::/56")
    assert not lets_out_over_ipv6(untouched), "a second block gives nothing back"
    account.call("DisassociateVpcCidrBlock", AssociationId=first)
    assert lets_out_over_ipv6(account.default_group(vpc_id)), "rules stay as they are"


def test_the_sixth_block(account: Account) -> None:
    """aws-verified-expectations-from-moto.json: AssociateVpcCidrBlock, CidrLimitExceeded."""
    vpc_id = account.vpc()
    full = ("CidrLimitExceeded", f"This network {vpc_id} has met its maximum number of allowed CIDRs: 5")
    for number in range(1, 5):
        associated(account, vpc_id, CidrBlock=f"10.{number}.0.0/16")
    assert account.refused("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.5.0.0/16") == full
    for number in range(5):
        associated(account, vpc_id, Ipv6CidrBlock=f"fd00:{number}::/56")
    assert account.refused("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True) == full


def test_blocks_count_against_the_quota_of_their_family(store: Any) -> None:
    account = Account(store, quota=Quota(ipv4_blocks_per_vpc_max=1, ipv6_blocks_per_vpc_max=None))
    vpc_id = account.vpc()
    for number in range(7):
        associated(account, vpc_id, Ipv6CidrBlock=f"fd00:{number}::/56")
    assert account.refused("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.5.0.0/16") == (
        "CidrLimitExceeded",
        f"This network {vpc_id} has met its maximum number of allowed CIDRs: 1",
    )


@pytest.mark.parametrize(
    "given",
    [
        {"CidrBlock": "10.0.0.0/16"},
        {"CidrBlock": "10.0.7.0/24"},
        {"CidrBlock": "10.7.1.0/28"},
        {"Ipv6CidrBlock": "fd00:1::/60"},
        {"Ipv6CidrBlock": "fd00::/16"},
    ],
)
def test_a_block_that_overlaps(account: Account, given: dict[str, str]) -> None:
    vpc_id, peer_id = account.vpc(Ipv6CidrBlock="fd00:1::/56"), account.vpc("10.1.0.0/16")
    associated(account, vpc_id, CidrBlock="10.7.0.0/20")
    peering = account.call("CreateVpcPeeringConnection", VpcId=peer_id, PeerVpcId=vpc_id)["VpcPeeringConnection"]
    (cidr,) = given.values()
    refusal = ("InvalidVpc.Range", f"The CIDR '{cidr}' conflicts with another CIDR block of the vpc '{vpc_id}'.")
    assert account.refused("AssociateVpcCidrBlock", VpcId=vpc_id, **given) == refusal
    associated(account, peer_id, CidrBlock="10.8.0.0/16")
    account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
    assert account.refused("AssociateVpcCidrBlock", VpcId=peer_id, **given) == refusal
    theirs = account.refused("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.8.3.0/24")
    assert theirs[1] == f"The CIDR '10.8.3.0/24' conflicts with another CIDR block of the vpc '{peer_id}'."
    account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
    associated(account, peer_id, **given)


SOURCES = "Either 'cidrBlock', 'ipv6CidrBlock' or 'amazonProvidedIpv6CidrBlock' should be provided."


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("MissingParameter", SOURCES)),
        ({"AmazonProvidedIpv6CidrBlock": False}, ("MissingParameter", SOURCES)),
        ({"VpcId": None}, ("MissingParameter", "The request must contain the parameter vpcId")),
        ({"VpcId": "sg-1"}, ("InvalidVpcID.Malformed", 'Invalid id: "sg-1" (expecting "vpc-...")')),
        (
            {"CidrBlock": "10.1.0.0/16", "Ipv6CidrBlock": "fd00::/56"},
            (
                "InvalidParameterCombination",
                "The parameter cidrBlock cannot be used with the parameter ipv6CidrBlock",
            ),
        ),
        (
            {"CidrBlock": "10.1.0.0/16", "AmazonProvidedIpv6CidrBlock": True},
            (
                "InvalidParameterCombination",
                "The parameter cidrBlock cannot be used with the parameter amazonProvidedIpv6CidrBlock",
            ),
        ),
        (
            {"Ipv6CidrBlock": "fd00::/56", "AmazonProvidedIpv6CidrBlock": True},
            (
                "InvalidParameterCombination",
                "The parameter ipv6CidrBlock cannot be used with the parameter amazonProvidedIpv6CidrBlock",
            ),
        ),
        (
            {"CidrBlock": "10.1.0.0/16", "Ipv6Pool": "mine"},
            ("MissingParameter", "The request must contain the parameter ipv6CidrBlock"),
        ),
        (
            {"Ipv4IpamPoolId": "ipam-pool-1", "Ipv4NetmaskLength": 24},
            ("UnsupportedOperation", "The parameter Ipv4IpamPoolId isn't supported here."),
        ),
        (
            {"Ipv6IpamPoolId": "ipam-pool-1"},
            ("UnsupportedOperation", "The parameter Ipv6IpamPoolId isn't supported here."),
        ),
        (
            {"Ipv6NetmaskLength": 56},
            ("UnsupportedOperation", "The parameter Ipv6NetmaskLength isn't supported here."),
        ),
        (
            {"CidrBlock": "10.1.0.0/16", "Ipv4NetmaskLength": 24},
            ("UnsupportedOperation", "The parameter Ipv4NetmaskLength isn't supported here."),
        ),
    ],
)
def test_associate_refuses_before_a_dry_run(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"VpcId": account.default_vpc_id} | given
    assert account.checked("AssociateVpcCidrBlock", **request) == expected
    assert account.refused("AssociateVpcCidrBlock", **request) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"VpcId": ABSENT["vpc"], "CidrBlock": "10.1.0.0/16"},
            ("InvalidVpcID.NotFound", f"The vpc ID '{ABSENT['vpc']}' does not exist"),
        ),
        (
            {"CidrBlock": "x"},
            ("InvalidParameterValue", "Value (x) for parameter cidrBlock is invalid. This is not a valid CIDR block."),
        ),
        ({"CidrBlock": "10.0.0.0/15"}, ("InvalidVpc.Range", "The CIDR '10.0.0.0/15' is invalid.")),
        ({"CidrBlock": "10.0.0.0/29"}, ("InvalidVpc.Range", "The CIDR '10.0.0.0/29' is invalid.")),
        ({"Ipv6CidrBlock": "fd00::/65"}, ("InvalidVpc.Range", "The CIDR 'fd00::/65' is invalid.")),
        (
            {"Ipv6CidrBlock": "fd00::"},
            (
                "InvalidParameterValue",
                "Value (fd00::) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.",
            ),
        ),
        (
            {"AmazonProvidedIpv6CidrBlock": True, "Ipv6CidrBlockNetworkBorderGroup": "us-east-1-wl1"},
            (
                "InvalidParameterValue",
                "Value (us-east-1-wl1) for parameter ipv6CidrBlockNetworkBorderGroup is invalid. "
                "A region has one network border group, of its own name.",
            ),
        ),
    ],
)
def test_associate_refuses(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"VpcId": account.default_vpc_id} | given
    assert account.checked("AssociateVpcCidrBlock", **request) is None
    assert account.refused("AssociateVpcCidrBlock", **request) == expected


# --- DisassociateVpcCidrBlock ---


def test_a_block_is_taken_away(account: Account) -> None:
    vpc_id = account.vpc(Ipv6CidrBlock="fd00:1::/56")
    (vpc,) = account.call("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    association_id = associated(account, vpc_id, CidrBlock="10.1.0.0/16")
    assert account.call("DisassociateVpcCidrBlock", AssociationId=association_id) == {
        "VpcId": vpc_id,
        "CidrBlockAssociation": {
            "AssociationId": association_id,
            "CidrBlock": "10.1.0.0/16",
            "CidrBlockState": {"State": "disassociating"},
        },
    }
    (ipv6,) = vpc["Ipv6CidrBlockAssociationSet"]
    answer = account.call("DisassociateVpcCidrBlock", AssociationId=ipv6["AssociationId"])
    assert answer["Ipv6CidrBlockAssociation"] == ipv6 | {"Ipv6CidrBlockState": {"State": "disassociating"}}
    assert blocks(account, vpc_id) == (["10.0.0.0/16"], [])
    assert account.refused("DisassociateVpcCidrBlock", AssociationId=association_id) == (
        "InvalidVpcCidrBlockAssociationID.NotFound",
        f"The vpc CIDR block association ID '{association_id}' does not exist",
    )


def test_the_primary_block_stays(account: Account) -> None:
    vpc_id = account.vpc()
    (vpc,) = account.call("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    associated(account, vpc_id, CidrBlock="10.1.0.0/16")
    association_id = vpc["CidrBlockAssociationSet"][0]["AssociationId"]
    assert account.refused("DisassociateVpcCidrBlock", AssociationId=association_id) == (
        "OperationNotPermitted",
        f"The vpc CIDR block with association ID {association_id} may not be disassociated. "
        "It is the primary IPv4 CIDR block of the VPC",
    )


@pytest.mark.parametrize(
    ("block", "subnet"),
    [
        ({"CidrBlock": "10.1.0.0/16"}, {"CidrBlock": "10.1.7.0/24"}),
        ({"Ipv6CidrBlock": "fd00:1::/56"}, {"CidrBlock": "10.0.7.0/24", "Ipv6CidrBlock": "fd00:1:0:7::/64"}),
    ],
)
def test_a_block_in_use_stays(account: Account, block: dict[str, str], subnet: dict[str, str]) -> None:
    vpc_id = account.vpc()
    association_id = associated(account, vpc_id, **block)
    made = account.call("CreateSubnet", VpcId=vpc_id, **subnet)["Subnet"]
    (cidr,) = block.values()
    assert account.refused("DisassociateVpcCidrBlock", AssociationId=association_id) == (
        "InvalidCidrBlock.InUse",
        f"The vpc {vpc_id} currently has a subnet within CIDR block {cidr}",
    )
    account.call("DeleteSubnet", SubnetId=made["SubnetId"])
    account.call("DisassociateVpcCidrBlock", AssociationId=association_id)


def test_disassociate_refuses_before_a_dry_run(account: Account) -> None:
    assert account.checked("DisassociateVpcCidrBlock") == (
        "MissingParameter",
        "The request must contain the parameter associationId",
    )
    assert account.checked("DisassociateVpcCidrBlock", AssociationId="vpc-1") == (
        "InvalidVpcCidrBlockAssociationID.Malformed",
        'Invalid id: "vpc-1" (expecting "vpc-cidr-assoc-...")',
    )


def test_blocks_of_another_region_are_absent(account: Account) -> None:
    association_id = associated(account, account.vpc(), CidrBlock="10.1.0.0/16")
    elsewhere = account.elsewhere(region="eu-west-1")
    refusal = elsewhere.refused("DisassociateVpcCidrBlock", AssociationId=association_id)
    assert refusal[0] == "InvalidVpcCidrBlockAssociationID.NotFound"
