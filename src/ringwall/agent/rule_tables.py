"""Which rules admit a flow, asked a hundred thousand times: the same meaning as `domain/admission.py`, by tables.

Three tables answer it: the peers that an address belongs to, by prefix length; the kinds of traffic that a protocol and
a port belong to; and for each interface and direction the rules, by kind of traffic and peer. Each is filled when it is
first asked, and remembers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringwall.domain.address import block, packed
from ringwall.domain.admission import covers
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostInterface, HostState

REMEMBERED_MAX: Final = 1 << 17
"""So many addresses are remembered at most, and as many pairs of protocol and port."""

_ICMP: Final = frozenset((1, 58))
Rank = tuple[int, str]


class RuleTables:
    """The rules of a state that admit something at one of its interfaces."""

    def __init__(self, state: HostState) -> None:
        self._state = state
        self._numbers: dict[Peer, int] = {}
        for group in state.groups.values():
            for rule in group.rules.values():
                self._numbers.setdefault(rule.peer, len(self._numbers))
        self._peers = _peers(state, self._numbers)
        self._peers_of: dict[bytes, tuple[int, ...]] = {}
        self._sides: dict[tuple[str, Direction], Side] = {}

    def admitting(
        self, interface: HostInterface, direction: Direction, protocol: int, what: int, peer: bytes
    ) -> list[str]:
        """The ids of the rules, by group in the interface's order, then by id.

        what: the destination's port; of ICMP, type * 256 + code. peer: the other end's address, packed.
        """
        return self.side(interface, direction).admitting(protocol, what, self.peers_of(peer))

    def side(self, interface: HostInterface, direction: Direction) -> Side:
        """One direction of an interface."""
        side = self._sides.get((interface.interface_id, direction))
        if side is None:
            side = Side(self._state, interface, direction, self._numbers)
            self._sides[interface.interface_id, direction] = side
        return side

    def peers_of(self, address: bytes) -> tuple[int, ...]:
        """The numbers of the peers that the packed address belongs to."""
        peers = self._peers_of.get(address)
        if peers is None:
            if len(self._peers_of) >= REMEMBERED_MAX:
                self._peers_of.clear()
            peers = self._peers_of[address] = self._look_up(address)
        return peers

    def _look_up(self, address: bytes) -> tuple[int, ...]:
        number = int.from_bytes(address, "big")
        found = (peers.get(number >> shift, ()) for shift, peers in self._peers.get(len(address), ()))
        return tuple(dict.fromkeys(peer for several in found for peer in several))


class Side:
    """One direction of an interface: its rules by kind of traffic, and then by peer. numbers: of the peers."""

    def __init__(
        self, state: HostState, interface: HostInterface, direction: Direction, numbers: Mapping[Peer, int]
    ) -> None:
        self._numbers = numbers
        self._ports: dict[tuple[int, int], list[Traffic]] = {}
        self._others: list[Traffic] = []
        self._rules: dict[Traffic, dict[int, list[Rank]]] = {}
        self._covering: dict[tuple[int, int], list[dict[int, list[Rank]]]] = {}
        for place, group_id in enumerate(interface.group_ids):
            for rule in state.groups[group_id].rules.values() if group_id in state.groups else ():
                if rule.direction is direction:
                    self._add(place, rule)

    def admitting(self, protocol: int, what: int, peers: tuple[int, ...]) -> list[str]:
        """The ids of the rules for these peers, in order."""
        found: list[Rank] = []
        for rules in self._covering.get((protocol, what)) or self.covering(protocol, what):
            for each in peers:
                if (ranks := rules.get(each)) is not None:
                    found += ranks
        if len(found) > 1:
            found.sort()
        return [rule_id for _, rule_id in found]

    def covering(self, protocol: int, what: int) -> list[dict[int, list[Rank]]]:
        """For each kind of traffic that includes this, the rules by peer."""
        found = self._covering.get((protocol, what))
        if found is None:
            if len(self._covering) >= REMEMBERED_MAX:
                self._covering.clear()
            kind, code = divmod(what, 256) if protocol in _ICMP else (0, 0)
            traffics = [
                *self._ports.get((protocol, what), ()),
                *(each for each in self._others if covers(each, protocol, what, kind, code)),
            ]
            found = self._covering[protocol, what] = [self._rules[each] for each in traffics]
        return found

    def _add(self, place: int, rule: SecurityGroupRule) -> None:
        traffic = rule.traffic
        if traffic not in self._rules:
            self._rules[traffic] = {}
            if traffic.has_ports and traffic.from_port == traffic.to_port:
                self._ports.setdefault((traffic.number or 0, traffic.from_port), []).append(traffic)
            else:
                self._others.append(traffic)
        self._rules[traffic].setdefault(self._numbers[rule.peer], []).append((place, rule.rule_id))


def _peers(state: HostState, numbers: Mapping[Peer, int]) -> Mapping[int, list[tuple[int, dict[int, list[int]]]]]:
    """For each length of an address in bytes: how far to shift it, and which peers have it then."""
    tables: dict[int, dict[int, dict[int, list[int]]]] = {}
    for peer, peer_number in numbers.items():
        for first, bits, length in _blocks(state, peer):
            by_shift = tables.setdefault(bits // 8, {}).setdefault(bits - length, {})
            by_shift.setdefault(first >> (bits - length), []).append(peer_number)
    return {length: list(by_shift.items()) for length, by_shift in tables.items()}


def _blocks(state: HostState, peer: Peer) -> list[tuple[int, int, int]]:
    """What the peer stands for: each block's first address as a number, the family's bits, the prefix's length."""
    if peer.kind is PeerKind.GROUP:
        members = [packed(address) for address in state.members.get(peer.value, ())]
        return [(int.from_bytes(each, "big"), len(each) * 8, len(each) * 8) for each in members]
    is_list = peer.kind is PeerKind.PREFIX_LIST
    blocks = [block(cidr) for cidr in (state.prefix_lists.get(peer.value, ()) if is_list else (peer.value,))]
    return [(int.from_bytes(each.first, "big"), each.bits, each.length) for each in blocks]
