"""The kernel's sockets: who talks to whom, and who listens.

Source: linux/inet_diag.h, linux/sock_diag.h; sock_diag(7).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from struct import Struct
from typing import Final

from ringwall.nft.attributes import by_type

from .netlink import SOCK_DIAG, Netlink

TCP: Final = 6
UDP: Final = 17

_BY_FAMILY: Final = 20
_REQUEST = Struct("=BBBxI48x")  # family, protocol, extensions, states, then the socket id, all of it "any"
_ANSWER = Struct("=BBxx2s2s16s16s4x8x20x")  # family, state, ports, addresses; interface, cookie, counters
_V6ONLY: Final = 11

_ESTABLISHED: Final = 1
_CLOSED: Final = 7
_LISTENING: Final = 10
# A half-closed connection still carries data one way.
_OPEN: Final = frozenset((_ESTABLISHED, 4, 5, 8))
_MAPPED: Final = bytes(10) + b"\xff\xff"
_LOCAL_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


@dataclass(frozen=True, slots=True)
class Connection:
    """A TCP connection of this host, or a UDP socket that has chosen its peer. protocol: its number."""

    protocol: int
    local_address: str
    local_port: int
    peer_address: str
    peer_port: int


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that takes what comes to a port. address: None for every address of the families, 4 and 6."""

    protocol: int
    families: frozenset[int]
    address: str | None
    port: int

    def covers(self, connection: Connection) -> bool:
        """Whether the connection can have been accepted here."""
        return (
            self.protocol == connection.protocol
            and self.port == connection.local_port
            and (4 if "." in connection.local_address else 6) in self.families
            and self.address in (None, connection.local_address)
        )


@dataclass(frozen=True, slots=True)
class Sockets:
    """The sockets of the host at one time."""

    connections: frozenset[Connection]
    listeners: frozenset[Listener]

    def opened_by_peer(self) -> dict[Connection, bool]:
        """For each TCP connection that leaves the host, whether the peer opened it.

        The kernel doesn't remember; a connection of a port that listens was accepted there.
        """
        by_port: dict[int, list[Listener]] = {}
        for listener in self.listeners:
            if listener.protocol == TCP:
                by_port.setdefault(listener.port, []).append(listener)
        return {
            connection: any(listener.covers(connection) for listener in by_port.get(connection.local_port, ()))
            for connection in self.connections
            if connection.protocol == TCP and not self._stays_here(connection)
        }

    def _stays_here(self, connection: Connection) -> bool:
        if ip_address(connection.local_address).is_loopback:
            return True
        other_end = Connection(
            connection.protocol,
            connection.peer_address,
            connection.peer_port,
            connection.local_address,
            connection.local_port,
        )
        return other_end in self.connections


def read_sockets(protocols: Iterable[int] = (TCP,)) -> Sockets:
    """The TCP (and UDP) sockets of this thread's network namespace.

    Raises:
        OSError: the kernel can't tell (no `tcp_diag`).
    """
    connections: set[Connection] = set()
    listeners: set[Listener] = set()
    with Netlink(SOCK_DIAG) as netlink:
        for protocol in protocols:
            for family in (socket.AF_INET, socket.AF_INET6):
                for found in _dump(netlink, family, protocol):
                    if isinstance(found, Listener):
                        listeners.add(found)
                    else:
                        connections.add(found)
    return Sockets(frozenset(connections), frozenset(listeners))


def ephemeral_ports() -> range:
    """The ports that the kernel gives to sockets that don't ask for one."""
    low, high = _LOCAL_PORTS.read_text().split()
    return range(int(low), int(high) + 1)


def _dump(netlink: Netlink, family: int, protocol: int) -> Iterator[Connection | Listener]:
    states = sum(1 << state for state in (*_OPEN, _LISTENING if protocol == TCP else _CLOSED))
    for body in netlink.dump(_BY_FAMILY, _REQUEST.pack(family, protocol, 0, states)):
        family_got, state, local_port, peer_port, local, peer = _ANSWER.unpack_from(body)
        port = int.from_bytes(local_port, "big")
        if state in _OPEN:
            yield Connection(
                protocol, _text(family_got, local), port, _text(family_got, peer), int.from_bytes(peer_port, "big")
            )
        elif port:
            only_v6 = by_type(body[_ANSWER.size :]).get(_V6ONLY, b"\0")[0] != 0
            yield _listener(protocol, family_got, local, port, only_v6)


def _listener(protocol: int, family: int, local: bytes, port: int, only_v6: bool) -> Listener:
    if family == socket.AF_INET:
        return Listener(protocol, frozenset((4,)), None if local[:4] == bytes(4) else _text(family, local), port)
    if local == bytes(16):
        return Listener(protocol, frozenset((6,) if only_v6 else (4, 6)), None, port)
    address = _text(family, local)
    return Listener(protocol, frozenset((4 if "." in address else 6,)), address, port)


def _text(family: int, address: bytes) -> str:
    if family == socket.AF_INET:
        return socket.inet_ntop(family, address[:4])
    if address.startswith(_MAPPED):  # an IPv4 connection of an IPv6 socket: packets, and conntrack, see IPv4
        return socket.inet_ntop(socket.AF_INET, address[12:])
    return socket.inet_ntop(family, address)
