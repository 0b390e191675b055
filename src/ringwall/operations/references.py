"""What groups have to do with other VPCs: who names them there, which rules went stale, which groups a VPC can use.

Only references across VPCs are told. There are no transit gateways here, so none goes over one.

Source: EC2 API Reference, DescribeSecurityGroupReferences, DescribeStaleSecurityGroups, GetSecurityGroupsForVpc;
ec2-behaviour 3.9 to 3.11; recorded/peered-reference-and-stale-groups.json, localstack-ec2-snapshots.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import InvalidParameterValue, MissingParameter
from ringwall.domain.filters import FilterTable, select
from ringwall.domain.group import Direction, PeerReference, SecurityGroup, SecurityGroupRule
from ringwall.domain.peering import PeeringStatus
from ringwall.domain.tags import as_answered
from ringwall.domain.traffic import Traffic
from ringwall.store.base import Reader

from .associations import is_usable_in
from .context import Answer, Context, Request
from .lookup import all_found, page, vpc_by_id

_STALE_RESULTS_MAX: Final = 255
_TOKEN_LENGTH_MAX: Final = 1024


def is_stale(reader: Reader, group: SecurityGroup, rule: SecurityGroupRule) -> bool:
    """Whether the rule of this group names a group that is gone, or that nothing makes reachable any more.

    What made it reachable was a peering connection, which must be active, or the association of one of the two groups
    with the VPC of the other. A rule that names something of its own VPC can't be stale.
    """
    reference = rule.reference
    if reference is None:
        return False
    named = reader.group(reference.owner_id, group.region, rule.peer.value)
    if named is None:
        return True
    if reference.peering_id is None:
        return not (is_usable_in(reader, named, group.vpc_id) or is_usable_in(reader, group, named.vpc_id))
    peering = reader.peering(group.owner_id, group.region, reference.peering_id)
    return peering is None or peering.status is not PeeringStatus.ACTIVE


def check_vpc_named(request: Request) -> None:
    """Refuses a missing or malformed VPC id."""
    if not request.get("VpcId"):
        raise MissingParameter("vpcId")
    ids.VPC.check(request["VpcId"])


# --- DescribeSecurityGroupReferences ---


def check_references(request: Request) -> None:
    """Refuses a request without groups, and malformed ids."""
    if not request.get("GroupId"):
        raise MissingParameter("groupIdSet")
    ids.GROUP.check_all(request["GroupId"])


def describe_security_group_references(context: Context, request: Request) -> Answer:
    """For each group the VPCs whose rules name it across an active peering connection, each with the connection.

    A stale rule isn't told, nor one that names the group by its association with the rule's VPC: EC2 speaks only of
    VPCs on the other side of a connection (both chosen).

    Raises:
        InvalidGroupNotFound: a group doesn't exist.
    """
    found: dict[tuple[str, str, str], None] = {}
    for group in all_found(ids.GROUP, context.transaction.group, context, request["GroupId"]):
        for rule in context.transaction.rules_referencing(group.group_id):
            if rule.reference is None or rule.reference.peering_id is None:
                continue
            referencing = context.transaction.group(group.owner_id, group.region, rule.group_id)
            if referencing is not None and not is_stale(context.transaction, referencing, rule):
                found[group.group_id, referencing.vpc_id, rule.reference.peering_id] = None
    members = ("GroupId", "ReferencingVpcId", "VpcPeeringConnectionId")
    return {"SecurityGroupReferenceSet": [dict(zip(members, each, strict=True)) for each in found]}


# --- DescribeStaleSecurityGroups ---


def describe_stale_security_groups(context: Context, request: Request) -> Answer:
    """The groups of the VPC that have stale rules, with these as permissions, page by page.

    A rule is stale when the group that it names across VPCs is deleted, or when the peering connection or association
    that made it reachable is gone. The pairs hold no account; peeringStatus is the connection's, even `active` (both
    observed). Other peers can't be stale, so that ipRanges and prefixListIds are absent (observed).

    Raises:
        InvalidVpcIDNotFound: there is no such VPC.
        InvalidParameterValue: MaxResults isn't 5 to 255, or NextToken can't be read or is longer than 1,024.
    """
    if len(request.get("NextToken") or "") > _TOKEN_LENGTH_MAX:
        raise InvalidParameterValue(f"The length of nextToken must be at most {_TOKEN_LENGTH_MAX}.")
    vpc = vpc_by_id(context, request["VpcId"])
    groups = {group.group_id: group for group in context.transaction.groups_of_vpc(vpc.vpc_id)}
    stale: dict[str, list[SecurityGroupRule]] = {}
    for group_id, rules in context.transaction.rules_of(groups).items():
        for rule in rules:
            if is_stale(context.transaction, groups[group_id], rule):
                stale.setdefault(group_id, []).append(rule)
    shown, next_token = page(context, request, stale, lambda group_id: (group_id,), largest=_STALE_RESULTS_MAX)
    answers = [_stale_answer(context, groups[group_id], stale[group_id]) for group_id in shown]
    return {"StaleSecurityGroupSet": answers, "NextToken": next_token}


def _stale_answer(context: Context, group: SecurityGroup, rules: Iterable[SecurityGroupRule]) -> dict[str, Any]:
    permissions: dict[Direction, dict[Traffic, dict[str, Any]]] = {direction: {} for direction in Direction}
    for rule in rules:
        assert rule.reference is not None, "only what names a group of another VPC is stale"
        shown = permissions[rule.direction].setdefault(rule.traffic, _empty_permission(rule.traffic))
        shown["UserIdGroupPairs"].append(_pair(context, rule, rule.reference))
    return {
        "GroupId": group.group_id,
        "GroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc_id,
        "StaleIpPermissions": list(permissions[Direction.INGRESS].values()),
        "StaleIpPermissionsEgress": list(permissions[Direction.EGRESS].values()),
    }


def _empty_permission(traffic: Traffic) -> dict[str, Any]:
    has_range = traffic.has_ports or traffic.has_icmp_type
    return {
        "IpProtocol": traffic.protocol,
        "FromPort": traffic.from_port if has_range else None,
        "ToPort": traffic.to_port if has_range else None,
        "UserIdGroupPairs": [],
    }


def _pair(context: Context, rule: SecurityGroupRule, reference: PeerReference) -> dict[str, Any]:
    caller = context.caller
    peering_id = reference.peering_id
    peering = context.transaction.peering(caller.account_id, caller.region, peering_id) if peering_id else None
    return {
        "GroupId": rule.peer.value,
        "VpcId": reference.vpc_id,
        "VpcPeeringConnectionId": peering_id,
        "PeeringStatus": str(peering.status_at(context.now)) if peering else None,
        "Description": rule.description,
    }


# --- GetSecurityGroupsForVpc ---


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A group with its tags, as filters see it."""

    group: SecurityGroup
    tags: Mapping[str, str]


FILTERS_FOR_VPC: Final[FilterTable[_Tagged]] = FilterTable(
    values={
        "description": lambda each: (each.group.description,),
        "group-id": lambda each: (each.group.group_id,),
        "group-name": lambda each: (each.group.name,),
        "owner-id": lambda each: (each.group.owner_id,),
        "primary-vpc-id": lambda each: (each.group.vpc_id,),
    },
    tags_of=lambda each: each.tags,
)


def get_security_groups_for_vpc(context: Context, request: Request) -> Answer:
    """The groups that interfaces of the VPC may carry: its own, the default one first, then those associated with it.

    Raises:
        InvalidVpcIDNotFound: there is no such VPC.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    transaction, place = context.transaction, (context.caller.account_id, context.caller.region)
    filters = FILTERS_FOR_VPC.read(request.get("Filters"))
    vpc = vpc_by_id(context, request["VpcId"])
    groups = transaction.groups_of_vpc(vpc.vpc_id)
    associated = [
        transaction.group(*place, each.group_id) for each in transaction.vpc_associations(*place, vpc_id=vpc.vpc_id)
    ]
    groups += [group for group in associated if group is not None]
    tags = transaction.tags(*place, [group.group_id for group in groups])
    chosen = select(filters, [_Tagged(group, tags[group.group_id]) for group in groups])
    shown, next_token = page(context, request, chosen, lambda each: (each.group.group_id,))
    return {"SecurityGroupForVpcs": [_answer_for_vpc(each) for each in shown], "NextToken": next_token}


def _answer_for_vpc(each: _Tagged) -> dict[str, Any]:
    # A group without tags has an empty tagSet here, other than in DescribeSecurityGroups (observed).
    return {
        "Description": each.group.description,
        "GroupId": each.group.group_id,
        "GroupName": each.group.name,
        "OwnerId": each.group.owner_id,
        "PrimaryVpcId": each.group.vpc_id,
        "Tags": as_answered(each.tags),
    }
