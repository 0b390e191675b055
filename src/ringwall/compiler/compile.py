"""From a host's state to its ruleset: a pure function of the state and the host's own configuration.

The way to a state never shows: a ruleset compiled with the help of a previous one equals one compiled from nothing.
What the previous one already holds is taken from there as the same objects, so that comparing two rulesets, and
keeping their digest, costs what changed and not what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.world import HostInterface, HostState, InterfaceKind
from ringwall.nft.objects import Ruleset

from .chains import CompiledGroup, compile_group
from .hooks import has_endpoints, hook_objects
from .interfaces import interface_chains
from .members import peer_sets
from .parts import EMPTY, Assembly, Fragment, assembled, finished

_NOBODY: frozenset[str] = frozenset()
HooksSource = tuple[Mode, Sequence[HostInterface], LocalPolicy]
InterfaceSource = tuple[Mode, InterfaceKind, tuple[str, ...], bool, bool, bool]
"""Mode, kind, groups with chains; whether it drains, addresses break the glass, and containers are behind the host."""


@dataclass(frozen=True, slots=True)
class CompiledInterface:
    """The chains of an interface, whatever its device and its addresses. source: what they are made of."""

    source: InterfaceSource
    fragment: Fragment


@dataclass(frozen=True, slots=True)
class CompiledPeer:
    """The two sets of a group or prefix list that rules refer to. source: its members, or its blocks."""

    source: frozenset[str]
    fragment: Fragment


@dataclass(frozen=True, slots=True)
class Compiled:
    """A ruleset with what it is made of.

    state: what it was compiled from, with the configuration that is the last of `hooks_source`.
    assembly: the ruleset with its digest. groups: by group id. peers: by the peer that rules name.
    interfaces: by interface id. hooks: everything that depends on no rule and no group. hooks_source: what of.
    """

    state: HostState = field(repr=False)
    assembly: Assembly = field(repr=False)
    groups: Mapping[str, CompiledGroup] = field(repr=False)
    peers: Mapping[Peer, CompiledPeer] = field(repr=False)
    interfaces: Mapping[str, CompiledInterface] = field(repr=False)
    hooks: Fragment = field(repr=False)
    hooks_source: HooksSource = field(repr=False)

    @property
    def ruleset(self) -> Ruleset:
        """What the host's table should hold."""
        return self.assembly.ruleset

    @property
    def digest(self) -> str:
        """64 hex digits; two rulesets are equal when, for practical purposes only when, their digests are."""
        return self.assembly.digest


def compile_host(state: HostState, local: LocalPolicy, previous: Compiled | None = None) -> Compiled:
    """The ruleset for the state.

    A group that an interface carries but the state doesn't hold admits nothing; one that no interface carries has no
    chains. Members and lists that the state doesn't hold are empty sets.
    Cost: O(changed groups' rules), and a look at each group, and the copy of three dictionaries of the ruleset's
    objects; where more than rules have changed, a look at each interface and each peer that rules name too.
    """
    changed = _changed_groups(state, local, previous) if previous else None
    if previous and changed is not None:
        compiled = replace(previous, state=state, groups={**previous.groups, **changed})
        gone = _of_groups(previous.groups[group_id] for group_id in changed)
        fresh = _of_groups(changed.values())
    else:
        compiled = _compiled(state, local, previous)
        fresh, gone = _fragments(compiled, previous), _fragments(previous, compiled)
    assembly = assembled(
        previous.assembly if previous else EMPTY,
        [each for key, each in gone.items() if key not in fresh],
        [each for key, each in fresh.items() if key not in gone],
    )
    return replace(compiled, assembly=assembly)


def _changed_groups(state: HostState, local: LocalPolicy, previous: Compiled) -> dict[str, CompiledGroup] | None:
    """The groups whose rules changed, compiled; None where something else may have changed as well."""
    last = previous.state
    if (
        state.interfaces is not last.interfaces
        or state.members is not last.members
        or state.prefix_lists is not last.prefix_lists
        or (state.mode, local) != (last.mode, previous.hooks_source[2])
        or state.groups.keys() != last.groups.keys()
    ):
        return None
    changed: dict[str, CompiledGroup] = {}
    for group_id, before in previous.groups.items():
        group = state.groups[group_id]
        if group is before.source:
            continue
        changed[group_id] = compiled = compile_group(group, before)
        if compiled.peers != before.peers or bool(group.draining) != bool(before.source.draining):
            return None
    return changed


def _compiled(state: HostState, local: LocalPolicy, previous: Compiled | None) -> Compiled:
    """Everything but the ruleset that it makes together."""
    interfaces = [interface for _, interface in sorted(state.interfaces.items())]
    carried = frozenset(group_id for interface in interfaces for group_id in interface.group_ids)
    before = previous.groups if previous else {}
    groups = {
        group_id: compile_group(state.groups[group_id], before.get(group_id))
        for group_id in sorted(carried & state.groups.keys())
    }
    named = frozenset().union(*(group.peers for group in groups.values()))
    peers = {peer: _peer(peer, state, previous) for peer in sorted(named)}
    source = (state.mode, interfaces, local)
    return Compiled(
        state, EMPTY, groups, peers, _interfaces(interfaces, state, local, previous), _hooks(source, previous), source
    )


def draining_interfaces(state: HostState) -> frozenset[str]:
    """The ids of the interfaces that carry a group with draining rules."""
    groups = frozenset(group_id for group_id, group in state.groups.items() if group.draining)
    return frozenset(each.interface_id for each in state.interfaces.values() if not groups.isdisjoint(each.group_ids))


def _fragments(of: Compiled | None, other: Compiled | None) -> dict[int, Fragment]:
    """The fragments, by identity, of what isn't the very same in the other one."""
    found: dict[int, Fragment] = {}
    if of is None:
        return found
    found.update(
        _of_groups(
            group for group_id, group in of.groups.items() if other is None or other.groups.get(group_id) is not group
        )
    )
    for peer, compiled in of.peers.items():
        if other is None or other.peers.get(peer) is not compiled:
            found[id(compiled.fragment)] = compiled.fragment
    for interface_id, chains in of.interfaces.items():
        if other is None or other.interfaces.get(interface_id) is not chains:
            found[id(chains.fragment)] = chains.fragment
    if other is None or other.hooks is not of.hooks:
        found[id(of.hooks)] = of.hooks
    return found


def _of_groups(groups: Iterable[CompiledGroup]) -> dict[int, Fragment]:
    return {id(each): each for group in groups for each in group.fragments}


def _interfaces(
    interfaces: Sequence[HostInterface], state: HostState, local: LocalPolicy, previous: Compiled | None
) -> dict[str, CompiledInterface]:
    """Their chains; those of an interface that only got another device are the same."""
    draining, endpoints = draining_interfaces(state), has_endpoints(interfaces, local)
    found: dict[str, CompiledInterface] = {}
    for each in interfaces:
        groups = tuple(group_id for group_id in dict.fromkeys(each.group_ids) if group_id in state.groups)
        drains = each.interface_id in draining
        source = (state.mode, each.kind, groups, drains, bool(local.break_glass), endpoints)
        before = previous.interfaces.get(each.interface_id) if previous else None
        if before is None or before.source != source:
            chains = [
                one
                for direction in Direction
                for one in interface_chains(
                    state.mode, each, direction, groups, local, drains=drains, endpoints=endpoints
                )
            ]
            before = CompiledInterface(source, finished(chains, before.fragment if before else None))
        found[each.interface_id] = before
    return found


def _hooks(source: HooksSource, previous: Compiled | None) -> Fragment:
    if previous is not None and previous.hooks_source == source:
        return previous.hooks
    return finished(hook_objects(*source), previous.hooks if previous else None)


def _peer(peer: Peer, state: HostState, previous: Compiled | None) -> CompiledPeer:
    contents = state.members if peer.kind is PeerKind.GROUP else state.prefix_lists
    source = contents.get(peer.value, _NOBODY)
    before = previous.peers.get(peer) if previous else None
    if before is not None and before.source is source:
        return before
    return CompiledPeer(source, finished(peer_sets(peer.kind, peer.value, source), before.fragment if before else None))
