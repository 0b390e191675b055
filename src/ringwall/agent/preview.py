"""What enforcement would end on this host now: live flows and listeners that no rule admits.

Sockets tell which TCP connections of the host live, conntrack who opened them, and which other flows were answered:
those of the containers and virtual machines behind it as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ringwall.domain.address import packed
from ringwall.domain.admission import Flow, Listener, unadmitted_listeners
from ringwall.domain.group import Direction
from ringwall.domain.local import LocalPolicy
from ringwall.domain.traffic import PROTOCOL_NUMBERS
from ringwall.domain.world import HostState
from ringwall.watch.messages import UNADMITTED_MAX, Unadmitted

from .conntrack import Conntrack, outgoing_tuple
from .interfaces import read_interfaces
from .judge import ELSEWHERE, Judge, Path
from .netlink import NETFILTER, Netlink
from .sockets import TCP, UDP, Sockets, ephemeral_ports, read_sockets
from .sockets import Listener as Socket
from .tracked import ICMP, Tracked, decode, is_answered, read

_DHCP_CLIENT_PORTS: Final = frozenset((68, 546))
_NAMES: Final = {number: name for name, number in PROTOCOL_NUMBERS.items()}


def would_end(state: HostState, local: LocalPolicy) -> tuple[Unadmitted, ...]:
    """Flows first, then listeners, at most UNADMITTED_MAX.

    Raises:
        OSError: sockets or flows can't be read.
    """
    sockets = read_sockets((TCP, UDP))
    judge = Judge(state, local, read_interfaces(loopback=True))
    with Netlink(NETFILTER) as netlink:
        own = list(own_connections(sockets, Conntrack(netlink)))
    seen = [*own, *other_flows(judge, read())]
    listening = sorted(listeners(sockets), key=lambda each: (each.protocol, each.port, each.address))
    found = [_flow_record(judge.flow(path, each)) for each in seen if (path := _refused(judge, each)) is not None]
    found += [
        Unadmitted(Direction.INGRESS, _NAMES[each.protocol], each.address, each.port)
        for each in unadmitted_listeners(state, listening)
    ]
    return tuple(dict.fromkeys(found))[:UNADMITTED_MAX]


def own_connections(sockets: Sockets, conntrack: Conntrack) -> Iterator[Tracked]:
    """The TCP connections of this host with others, each as its first packet was."""
    for connection, by_peer in sockets.opened_by_peer().items():
        outgoing = outgoing_tuple(connection)
        entry = conntrack.find(outgoing)
        original, reply = (outgoing.reverse, outgoing) if by_peer else (outgoing, outgoing.reverse)
        if entry is not None:
            original, reply = entry.original, entry.reply
        yield Tracked(packed(original.source), packed(reply.source), TCP, reply.source_port, original.source_port, 0)


def other_flows(judge: Judge, answers: Iterable[bytes]) -> Iterator[Tracked]:
    """Flows that were answered, and of which no socket of this host tells: all but its TCP connections, and ICMP."""
    for data in answers:
        for tracked in decode(data):
            if tracked.protocol in ICMP or not is_answered(data, tracked.at):
                continue
            path = judge.path(tracked)
            if path is not None and (tracked.protocol != TCP or path.onward is not None):
                yield tracked


def _refused(judge: Judge, tracked: Tracked) -> Path | None:
    """The path of a flow that enforcing would end; None for one that goes on, or is no business of the host's."""
    path = judge.path(tracked)
    if path is None:
        return None
    admitting = judge.admitting(path, tracked)
    if (admitting and all(admitting)) or judge.exemption(path, tracked) is not None:
        return None
    return path


def listeners(sockets: Sockets) -> Iterator[Listener]:
    """Where the host takes flows. UDP sockets on a port that the kernel chose are somebody's client."""
    chosen_by_kernel = ephemeral_ports()
    for each in sockets.listeners:
        if each.protocol == UDP and (each.port in chosen_by_kernel or each.port in _DHCP_CLIENT_PORTS):
            continue
        yield Listener(each.protocol, each.address or _any_address(each), each.port)


def _any_address(listener: Socket) -> str:
    return "::" if 6 in listener.families else "0.0.0.0"


def _flow_record(flow: Flow) -> Unadmitted:
    """The flow from the side of the host, or of the container: of the two that one that receives it."""
    protocol = _NAMES.get(flow.protocol, str(flow.protocol))
    if flow.direction is Direction.INGRESS and flow.onward != ELSEWHERE:
        return Unadmitted(
            Direction.INGRESS, protocol, flow.destination, flow.destination_port, flow.source, flow.source_port
        )
    return Unadmitted(
        Direction.EGRESS, protocol, flow.source, flow.source_port, flow.destination, flow.destination_port
    )
