"""What a host's groups mean for a flow: admitted by which rules, or refused and why. The plain meaning, and the oracle.

Written from EC2's words alone: a group is a union of allows; an interface takes the union of its groups; what no rule
admits is refused; a rule speaks of the direction in which the flow was opened, and the replies of an admitted flow pass
in the other direction. Nothing here knows how nftables gets there. The compiler is tested against this module, and the
preview of a switch to enforcement answers from it.

A flow that a container or virtual machine behind the host takes part in has two ends on the host, the container's and
the host's own or another container's, and both must admit it: the sender's egress and the receiver's ingress.

Beside the rules stands what a host never refuses, for itself: loopback, neighbour discovery and multicast listeners,
its own DHCP, the connection to the server, break-glass addresses, and devices that its operator exempts. And before
them all, who sends under an address that isn't his is refused.

Cost of a verdict: O(rules of the interface's groups).
Source: EC2 User Guide, "Security group rules" and "Connection tracking".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .address import block, cidr_version, packed, version_of
from .group import Direction, SecurityGroupRule
from .local import ControlEndpoint, LocalPolicy
from .peer import Peer, PeerKind
from .traffic import ALL_PROTOCOLS, ANY, PROTOCOL_NUMBERS, Traffic
from .world import HostInterface, HostState, InterfaceKind, first_own

LOOPBACK: Final = "lo"
TCP: Final = PROTOCOL_NUMBERS["tcp"]
UDP: Final = PROTOCOL_NUMBERS["udp"]
ICMP: Final = PROTOCOL_NUMBERS["icmp"]
ICMPV6: Final = PROTOCOL_NUMBERS["icmpv6"]

LINK_LOCAL_TYPES: Final = frozenset({*range(130, 138), 143})
"""The ICMPv6 types of neighbour discovery and multicast listener discovery: no rule's business, they always pass."""

LINK_LOCAL: Final = block("fe80::/10")
UNSPECIFIED: Final = bytes(16)
"""The IPv6 source of who has no address yet."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow as its first packet showed it.

    device: the host's interface that it goes through; where the host forwards it, the one that it arrives at.
    direction: ingress when the other side opened it, as it did whatever the host forwards.
    onward: the device that the host forwards it to; None: it is the host's own.
    source, destination, source_port, destination_port: of the first packet; where destination NAT applied, the
    destination after it. icmp_type, icmp_code: of the first packet, for protocols 1 and 58.
    """

    device: str
    direction: Direction
    protocol: int
    source: str
    destination: str
    source_port: int = 0
    destination_port: int = 0
    icmp_type: int = 0
    icmp_code: int = 0
    onward: str | None = None

    def peer(self, direction: Direction) -> str:
        """The other end, as an interface sees it whose ingress or egress the flow is."""
        return self.source if direction is Direction.INGRESS else self.destination


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits for flows. address: what it is bound to: `0.0.0.0` is all, `::` all of both families."""

    protocol: int
    address: str
    port: int


Kept = Set[tuple[str, Direction]]
"""Places where a flow goes on: interfaces, by id, with the direction that it is for each."""


class Reason(StrEnum):
    """Why a flow passes or doesn't, for people."""

    RULES = "admitted by rules"
    KEPT = "it goes on after the rules that admitted it"
    LOOPBACK = "loopback"
    LINK_LOCAL = "neighbour or multicast listener discovery"
    DHCP = "DHCP client"
    CONTROL = "control channel"
    BREAK_GLASS = "break-glass address"
    UNMANAGED = "the device is unmanaged"
    UNKNOWN_DEVICE = "the device is no interface of the host's"
    FORWARDED = "forwarded past the host's interfaces"
    OWN_ADDRESS = "its source is an address of the host's, or of what is behind it, and it comes from elsewhere"
    FOREIGN_SOURCE = "its source is no address of the interface that it comes from"
    ELSEWHERE = "its destination is behind the host, and it goes elsewhere"
    NO_RULE = "no rule admits it"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a flow passes, and why. rule_ids: every rule that admits it, by group in order, then by id."""

    allowed: bool
    reason: Reason
    rule_ids: tuple[str, ...] = ()


def admits(state: HostState, local: LocalPolicy, flow: Flow, kept: Kept = frozenset()) -> Verdict:
    """The verdict on the flow when the host enforces, whatever its mode is now.

    kept: where the flow goes on although no rule admits it: interfaces, by id, with the direction that it is for each.
    """
    places = _Places.of(state, local)
    if flow.onward is None and flow.device == LOOPBACK:
        return Verdict(True, Reason.LOOPBACK)
    if (misplaced := places.misplaced(flow)) is not None:
        return Verdict(False, misplaced)
    ends = places.ends(flow)
    admitting = [tuple(_admitting(state, interface, direction, flow)) for interface, direction in ends]
    if admitting and all(admitting):
        return Verdict(True, Reason.RULES, tuple(rule_id for rule_ids in admitting for rule_id in rule_ids))
    if (reason := _never_refused(local, flow)) is not None:
        return Verdict(True, reason)
    goes_on = ((interface.interface_id, direction) in kept for interface, direction in ends)
    if ends and all(rule_ids or is_kept for rule_ids, is_kept in zip(admitting, goes_on, strict=True)):
        return Verdict(True, Reason.KEPT)
    if ends:
        is_dhcp = len(ends) == 1 and flow.onward is None and _is_dhcp(flow)
        return Verdict(is_dhcp, Reason.DHCP if is_dhcp else Reason.NO_RULE)
    if flow.onward is not None:
        return Verdict(True, Reason.FORWARDED)
    unmanaged = flow.device in local.unmanaged and flow.device not in places.routed
    return Verdict(unmanaged, Reason.UNMANAGED if unmanaged else Reason.UNKNOWN_DEVICE)


def ends_of(state: HostState, local: LocalPolicy, flow: Flow) -> list[tuple[HostInterface, Direction]]:
    """The interfaces that must admit the flow, the sender's first, with the direction that it is for each.

    None where no interface of the state has to do with it, or its addresses can't be where they are.
    """
    places = _Places.of(state, local)
    return [] if places.misplaced(flow) is not None else places.ends(flow)


def unadmitted_listeners(state: HostState, listeners: Iterable[Listener]) -> list[Listener]:
    """Those of the listeners that nobody outside could reach under enforcement, in the order given.

    A listener on a loopback address isn't meant to be reached, and is never among them.
    """
    return [each for each in listeners if not _is_loopback(each.address) and not _is_reachable(state, each)]


def covers(traffic: Traffic, protocol: int, port: int = 0, icmp_type: int = 0, icmp_code: int = 0) -> bool:
    """Whether the rule's traffic includes this: the port (tcp, udp), or type and code (icmp, icmpv6)."""
    if traffic.protocol == ALL_PROTOCOLS:
        return True
    if traffic.number != protocol:
        return False
    if traffic.has_ports:
        return traffic.from_port <= port <= traffic.to_port
    if traffic.has_icmp_type:
        return traffic.from_port in (ANY, icmp_type) and traffic.to_port in (ANY, icmp_code)
    return True


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the interfaces of a state are: the host's own, and those of containers behind it, both by device.

    unbound: those of containers that no device leads to, as far as the host knows.
    """

    own: Mapping[str, HostInterface]
    routed: Mapping[str, HostInterface]
    unbound: tuple[HostInterface, ...]

    @classmethod
    def of(cls, state: HostState, local: LocalPolicy) -> _Places:
        """A container's device without an interface is one without any address or group."""
        in_order = [interface for _, interface in sorted(state.interfaces.items())]
        own, routed = (
            {each.device: each for each in in_order if each.kind is kind and not each.is_unbound}
            for kind in (InterfaceKind.HOST, InterfaceKind.ROUTED)
        )
        closed = {
            device: HostInterface("", device, (), (), InterfaceKind.ROUTED, source_check=True)
            for device in local.endpoints
        }
        return cls(own, closed | routed, tuple(each for each in in_order if each.is_unbound))

    def ends(self, flow: Flow) -> list[tuple[HostInterface, Direction]]:
        """The interfaces that must admit the flow, the sender's first, with the direction that it is for each.

        None where no interface of the state has to do with it.
        """
        endpoint = self.routed.get(flow.device)
        if flow.onward is not None:
            ends = [(endpoint, Direction.EGRESS), (self.routed.get(flow.onward), Direction.INGRESS)]
            return [(interface, direction) for interface, direction in ends if interface is not None]
        if endpoint is None:
            return [(self.own[flow.device], flow.direction)] if flow.device in self.own else []
        if not self.own:
            return []
        if flow.direction is Direction.INGRESS:
            return [(endpoint, Direction.EGRESS), (self._host_at(flow.destination), Direction.INGRESS)]
        return [(self._host_at(flow.source), Direction.EGRESS), (endpoint, Direction.INGRESS)]

    def misplaced(self, flow: Flow) -> Reason | None:
        """Why the flow's addresses can't be where it comes from or goes to; None when nothing speaks against it.

        Without endpoints a host looks at nothing that it forwards. What comes from outside with its own IPv4 address
        the kernel drops by itself.
        """
        behind = [*self.routed.values(), *self.unbound]
        if flow.direction is Direction.EGRESS or (flow.onward is not None and not behind):
            return None
        source, endpoint = packed(flow.source), self.routed.get(flow.device)
        if endpoint is None and _is_one_of(behind, source):
            return Reason.OWN_ADDRESS
        if endpoint is not None and endpoint.source_check and not _is_one_of([endpoint], source):
            return None if _is_newcomer(flow) else Reason.FOREIGN_SOURCE
        if self._looks_for_own_source(flow) and version_of(source) == 6 and _is_one_of(self.own.values(), source):
            return Reason.OWN_ADDRESS
        if flow.onward is not None and flow.onward not in self.routed:
            return Reason.ELSEWHERE if _is_one_of(behind, packed(flow.destination)) else None
        return None

    def _looks_for_own_source(self, flow: Flow) -> bool:
        """Whether the host's own address is looked for: neighbours may say so, and a sender without source check."""
        if flow.onward is not None:
            return flow.device not in self.routed
        return not _is_neighbour(flow) and (flow.device in self.own or flow.device in self.routed)

    def _host_at(self, address: str) -> HostInterface:
        """The host's own interface that has the address, or answers for it."""
        having = [each for each in self.own.values() if _is_one_of([each], packed(address))]
        return having[-1] if having else first_own(self.own.values())


def _is_one_of(interfaces: Iterable[HostInterface], address: bytes) -> bool:
    """Whether it is an address of one of the interfaces."""
    return any(packed(each) == address for interface in interfaces for each in interface.addresses)


def _is_neighbour(flow: Flow) -> bool:
    return flow.protocol == ICMPV6 and flow.icmp_type in LINK_LOCAL_TYPES


def _is_newcomer(flow: Flow) -> bool:
    """Whether it is neighbour discovery with the host, from a link-local address, or from none yet."""
    source = packed(flow.source)
    return flow.onward is None and _is_neighbour(flow) and (LINK_LOCAL.contains(source) or source == UNSPECIFIED)


def _admitting(state: HostState, interface: HostInterface, direction: Direction, flow: Flow) -> Iterator[str]:
    """The ids of the rules of the interface that admit the flow."""
    peer = packed(flow.peer(direction))
    for rule in _rules(state, interface, direction):
        if covers(rule.traffic, flow.protocol, flow.destination_port, flow.icmp_type, flow.icmp_code) and _is_at(
            state, rule.peer, peer
        ):
            yield rule.rule_id


def _rules(state: HostState, interface: HostInterface, direction: Direction) -> Iterator[SecurityGroupRule]:
    for group_id in interface.group_ids:
        if group_id in state.groups:
            yield from state.groups[group_id].in_direction(direction)


def _is_at(state: HostState, peer: Peer, address: bytes) -> bool:
    """Whether the address is one that the rule's peer stands for. What the state doesn't know is nobody."""
    match peer.kind:
        case PeerKind.CIDR_IPV4 | PeerKind.CIDR_IPV6:
            return block(peer.value).contains(address)
        case PeerKind.PREFIX_LIST:
            return any(block(cidr).contains(address) for cidr in state.prefix_lists.get(peer.value, ()))
        case PeerKind.GROUP:
            return any(packed(member) == address for member in state.members.get(peer.value, ()))


def _never_refused(local: LocalPolicy, flow: Flow) -> Reason | None:
    """Why the host itself is never refused the flow, whatever the groups say; None where that depends on them."""
    if flow.onward is not None:
        return None
    if _is_neighbour(flow):
        return Reason.LINK_LOCAL
    if _is_control(local, flow):
        return Reason.CONTROL
    peer = packed(flow.peer(flow.direction))
    if any(block(cidr).contains(peer) for cidr in local.break_glass):
        return Reason.BREAK_GLASS
    return None


def _is_control(local: LocalPolicy, flow: Flow) -> bool:
    return (
        flow.direction is Direction.EGRESS
        and flow.protocol == TCP
        and ControlEndpoint(flow.destination, flow.destination_port) in local.control
    )


def _is_dhcp(flow: Flow) -> bool:
    """Whether the flow is the host's own as a DHCP client, or its server's."""
    if flow.protocol != UDP:
        return False
    source = packed(flow.source)
    client, server = (68, 67) if version_of(source) == 4 else (546, 547)
    if version_of(source) == 6 and not LINK_LOCAL.contains(source):
        return False
    ports = (client, server) if flow.direction is Direction.EGRESS else (server, client)
    return (flow.source_port, flow.destination_port) == ports


def _is_loopback(address: str) -> bool:
    return block("127.0.0.0/8").contains(packed(address)) or address == "::1"


def _is_reachable(state: HostState, listener: Listener) -> bool:
    versions = {4, 6} if listener.address == "::" else {version_of(packed(listener.address))}
    return any(
        covers(rule.traffic, listener.protocol, listener.port) and versions & _versions(state, rule.peer)
        for interface in state.interfaces.values()
        for rule in _rules(state, interface, Direction.INGRESS)
    )


def _versions(state: HostState, peer: Peer) -> set[int | None]:
    """The families of the addresses that the peer stands for."""
    match peer.kind:
        case PeerKind.CIDR_IPV4:
            return {4}
        case PeerKind.CIDR_IPV6:
            return {6}
        case PeerKind.PREFIX_LIST:
            return {cidr_version(cidr) for cidr in state.prefix_lists.get(peer.value, ())}
        case PeerKind.GROUP:
            return {version_of(packed(member)) for member in state.members.get(peer.value, ())}
