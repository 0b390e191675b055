"""Blocks of a VPC: which it may have, further ones, and their end.

Hosts bring their own network, so the blocks here are the operator's: CIDR blocks of the real network, IPv6 blocks of
any origin. EC2's table of private ranges that can't be mixed in one VPC (10.0.0.0/8 with 192.168.0.0/16 …) isn't
applied for that reason (chosen): a network that has both is as it is.

Source: EC2 API Reference, AssociateVpcCidrBlock, DisassociateVpcCidrBlock; VPC user guide, "IPv4 VPC CIDR blocks".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from ringwall.domain import ids
from ringwall.domain.address import Block, block, canonical_cidr
from ringwall.domain.errors import (
    CidrLimitExceeded,
    InvalidCidrBlockInUse,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidVpcRange,
    MissingParameter,
    OperationNotPermitted,
)
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.peering import PeeringStatus
from ringwall.domain.vpc import CidrAssociation, Vpc

from .context import Answer, Context, Request
from .groups import ALL_TRAFFIC, ANYWHERE_IPV4, ANYWHERE_IPV6
from .lookup import vpc_by_id
from .vpcs_described import check_vpc_named, ipv4_association, provided_block, vpc_ipv6_association

LENGTHS: Final = range(16, 29)
"""How long the prefix of a VPC's or subnet's IPv4 block may be."""

IPV6_LENGTH_MAX: Final = 64

_NO_NETWORKS: Final = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4")))
"""Addresses that no network has: of "this network", loopback, link-local, multicast (documented for VPCs)."""

POOLS: Final[Mapping[str, str]] = dict.fromkeys(
    ("Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6IpamPoolId", "Ipv6NetmaskLength"),
    "there are no pools of addresses (IPAM) here to take a block from",
)
"""Why operations that make or extend a VPC or subnet refuse these members."""


# --- What a block is ---


def names_pool(request: Request) -> bool:
    """Whether the request would take a block from a pool, which is refused for that and not for naming no block."""
    return any(request.get(name) for name in POOLS)


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


def vpc_ipv4_block(text: str) -> str:
    """The block that CidrBlock spells, of a size and a place that a VPC may have.

    Raises:
        InvalidParameterValue: it spells none.
        InvalidVpcRange: it is shorter than /16 or longer than /28, or of addresses that no network has.
    """
    network = ipv4_block(text)
    if network.prefixlen not in LENGTHS or any(network.overlaps(each) for each in _NO_NETWORKS):
        raise InvalidVpcRange(text)
    return str(network)


def check_ipv6(request: Request) -> None:
    """Refuses what a request can't say together about an IPv6 block.

    EC2 wants Ipv6Pool beside Ipv6CidrBlock; here a block may be of no pool at all.

    Raises:
        InvalidParameterCombination: it gives a block and asks for one.
        MissingParameter: it names a pool without a block, or a border group without asking for a block.
    """
    given, provided = request.get("Ipv6CidrBlock"), request.get("AmazonProvidedIpv6CidrBlock")
    if given and provided:
        raise InvalidParameterCombination(
            "The parameter ipv6CidrBlock cannot be used with the parameter amazonProvidedIpv6CidrBlock"
        )
    if request.get("Ipv6Pool") and not given:
        raise MissingParameter("ipv6CidrBlock")
    if request.get("Ipv6CidrBlockNetworkBorderGroup") and not provided:
        raise MissingParameter("amazonProvidedIpv6CidrBlock")


def vpc_ipv6_block(context: Context, request: Request) -> CidrAssociation | None:
    """The IPv6 block that the request gives to a VPC: the one it spells, one that is made up, or None.

    Raises:
        InvalidParameterValue: it spells none, or names a border group that the region hasn't.
        InvalidVpcRange: it is longer than /64.
    """
    border_group = request.get("Ipv6CidrBlockNetworkBorderGroup")
    if border_group and border_group != context.caller.region:
        raise InvalidParameterValue.of(
            border_group, "ipv6CidrBlockNetworkBorderGroup", "A region has one network border group, of its own name."
        )
    given = request.get("Ipv6CidrBlock")
    if not given and not request.get("AmazonProvidedIpv6CidrBlock"):
        return None
    association_id = context.ids.new("vpc-cidr-assoc")
    if not given:
        return CidrAssociation(association_id, provided_block(association_id))
    network = ipv6_block(given)
    if network.prefixlen > IPV6_LENGTH_MAX:
        raise InvalidVpcRange(given)
    return CidrAssociation(association_id, str(network))


# --- AssociateVpcCidrBlock ---

_SOURCES: Final = ("CidrBlock", "Ipv6CidrBlock", "AmazonProvidedIpv6CidrBlock")


def check_associate(request: Request) -> None:
    """Refuses a missing or malformed VPC id, and any number of blocks but one (codes and texts of that are chosen)."""
    check_vpc_named(request)
    check_ipv6(request)
    given = [f"{name[0].lower()}{name[1:]}" for name in _SOURCES if request.get(name)]
    if not given and not names_pool(request):
        raise MissingParameter.worded(
            "cidrBlock", "Either 'cidrBlock', 'ipv6CidrBlock' or 'amazonProvidedIpv6CidrBlock' should be provided."
        )
    if len(given) > 1:
        raise InvalidParameterCombination(f"The parameter {given[0]} cannot be used with the parameter {given[1]}")


def associate_vpc_cidr_block(context: Context, request: Request) -> Answer:
    """The block that the VPC has now, besides those it had; the answer says `associating`, as EC2's does.

    CidrBlock is stored without host bits. Ipv6CidrBlock may be any block of at most 64 bits' length, from whatever
    pool; AmazonProvidedIpv6CidrBlock gives a /56 of unique local addresses (RFC 4193), as there is no Amazon to ask;
    answers show it as Amazon's. The pool of a block that is given isn't kept.
    With the VPC's first IPv6 block those of its groups whose one egress rule lets everything out over IPv4 let
    everything out over IPv6 too (VPC user guide: not if their outbound rules were modified).

    Raises:
        InvalidVpcIDNotFound: there is no such VPC.
        InvalidParameterValue: the block isn't one, or the region has no such border group.
        MissingParameter: no block is given or asked for.
        InvalidParameterCombination: several blocks are given or asked for.
        InvalidVpcRange: the block's size isn't one that EC2 allows; it is link-local, loopback, multicast or in
            0.0.0.0/8; or it overlaps with another block of the VPC or of one that it has an active peering connection
            with (text chosen). Private ranges may be mixed (chosen).
        CidrLimitExceeded: the VPC has as many blocks of the family as it may have.
    """
    transaction, quota = context.transaction, context.quota
    vpc = vpc_by_id(context, request["VpcId"])
    ipv4 = vpc_ipv4_block(request["CidrBlock"]) if request.get("CidrBlock") else None
    added = CidrAssociation(context.ids.new("vpc-cidr-assoc"), ipv4) if ipv4 else vpc_ipv6_block(context, request)
    assert added is not None, "check_associate lets no request through that names no block"
    held, most = vpc.ipv6, quota.ipv6_blocks_per_vpc_max
    if ipv4:
        held, most = vpc.ipv4, quota.ipv4_blocks_per_vpc_max
    if most is not None and len(held) >= most:
        raise CidrLimitExceeded(vpc.vpc_id, most)
    for other in (vpc, *_peers(context, vpc)):
        if overlaps(block(added.cidr_block), map(block, _cidrs(other))):
            raise InvalidVpcRange.overlapping(added.cidr_block, other.vpc_id)
    if ipv4:
        transaction.update_vpc(replace(vpc, ipv4=(*vpc.ipv4, added)))
        return {"VpcId": vpc.vpc_id, "CidrBlockAssociation": ipv4_association(added, "associating")}
    changed = replace(vpc, ipv6=(*vpc.ipv6, added))
    transaction.update_vpc(changed)
    if not vpc.ipv6:
        _let_out_over_ipv6(context, vpc)
    return {"VpcId": vpc.vpc_id, "Ipv6CidrBlockAssociation": vpc_ipv6_association(vpc, added, "associating")}


def _cidrs(vpc: Vpc) -> Iterator[str]:
    return (each.cidr_block for each in vpc.ipv4 + vpc.ipv6)


def overlaps(one: Block, others: Iterable[Block]) -> bool:
    """Whether the block shares an address with one of the others."""
    # Of two blocks that overlap, one holds the other's first address.
    return any(one.contains(other.first) or other.contains(one.first) for other in others)


def _peers(context: Context, vpc: Vpc) -> Iterator[Vpc]:
    for peering in context.transaction.peerings_of_vpc(vpc.vpc_id):
        if peering.status is PeeringStatus.ACTIVE:
            side = peering.accepter if peering.requester.vpc_id == vpc.vpc_id else peering.requester
            peer = context.transaction.vpc(side.owner_id, side.region, side.vpc_id)
            if peer is not None:
                yield peer


def _let_out_over_ipv6(context: Context, vpc: Vpc) -> None:
    """Lets everything out over IPv6 of those groups whose egress rules are still what they began with."""
    transaction = context.transaction
    groups = {group.group_id: group for group in transaction.groups_of_vpc(vpc.vpc_id)}
    for group_id, rules in transaction.rules_of(groups).items():
        egress = [(rule.traffic, rule.peer) for rule in rules if rule.direction is Direction.EGRESS]
        if egress == [(ALL_TRAFFIC, ANYWHERE_IPV4)]:
            rule_id = context.ids.new("sgr")
            rule = SecurityGroupRule(rule_id, group_id, Direction.EGRESS, ALL_TRAFFIC, ANYWHERE_IPV6)
            transaction.insert_rules(groups[group_id], [rule])


# --- DisassociateVpcCidrBlock ---


def check_disassociate(request: Request) -> None:
    """Refuses a missing or malformed id of an association."""
    if request.get("AssociationId") is None:
        raise MissingParameter("associationId")
    ids.CIDR_ASSOCIATION.check(request["AssociationId"])


def disassociate_vpc_cidr_block(context: Context, request: Request) -> Answer:
    """The block that its VPC hasn't any more; the answer says `disassociating`, as EC2's does. Rules stay as they are.

    Raises:
        InvalidVpcCidrBlockAssociationIDNotFound: no VPC has a block by this id.
        OperationNotPermitted: it is the primary one.
        InvalidCidrBlockInUse: a subnet lies in it (observed).
    """
    transaction, caller = context.transaction, context.caller
    association_id = request["AssociationId"]
    for vpc in transaction.vpcs(caller.account_id, caller.region):
        for each in vpc.ipv4 + vpc.ipv6:
            if each.association_id == association_id:
                return _disassociate(context, vpc, each)
    raise ids.CIDR_ASSOCIATION.absent(association_id)


def _disassociate(context: Context, vpc: Vpc, gone: CidrAssociation) -> Answer:
    if gone == vpc.ipv4[0]:
        raise OperationNotPermitted(
            f"The vpc CIDR block with association ID {gone.association_id} may not be disassociated. "
            "It is the primary IPv4 CIDR block of the VPC"
        )
    for subnet in context.transaction.subnets(vpc.owner_id, vpc.region, vpc.vpc_id):
        held = [cidr for cidr in (subnet.cidr_block, subnet.ipv6_cidr_block) if cidr]
        if overlaps(block(gone.cidr_block), map(block, held)):
            raise InvalidCidrBlockInUse(vpc.vpc_id, gone.cidr_block)
    ipv4, ipv6 = (tuple(each for each in blocks if each != gone) for blocks in (vpc.ipv4, vpc.ipv6))
    context.transaction.update_vpc(replace(vpc, ipv4=ipv4, ipv6=ipv6))
    if gone in vpc.ipv4:
        return {"VpcId": vpc.vpc_id, "CidrBlockAssociation": ipv4_association(gone, "disassociating")}
    return {"VpcId": vpc.vpc_id, "Ipv6CidrBlockAssociation": vpc_ipv6_association(vpc, gone, "disassociating")}
