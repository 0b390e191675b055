"""What a host's groups mean for a flow: admitted by which rules, or refused and why. The plain meaning, and the oracle.

Written from EC2's words alone: a group is a union of allows; an interface takes the union of its groups; what no rule
admits is refused; a rule speaks of the direction in which the flow was opened, and the replies of an admitted flow pass
in the other direction. Nothing here knows how nftables gets there. The compiler is tested against this module, and the
preview of a switch to enforcement answers from it.

Beside the rules stands what a host never refuses: loopback, neighbour discovery and multicast listeners, its own DHCP,
the connection to the server, and devices that its operator exempts.

Cost of a verdict: O(rules of the interface's groups).
Source: EC2 User Guide, "Security group rules" and "Connection tracking".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .address import block, cidr_version, packed, version_of
from .group import Direction, SecurityGroupRule
from .local import ControlEndpoint, LocalPolicy
from .peer import Peer, PeerKind
from .traffic import ALL_PROTOCOLS, ANY, PROTOCOL_NUMBERS, Traffic
from .world import HostInterface, HostState

LOOPBACK: Final = "lo"
TCP: Final = PROTOCOL_NUMBERS["tcp"]
UDP: Final = PROTOCOL_NUMBERS["udp"]
ICMP: Final = PROTOCOL_NUMBERS["icmp"]
ICMPV6: Final = PROTOCOL_NUMBERS["icmpv6"]

LINK_LOCAL_TYPES: Final = frozenset({*range(130, 138), 143})
"""The ICMPv6 types of neighbour discovery and multicast listener discovery: no rule's business, they always pass."""

LINK_LOCAL: Final = block("fe80::/10")


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow as its first packet showed it.

    device: the host's interface that it goes through. direction: ingress when the other side opened it.
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

    @property
    def peer(self) -> str:
        """The address at the other end."""
        return self.source if self.direction is Direction.INGRESS else self.destination


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits for flows. address: what it is bound to: `0.0.0.0` is all, `::` all of both families."""

    protocol: int
    address: str
    port: int


class Reason(StrEnum):
    """Why a flow passes or doesn't, for people."""

    RULES = "admitted by rules"
    LOOPBACK = "loopback"
    LINK_LOCAL = "neighbour or multicast listener discovery"
    DHCP = "DHCP client"
    CONTROL = "control channel"
    UNMANAGED = "the device is unmanaged"
    UNKNOWN_DEVICE = "the device is no interface of the host's"
    OWN_ADDRESS = "from outside, with the host's own address as its source"
    NO_RULE = "no rule admits it"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a flow passes, and why. rule_ids: every rule that admits it, by group in order, then by id."""

    allowed: bool
    reason: Reason
    rule_ids: tuple[str, ...] = ()


def admits(state: HostState, local: LocalPolicy, flow: Flow) -> Verdict:
    """The verdict on the flow when the host enforces, whatever its mode is now."""
    interface = next((each for each in state.interfaces.values() if each.device == flow.device), None)
    is_spoofed = interface is not None and _is_from_itself(interface, flow)
    rule_ids = () if interface is None or is_spoofed else tuple(_admitting(state, interface, flow))
    if rule_ids:
        return Verdict(True, Reason.RULES, rule_ids)
    if flow.device == LOOPBACK:
        return Verdict(True, Reason.LOOPBACK)
    if flow.protocol == ICMPV6 and flow.icmp_type in LINK_LOCAL_TYPES:
        return Verdict(True, Reason.LINK_LOCAL)
    if _is_control(local, flow):
        return Verdict(True, Reason.CONTROL)
    if interface is None:
        unmanaged = flow.device in local.unmanaged
        return Verdict(unmanaged, Reason.UNMANAGED if unmanaged else Reason.UNKNOWN_DEVICE)
    if _is_dhcp(flow):
        return Verdict(True, Reason.DHCP)
    return Verdict(False, Reason.OWN_ADDRESS if is_spoofed else Reason.NO_RULE)


def unadmitted(state: HostState, local: LocalPolicy, flows: Iterable[Flow]) -> list[Flow]:
    """Those of the flows that enforcement would end, in the order given."""
    return [flow for flow in flows if not admits(state, local, flow).allowed]


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


def _admitting(state: HostState, interface: HostInterface, flow: Flow) -> Iterator[str]:
    """The ids of the rules that admit the flow."""
    peer = packed(flow.peer)
    for rule in _rules(state, interface, flow.direction):
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


def _is_from_itself(interface: HostInterface, flow: Flow) -> bool:
    """Whether the flow claims to come from the interface's own IPv6 address; the kernel sees to IPv4 by itself."""
    source = packed(flow.source)
    return (
        flow.direction is Direction.INGRESS
        and version_of(source) == 6
        and any(packed(address) == source for address in interface.addresses)
    )


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
