"""What leaves with a commit so that its flows go on, and which of the tracked flows those are.

A flow goes on where none but rules that leave with `keep` admitted it, and none admits it any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ringwall.compiler import names
from ringwall.compiler.compile import Compiled, draining_interfaces
from ringwall.compiler.lines import jump
from ringwall.domain.address import packed
from ringwall.domain.admission import covers
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostDelta, HostGroup, HostInterface, HostState, InterfaceKind
from ringwall.nft.objects import Ruleset

from .interfaces import DeviceAddresses
from .rule_tables import RuleTables
from .tracked import ICMP, Tracked, Wanted


@dataclass(frozen=True, slots=True)
class Leaving:
    """One direction of an interface that rules leave whose flows go on. interface: as it was before."""

    interface: HostInterface
    direction: Direction
    rules: tuple[SecurityGroupRule, ...]

    @property
    def set_name(self) -> str:
        """Where its flows go on."""
        return names.kept_flows(self.interface.interface_id, self.direction)


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that rules leave: what they leave, and the states before and after it."""

    leaving: tuple[Leaving, ...]
    before: HostState
    after: HostState

    @property
    def refuses(self) -> bool:
        """Whether new flows of the rules are refused from then on, so that any there are have begun before."""
        return self.after.mode is Mode.ENFORCE


class Finder:
    """Which flows only leaving rules admitted, and where."""

    def __init__(self, change: Change, local: Iterable[DeviceAddresses]) -> None:
        self._leaving = [(each, {rule.traffic for rule in each.rules}) for each in change.leaving]
        self._before, self._after = RuleTables(change.before), RuleTables(change.after)
        self._interfaces = change.after.interfaces
        self._local = {packed(address.partition("/")[0]) for each in local for address in each.addresses}
        self._held = self._local.union(
            packed(address) for each in change.before.interfaces.values() for address in each.addresses
        )

    def places(self, flow: Tracked) -> Iterator[tuple[str, str]]:
        """The sets in which the flow is to go on, each with the rule that it goes on by."""
        source, destination, protocol, what, *_ = flow
        kind, code = divmod(what, 256) if protocol in ICMP else (0, 0)
        for each, traffics in self._leaving:
            if not any(covers(one, protocol, what, kind, code) for one in traffics):
                continue
            ours, theirs = (source, destination) if each.direction is Direction.EGRESS else (destination, source)
            if self._is_at(each, ours, theirs) and (rule_id := self._only_by(each, protocol, what, theirs)):
                yield each.set_name, rule_id

    def _only_by(self, leaving: Leaving, protocol: int, what: int, theirs: bytes) -> str | None:
        """The leaving rule that admitted the flow, if none but leaving ones did, and none does now.

        Where a rule leaves in the same commit that isn't to drain, its word counts: it cuts.
        """
        admitted = self._before.admitting(leaving.interface, leaving.direction, protocol, what, theirs)
        if not admitted or not {rule.rule_id for rule in leaving.rules}.issuperset(admitted):
            return None
        now = self._interfaces[leaving.interface.interface_id]
        return None if self._after.admitting(now, leaving.direction, protocol, what, theirs) else admitted[0]

    def _is_at(self, leaving: Leaving, ours: bytes, theirs: bytes) -> bool:
        """Whether the interface is an end of the flow's. Should it be no end, it does no harm: nothing comes by there.

        Of the host's own interfaces any may carry what is for one of the host's addresses. Behind one without source
        check there may be anybody who isn't somewhere else.
        """
        if leaving.interface.kind is InterfaceKind.HOST:
            return ours in self._local and theirs not in self._local
        if any(packed(each) == ours for each in leaving.interface.addresses):
            return True
        return not leaving.interface.source_check and ours not in self._held


def change_between(before: HostState, after: HostState, held: Ruleset, said: Compiled | None) -> Change | None:
    """What leaves with this commit so that its flows go on; None if nothing does.

    said: the state before, compiled, where it may not be what the kernel has.
    """
    leaving: list[Leaving] = []
    for interface_id in sorted(draining_interfaces(after) & before.interfaces.keys()):
        was, now = before.interfaces[interface_id], after.interfaces[interface_id]
        rules = [
            before.groups[group_id].rules[rule_id]
            for group_id in dict.fromkeys(was.group_ids)
            if group_id in now.group_ids and group_id in before.groups and group_id in after.groups
            if said is None or _is_as_said(held, said, interface_id, group_id)
            for rule_id in _leaving(before.groups[group_id], after.groups[group_id], held)
        ]
        for direction in Direction:
            of_direction = tuple(rule for rule in rules if rule.direction is direction)
            if of_direction:
                leaving.append(Leaving(was, direction, of_direction))
    return Change(tuple(leaving), before, after) if leaving else None


def _leaving(before: HostGroup, after: HostGroup, held: Ruleset) -> list[str]:
    """The ids of the rules that drain from now on, of those that the kernel has."""
    gone = (after.draining & before.rules.keys()) - after.rules.keys()
    there = {
        rule.comment.partition(" ")[0]
        for name, chain in (held.chains.items() if gone else ())
        if name.startswith(f"{before.group_id}-")
        for rule in chain.rules
        if rule.comment is not None
    }
    return sorted(gone & there)


def _is_as_said(held: Ruleset, said: Compiled, interface_id: str, group_id: str) -> bool:
    """Whether the kernel has the group at the interface, with the rules and the peers that the state on disk says.

    That may be older than what an agent before this one committed: what was cut then doesn't come back.
    """
    carried = all(
        (chain := held.chains.get(names.directed(interface_id, each))) is not None
        and jump(names.directed(group_id, each)) in chain.rules
        for each in Direction
    )
    peers = {name for peer in said.groups[group_id].peers for name in said.peers[peer].fragment.objects}
    return carried and all(
        mine.get(name) == each
        for mine, theirs in (
            (held.chains, said.ruleset.chains), (held.maps, said.ruleset.maps), (held.sets, said.ruleset.sets)
        )
        for name, each in theirs.items()
        if name.startswith(f"{group_id}-") or name in peers
    )  # fmt: skip


def may_admit(delta: HostDelta) -> bool:
    """Whether the change is more than that something leaves."""
    changed = (delta.interfaces, delta.groups, delta.rules, delta.members, delta.prefix_lists)
    return delta.mode is not None or any(value is not None for each in changed for value in each.values())


def wanted(change: Change) -> Wanted:
    """The narrowest question to the kernel that finds all flows of these rules."""
    traffics = {rule.traffic for each in change.leaving for rule in each.rules}
    protocols = {each.number for each in traffics}
    if len(protocols) > 1 or None in protocols:
        return Wanted()
    return Wanted(protocols.pop(), _port(traffics))


def _port(traffics: set[Traffic]) -> int | None:
    (traffic, *more) = traffics
    one = not more and traffic.has_ports and traffic.from_port == traffic.to_port
    return traffic.from_port if one else None
