"""Subnets: made and described.

Source: EC2 API Reference, CreateSubnet, DescribeSubnets; ec2-behaviour 3.16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidSubnetConflict,
    InvalidSubnetRange,
    MissingParameter,
    SubnetLimitExceeded,
    UnsupportedOperation,
)
from ringwall.domain.filters import FilterTable, flag, select
from ringwall.domain.interface import NetworkInterface
from ringwall.domain.tags import as_answered, check_number, tags_of_specifications
from ringwall.domain.vpc import Subnet, Vpc

from .context import Answer, Context, Request
from .lookup import all_found, arn, page, vpc_by_id
from .vpcs import (
    IPV6_LENGTH_MAX,
    LENGTHS,
    NOT_HERE,
    ipv4_block,
    ipv6_association,
    ipv6_block,
    refuse_members,
    some,
    zone_id,
    zones,
)

_RESERVED_ADDRESSES: Final = 5
"""In each IPv4 subnet EC2 keeps the first four addresses and the last."""


# --- CreateSubnet ---


def check_create_subnet(request: Request) -> None:
    """Refuses a missing or malformed VPC id."""
    if request.get("VpcId") is None:
        raise MissingParameter("vpcId")
    ids.VPC.check(request["VpcId"])


def create_subnet(context: Context, request: Request) -> Answer:
    """A new subnet of the VPC, in the zone named or else the region's first.

    Raises:
        InvalidVpcIDNotFound: there is no such VPC.
        InvalidParameterValue: a block isn't one, or there is no such zone.
        InvalidSubnetRange: a block doesn't lie in the VPC's, or its length isn't one that EC2 allows.
        InvalidSubnetConflict: it shares addresses with another subnet.
        SubnetLimitExceeded: the VPC is full.
        MissingParameter, InvalidParameterCombination, UnsupportedOperation: subnets of IPv6 alone, IPAM, Outposts.
    """
    transaction, caller = context.transaction, context.caller
    refuse_members(request, NOT_HERE)
    vpc = vpc_by_id(context, request["VpcId"])
    _refuse_ipv6_native(request)
    if not request.get("CidrBlock"):
        raise MissingParameter.worded("cidrBlock", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    block = ipv4_block(request["CidrBlock"])
    ipv6 = ipv6_block(request["Ipv6CidrBlock"]) if request.get("Ipv6CidrBlock") else None
    zone = _zone(context, request)
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.SUBNET)
    check_number(tags, context.quota.tags_per_resource_max)
    others = transaction.subnets(caller.account_id, caller.region, vpc.vpc_id)
    _check_place(vpc, others, block, ipv6, request)
    if context.quota.subnets_per_vpc_max is not None and len(others) >= context.quota.subnets_per_vpc_max:
        raise SubnetLimitExceeded
    subnet = Subnet(
        subnet_id=context.ids.new("subnet"),
        vpc_id=vpc.vpc_id,
        owner_id=caller.account_id,
        region=caller.region,
        cidr_block=str(block),
        availability_zone=zone,
        ipv6_cidr_block=str(ipv6) if ipv6 else None,
        ipv6_association_id=context.ids.new("subnet-cidr-assoc") if ipv6 else None,
    )
    transaction.insert_subnet(subnet)
    if tags:
        transaction.set_tags(caller.account_id, caller.region, subnet.subnet_id, tags)
    return {"Subnet": _subnet_answer(context, _TaggedSubnet(subnet, tags, _size(subnet)))}


def _refuse_ipv6_native(request: Request) -> None:
    if not request.get("Ipv6Native"):
        return
    if request.get("CidrBlock"):
        raise InvalidParameterCombination(
            "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true."
        )
    if not request.get("Ipv6CidrBlock"):
        raise MissingParameter.worded("ipv6CidrBlock", "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.")
    raise UnsupportedOperation("A subnet without an IPv4 block isn't supported here.")


def _check_place(
    vpc: Vpc, others: Sequence[Subnet], block: IPv4Network, ipv6: IPv6Network | None, request: Request
) -> None:
    if block.prefixlen not in LENGTHS or not block.subnet_of(IPv4Network(vpc.cidr_block)):
        raise InvalidSubnetRange(request["CidrBlock"])
    if any(block.overlaps(IPv4Network(other.cidr_block)) for other in others):
        raise InvalidSubnetConflict(request["CidrBlock"])
    if ipv6 is None:
        return
    outside = vpc.ipv6_cidr_block is None or not ipv6.subnet_of(IPv6Network(vpc.ipv6_cidr_block))
    if outside or ipv6.prefixlen > IPV6_LENGTH_MAX:
        raise InvalidSubnetRange(request["Ipv6CidrBlock"])
    held = [other.ipv6_cidr_block for other in others if other.ipv6_cidr_block]
    if any(ipv6.overlaps(IPv6Network(cidr)) for cidr in held):
        raise InvalidSubnetConflict(request["Ipv6CidrBlock"])


def _zone(context: Context, request: Request) -> str:
    known = zones(context.caller.region)
    name, number = request.get("AvailabilityZone"), request.get("AvailabilityZoneId")
    by_id = {zone_id(zone): zone for zone in known}
    if name and number:
        raise InvalidParameterCombination(
            "The parameter availabilityZone cannot be used with the parameter availabilityZoneId"
        )
    if name and name not in known:
        raise InvalidParameterValue.of(name, "availabilityZone", _only_in(known))
    if number and number not in by_id:
        raise InvalidParameterValue.of(number, "availabilityZoneId", _only_in(list(by_id)))
    return name or by_id.get(number or "", known[0])


def _only_in(known: Sequence[str]) -> str:
    return f"Subnets can currently only be created in the following availability zones: {', '.join(known)}."


# --- DescribeSubnets ---


@dataclass(frozen=True, slots=True)
class _TaggedSubnet:
    """A subnet with its tags and the number of its free IPv4 addresses, as filters see it."""

    subnet: Subnet
    tags: Mapping[str, str]
    free: int


_SUBNET_FILTERS: Final[FilterTable[_TaggedSubnet]] = FilterTable(
    values={
        **dict.fromkeys(("availability-zone", "availabilityZone"), lambda each: (each.subnet.availability_zone,)),
        **dict.fromkeys(
            ("availability-zone-id", "availabilityZoneId"), lambda each: (zone_id(each.subnet.availability_zone),)
        ),
        "available-ip-address-count": lambda each: (str(each.free),),
        **dict.fromkeys(("cidr-block", "cidr", "cidrBlock"), lambda each: (each.subnet.cidr_block,)),
        **dict.fromkeys(("default-for-az", "defaultForAz"), lambda each: (flag(each.subnet.default_for_az),)),
        "enable-dns64": lambda each: ("false",),
        "ipv6-cidr-block-association.ipv6-cidr-block": lambda each: some(each.subnet.ipv6_cidr_block),
        "ipv6-cidr-block-association.association-id": lambda each: some(each.subnet.ipv6_association_id),
        "ipv6-cidr-block-association.state": lambda each: ("associated",) if each.subnet.ipv6_cidr_block else (),
        "ipv6-native": lambda each: ("false",),
        "map-customer-owned-ip-on-launch": lambda each: ("false",),
        "map-public-ip-on-launch": lambda each: ("false",),
        "owner-id": lambda each: (each.subnet.owner_id,),
        "private-dns-name-options-on-launch.hostname-type": lambda each: ("ip-name",),
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": lambda each: ("false",),
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": lambda each: ("false",),
        "state": lambda each: ("available",),
        "subnet-arn": lambda each: (
            ids.arn("subnet", each.subnet.region, each.subnet.owner_id, each.subnet.subnet_id),
        ),
        "subnet-id": lambda each: (each.subnet.subnet_id,),
        "tag-key": lambda each: each.tags.keys(),
        "tag-value": lambda each: each.tags.values(),
        "vpc-id": lambda each: (each.subnet.vpc_id,),
    },
    tags_of=lambda each: each.tags,
    barren=frozenset({"customer-owned-ipv4-pool", "enable-lni-at-device-index", "outpost-arn"}),
)


def check_describe_subnets(request: Request) -> None:
    """Refuses malformed subnet ids."""
    ids.SUBNET.check_all(request.get("SubnetIds"))


def describe_subnets(context: Context, request: Request) -> Answer:
    """The subnets that the request names, or all, of those the ones that its filters let through, page by page.

    Raises:
        InvalidSubnetIDNotFound: a subnet that it names doesn't exist.
        InvalidParameterValue, FilterLimitExceeded: what it asks can't be meant.
    """
    transaction, caller = context.transaction, context.caller
    filters = _SUBNET_FILTERS.read(request.get("Filters"))
    subnet_ids = request.get("SubnetIds")
    subnets = (
        all_found(ids.SUBNET, transaction.subnet, context, subnet_ids)
        if subnet_ids
        else transaction.subnets(caller.account_id, caller.region)
    )
    tags = transaction.tags(caller.account_id, caller.region, [subnet.subnet_id for subnet in subnets])
    interfaces = transaction.interfaces(caller.account_id, caller.region)
    tagged = [_TaggedSubnet(each, tags[each.subnet_id], _free(each, interfaces)) for each in subnets]
    shown, next_token = page(request, select(filters, tagged), lambda each: (each.subnet.subnet_id,))
    return {"Subnets": [_subnet_answer(context, each) for each in shown], "NextToken": next_token}


def _size(subnet: Subnet) -> int:
    return IPv4Network(subnet.cidr_block).num_addresses - _RESERVED_ADDRESSES


def _free(subnet: Subnet, interfaces: Sequence[NetworkInterface]) -> int:
    taken = sum(len(each.private_ips) for each in interfaces if each.subnet_id == subnet.subnet_id)
    # Hosts may hold what EC2 would have reserved.
    return max(_size(subnet) - taken, 0)


def _subnet_answer(context: Context, each: _TaggedSubnet) -> dict[str, Any]:
    subnet = each.subnet
    associations = []
    if subnet.ipv6_cidr_block:
        associations.append(ipv6_association(subnet.ipv6_cidr_block, subnet.ipv6_association_id))
    return {
        "SubnetId": subnet.subnet_id,
        "SubnetArn": arn(context, ids.SUBNET, subnet.subnet_id),
        "OwnerId": subnet.owner_id,
        "VpcId": subnet.vpc_id,
        "State": "available",
        "CidrBlock": subnet.cidr_block,
        "AvailableIpAddressCount": each.free,
        "AvailabilityZone": subnet.availability_zone,
        "AvailabilityZoneId": zone_id(subnet.availability_zone),
        "DefaultForAz": subnet.default_for_az,
        "MapPublicIpOnLaunch": False,
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": False,
        "EnableDns64": False,
        "Ipv6Native": False,
        "Ipv6CidrBlockAssociationSet": associations,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "Tags": as_answered(each.tags) or None,
    }
