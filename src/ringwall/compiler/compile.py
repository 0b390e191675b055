"""From a host's state to its ruleset: a pure function of the state and the host's own configuration.

The way to a state never shows: a ruleset compiled with the help of a previous one equals one compiled from nothing.
What the previous one already holds is taken from there as the same objects, so that comparing two rulesets, and
keeping their digest, costs what changed and not what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.world import HostInterface, HostState
from ringwall.nft.objects import Ruleset

from .chains import CompiledGroup, compile_group
from .hooks import hook_objects
from .members import peer_sets
from .parts import Fragment, assembled, finished

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

    digest: 64 hex digits; two compiled rulesets are equal when, for practical purposes only when, their digests are.
    groups: by group id. peers: by the peer that rules name. hooks: everything that depends on no rule.
    hooks_source: what the hooks were made of.
    """

    ruleset: Ruleset
    digest: str
    groups: Mapping[str, CompiledGroup] = field(repr=False)
    peers: Mapping[Peer, CompiledPeer] = field(repr=False)
    hooks: Fragment = field(repr=False)
    hooks_source: HooksSource = field(repr=False)


def compile_host(state: HostState, local: LocalPolicy, previous: Compiled | None = None) -> Compiled:
    """The ruleset for the state.

    A group that an interface carries but the state doesn't hold admits nothing; one that no interface carries has no
    chains. Members and lists that the state doesn't hold are empty sets.
    Cost: O(changed groups' rules + objects of the ruleset).
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
    ruleset, digest = assembled(_fragments(groups.values(), peers.values(), hooks))
    return Compiled(ruleset, digest, groups, peers, hooks, source)


def draining_interfaces(state: HostState) -> frozenset[str]:
    """The ids of the interfaces that carry a group with draining rules."""
    groups = frozenset(group_id for group_id, group in state.groups.items() if group.draining)
    return frozenset(each.interface_id for each in state.interfaces.values() if not groups.isdisjoint(each.group_ids))


def _fragments(groups: Iterable[CompiledGroup], peers: Iterable[CompiledPeer], hooks: Fragment) -> Iterable[Fragment]:
    yield from (peer.fragment for peer in peers)
    for group in groups:
        yield from group.fragments
    yield hooks


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
