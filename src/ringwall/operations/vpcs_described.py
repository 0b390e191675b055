"""VPCs as answers show them, and the operation that shows them all.

Source: EC2 API Reference, DescribeVpcs; ec2-behaviour 3.15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Network
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import MissingParameter
from ringwall.domain.filters import FilterTable, flag, select
from ringwall.domain.tags import as_answered
from ringwall.domain.vpc import CidrAssociation, Vpc

from .context import Answer, Context, Request
from .lookup import all_found, page

NOT_BLOCKED: Final[Mapping[str, str]] = {"InternetGatewayBlockMode": "off"}
"""The state of VPC Block Public Access: there are no internet gateways here whose traffic it would block."""

AMAZON_POOL: Final = "Amazon"
"""The pool of the blocks that AmazonProvidedIpv6CidrBlock asks for; clients tell by it that one was asked for."""


@dataclass(frozen=True, slots=True)
class _TaggedVpc:
    """A VPC with its tags, as filters see it."""

    vpc: Vpc
    tags: Mapping[str, str]


FILTERS: Final[FilterTable[_TaggedVpc]] = FilterTable(
    values={
        # `cidrBlock` and the like are EC2's older spellings, which clients still send.
        **dict.fromkeys(("cidr", "cidr-block", "cidrBlock"), lambda each: (each.vpc.cidr_block,)),
        "cidr-block-association.cidr-block": lambda each: _blocks(each.vpc.ipv4),
        "cidr-block-association.association-id": lambda each: _association_ids(each.vpc.ipv4),
        "cidr-block-association.state": lambda each: ("associated",),
        **dict.fromkeys(("dhcp-options-id", "dhcpOptionsId"), lambda each: (each.vpc.dhcp_options_id,)),
        "ipv6-cidr-block-association.ipv6-cidr-block": lambda each: _blocks(each.vpc.ipv6),
        "ipv6-cidr-block-association.association-id": lambda each: _association_ids(each.vpc.ipv6),
        "ipv6-cidr-block-association.ipv6-pool": lambda each: (AMAZON_POOL,) * any(map(is_provided, each.vpc.ipv6)),
        "ipv6-cidr-block-association.state": lambda each: ("associated",) if each.vpc.ipv6 else (),
        **dict.fromkeys(("is-default", "isDefault"), lambda each: (flag(each.vpc.is_default),)),
        "owner-id": lambda each: (each.vpc.owner_id,),
        "state": lambda each: ("available",),
        "tag-key": lambda each: each.tags.keys(),
        "tag-value": lambda each: each.tags.values(),
        "vpc-id": lambda each: (each.vpc.vpc_id,),
    },
    tags_of=lambda each: each.tags,
)


def _blocks(associations: Sequence[CidrAssociation]) -> list[str]:
    return [each.cidr_block for each in associations]


def _association_ids(associations: Sequence[CidrAssociation]) -> list[str]:
    return [each.association_id for each in associations]


def check_vpc_named(request: Request) -> None:
    """Refuses a missing or malformed VPC id."""
    if request.get("VpcId") is None:
        raise MissingParameter("vpcId")
    ids.VPC.check(request["VpcId"])


def check_describe_vpcs(request: Request) -> None:
    """Refuses malformed VPC ids."""
    ids.VPC.check_all(request.get("VpcIds"))


def describe_vpcs(context: Context, request: Request) -> Answer:
    """The VPCs that the request names, or all, of those the ones that its filters let through, page by page.

    Raises:
        InvalidVpcIDNotFound: a VPC that it names doesn't exist.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    transaction, caller = context.transaction, context.caller
    filters = FILTERS.read(request.get("Filters"))
    vpc_ids = request.get("VpcIds")
    vpcs = (
        all_found(ids.VPC, transaction.vpc, context, vpc_ids)
        if vpc_ids
        else transaction.vpcs(caller.account_id, caller.region)
    )
    tags = transaction.tags(caller.account_id, caller.region, [vpc.vpc_id for vpc in vpcs])
    chosen = select(filters, [_TaggedVpc(vpc, tags[vpc.vpc_id]) for vpc in vpcs])
    shown, next_token = page(context, request, chosen, lambda each: (each.vpc.vpc_id,))
    return {"Vpcs": [_described(each) for each in shown], "NextToken": next_token}


def _described(each: _TaggedVpc) -> dict[str, Any]:
    vpc = each.vpc
    answer = _vpc_answer(vpc) | {"State": "available", "BlockPublicAccessStates": NOT_BLOCKED}
    if vpc.ipv6:
        answer["Ipv6CidrBlockAssociationSet"] = [vpc_ipv6_association(vpc, block, "associated") for block in vpc.ipv6]
    return answer | ({"Tags": as_answered(each.tags)} if each.tags else {})


def created_vpc(vpc: Vpc, tags: Mapping[str, str]) -> dict[str, Any]:
    """A VPC as the operation that made it answers: pending, with every set, empty ones too (observed)."""
    return _vpc_answer(vpc) | {
        "State": "pending",
        "Ipv6CidrBlockAssociationSet": [vpc_ipv6_association(vpc, block, "associating") for block in vpc.ipv6],
        "Tags": as_answered(tags),
    }


def _vpc_answer(vpc: Vpc) -> dict[str, Any]:
    return {
        "VpcId": vpc.vpc_id,
        "OwnerId": vpc.owner_id,
        "CidrBlock": vpc.cidr_block,
        "CidrBlockAssociationSet": [ipv4_association(block, "associated") for block in vpc.ipv4],
        "DhcpOptionsId": vpc.dhcp_options_id,
        "InstanceTenancy": vpc.instance_tenancy,
        "IsDefault": vpc.is_default,
    }


def ipv4_association(block: CidrAssociation, state: str) -> dict[str, Any]:
    """An IPv4 block of a VPC, as answers show it."""
    return {
        "AssociationId": block.association_id,
        "CidrBlock": block.cidr_block,
        "CidrBlockState": {"State": state},
    }


def vpc_ipv6_association(vpc: Vpc, block: CidrAssociation, state: str) -> dict[str, Any]:
    """An IPv6 block of a VPC, as answers show it. The pool of one that was given isn't kept."""
    provided = is_provided(block)
    return ipv6_association(block.association_id, block.cidr_block, state, provided=provided) | {
        "Ipv6Pool": AMAZON_POOL if provided else None,
        "NetworkBorderGroup": vpc.region,
    }


def provided_block(association_id: str) -> str:
    """The block that AmazonProvidedIpv6CidrBlock gives, by the id of its association: a /56 of unique local addresses.

    Its global id of 40 bits and subnet id of 8 are a digest of the association's id, which is random. So nothing needs
    to be stored for `is_provided` to tell it from a block that was given.
    """
    start = b"\xfd" + sha256(association_id.encode()).digest()[:6]
    return str(IPv6Network((start.ljust(16, b"\0"), 56)))


def is_provided(block: CidrAssociation) -> bool:
    """Whether AmazonProvidedIpv6CidrBlock made this block of a VPC."""
    return block.cidr_block == provided_block(block.association_id)


def ipv6_association(association_id: str | None, cidr: str, state: str, *, provided: bool) -> dict[str, Any]:
    """An IPv6 block of a VPC or subnet, as answers show it: public if the internet would carry it, and then one's own.

    One that is `provided` is Amazon's and public, as EC2 shows those, though its addresses are local.

    Source: EC2 API Reference, VpcIpv6CidrBlockAssociation (`none` indicates private space).
    """
    public = IPv6Network(cidr).is_global
    return {
        "AssociationId": association_id,
        "Ipv6CidrBlock": cidr,
        "Ipv6CidrBlockState": {"State": state},
        "Ipv6AddressAttribute": "public" if public or provided else "private",
        "IpSource": "amazon" if provided else "byoip" if public else "none",
    }
