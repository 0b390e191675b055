"""What enforcement would end on this host now: live flows and listeners that no rule admits.

Sockets tell which TCP connections live, conntrack who opened them and which other flows were answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from ringwall.domain.admission import Flow, Listener, unadmitted, unadmitted_listeners
from ringwall.domain.group import Direction
from ringwall.domain.local import LocalPolicy
from ringwall.domain.traffic import PROTOCOL_NUMBERS
from ringwall.domain.world import HostState
from ringwall.watch.messages import UNADMITTED_MAX, Unadmitted

from .conntrack import Conntrack, Entry, outgoing_tuple
from .interfaces import read_interfaces
from .netlink import NETFILTER, Netlink
from .sockets import TCP, UDP, Sockets, ephemeral_ports, read_sockets
from .sockets import Listener as Socket

ENTRIES_MAX: Final = 20_000
"""The preview looks at so many flows at most: it is repeated, and a full table takes seconds to read."""

_ICMP: Final = frozenset((PROTOCOL_NUMBERS["icmp"], PROTOCOL_NUMBERS["icmpv6"]))
_DHCP_CLIENT_PORTS: Final = frozenset((68, 546))
_NAMES: Final = {number: name for name, number in PROTOCOL_NUMBERS.items()}


def would_end(state: HostState, local: LocalPolicy) -> tuple[Unadmitted, ...]:
    """Flows first, then listeners, at most UNADMITTED_MAX.

    Raises:
        OSError: sockets or flows can't be read.
    """
    sockets = read_sockets((TCP, UDP))
    devices = {
        address.partition("/")[0]: interface.device
        for interface in read_interfaces()
        for address in interface.addresses
    }
    with Netlink(NETFILTER) as netlink:
        flows = list(live_flows(sockets, Conntrack(netlink), devices))
    listening = sorted(listeners(sockets), key=lambda each: (each.protocol, each.port, each.address))
    found = [_flow_record(flow) for flow in unadmitted(state, local, flows)]
    found += [
        Unadmitted(Direction.INGRESS, _NAMES[each.protocol], each.address, each.port)
        for each in unadmitted_listeners(state, listening)
    ]
    return tuple(dict.fromkeys(found))[:UNADMITTED_MAX]


def live_flows(sockets: Sockets, conntrack: Conntrack, devices: Mapping[str, str]) -> Iterator[Flow]:
    """The flows that have an end on this host and go through one of its interfaces, each as its first packet was.

    devices: by address.
    """
    for connection, by_peer in sockets.opened_by_peer().items():
        outgoing = outgoing_tuple(connection)
        entry = conntrack.find(outgoing)
        if entry is None:
            original, reply = (outgoing.reverse, outgoing) if by_peer else (outgoing, outgoing.reverse)
            entry = Entry(original, reply, b"", picked_up=True, replied=True)
        yield from _flow(entry, devices)
    for entry in islice(conntrack.entries(), ENTRIES_MAX):
        if entry.original.protocol not in {TCP, *_ICMP} and entry.replied:
            yield from _flow(entry, devices)


def listeners(sockets: Sockets) -> Iterator[Listener]:
    """Where the host takes flows. UDP sockets on a port that the kernel chose are somebody's client."""
    chosen_by_kernel = ephemeral_ports()
    for each in sockets.listeners:
        if each.protocol == UDP and (each.port in chosen_by_kernel or each.port in _DHCP_CLIENT_PORTS):
            continue
        yield Listener(each.protocol, each.address or _any_address(each), each.port)


def _any_address(listener: Socket) -> str:
    return "::" if 6 in listener.families else "0.0.0.0"


def _flow(entry: Entry, devices: Mapping[str, str]) -> Iterator[Flow]:
    """The flow as a packet filter on this host sees it: destination NAT has happened, source NAT hasn't."""
    source, destination = entry.original.source, entry.reply.source
    if source in devices and destination in devices:
        return
    for address, direction in ((source, Direction.EGRESS), (destination, Direction.INGRESS)):
        if address in devices:
            yield Flow(
                devices[address],
                direction,
                entry.original.protocol,
                source,
                destination,
                entry.original.source_port,
                entry.reply.source_port,
            )


def _flow_record(flow: Flow) -> Unadmitted:
    protocol = _NAMES.get(flow.protocol, str(flow.protocol))
    if flow.direction is Direction.INGRESS:
        return Unadmitted(
            flow.direction, protocol, flow.destination, flow.destination_port, flow.source, flow.source_port
        )
    return Unadmitted(flow.direction, protocol, flow.source, flow.source_port, flow.destination, flow.destination_port)
