"""Subnets: made and deleted.

Source: EC2 API Reference, CreateSubnet, CreateDefaultSubnet, DeleteSubnet; ec2-behaviour 3.16.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from ringwall.domain import ids
from ringwall.domain.address import block
from ringwall.domain.errors import (
    DefaultSubnetAlreadyExistsInAvailabilityZone,
    DefaultVpcDoesNotExist,
    DependencyViolation,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidSubnetConflict,
    InvalidSubnetRange,
    MissingParameter,
    SubnetLimitExceeded,
)
from ringwall.domain.region import zone_id, zones
from ringwall.domain.tags import check_number, tags_of_specifications
from ringwall.domain.vpc import Subnet, Vpc

from .context import Answer, Context, Request
from .lookup import found, vpc_by_id
from .subnets_described import created_subnet
from .vpc_blocks import IPV6_LENGTH_MAX, LENGTHS, POOLS, ipv4_block, ipv6_block, names_pool, overlaps
from .vpcs import DEFAULT_SUBNET_LENGTH
from .vpcs_described import check_vpc_named

_NEEDS_IPV4: Final = "a subnet has an IPv4 block here, whether or not it has an IPv6 one"

REFUSED: Final[Mapping[str, str]] = {
    **POOLS,
    "OutpostArn": "there are no Outposts here",
    "Ipv6Native": _NEEDS_IPV4,
}
"""Why CreateSubnet refuses these members."""

DEFAULT_REFUSED: Final[Mapping[str, str]] = {"Ipv6Native": _NEEDS_IPV4}
"""Why CreateDefaultSubnet refuses this member."""


# --- CreateSubnet ---


def check_create_subnet(request: Request) -> None:
    """Refuses a missing or malformed VPC id, a missing block, and what can't be said together."""
    check_vpc_named(request)
    _check_zone(request)
    if not request.get("Ipv6Native"):
        if not request.get("CidrBlock") and not names_pool(request):
            raise MissingParameter.worded("cidrBlock", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    elif request.get("CidrBlock") or request.get("Ipv4IpamPoolId") or request.get("Ipv4NetmaskLength"):
        raise InvalidParameterCombination(
            "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true."
        )
    elif not request.get("Ipv6CidrBlock") and not names_pool(request):
        raise MissingParameter.worded("ipv6CidrBlock", "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.")


def create_subnet(context: Context, request: Request) -> Answer:
    """A new subnet of the VPC, in the zone named or else the region's first.

    CidrBlock is stored without host bits; it lies in any one of the VPC's blocks, as does Ipv6CidrBlock.

    Raises:
        InvalidVpcIDNotFound: there is no such VPC.
        InvalidParameterValue: a block isn't one, or there is no such zone.
        InvalidSubnetRange: a block doesn't lie in one of the VPC's, or its length isn't one that EC2 allows.
        InvalidSubnetConflict: a block shares addresses with another subnet.
        SubnetLimitExceeded: the VPC has as many subnets as the quota allows.
        InvalidParameterCombination: both a zone and its id are given, or Ipv6Native beside IPv4 parameters.
        TagLimitExceeded: there are too many tags.
    """
    transaction, caller = context.transaction, context.caller
    vpc = vpc_by_id(context, request["VpcId"])
    ipv4 = ipv4_block(request["CidrBlock"])
    ipv6 = ipv6_block(request["Ipv6CidrBlock"]) if request.get("Ipv6CidrBlock") else None
    zone = _zone(context, request)
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.SUBNET)
    check_number(tags, context.quota.tags_per_resource_max)
    others = transaction.subnets(caller.account_id, caller.region, vpc.vpc_id)
    _check_place(vpc, others, ipv4, ipv6, request)
    _check_room(context, others)
    subnet = Subnet(
        subnet_id=context.ids.new("subnet"),
        vpc_id=vpc.vpc_id,
        owner_id=caller.account_id,
        region=caller.region,
        cidr_block=str(ipv4),
        availability_zone=zone,
        ipv6_cidr_block=str(ipv6) if ipv6 else None,
        ipv6_association_id=context.ids.new("subnet-cidr-assoc") if ipv6 else None,
    )
    transaction.insert_subnet(subnet)
    if tags:
        transaction.set_tags(caller.account_id, caller.region, subnet.subnet_id, tags)
    return {"Subnet": created_subnet(subnet, vpc, tags)}


def _check_place(
    vpc: Vpc, others: Sequence[Subnet], ipv4: IPv4Network, ipv6: IPv6Network | None, request: Request
) -> None:
    if ipv4.prefixlen not in LENGTHS or not any(ipv4.subnet_of(IPv4Network(each.cidr_block)) for each in vpc.ipv4):
        raise InvalidSubnetRange(request["CidrBlock"])
    if _conflicts(str(ipv4), (other.cidr_block for other in others)):
        raise InvalidSubnetConflict(request["CidrBlock"])
    if ipv6 is None:
        return
    outside = not any(ipv6.subnet_of(IPv6Network(each.cidr_block)) for each in vpc.ipv6)
    if outside or ipv6.prefixlen > IPV6_LENGTH_MAX:
        raise InvalidSubnetRange(request["Ipv6CidrBlock"])
    if _conflicts(str(ipv6), (other.ipv6_cidr_block for other in others if other.ipv6_cidr_block)):
        raise InvalidSubnetConflict(request["Ipv6CidrBlock"])


def _conflicts(cidr: str, others: Iterable[str]) -> bool:
    return overlaps(block(cidr), map(block, others))


def _check_room(context: Context, others: Sequence[Subnet]) -> None:
    most = context.quota.subnets_per_vpc_max
    if most is not None and len(others) >= most:
        raise SubnetLimitExceeded


def _check_zone(request: Request) -> None:
    if request.get("AvailabilityZone") and request.get("AvailabilityZoneId"):
        raise InvalidParameterCombination(
            "The parameter availabilityZone cannot be used with the parameter availabilityZoneId"
        )


def _zone(context: Context, request: Request) -> str:
    known = zones(context.caller.region)
    name, number = request.get("AvailabilityZone"), request.get("AvailabilityZoneId")
    by_id = {zone_id(zone): zone for zone in known}
    if name and name not in known:
        raise InvalidParameterValue.of(name, "availabilityZone", _only_in(known))
    if number and number not in by_id:
        raise InvalidParameterValue.of(number, "availabilityZoneId", _only_in(by_id))
    return name or by_id.get(number or "", known[0])


def _only_in(known: Iterable[str]) -> str:
    return f"Subnets can currently only be created in the following availability zones: {', '.join(known)}."


# --- CreateDefaultSubnet ---


def check_create_default_subnet(request: Request) -> None:
    """Refuses a request that doesn't name one zone (the text for none is chosen)."""
    _check_zone(request)
    if not request.get("AvailabilityZone") and not request.get("AvailabilityZoneId"):
        raise MissingParameter.worded(
            "availabilityZone", "Either 'availabilityZone' or 'availabilityZoneId' should be provided."
        )


def create_default_subnet(context: Context, request: Request) -> Answer:
    """A new default subnet of the default VPC in the zone: the first /20 of its primary block that is free.

    Raises:
        InvalidParameterValue: there is no such zone.
        DefaultVpcDoesNotExist: the region has no default VPC.
        DefaultSubnetAlreadyExistsInAvailabilityZone: the zone has a default subnet.
        InvalidSubnetConflict: no /20 is free (chosen).
        SubnetLimitExceeded: the VPC has as many subnets as the quota allows.
    """
    transaction, caller = context.transaction, context.caller
    zone = _zone(context, request)
    vpc = transaction.default_vpc(caller.account_id, caller.region)
    if vpc is None:
        raise DefaultVpcDoesNotExist
    others = transaction.subnets(caller.account_id, caller.region, vpc.vpc_id)
    for other in others:
        if other.default_for_az and other.availability_zone == zone:
            raise DefaultSubnetAlreadyExistsInAvailabilityZone(other.subnet_id, zone)
    held = [other.cidr_block for other in others]
    candidates = map(str, IPv4Network(vpc.cidr_block).subnets(new_prefix=DEFAULT_SUBNET_LENGTH))
    cidr = next((each for each in candidates if not _conflicts(each, held)), None)
    if cidr is None:
        raise InvalidSubnetConflict(vpc.cidr_block)
    _check_room(context, others)
    subnet_id = context.ids.new("subnet")
    subnet = Subnet(subnet_id, vpc.vpc_id, vpc.owner_id, vpc.region, cidr, zone, default_for_az=True)
    transaction.insert_subnet(subnet)
    return {"Subnet": created_subnet(subnet, vpc, {})}


# --- DeleteSubnet ---


def check_delete_subnet(request: Request) -> None:
    """Refuses a missing or malformed subnet id."""
    if request.get("SubnetId") is None:
        raise MissingParameter("subnetId")
    ids.SUBNET.check(request["SubnetId"])


def delete_subnet(context: Context, request: Request) -> Answer:
    """Nothing; the subnet and its tags are gone. Enrolment tokens that were made for it are good for nothing any more.

    Raises:
        InvalidSubnetIDNotFound: there is no such subnet.
        DependencyViolation: a network interface is in it, be it a host's or one that no host has.
    """
    transaction = context.transaction
    subnet = found(ids.SUBNET, transaction.subnet, context, request["SubnetId"])
    if transaction.subnet_has_interfaces(subnet.subnet_id):
        raise DependencyViolation.of("subnet", subnet.subnet_id)
    transaction.delete_subnet(subnet)
    return {}
