"""What one host should enforce, as a value; the difference of two such values, and its application.

A `HostState` holds everything the host's ruleset depends on and nothing else. The server derives it from the store; the
agent compiles it. What travels between them is a state (a snapshot) or the difference of two (a delta), and for all
states `merge(old, difference(old, new)) == new`, so that the way to a state never shows in it.

`None` as a value in a delta's mapping means that the key is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from .group import Direction, SecurityGroupRule
from .interface import Mode

Key = TypeVar("Key")
Value = TypeVar("Value")


class InterfaceKind(StrEnum):
    """Whose traffic an interface carries: the host's own, or that of a container or virtual machine behind it."""

    HOST = "host"
    ROUTED = "routed"


@dataclass(frozen=True, slots=True)
class HostInterface:
    """A network interface of the host: the kernel's name for it, its addresses and its groups, in order.

    kind: of a routed one the device is the host's end (veth, tap), and packets from the container arrive on it: its
    ingress is what the host forwards, or sends itself, out of the device. Which one that is the host itself knows;
    where it knows none the device is empty, and the interface's addresses are kept for it.
    source_check: whether packets from behind it must have one of its addresses for their source.
    """

    interface_id: str
    device: str
    addresses: tuple[str, ...]
    group_ids: tuple[str, ...]
    kind: InterfaceKind = InterfaceKind.HOST
    source_check: bool = False

    @property
    def is_unbound(self) -> bool:
        """Whether no device leads to the container or virtual machine."""
        return self.kind is InterfaceKind.ROUTED and not self.device


def first_own(own: Iterable[HostInterface]) -> HostInterface:
    """Which of the host's own interfaces answers for addresses that none of them has (a bridge's, a gateway's).

    Chosen: that whose device comes first, as eth0 does before eth1. There must be one.
    """
    return min(own, key=lambda each: (each.device, each.interface_id))


@dataclass(frozen=True, slots=True)
class HostGroup:
    """A group that an interface of the host carries: its rules, by rule id.

    draining: ids of rules that it no longer has, whose flows go on all the same until they end. What these rules said
    isn't known any more: flows that live when one leaves the rules go on, and nothing can be added afterwards.
    """

    group_id: str
    name: str
    rules: Mapping[str, SecurityGroupRule]
    draining: frozenset[str] = frozenset()

    def in_direction(self, direction: Direction) -> list[SecurityGroupRule]:
        """Its rules of one direction, in the order of their ids."""
        return [rule for _, rule in sorted(self.rules.items()) if rule.direction is direction]


@dataclass(frozen=True, slots=True)
class HostState:
    """Everything that one host enforces.

    interfaces: by interface id. groups: those that the interfaces carry, by group id.
    members: for each group that a rule of `groups` names as its peer, the addresses of that group's interfaces.
    prefix_lists: for each prefix list that such a rule names, its CIDR blocks.
    """

    host_id: str
    mode: Mode
    interfaces: Mapping[str, HostInterface] = field(default_factory=dict)
    groups: Mapping[str, HostGroup] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    prefix_lists: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostDelta:
    """What changed between two states of one host; an empty delta changes nothing.

    rules: of groups that exist before and after, by (group id, rule id).
    draining: of such groups, all ids that drain afterwards.
    """

    mode: Mode | None = None
    interfaces: Mapping[str, HostInterface | None] = field(default_factory=dict)
    groups: Mapping[str, HostGroup | None] = field(default_factory=dict)
    rules: Mapping[tuple[str, str], SecurityGroupRule | None] = field(default_factory=dict)
    members: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    prefix_lists: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    draining: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return (
            self.mode is not None
            or bool(self.interfaces)
            or bool(self.groups)
            or bool(self.rules)
            or bool(self.members)
            or bool(self.prefix_lists)
            or bool(self.draining)
        )


def difference(old: HostState, new: HostState) -> HostDelta:
    """The delta that turns `old` into `new`. Cost: O(size of both), less where values are shared."""
    rules: dict[tuple[str, str], SecurityGroupRule | None] = {}
    groups: dict[str, HostGroup | None] = {}
    draining: dict[str, frozenset[str]] = {}
    for group_id, group in _changed(old.groups, new.groups).items():
        before = old.groups.get(group_id)
        if group is None or before is None or before.name != group.name:
            groups[group_id] = group
        else:
            for rule_id, rule in _changed(before.rules, group.rules).items():
                rules[group_id, rule_id] = rule
            if before.draining != group.draining:
                draining[group_id] = group.draining
    return HostDelta(
        mode=None if old.mode is new.mode else new.mode,
        interfaces=_changed(old.interfaces, new.interfaces),
        groups=groups,
        rules=rules,
        members=_changed(old.members, new.members),
        prefix_lists=_changed(old.prefix_lists, new.prefix_lists),
        draining=draining,
    )


def merge(state: HostState, delta: HostDelta) -> HostState:
    """`state` with `delta` applied. Values that the delta doesn't name are the same objects afterwards.

    Raises:
        KeyError: the delta changes a rule of a group that the state doesn't have: deltas were lost; ask for a snapshot.
    """
    groups = _merged(state.groups, delta.groups)
    by_group: dict[str, dict[str, SecurityGroupRule | None]] = {}
    for (group_id, rule_id), rule in delta.rules.items():
        by_group.setdefault(group_id, {})[rule_id] = rule
    if by_group or delta.draining:
        groups = dict(groups)
        for group_id, rules in by_group.items():
            groups[group_id] = replace(groups[group_id], rules=_merged(groups[group_id].rules, rules))
        for group_id, draining in delta.draining.items():
            groups[group_id] = replace(groups[group_id], draining=draining)
    return replace(
        state,
        mode=state.mode if delta.mode is None else delta.mode,
        interfaces=_merged(state.interfaces, delta.interfaces),
        groups=groups,
        members=_merged(state.members, delta.members),
        prefix_lists=_merged(state.prefix_lists, delta.prefix_lists),
    )


def _changed(old: Mapping[Key, Value], new: Mapping[Key, Value]) -> dict[Key, Value | None]:
    if old is new:
        return {}
    changed: dict[Key, Value | None] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if before is not value and before != value:
            changed[key] = value
    return changed


def _merged(base: Mapping[Key, Value], changes: Mapping[Key, Value | None]) -> Mapping[Key, Value]:
    if not changes:
        return base
    merged = dict(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged
