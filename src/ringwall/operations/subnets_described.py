"""Subnets as answers show them, and the operation that shows them all.

Source: EC2 API Reference, DescribeSubnets; ec2-behaviour 3.16.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.filters import FilterTable, flag, select
from ringwall.domain.region import zone_id
from ringwall.domain.tags import as_answered
from ringwall.domain.vpc import Subnet, Vpc

from .context import Answer, Context, Request
from .lookup import all_found, page
from .vpcs_described import NOT_BLOCKED, ipv6_association, is_provided

_RESERVED_ADDRESSES: Final = 5
"""In each IPv4 subnet EC2 keeps the first four addresses and the last."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A subnet with its tags and the number of its free IPv4 addresses, as filters see it."""

    subnet: Subnet
    tags: Mapping[str, str]
    free: int


FILTERS: Final[FilterTable[_Shown]] = FilterTable(
    values={
        **dict.fromkeys(("availability-zone", "availabilityZone"), lambda each: (each.subnet.availability_zone,)),
        **dict.fromkeys(
            ("availability-zone-id", "availabilityZoneId"), lambda each: (zone_id(each.subnet.availability_zone),)
        ),
        "available-ip-address-count": lambda each: (str(each.free),),
        **dict.fromkeys(("cidr-block", "cidr", "cidrBlock"), lambda each: (each.subnet.cidr_block,)),
        **dict.fromkeys(("default-for-az", "defaultForAz"), lambda each: (flag(each.subnet.default_for_az),)),
        "enable-dns64": lambda each: ("false",),
        "ipv6-cidr-block-association.ipv6-cidr-block": lambda each: _some(each.subnet.ipv6_cidr_block),
        "ipv6-cidr-block-association.association-id": lambda each: _some(each.subnet.ipv6_association_id),
        "ipv6-cidr-block-association.state": lambda each: ("associated",) if each.subnet.ipv6_cidr_block else (),
        "ipv6-native": lambda each: ("false",),
        "map-customer-owned-ip-on-launch": lambda each: ("false",),
        "map-public-ip-on-launch": lambda each: (flag(_maps_public_ip(each.subnet)),),
        "owner-id": lambda each: (each.subnet.owner_id,),
        "private-dns-name-options-on-launch.hostname-type": lambda each: ("ip-name",),
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": lambda each: ("false",),
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": lambda each: ("false",),
        "state": lambda each: ("available",),
        "subnet-arn": lambda each: (_arn(each.subnet),),
        "subnet-id": lambda each: (each.subnet.subnet_id,),
        "tag-key": lambda each: each.tags.keys(),
        "tag-value": lambda each: each.tags.values(),
        **dict.fromkeys(("vpc-id", "vpcId"), lambda each: (each.subnet.vpc_id,)),
    },
    tags_of=lambda each: each.tags,
    barren=frozenset({"customer-owned-ipv4-pool", "enable-lni-at-device-index", "outpost-arn"}),
)


def _some(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _arn(subnet: Subnet) -> str:
    return ids.arn("subnet", subnet.region, subnet.owner_id, subnet.subnet_id)


def _maps_public_ip(subnet: Subnet) -> bool:
    # As EC2 has it of default subnets, though nobody gives a host an address here but its own network.
    return subnet.default_for_az


def check_describe_subnets(request: Request) -> None:
    """Refuses malformed subnet ids."""
    ids.SUBNET.check_all(request.get("SubnetIds"))


def describe_subnets(context: Context, request: Request) -> Answer:
    """The subnets that the request names, or all, of those the ones that its filters let through, page by page.

    Raises:
        InvalidSubnetIDNotFound: a subnet that it names doesn't exist.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    transaction, caller = context.transaction, context.caller
    filters = FILTERS.read(request.get("Filters"))
    subnet_ids = request.get("SubnetIds")
    subnets = (
        all_found(ids.SUBNET, transaction.subnet, context, subnet_ids)
        if subnet_ids
        else transaction.subnets(caller.account_id, caller.region)
    )
    tags = transaction.tags(caller.account_id, caller.region, [subnet.subnet_id for subnet in subnets])
    taken = Counter[str]()
    for interface in transaction.interfaces(caller.account_id, caller.region):
        taken[interface.subnet_id] += len(interface.private_ips)
    candidates = [_Shown(each, tags[each.subnet_id], _free(each, taken[each.subnet_id])) for each in subnets]
    shown, next_token = page(context, request, select(filters, candidates), lambda each: (each.subnet.subnet_id,))
    vpcs = {vpc.vpc_id: vpc for vpc in transaction.vpcs(caller.account_id, caller.region)}
    return {"Subnets": [_described(each, vpcs[each.subnet.vpc_id]) for each in shown], "NextToken": next_token}


def _free(subnet: Subnet, taken: int) -> int:
    # Hosts may hold what EC2 would have reserved.
    return max(IPv4Network(subnet.cidr_block).num_addresses - _RESERVED_ADDRESSES - taken, 0)


def _described(each: _Shown, vpc: Vpc) -> dict[str, Any]:
    answer = _subnet_answer(each.subnet, vpc, each.tags, each.free, "associated")
    return answer | {"BlockPublicAccessStates": NOT_BLOCKED}


def created_subnet(subnet: Subnet, vpc: Vpc, tags: Mapping[str, str]) -> dict[str, Any]:
    """A subnet as the operation that made it answers: with all its addresses free, its IPv6 block `associating`."""
    return _subnet_answer(subnet, vpc, tags, _free(subnet, 0), "associating")


def _ipv6_associations(subnet: Subnet, vpc: Vpc, state: str) -> list[dict[str, Any]]:
    cidr = subnet.ipv6_cidr_block
    if cidr is None:
        return []
    # A block is what the one is that it lies in.
    provided = any(is_provided(each) and IPv6Network(cidr).subnet_of(IPv6Network(each.cidr_block)) for each in vpc.ipv6)
    return [ipv6_association(subnet.ipv6_association_id, cidr, state, provided=provided)]


def _subnet_answer(subnet: Subnet, vpc: Vpc, tags: Mapping[str, str], free: int, ipv6_state: str) -> dict[str, Any]:
    return {
        "SubnetId": subnet.subnet_id,
        "SubnetArn": _arn(subnet),
        "OwnerId": subnet.owner_id,
        "VpcId": subnet.vpc_id,
        "State": "available",
        "CidrBlock": subnet.cidr_block,
        "AvailableIpAddressCount": free,
        "AvailabilityZone": subnet.availability_zone,
        "AvailabilityZoneId": zone_id(subnet.availability_zone),
        "DefaultForAz": subnet.default_for_az,
        "MapPublicIpOnLaunch": _maps_public_ip(subnet),
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": False,
        "EnableDns64": False,
        "Ipv6Native": False,
        "Ipv6CidrBlockAssociationSet": _ipv6_associations(subnet, vpc, ipv6_state),
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "Tags": as_answered(tags) or None,
    }
