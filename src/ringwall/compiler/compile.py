"""From a host's state to its ruleset: a pure function of the state and the host's own configuration.

The way to a state never shows: a ruleset compiled with the help of a previous one equals one compiled from nothing.
What the previous one already holds is taken from there as the same objects, so that comparing two rulesets, and
keeping their digest, costs what changed and not what there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.world import HostInterface, HostState
from ringwall.nft.objects import Ruleset

from .chains import CompiledGroup, compile_group
from .hooks import hook_objects
from .members import peer_sets
from .parts import EMPTY, Assembly, Fragment, assembled, finished

_NOBODY: frozenset[str] = frozenset()
HooksSource = tuple[Mode, Sequence[HostInterface], frozenset[str], frozenset[str], LocalPolicy]


@dataclass(frozen=True, slots=True)
class CompiledPeer:
    """The two sets of a group or prefix list that rules refer to. source: its members, or its blocks."""

    source: frozenset[str]
    fragment: Fragment


@dataclass(frozen=True, slots=True)
class Compiled:
    """A ruleset with what it is made of.

    assembly: the ruleset with its digest. groups: by group id. peers: by the peer that rules name.
    hooks: everything that depends on no rule. hooks_source: what the hooks were made of.
    """

    assembly: Assembly = field(repr=False)
    groups: Mapping[str, CompiledGroup] = field(repr=False)
    peers: Mapping[Peer, CompiledPeer] = field(repr=False)
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
    Cost: O(changed groups' rules + number of groups), and the copy of three dictionaries of the ruleset's objects.
    """
    interfaces = [interface for _, interface in sorted(state.interfaces.items())]
    carried = frozenset(group_id for interface in interfaces for group_id in interface.group_ids)
    before = previous.groups if previous else {}
    groups = {
        group_id: compile_group(state.groups[group_id], before.get(group_id))
        for group_id in sorted(carried & state.groups.keys())
    }
    named = frozenset().union(*(group.peers for group in groups.values()))
    peers = {peer: _peer(peer, state, previous) for peer in sorted(named)}
    source = (state.mode, interfaces, frozenset(groups), draining_interfaces(state), local)
    hooks = _hooks(source, previous)
    fresh = _fragments(groups, previous.groups if previous else {}, peers, previous.peers if previous else {})
    gone = _fragments(previous.groups, groups, previous.peers, peers) if previous else {}
    if previous is None or hooks is not previous.hooks:
        fresh[id(hooks)] = hooks
        gone.update({id(previous.hooks): previous.hooks} if previous else {})
    assembly = assembled(
        previous.assembly if previous else EMPTY,
        [each for key, each in gone.items() if key not in fresh],
        [each for key, each in fresh.items() if key not in gone],
    )
    return Compiled(assembly, groups, peers, hooks, source)


def draining_interfaces(state: HostState) -> frozenset[str]:
    """The ids of the interfaces that carry a group with draining rules."""
    groups = frozenset(group_id for group_id, group in state.groups.items() if group.draining)
    return frozenset(each.interface_id for each in state.interfaces.values() if not groups.isdisjoint(each.group_ids))


def _fragments(
    groups: Mapping[str, CompiledGroup],
    others: Mapping[str, CompiledGroup],
    peers: Mapping[Peer, CompiledPeer],
    other_peers: Mapping[Peer, CompiledPeer],
) -> dict[int, Fragment]:
    """The fragments, by identity, of those groups and peers that aren't the very same among the others."""
    found: dict[int, Fragment] = {}
    for group_id, group in groups.items():
        if others.get(group_id) is not group:
            found.update((id(each), each) for each in group.fragments)
    for peer, compiled in peers.items():
        if other_peers.get(peer) is not compiled:
            found[id(compiled.fragment)] = compiled.fragment
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
