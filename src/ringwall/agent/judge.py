"""Tracked flows as the host's rules see them: where each goes, which rules admit it, and what passes without any.

The meaning is that of `domain/admission.py`. Where a flow goes follows from its addresses alone, so it is worked out
once for each pair of places, and asked of `ends_of`; rules are looked up in tables. Only what no rule admits, and what
the host may never refuse, is asked of `admits` itself.

Not seen: a flow that a container sends under an address of nobody's counts as one from outside; an address of the
host's counts for the device that has it, whichever way its packets go.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final

from ringwall.domain.address import address_text, packed
from ringwall.domain.admission import LOOPBACK, Flow, Reason, admits, ends_of
from ringwall.domain.group import Direction
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState, InterfaceKind, first_own

from .interfaces import DeviceAddresses
from .rule_tables import RuleTables, Side
from .tracked import ICMP, TCP, Tracked

_UDP: Final = 17
_DHCP_PORTS: Final = frozenset((67, 68, 546, 547))
ELSEWHERE: Final = ""
"""No device of anybody's: where the host forwards to, when that is none of its containers."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where an address of the host's, or of what is behind it, is. An unbound one is on no device."""

    device: str
    is_behind: bool


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Which way the flows between two places go.

    ends: the interfaces that must admit them, each with whether the peer is the source there.
    """

    device: str
    direction: Direction
    onward: str | None
    ends: tuple[tuple[Side, bool], ...] = ()


class Judge:
    """A state, with the tables that its rules make. interfaces: the host's, with their addresses, now."""

    def __init__(self, state: HostState, local: LocalPolicy, interfaces: Iterable[DeviceAddresses]) -> None:
        self.state, self.local = state, local
        self._without_rules = replace(state, groups={})
        self._tables = RuleTables(state)
        self._peers_of = self._tables.peers_of
        own = [each for each in state.interfaces.values() if each.kind is InterfaceKind.HOST]
        self._uplink = first_own(own).device if own else None
        self._places = _places(state, interfaces, self._uplink or LOOPBACK)
        self._paths: dict[tuple[Place | None, Place | None], Path | None] = {}
        self._control = {(packed(each.address), each.port) for each in local.control}

    def path(self, tracked: Tracked) -> Path | None:
        """Which way the flow goes; None where that isn't past any interface of the host's."""
        between = self._places.get(tracked.source), self._places.get(tracked.destination)
        try:
            return self._paths[between]
        except KeyError:
            found = self._paths[between] = self._find_path(*between, tracked)
            return found

    def alike(self, path: Path, tracked: Tracked) -> Hashable:
        """The same value for flows of this path that the same rules admit."""
        source, destination, protocol, what, _, _ = tracked
        return path, protocol, what, self._peers_of(source), self._peers_of(destination)

    def admitting(self, path: Path, tracked: Tracked) -> list[list[str]]:
        """For each of the path's ends the ids of the rules that admit the flow, in the order of `Verdict.rule_ids`."""
        source, destination, protocol, what, _, _ = tracked
        peers_of = self._peers_of
        return [
            side.admitting(protocol, what, peers_of(source if is_source else destination))
            for side, is_source in path.ends
        ]

    def exemption(self, path: Path, tracked: Tracked) -> Reason | None:
        """Why the flow passes though not each of its ends has a rule that admits it; None: it doesn't."""
        if path.ends and not self._may_be_exempt(tracked):
            return None
        verdict = admits(self._without_rules, self.local, self.flow(path, tracked))
        return verdict.reason if verdict.allowed else None

    def flow(self, path: Path, tracked: Tracked) -> Flow:
        """The flow as its first packet was."""
        ports = (0, 0) if tracked.protocol in ICMP else (tracked.source_port, tracked.what)
        kind = divmod(tracked.what, 256) if tracked.protocol in ICMP else (0, 0)
        source, destination = text(tracked.source), text(tracked.destination)
        return Flow(path.device, path.direction, tracked.protocol, source, destination, *ports, *kind, path.onward)

    def _may_be_exempt(self, tracked: Tracked) -> bool:
        if self.local.break_glass or tracked.protocol in ICMP:
            return True
        if tracked.protocol == _UDP:
            return tracked.what in _DHCP_PORTS
        return tracked.protocol == TCP and (tracked.destination, tracked.what) in self._control

    def _find_path(self, source: Place | None, destination: Place | None, example: Tracked) -> Path | None:
        way = self._way(source, destination)
        if way is None:
            return None
        path = Path(*way)
        ends = [
            (self._tables.side(interface, direction), direction is Direction.INGRESS)
            for interface, direction in ends_of(self.state, self.local, self.flow(path, example))
        ]
        return replace(path, ends=tuple(ends))

    def _way(self, source: Place | None, destination: Place | None) -> tuple[str, Direction, str | None] | None:
        """The device, direction and onward device of a `Flow` between the places."""
        leaves_container = source is not None and source.is_behind
        enters_container = destination is not None and destination.is_behind
        if source is not None and leaves_container:
            if destination is None:
                return source.device, Direction.INGRESS, ELSEWHERE
            return source.device, Direction.INGRESS, destination.device if enters_container else None
        if destination is not None and enters_container:
            if source is not None:
                return destination.device, Direction.EGRESS, None
            return None if self._uplink is None else (self._uplink, Direction.INGRESS, destination.device)
        if source is None and destination is not None:
            return destination.device, Direction.INGRESS, None
        if source is not None and destination is None:
            return source.device, Direction.EGRESS, None
        return None  # the host's with itself, or somebody else's


def text(address: bytes) -> str:
    """The packed address as people write it."""
    return address_text(ip_address(address))


def _places(state: HostState, interfaces: Iterable[DeviceAddresses], uplink: str) -> Mapping[bytes, Place]:
    """uplink: by which what loopback has is reached from outside."""
    places = {}
    for each in interfaces:
        device = uplink if each.device == LOOPBACK else each.device
        for cidr in each.addresses:
            address = packed(cidr.partition("/")[0])
            places[address] = Place(device, is_behind=False)
    for interface in state.interfaces.values():
        if interface.kind is InterfaceKind.ROUTED:
            for address in map(packed, interface.addresses):
                places[address] = Place(interface.device, is_behind=True)
    return places
