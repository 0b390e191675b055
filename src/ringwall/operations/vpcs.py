"""VPCs: made, described, and given to a region at its first use.

Hosts bring their own network, so the blocks here are the operator's: CIDR blocks of the real network, IPv6 blocks of
any origin. Each region has three zones (`us-east-1a`, `b`, `c`; chosen, EC2's number varies).

Source: EC2 API Reference, CreateVpc, DescribeVpcs; ec2-behaviour 3.15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.address import canonical_cidr
from ringwall.domain.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidVpcRange,
    MissingParameter,
    UnsupportedOperation,
    VpcLimitExceeded,
)
from ringwall.domain.filters import FilterTable, flag, select
from ringwall.domain.tags import as_answered, check_number, tags_of_specifications
from ringwall.domain.vpc import Subnet, Vpc

from .context import Answer, Context, Request
from .groups import insert_default_group
from .lookup import all_found, page

DEFAULT_VPC_CIDR: Final = "172.31.0.0/16"
ZONE_LETTERS: Final = "abc"

LENGTHS: Final = range(16, 29)
"""How long the prefix of a VPC's or subnet's IPv4 block may be."""

IPV6_LENGTH_MAX: Final = 64
_COMPASS: Final = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"}


# --- Regions ---


def zones(region: str) -> list[str]:
    """The zones of a region, by name."""
    return [region + letter for letter in ZONE_LETTERS]


def zone_id(zone: str) -> str:
    """The id of a zone, as EC2 forms it; here letter and number agree in every account.

    >>> zone_id("us-east-1a"), zone_id("ap-southeast-2c"), zone_id("us-gov-west-1b")
    ('use1-az1', 'apse2-az3', 'usgw1-az2')
    """
    area, *directions, number = zone[:-1].split("-")
    short = "".join(_COMPASS.get(word, word[0]) for word in directions)
    return f"{area}{short}{number}-az{ZONE_LETTERS.index(zone[-1]) + 1}"


def ensure_region(context: Context) -> None:
    """Gives the caller's account its default VPC in the region, with default subnets and group, if it has none yet.

    172.31.0.0/16 with a /20 in each zone, as EC2 makes them. The server calls this before the first operation of an
    authorized caller, in a transaction of its own.
    """
    transaction, caller = context.transaction, context.caller
    if transaction.region_exists(caller.account_id, caller.region):
        return
    transaction.create_region(caller.account_id, caller.region)
    vpc = _new_vpc(context, DEFAULT_VPC_CIDR, is_default=True)
    transaction.insert_vpc(vpc)
    blocks = IPv4Network(DEFAULT_VPC_CIDR).subnets(new_prefix=20)
    for zone, block in zip(zones(caller.region), blocks, strict=False):
        transaction.insert_subnet(
            Subnet(
                context.ids.new("subnet"), vpc.vpc_id, vpc.owner_id, vpc.region, str(block), zone, default_for_az=True
            )
        )
    insert_default_group(context, vpc)


# --- CreateVpc ---

NOT_HERE: Final = (
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
    "VpcEncryptionControl",
    "OutpostArn",
)
"""Parameters of CreateVpc and CreateSubnet that ask for what doesn't exist here."""


def create_vpc(context: Context, request: Request) -> Answer:
    """A new VPC with its default group.

    CidrBlock is stored without host bits. Ipv6CidrBlock may be any block of at most 64 bits' length, from whatever
    pool; AmazonProvidedIpv6CidrBlock gives a /56 of unique local addresses (RFC 4193), as there is no Amazon to ask.

    Raises:
        InvalidParameterValue: a block isn't one, or the tenancy isn't known.
        InvalidVpcRange: CidrBlock is shorter than /16 or longer than /28.
        VpcLimitExceeded: the region is full.
        UnsupportedOperation: pools of IPAM, encryption control.
    """
    transaction, caller = context.transaction, context.caller
    refuse_members(request, NOT_HERE)
    cidr = _vpc_cidr(request)
    ipv6_cidr = _vpc_ipv6_cidr(context, request)
    tenancy = request.get("InstanceTenancy") or "default"
    if tenancy not in ("default", "dedicated"):
        raise InvalidParameterValue.of(tenancy, "instanceTenancy", "Valid values are: default, dedicated.")
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.VPC)
    check_number(tags, context.quota.tags_per_resource_max)
    most = context.quota.vpcs_per_region_max
    if most is not None and len(transaction.vpcs(caller.account_id, caller.region)) >= most:
        raise VpcLimitExceeded
    vpc = _new_vpc(context, cidr, tenancy=tenancy, ipv6_cidr=ipv6_cidr)
    transaction.insert_vpc(vpc)
    insert_default_group(context, vpc)
    if tags:
        transaction.set_tags(caller.account_id, caller.region, vpc.vpc_id, tags)
    # The answer says pending and shows every set, empty ones too; Describe doesn't (both observed).
    answer = _vpc_answer(vpc, tags) | {"State": "pending", "Tags": as_answered(tags)}
    return {"Vpc": {"Ipv6CidrBlockAssociationSet": []} | answer}


def _new_vpc(
    context: Context, cidr: str, *, is_default: bool = False, tenancy: str = "default", ipv6_cidr: str | None = None
) -> Vpc:
    caller = context.caller
    others = context.transaction.vpcs(caller.account_id, caller.region)
    return Vpc(
        vpc_id=context.ids.new("vpc"),
        owner_id=caller.account_id,
        region=caller.region,
        cidr_block=cidr,
        is_default=is_default,
        # One set of DHCP options serves all VPCs of a region.
        dhcp_options_id=others[0].dhcp_options_id if others else context.ids.new("dopt"),
        cidr_association_id=context.ids.new("vpc-cidr-assoc"),
        instance_tenancy=tenancy,
        ipv6_cidr_block=ipv6_cidr,
        ipv6_association_id=context.ids.new("vpc-cidr-assoc") if ipv6_cidr else None,
    )


def _vpc_cidr(request: Request) -> str:
    if not request.get("CidrBlock"):
        raise MissingParameter.worded("cidrBlock", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    network = ipv4_block(request["CidrBlock"])
    if network.prefixlen not in LENGTHS:
        raise InvalidVpcRange(request["CidrBlock"])
    return str(network)


def _vpc_ipv6_cidr(context: Context, request: Request) -> str | None:
    given, provided = request.get("Ipv6CidrBlock"), request.get("AmazonProvidedIpv6CidrBlock")
    border_group = request.get("Ipv6CidrBlockNetworkBorderGroup")
    if border_group and border_group != context.caller.region:
        raise InvalidParameterValue.of(
            border_group, "ipv6CidrBlockNetworkBorderGroup", "A region has one network border group, of its own name."
        )
    if given and provided:
        raise InvalidParameterCombination(
            "The parameter ipv6CidrBlock cannot be used with the parameter amazonProvidedIpv6CidrBlock"
        )
    if request.get("Ipv6Pool") and not given:
        raise MissingParameter("ipv6CidrBlock")
    if given:
        network = ipv6_block(given)
        if network.prefixlen > IPV6_LENGTH_MAX:
            raise InvalidVpcRange(given)
        return str(network)
    return _unique_local_block(context) if provided else None


def _unique_local_block(context: Context) -> str:
    # fd00::/8, then 48 random bits: a global id of 40 and a subnet of 8.
    digits = context.ids.new("x").rpartition("-")[2][:12]
    return str(IPv6Network((IPv6Address(int(f"fd{digits}" + "0" * 18, 16)), 56)))


def ipv4_block(text: str) -> IPv4Network:
    """The block that CidrBlock spells, without host bits.

    Raises:
        InvalidParameterValue: it spells none.
    """
    cidr = canonical_cidr(text)
    if cidr is None or ":" in cidr:
        raise InvalidParameterValue.of(text, "cidrBlock", "This is not a valid CIDR block.")
    return IPv4Network(cidr)


def ipv6_block(text: str) -> IPv6Network:
    """The block that Ipv6CidrBlock spells, without host bits.

    Raises:
        InvalidParameterValue: it spells none.
    """
    cidr = canonical_cidr(text)
    if cidr is None or ":" not in cidr:
        raise InvalidParameterValue.of(text, "ipv6CidrBlock", "This is not a valid CIDR block.")
    return IPv6Network(cidr)


def refuse_members(request: Request, members: Sequence[str]) -> None:
    """Returns if the request has none of these members.

    Raises:
        UnsupportedOperation: it has one.
    """
    for member in members:
        if request.get(member):
            raise UnsupportedOperation(f"The parameter {member} isn't supported here.")


# --- DescribeVpcs ---


@dataclass(frozen=True, slots=True)
class _TaggedVpc:
    """A VPC with its tags, as filters see it."""

    vpc: Vpc
    tags: Mapping[str, str]


_VPC_FILTERS: Final[FilterTable[_TaggedVpc]] = FilterTable(
    values={
        "cidr": lambda each: (each.vpc.cidr_block,),
        # These spellings are EC2's older ones, which clients still send.
        "cidrBlock": lambda each: (each.vpc.cidr_block,),
        "cidr-block": lambda each: (each.vpc.cidr_block,),
        "cidr-block-association.cidr-block": lambda each: (each.vpc.cidr_block,),
        "cidr-block-association.association-id": lambda each: (each.vpc.cidr_association_id,),
        "cidr-block-association.state": lambda each: ("associated",),
        "dhcp-options-id": lambda each: (each.vpc.dhcp_options_id,),
        "dhcpOptionsId": lambda each: (each.vpc.dhcp_options_id,),
        "ipv6-cidr-block-association.ipv6-cidr-block": lambda each: some(each.vpc.ipv6_cidr_block),
        "ipv6-cidr-block-association.association-id": lambda each: some(each.vpc.ipv6_association_id),
        "ipv6-cidr-block-association.state": lambda each: ("associated",) if each.vpc.ipv6_cidr_block else (),
        "is-default": lambda each: (flag(each.vpc.is_default),),
        "isDefault": lambda each: (flag(each.vpc.is_default),),
        "owner-id": lambda each: (each.vpc.owner_id,),
        "state": lambda each: ("available",),
        "tag-key": lambda each: each.tags.keys(),
        "tag-value": lambda each: each.tags.values(),
        "vpc-id": lambda each: (each.vpc.vpc_id,),
    },
    tags_of=lambda each: each.tags,
    barren=frozenset({"ipv6-cidr-block-association.ipv6-pool"}),
)


def some(value: str | None) -> tuple[str, ...]:
    """The value, or nothing, as a filter wants it."""
    return () if value is None else (value,)


def check_describe_vpcs(request: Request) -> None:
    """Refuses malformed VPC ids."""
    ids.VPC.check_all(request.get("VpcIds"))


def describe_vpcs(context: Context, request: Request) -> Answer:
    """The VPCs that the request names, or all, of those the ones that its filters let through, page by page.

    Raises:
        InvalidVpcIDNotFound: a VPC that it names doesn't exist.
        InvalidParameterValue, FilterLimitExceeded: what it asks can't be meant.
    """
    transaction, caller = context.transaction, context.caller
    filters = _VPC_FILTERS.read(request.get("Filters"))
    vpc_ids = request.get("VpcIds")
    vpcs = (
        all_found(ids.VPC, transaction.vpc, context, vpc_ids)
        if vpc_ids
        else transaction.vpcs(caller.account_id, caller.region)
    )
    tags = transaction.tags(caller.account_id, caller.region, [vpc.vpc_id for vpc in vpcs])
    chosen = select(filters, [_TaggedVpc(vpc, tags[vpc.vpc_id]) for vpc in vpcs])
    shown, next_token = page(request, chosen, lambda each: (each.vpc.vpc_id,))
    return {"Vpcs": [_vpc_answer(each.vpc, each.tags) for each in shown], "NextToken": next_token}


def _vpc_answer(vpc: Vpc, tags: Mapping[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "VpcId": vpc.vpc_id,
        "OwnerId": vpc.owner_id,
        "State": "available",
        "CidrBlock": vpc.cidr_block,
        "CidrBlockAssociationSet": [
            {
                "AssociationId": vpc.cidr_association_id,
                "CidrBlock": vpc.cidr_block,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "DhcpOptionsId": vpc.dhcp_options_id,
        "InstanceTenancy": vpc.instance_tenancy,
        "IsDefault": vpc.is_default,
    }
    if vpc.ipv6_cidr_block:
        association = ipv6_association(vpc.ipv6_cidr_block, vpc.ipv6_association_id)
        answer["Ipv6CidrBlockAssociationSet"] = [association | {"NetworkBorderGroup": vpc.region}]
    return answer | ({"Tags": as_answered(tags)} if tags else {})


def ipv6_association(cidr: str, association_id: str | None) -> dict[str, Any]:
    """An IPv6 block of a VPC or subnet, as answers show it."""
    return {
        "AssociationId": association_id,
        "Ipv6CidrBlock": cidr,
        "Ipv6CidrBlockState": {"State": "associated"},
    }
