"""Security groups described: found by ids, names and filters, with their rules as permissions.

Source: EC2 API Reference, DescribeSecurityGroups; ec2-behaviour 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

from ringwall.domain import change as changes
from ringwall.domain import ids
from ringwall.domain.change import Change
from ringwall.domain.filters import Filter, FilterTable, lets_through
from ringwall.domain.group import Direction, RuleRow, SecurityGroup, SecurityGroupRule
from ringwall.domain.peer import PeerKind
from ringwall.domain.permission import StatusOf, permissions_of_rows
from ringwall.domain.tags import as_answered
from ringwall.domain.traffic import Traffic
from ringwall.domain.vpc import Vpc

from .context import Answer, Context, Request
from .lookup import (
    all_found,
    arn,
    group_by_name,
    page,
    page_in_order,
    peering_statuses,
    refuse_pages_of_ids,
    stretches,
)

_GROUPS_AT_ONCE: Final = 64
_INGRESS: Final = Direction.INGRESS.value
_BY_ID_ALONE: Final = frozenset({"GroupIds", "DryRun"})
_KEPT_MAX: Final = 20
"""Groups in one answer that may be taken from what is kept: that is done at a stretch, on the event loop."""


@dataclass(frozen=True, slots=True)
class _Described:
    """A group with what filters ask of it. rules: none where no filter asks for them."""

    group: SecurityGroup
    tags: Mapping[str, str]
    rules: Iterable[SecurityGroupRule]


def _rule_values(direction: Direction, kind: PeerKind | None, member: str) -> Any:
    """What the filter of one member sees in the rules of one direction."""

    def values(described: _Described) -> list[str]:
        return [
            text
            for rule in described.rules
            if rule.direction is direction and kind in (None, rule.peer.kind)
            for text in _RULE_MEMBERS[member](described, rule)
        ]

    return values


def _ports(number: int, traffic: Traffic) -> tuple[str, ...]:
    return (str(number),) if traffic.has_ports or traffic.has_icmp_type else ()


_RULE_MEMBERS: Final[Mapping[str, Any]] = {
    "peer": lambda described, rule: (rule.peer.value,),
    "protocol": lambda described, rule: (rule.traffic.protocol,),
    "from-port": lambda described, rule: _ports(rule.traffic.from_port, rule.traffic),
    "to-port": lambda described, rule: _ports(rule.traffic.to_port, rule.traffic),
    "user-id": lambda described, rule: (described.group.owner_id,),
    # Rules remember the group's id, not its name: the filter finds nothing (observed for rules made by id).
    "group-name": lambda described, rule: (),
}

_RULE_FILTERS: Final = {
    "cidr": (PeerKind.CIDR_IPV4, "peer"),
    "ipv6-cidr": (PeerKind.CIDR_IPV6, "peer"),
    "prefix-list-id": (PeerKind.PREFIX_LIST, "peer"),
    "group-id": (PeerKind.GROUP, "peer"),
    "user-id": (PeerKind.GROUP, "user-id"),
    "group-name": (PeerKind.GROUP, "group-name"),
    "protocol": (None, "protocol"),
    "from-port": (None, "from-port"),
    "to-port": (None, "to-port"),
}

FILTERS: Final[FilterTable[_Described]] = FilterTable(
    values={
        "description": lambda described: (described.group.description,),
        "group-id": lambda described: (described.group.group_id,),
        "group-name": lambda described: (described.group.name,),
        "owner-id": lambda described: (described.group.owner_id,),
        "vpc-id": lambda described: (described.group.vpc_id,),
        "tag-key": lambda described: described.tags.keys(),
        "tag-value": lambda described: described.tags.values(),
        **{
            f"{prefix}ip-permission.{name}": _rule_values(direction, kind, member)
            for prefix, direction in (("", Direction.INGRESS), ("egress.", Direction.EGRESS))
            for name, (kind, member) in _RULE_FILTERS.items()
        },
    },
    tags_of=lambda described: described.tags,
)
"""The filters of DescribeSecurityGroups."""


def check_describe(request: Request) -> None:
    """Refuses malformed group ids."""
    ids.GROUP.check_all(request.get("GroupIds"))


def describe_security_groups(context: Context, request: Request) -> Answer:
    """The groups that the request names, or all, of those the ones that its filters let through, page by page.

    GroupIds and GroupNames together name the groups of both (chosen). Several rule filters may be met by different
    rules.

    Raises:
        InvalidGroupNotFound: a group that it names doesn't exist.
        InvalidParameterCombination: GroupIds and MaxResults together.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    refuse_pages_of_ids(request, "GroupIds", "The parameter groupIds cannot be used with the parameter maxResults")
    kept = _kept(context, request)
    if kept is not None:
        return {"SecurityGroups": kept}
    filters = FILTERS.read(request.get("Filters"))
    candidates = _candidates(context, request, filters)

    def let_through(groups: Iterable[SecurityGroup]) -> Iterator[SecurityGroup]:
        if not filters:
            return iter(groups)
        by_rule = any("ip-permission." in each.name for each in filters)
        return (each.group for each in _described(context, groups, with_rules=by_rule) if lets_through(filters, each))

    if candidates is None and (request.get("MaxResults") is not None or request.get("NextToken")):
        groups, next_token = page_in_order(context, request, partial(_groups_after, context, let_through), _id)
    else:
        if candidates is None:
            candidates = context.transaction.groups(context.caller.account_id, context.caller.region)
        groups, next_token = page(context, request, let_through(candidates), lambda group: (group.group_id,))
    return {"SecurityGroups": _answers(context, groups), "NextToken": next_token}


def _kept(context: Context, request: Request) -> list[Any] | None:
    """The groups that the request names, as they are kept or from now on are; None if it asks for anything else."""
    kept, reader, caller = context.groups_described, context.transaction, context.caller
    group_ids = request.get("GroupIds")
    if kept is None or not group_ids or len(group_ids) > _KEPT_MAX or not request.keys() <= _BY_ID_ALONE:
        return None
    keys = [(caller.account_id, caller.region, group_id) for group_id in dict.fromkeys(group_ids)]
    found = [kept.find(reader, key) for key in keys]
    if None not in found:
        return found
    # One that isn't kept is read, and then all are: so the answer is of one state.
    groups = all_found(ids.GROUP, reader.group, context, group_ids)
    return [kept.keep(reader, key, each) for key, each in zip(keys, _answers(context, groups), strict=True)]


def _candidates(
    context: Context, request: Request, filters: Sequence[Filter[_Described]]
) -> list[SecurityGroup] | None:
    """The groups that the request names, or the only ones that a filter can let through; None for all."""
    transaction, caller = context.transaction, context.caller
    group_ids, names = request.get("GroupIds"), request.get("GroupNames")
    if group_ids or names:
        named = all_found(ids.GROUP, transaction.group, context, group_ids or ())
        named += map(partial(group_by_name, context), names or ())
        return list({group.group_id: group for group in named}.values())
    exact = {each.name: each.texts for each in filters if not each.patterns}
    if "group-id" in exact:
        found = (transaction.group(caller.account_id, caller.region, group_id) for group_id in exact["group-id"])
        return sorted((group for group in found if group is not None), key=_id)
    if "vpc-id" not in exact and "group-name" not in exact:
        return None
    vpcs = transaction.vpcs(caller.account_id, caller.region)
    of_vpc = partial(_groups_of_vpc, context, exact.get("group-name"))
    return [group for vpc in vpcs if vpc.vpc_id in exact.get("vpc-id", (vpc.vpc_id,)) for group in of_vpc(vpc)]


def _groups_of_vpc(context: Context, names: Iterable[str] | None, vpc: Vpc) -> list[SecurityGroup]:
    """The groups of a VPC, or those of these names only: letter case aside, which the filter looks at itself."""
    if names is None:
        return context.transaction.groups_of_vpc(vpc.vpc_id)
    found = (context.transaction.group_by_name(vpc.vpc_id, name) for name in names)
    return sorted({group for group in found if group is not None}, key=_id)


def _groups_after(
    context: Context,
    let_through: Callable[[Iterable[SecurityGroup]], Iterator[SecurityGroup]],
    group_id: str,
    number: int,
) -> Iterator[SecurityGroup]:
    for groups in stretches(context.transaction.groups_after, _id, context, group_id, number):
        yield from let_through(groups)


def _id(group: SecurityGroup) -> str:
    return group.group_id


def _described(context: Context, groups: Iterable[SecurityGroup], *, with_rules: bool) -> Iterator[_Described]:
    """The groups with their tags and rules, read as they are asked for."""
    for some, group_ids, tags in _with_tags(context, groups):
        rules = context.transaction.rules_of(group_ids) if with_rules else {}
        for group in some:
            yield _Described(group, tags[group.group_id], rules.get(group.group_id, ()))


def _with_tags(
    context: Context, groups: Iterable[SecurityGroup]
) -> Iterator[tuple[list[SecurityGroup], list[str], dict[str, dict[str, str]]]]:
    """So many groups at a time, their ids and their tags."""
    coming = iter(groups)
    while some := list(islice(coming, _GROUPS_AT_ONCE)):
        group_ids = [group.group_id for group in some]
        yield some, group_ids, context.transaction.tags(context.caller.account_id, context.caller.region, group_ids)


def _answers(context: Context, groups: Iterable[SecurityGroup]) -> Iterator[dict[str, Any]]:
    """The groups as they are described, read as they are asked for."""
    status_of = peering_statuses(context)
    for some, group_ids, tags in _with_tags(context, groups):
        rows = context.transaction.rule_rows_of(group_ids)
        for group in some:
            yield _answer(context, group, tags[group.group_id], rows[group.group_id], status_of)


def _answer(
    context: Context, group: SecurityGroup, tags: Mapping[str, str], rows: Sequence[RuleRow], status_of: StatusOf
) -> dict[str, Any]:
    ingress = [row for row in rows if row[0] == _INGRESS]
    egress = [row for row in rows if row[0] != _INGRESS]
    answer: dict[str, Any] = {
        "OwnerId": group.owner_id,
        "GroupId": group.group_id,
        "GroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc_id,
        "SecurityGroupArn": arn(context, ids.GROUP, group.group_id),
        "IpPermissions": permissions_of_rows(ingress, group.owner_id, status_of),
        "IpPermissionsEgress": permissions_of_rows(egress, group.owner_id, status_of),
    }
    if tags:  # a group without tags has no tagSet here, not an empty one (observed)
        answer["Tags"] = as_answered(tags)
    return answer


# --- What an answer depends on ---

_NOT_SHOWN: Final = (
    changes.VpcCreated, changes.VpcChanged, changes.VpcDeleted, changes.SubnetCreated, changes.SubnetDeleted,
    changes.GroupAssociated, changes.GroupDisassociated, changes.InterfaceCreated, changes.InterfaceDeleted,
    changes.InterfaceChanged, changes.InterfaceGroupsChanged, changes.InterfaceAttached, changes.InterfaceDetached,
    changes.HostEnrolled, changes.HostRemoved, changes.HostModeChanged, changes.AddressesChanged,
    changes.PrefixListCreated, changes.PrefixListChanged, changes.PrefixListDeleted, changes.DrainStarted,
    changes.DrainEnded,
)  # fmt: skip


def described_otherwise(change: Change) -> Collection[str] | None:
    """The ids of the groups whose description may be another one after this change; None if any group's may be.

    The latter are changes of peering connections, whose status is shown with rules, and kinds that aren't named here.
    """
    match change:
        case changes.GroupCreated() | changes.GroupDeleted() | changes.RulesAdded() | changes.RulesRemoved():
            return (change.group_id,)
        case changes.TagsChanged():
            return change.resource_ids
        case _:
            return () if isinstance(change, _NOT_SHOWN) else None
