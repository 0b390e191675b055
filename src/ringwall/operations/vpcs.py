"""VPCs: made, deleted, and given to a region at its first use.

Hosts bring their own network, so the blocks here are the operator's; `vpc_blocks` says which may be.

Source: EC2 API Reference, CreateVpc, CreateDefaultVpc, DeleteVpc; ec2-behaviour 3.15.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    DefaultVpcAlreadyExists,
    DependencyViolation,
    InvalidParameterValue,
    MissingParameter,
    VpcLimitExceeded,
)
from ringwall.domain.peering import PeeringStatus, VpcPeering
from ringwall.domain.region import zones
from ringwall.domain.tags import check_number, tags_of_specifications
from ringwall.domain.vpc import CidrAssociation, Subnet, Vpc

from .context import Answer, Context, Request
from .groups import DEFAULT_NAME, insert_default_group
from .lookup import vpc_by_id
from .trail import group_told
from .vpc_blocks import check_ipv6, names_pool, vpc_ipv4_block, vpc_ipv6_block
from .vpcs_described import created_vpc

DEFAULT_VPC_CIDR: Final = "172.31.0.0/16"
DEFAULT_SUBNET_LENGTH: Final = 20
TENANCIES: Final = ("default", "dedicated")


# --- The default VPC ---


def ensure_region(context: Context) -> None:
    """Gives the caller's account its default VPC in the region, if the region was never used; a deleted one stays so.

    The server calls this before the first operation of an authorized caller, in a transaction of its own.
    """
    caller = context.caller
    if context.transaction.region_exists(caller.account_id, caller.region):
        return
    context.transaction.create_region(caller.account_id, caller.region)
    _insert_default_vpc(context)


def create_default_vpc(context: Context, request: Request) -> Answer:
    """A new default VPC as EC2 makes them: 172.31.0.0/16 with a /20 in each zone, and its default group.

    Raises:
        DefaultVpcAlreadyExists: the region has one.
        VpcLimitExceeded: the region has as many VPCs as the quota allows.
    """
    if context.transaction.default_vpc(context.caller.account_id, context.caller.region) is not None:
        raise DefaultVpcAlreadyExists
    _check_room(context)
    return {"Vpc": created_vpc(_insert_default_vpc(context), {})}


def _insert_default_vpc(context: Context) -> Vpc:
    vpc = _new_vpc(context, DEFAULT_VPC_CIDR, is_default=True)
    context.transaction.insert_vpc(vpc)
    blocks = IPv4Network(DEFAULT_VPC_CIDR).subnets(new_prefix=DEFAULT_SUBNET_LENGTH)
    for zone, block in zip(zones(vpc.region), blocks, strict=False):
        subnet_id = context.ids.new("subnet")
        context.transaction.insert_subnet(
            Subnet(subnet_id, vpc.vpc_id, vpc.owner_id, vpc.region, str(block), zone, default_for_az=True)
        )
    insert_default_group(context, vpc)
    return vpc


# --- CreateVpc ---


def check_create_vpc(request: Request) -> None:
    """Refuses a missing CidrBlock, and what can't be said together about an IPv6 block."""
    if not request.get("CidrBlock") and not names_pool(request):
        raise MissingParameter.worded("cidrBlock", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    check_ipv6(request)


def create_vpc(context: Context, request: Request) -> Answer:
    """A new VPC with its default group.

    CidrBlock is stored without host bits. Ipv6CidrBlock may be any block of at most 64 bits' length, from whatever
    pool; AmazonProvidedIpv6CidrBlock gives a /56 of unique local addresses (RFC 4193), as there is no Amazon to ask;
    answers show it as Amazon's. The pool of a block that is given isn't kept.

    Raises:
        InvalidParameterValue: a block isn't one, or the tenancy isn't known.
        InvalidVpcRange: CidrBlock is shorter than /16 or longer than /28, or is link-local, loopback, multicast or in
            0.0.0.0/8; or Ipv6CidrBlock is longer than /64.
        InvalidParameterCombination: an IPv6 block is given and one is asked for too.
        TagLimitExceeded: there are too many tags.
        VpcLimitExceeded: the region has as many VPCs as the quota allows.
    """
    transaction, caller = context.transaction, context.caller
    cidr = vpc_ipv4_block(request["CidrBlock"])
    ipv6 = vpc_ipv6_block(context, request)
    tenancy = request.get("InstanceTenancy") or TENANCIES[0]
    if tenancy not in TENANCIES:
        raise InvalidParameterValue.of(tenancy, "instanceTenancy", f"Valid values are: {', '.join(TENANCIES)}.")
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.VPC)
    check_number(tags, context.quota.tags_per_resource_max)
    _check_room(context)
    vpc = _new_vpc(context, cidr, tenancy=tenancy, ipv6=ipv6)
    transaction.insert_vpc(vpc)
    insert_default_group(context, vpc)
    if tags:
        transaction.set_tags(caller.account_id, caller.region, vpc.vpc_id, tags)
    return {"Vpc": created_vpc(vpc, tags)}


def _check_room(context: Context) -> None:
    most = context.quota.vpcs_per_region_max
    if most is not None and len(context.transaction.vpcs(context.caller.account_id, context.caller.region)) >= most:
        raise VpcLimitExceeded


def _new_vpc(
    context: Context,
    cidr: str,
    *,
    is_default: bool = False,
    tenancy: str = TENANCIES[0],
    ipv6: CidrAssociation | None = None,
) -> Vpc:
    caller = context.caller
    others = context.transaction.vpcs(caller.account_id, caller.region)
    return Vpc(
        vpc_id=context.ids.new("vpc"),
        owner_id=caller.account_id,
        region=caller.region,
        is_default=is_default,
        # One set of DHCP options serves all VPCs of a region.
        dhcp_options_id=others[0].dhcp_options_id if others else context.ids.new("dopt"),
        ipv4=(CidrAssociation(context.ids.new("vpc-cidr-assoc"), cidr),),
        ipv6=(ipv6,) if ipv6 else (),
        instance_tenancy=tenancy,
        # EC2 turns host names on in default VPCs alone.
        enable_dns_hostnames=is_default,
    )


# --- DeleteVpc ---


def delete_vpc(context: Context, request: Request) -> Answer:
    """Nothing; the VPC is gone, with its default group, that group's rules and all tags. A default VPC may go too.

    Requests for a peering connection that nobody has answered are deleted with it. Rules of other VPCs that name its
    default group stay, as stale ones.

    Raises:
        InvalidVpcIDNotFound: there is no such VPC.
        DependencyViolation: it has a subnet, or a group besides the default one; or a group of another VPC is
            associated with it (EC2's page says that associated groups must go first); or it has an active peering
            connection (observed), or a request for one from another account (documented: it must be rejected first).
    """
    transaction = context.transaction
    vpc = vpc_by_id(context, request["VpcId"])
    own = transaction.groups_of_vpc(vpc.vpc_id)
    peerings = transaction.peerings_of_vpc(vpc.vpc_id)
    if (
        transaction.subnets(vpc.owner_id, vpc.region, vpc.vpc_id)
        or any(group.name != DEFAULT_NAME for group in own)
        or transaction.vpc_associations(vpc.owner_id, vpc.region, vpc_id=vpc.vpc_id)
        or any(_holds(context, vpc, peering) for peering in peerings)
    ):
        raise DependencyViolation.of("vpc", vpc.vpc_id)
    for peering in peerings:
        if peering.status_at(context.now) is PeeringStatus.PENDING_ACCEPTANCE:
            transaction.update_peering(
                replace(peering, status=PeeringStatus.DELETED, ended_at=context.now, ended_by=vpc.owner_id)
            )
    for group in own:
        transaction.note(before=group_told(group, transaction.rules_of([group.group_id])[group.group_id]))
        transaction.delete_group(group)
    transaction.delete_vpc(vpc)
    return {}


def _holds(context: Context, vpc: Vpc, peering: VpcPeering) -> bool:
    """Whether the connection keeps the VPC from being deleted."""
    status = peering.status_at(context.now)
    asked_by_others = peering.requester.owner_id != vpc.owner_id
    return status is PeeringStatus.ACTIVE or (status is PeeringStatus.PENDING_ACCEPTANCE and asked_by_others)
