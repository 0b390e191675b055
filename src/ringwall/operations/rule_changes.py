"""Rules of several groups revoked and authorized in one transaction: ringwall's own, under /ringwall/v1.

EC2 has one call for each group and direction, and between two calls the groups are neither what they were nor what they
are to be. Here all parts are checked before the first write, so that all of it is done or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidParameterValue,
    InvalidPermissionDuplicate,
    InvalidPermissionNotFound,
    MissingParameter,
)
from ringwall.domain.group import Direction, SecurityGroup, SecurityGroupRule
from ringwall.domain.permission import GroupPair, check_ids, rule_requests, sentence
from ringwall.domain.tags import OnRevoke

from .context import Context
from .draining import drain, end_same
from .lookup import named_group
from .rule_peers import check_list_references, check_room, named_peer
from .rules import Wanted, check_each_once, new_rule, rules_by_id

RULES_MAX: Final = 1_000
"""Rules that one call may name, revoked and authorized together; what takes longer holds up every other writer."""

Seen = tuple[str, int, int, str]
"""Protocol, ports and peer of a rule."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be done to one direction of one group. authorize: in EC2's form, as `IpPermissions`.

    as_seen: by rule id, what whoever asks takes some of the revoked rules for: they go only if they are that still.
    """

    group_id: str
    direction: Direction
    revoke: Sequence[str]
    authorize: Sequence[Mapping[str, Any]]
    as_seen: Mapping[str, Seen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to one direction of one group. draining: the ids of revoked rules whose live flows go on."""

    part: Part
    revoked: tuple[SecurityGroupRule, ...]
    authorized: tuple[SecurityGroupRule, ...]
    draining: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Planned:
    part: Part
    group: SecurityGroup
    gone: list[SecurityGroupRule]
    new: list[SecurityGroupRule]


def change_rules(context: Context, parts: Sequence[Part], on_revoke: OnRevoke | None) -> tuple[Done, ...]:
    """What was done, in the order given: all of it or nothing. A rule may take the place of one that is revoked.

    on_revoke: of all rules that are revoked; None: as each group's tag says.

    Raises:
        MissingParameter: no part, or one that has nothing to do.
        InvalidParameterValue: too many rules are named, a direction of a group twice, or a rule twice; or a permission
            or description can't be meant.
        InvalidGroupNotFound, InvalidSecurityGroupRuleIdNotFound, InvalidPrefixListIDNotFound: there is no such thing.
        InvalidPermissionNotFound: a rule isn't any more what whoever asks takes it for.
        InvalidPermissionDuplicate: the group has such a rule already.
        RulesPerSecurityGroupLimitExceeded, ResourceLimitExceeded: there is no room for the new rules.
        ServiceError: an id is malformed.
    """
    _check_form(parts)
    planned = [_plan(context, part) for part in parts]
    new = [rule.peer for each in planned for rule in each.new]
    check_list_references(context, new, [rule.peer for each in planned for rule in each.gone])
    return tuple(_carry_out(context, each, on_revoke) for each in planned)


def _check_form(parts: Sequence[Part]) -> None:
    if not parts or not all(part.revoke or part.authorize for part in parts):
        raise MissingParameter("changes")
    if sum(len(part.revoke) + len(part.authorize) for part in parts) > RULES_MAX:
        raise InvalidParameterValue(f"One call changes at most {RULES_MAX} rules.")
    for part in parts:
        ids.GROUP.check(part.group_id)
        ids.RULE.check_all(list(part.revoke))
        check_ids(part.authorize)
    if len({(part.group_id, part.direction) for part in parts}) < len(parts):
        raise InvalidParameterValue("The same direction of a group must not appear multiple times")


def _plan(context: Context, part: Part) -> _Planned:
    """The rules that go and those that come, with all that may be wrong with them looked at."""
    group = named_group(context, {"GroupId": part.group_id})
    gone = rules_by_id(context, group, part.direction, part.revoke) if part.revoke else []
    for rule in gone:
        if part.as_seen.get(rule.rule_id, _seen(rule)) != _seen(rule):
            raise InvalidPermissionNotFound
    wanted = [
        Wanted(each.traffic, named_peer(context, each.peer), each.description, _pair(each.peer))
        for each in rule_requests(part.authorize)
    ]
    new = [new_rule(context, group, part.direction, each) for each in wanted]
    check_each_once(wanted)
    leaving = {rule.rule_id for rule in gone}
    for rule in new:
        held = context.transaction.find_rule(group.group_id, part.direction, rule.traffic, rule.peer)
        if held is not None and held.rule_id not in leaving:
            raise InvalidPermissionDuplicate(sentence(rule.traffic, rule.peer))
    check_room(context, group, part.direction, [rule.peer for rule in new], [rule.peer for rule in gone])
    return _Planned(part, group, gone, new)


def _seen(rule: SecurityGroupRule) -> Seen:
    return rule.traffic.protocol, rule.traffic.from_port, rule.traffic.to_port, rule.peer.value


def _pair(peer: object) -> GroupPair | None:
    return peer if isinstance(peer, GroupPair) else None


def _carry_out(context: Context, planned: _Planned, on_revoke: OnRevoke | None) -> Done:
    transaction, group = context.transaction, planned.group
    draining: tuple[str, ...] = ()
    if planned.gone:
        transaction.delete_rules(group, planned.gone)
        draining = drain(context, group, planned.gone, on_revoke)
    if planned.new:
        transaction.insert_rules(group, planned.new)
        end_same(transaction, group, planned.new)
    return Done(planned.part, tuple(planned.gone), tuple(planned.new), draining)
