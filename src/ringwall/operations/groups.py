"""Security groups themselves: made, deleted, described.

Source: EC2 API Reference, CreateSecurityGroup, DeleteSecurityGroup, DescribeSecurityGroups; ec2-behaviour 3.1 to 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    CannotDelete,
    DependencyViolation,
    InvalidGroupDuplicate,
    InvalidParameterValue,
    MissingParameter,
    SecurityGroupLimitExceeded,
    VPCIdNotSpecified,
)
from ringwall.domain.filters import Filter, FilterTable, lets_through
from ringwall.domain.group import Direction, RuleRow, SecurityGroup, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.permission import DESCRIPTION_CHARACTERS, StatusOf, is_plain_text, permissions_of_rows
from ringwall.domain.tags import as_answered, check_number, tags_of_specifications
from ringwall.domain.traffic import ALL_PROTOCOLS, Traffic
from ringwall.domain.vpc import Vpc

from .context import Answer, Context, Request
from .lookup import (
    all_found,
    arn,
    check_group_named,
    group_by_name,
    named_group,
    page,
    page_in_order,
    peering_statuses,
    refuse_pages_of_ids,
    stretches,
    vpc_by_id,
)

DEFAULT_NAME: Final = "default"
DEFAULT_DESCRIPTION: Final = "default VPC security group"
ALL_TRAFFIC: Final = Traffic(ALL_PROTOCOLS)
_GROUPS_AT_ONCE: Final = 64
_INGRESS: Final = Direction.INGRESS.value
ANYWHERE_IPV4: Final = Peer(PeerKind.CIDR_IPV4, "0.0.0.0/0")
ANYWHERE_IPV6: Final = Peer(PeerKind.CIDR_IPV6, "::/0")


# --- CreateSecurityGroup ---


def check_create(request: Request) -> None:
    """Refuses a missing name or description and a malformed VPC id. An empty VpcId counts as absent (observed)."""
    if not (request.get("GroupName") or "").rstrip(" "):
        raise MissingParameter("GroupName")
    if not request.get("Description"):
        raise MissingParameter("GroupDescription")
    if request.get("VpcId"):
        ids.VPC.check(request["VpcId"])


def create_security_group(context: Context, request: Request) -> Answer:
    """A new group in VpcId, or else the default VPC, with EC2's first egress rules.

    Raises:
        InvalidParameterValue: the name or description holds other characters than EC2 allows, or is too long; the name
            is `default` or begins with `sg-`; a tag is refused.
        InvalidVpcIDNotFound: VpcId doesn't exist.
        VPCIdNotSpecified: none is given, and there is no default VPC.
        InvalidGroupDuplicate: the VPC has a group of that name.
        SecurityGroupLimitExceeded: the region has as many groups as the quota allows.
        TagLimitExceeded: there are too many tags.
    """
    transaction, caller = context.transaction, context.caller
    name = checked_name(request["GroupName"])
    description = checked_description(request["Description"])
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.GROUP)
    check_number(tags, context.quota.tags_per_resource_max)
    vpc = _vpc_of(context, request.get("VpcId"))
    if transaction.group_by_name(vpc.vpc_id, name) is not None:
        raise InvalidGroupDuplicate(name, vpc.vpc_id)
    most = context.quota.groups_per_region_max
    if most is not None and transaction.group_count(caller.account_id, caller.region) >= most:
        raise SecurityGroupLimitExceeded
    group = SecurityGroup(context.ids.new("sg"), caller.account_id, caller.region, vpc.vpc_id, name, description)
    transaction.insert_group(group)
    transaction.insert_rules(group, first_egress_rules(context, group, vpc))
    if tags:
        transaction.set_tags(caller.account_id, caller.region, group.group_id, tags)
    answer: dict[str, Any] = {
        "GroupId": group.group_id,
        "SecurityGroupArn": arn(context, ids.GROUP, group.group_id),
    }
    return answer | ({"Tags": as_answered(tags)} if tags else {})


def checked_name(text: str) -> str:
    """The name as it is stored: without trailing blanks.

    Raises:
        InvalidParameterValue: EC2 doesn't allow it.
    """
    name = text.rstrip(" ")
    if not name.isascii():
        raise InvalidParameterValue.of(text, "GroupName", "Character sets beyond ASCII are not supported.")
    if name.lower().startswith("sg-"):
        raise InvalidParameterValue.of(text, "GroupName", "Group names may not be in the format sg-*.")
    if not is_plain_text(name):
        raise InvalidParameterValue(
            "Invalid security group name. Valid names are strings less than 256 characters from the following set:  "
            f"{DESCRIPTION_CHARACTERS}"
        )
    if name.lower() == DEFAULT_NAME:
        raise InvalidParameterValue(f"Cannot use reserved security group name: {name}")
    return name


def checked_description(text: str) -> str:
    """The description, which is stored as it is.

    Raises:
        InvalidParameterValue: EC2 doesn't allow it.
    """
    if not text.isascii():
        raise InvalidParameterValue.of(text, "GroupDescription", "Character sets beyond ASCII are not supported.")
    if not is_plain_text(text):
        raise InvalidParameterValue(
            "Invalid security group description. Valid descriptions are strings less than 256 characters from the "
            f"following set:  {DESCRIPTION_CHARACTERS}"
        )
    return text


def _vpc_of(context: Context, vpc_id: str | None) -> Vpc:
    if vpc_id:
        return vpc_by_id(context, vpc_id)
    vpc = context.transaction.default_vpc(context.caller.account_id, context.caller.region)
    if vpc is None:
        raise VPCIdNotSpecified
    return vpc


def first_egress_rules(context: Context, group: SecurityGroup, vpc: Vpc) -> list[SecurityGroupRule]:
    """What every new group begins with: all traffic out, over IPv6 too if the VPC has a block (observed)."""
    peers = [ANYWHERE_IPV4] + ([ANYWHERE_IPV6] if vpc.ipv6 else [])
    return [
        SecurityGroupRule(context.ids.new("sgr"), group.group_id, Direction.EGRESS, ALL_TRAFFIC, peer) for peer in peers
    ]


def insert_default_group(context: Context, vpc: Vpc) -> SecurityGroup:
    """The group that a new VPC comes with: everything in from its own members, everything out (observed)."""
    group = SecurityGroup(
        context.ids.new("sg"), vpc.owner_id, vpc.region, vpc.vpc_id, DEFAULT_NAME, DEFAULT_DESCRIPTION
    )
    itself = Peer(PeerKind.GROUP, group.group_id)
    ingress = SecurityGroupRule(context.ids.new("sgr"), group.group_id, Direction.INGRESS, ALL_TRAFFIC, itself)
    context.transaction.insert_group(group)
    context.transaction.insert_rules(group, [ingress, *first_egress_rules(context, group, vpc)])
    return group


# --- DeleteSecurityGroup ---


def delete_security_group(context: Context, request: Request) -> Answer:
    """The group, its rules and its tags are gone.

    Raises:
        InvalidGroupNotFound: there is no such group.
        CannotDelete: it is the default group of its VPC.
        DependencyViolation: an interface carries it, it is associated with another VPC, or another group's rule names
            it in its own VPC. Its own rules may (observed; the user guide says otherwise), and so may rules of other
            VPCs, which go stale (observed).
    """
    transaction = context.transaction
    group = named_group(context, request)
    if group.name == DEFAULT_NAME:
        raise CannotDelete(group.group_id, group.name)
    if (
        transaction.group_has_interfaces(group.group_id)
        or transaction.vpc_associations(group.owner_id, group.region, group_id=group.group_id)
        or any(
            rule.reference is None and rule.group_id != group.group_id
            for rule in transaction.rules_referencing(group.group_id)
        )
    ):
        raise DependencyViolation(group.group_id)
    transaction.delete_group(group)
    return {"Return": True, "GroupId": group.group_id}


# --- DescribeSecurityGroups ---


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


check_delete = check_group_named
