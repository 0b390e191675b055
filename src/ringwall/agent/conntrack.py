"""The kernel's connection tracking: read, and put right before rules judge by it.

Every packet is judged on the original tuple of its flow, so conntrack must know who opened each flow. It only knows
what it saw begin: tracking isn't active before a rule needs it, a connection that was idle since then has no entry, and
one that was picked up in mid-stream counts as opened by whoever sent the first packet seen. So before the first rules
are loaded, and again just before enforcement starts, each TCP connection of the host gets the entry that its beginning
would have made. The rules still judge it like any other.

Containers and virtual machines, whose connections the host forwards, it can't ask. An entry of theirs that was picked
up in mid-stream may say the wrong thing of who began, so it goes as soon as the rules enforce, and the connection with
it: TCP that the kernel doesn't know begins with a SYN.

Else entries are never deleted but to be put in right at once: where a flow was cut, its entry is what keeps it cut.

Source: linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_tcp.h.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Final

from ringwall.nft.attributes import attribute, by_type, nested, to_u32, u32

from .netlink import CREATE, EXCLUSIVE, NETFILTER, Netlink
from .sockets import TCP, Connection, read_sockets

_NEW: Final = 0x100
_GET: Final = 0x101
_DELETE: Final = 0x102
_GENERIC = Struct("=BBH")

_TUPLE_ORIGINAL, _TUPLE_REPLY, _STATUS, _PROTOINFO, _TIMEOUT, _ID = 1, 2, 3, 4, 7, 12
_TUPLE_IP, _TUPLE_PROTO = 1, 2
_PROTO_NUMBER, _PROTO_SOURCE, _PROTO_DESTINATION = 1, 2, 3
_PROTOINFO_TCP = 1
_TCP_STATE, _TCP_FLAGS_ORIGINAL, _TCP_FLAGS_REPLY = 1, 4, 5

_STATUS_SEEN_REPLY, _STATUS_ASSURED, _STATUS_CONFIRMED = 2, 4, 8
_TCP_ESTABLISHED: Final = 3
# Nobody knows the windows of a connection whose beginning wasn't seen. The kernel marks what it picks up itself like
# this too, and assumes selective acknowledgements for it, which we don't: that tells its entries from ours.
_BE_LIBERAL: Final = 0x08
_PICKED_UP: Final = _BE_LIBERAL | 0x02

_ESTABLISHED_TIMEOUT: Final = Path("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established")
_TIMEOUT_DEFAULT_SECONDS: Final = 432_000
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Tuple:
    """One direction of a flow. protocol: its number. Ports are 0 where the protocol has none."""

    protocol: int
    source: str
    source_port: int
    destination: str
    destination_port: int

    @property
    def reverse(self) -> Tuple:
        """The other direction, where nothing translates addresses."""
        return Tuple(self.protocol, self.destination, self.destination_port, self.source, self.source_port)


@dataclass(frozen=True, slots=True)
class Entry:
    """A tracked flow. id: the kernel's bytes. picked_up: a TCP connection that the kernel saw first in mid-stream.

    replied: packets came in both directions.
    """

    original: Tuple
    reply: Tuple
    id: bytes
    picked_up: bool
    replied: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was done before rules were loaded. failures: sentences, for connections that could not be put right.

    end_forwarded: to be called once the rules enforce, with the addresses of the endpoints: see `end_forwarded`.
    """

    connections: int = 0
    inserted: int = 0
    replaced: int = 0
    failures: tuple[str, ...] = ()
    end_forwarded: Callable[[Collection[str]], int] = field(default=lambda _: 0, compare=False)


class Conntrack:
    """The tracked flows of this thread's network namespace."""

    def __init__(self, netlink: Netlink) -> None:
        self._netlink = netlink

    def entries(self) -> Iterator[Entry]:
        """All flows, of both families. The kernel's table may change meanwhile."""
        for family in (socket.AF_INET, socket.AF_INET6):
            for body in self._netlink.dump(_GET, _GENERIC.pack(family, 0, 0)):
                if (entry := _entry(body)) is not None:
                    yield entry

    def find(self, tuple_: Tuple) -> Entry | None:
        """The flow that has the tuple as its original or its reply direction."""
        body = self._netlink.ask(_GET, _generic(tuple_) + _tuple_attribute(_TUPLE_ORIGINAL, tuple_))
        return None if body is None else _entry(body)

    def insert(self, original: Tuple, timeout_seconds: int) -> None:
        """Adds an established TCP connection that `original` opened.

        Raises:
            OSError: EEXIST when one of its directions is tracked already, or another refusal of the kernel.
        """
        liberal = bytes((_BE_LIBERAL, _BE_LIBERAL))
        payload = (
            _generic(original)
            + _tuple_attribute(_TUPLE_ORIGINAL, original)
            + _tuple_attribute(_TUPLE_REPLY, original.reverse)
            + u32(_STATUS, _STATUS_SEEN_REPLY | _STATUS_ASSURED | _STATUS_CONFIRMED)
            + u32(_TIMEOUT, timeout_seconds)
            + nested(
                _PROTOINFO,
                nested(
                    _PROTOINFO_TCP,
                    attribute(_TCP_STATE, bytes((_TCP_ESTABLISHED,))),
                    attribute(_TCP_FLAGS_ORIGINAL, liberal),
                    attribute(_TCP_FLAGS_REPLY, liberal),
                ),
            )
        )
        self._netlink.change(_NEW, CREATE | EXCLUSIVE, payload)

    def delete(self, entry: Entry) -> None:
        """Removes exactly this entry; nothing happens if it is gone already.

        Raises:
            OSError: another refusal of the kernel.
        """
        payload = _generic(entry.original) + _tuple_attribute(_TUPLE_ORIGINAL, entry.original)
        try:
            self._netlink.change(_DELETE, 0, payload + attribute(_ID, entry.id))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise


def prepare_tracking() -> Prepared:
    """Gives each TCP connection of this host that has none, or a wrong one, the entry its beginning would have made.

    An entry that saw the handshake, or that was put right once, is right whatever the sockets look like now, and stays:
    a listener may be gone meanwhile, and a revoked connection turned round would live again by an egress rule.

    Raises:
        OSError: sockets or flows can't be read.
    """
    opened_by_peer = read_sockets().opened_by_peer()
    timeout_seconds = _established_timeout()
    inserted = replaced = 0
    failures = []
    with Netlink(NETFILTER) as netlink:
        conntrack = Conntrack(netlink)
        for connection, by_peer in opened_by_peer.items():
            try:
                deleted, made = _put_right(conntrack, connection, by_peer, timeout_seconds)
            except OSError as error:
                failures.append(f"{_sentence(connection)} could not be tracked: {error.strerror}")
            else:
                inserted += made and not deleted
                replaced += made and deleted
    return Prepared(len(opened_by_peer), inserted, replaced, tuple(failures), end_forwarded)


def end_forwarded(addresses: Collection[str]) -> int:
    """How many TCP connections with these addresses were ended, of which the kernel doesn't know who opened them.

    Only while rules enforce: they refuse a connection in mid-stream that has no entry, and so it isn't picked up anew.

    Raises:
        OSError: the flows can't be read, or an entry can't be deleted.
    """
    if not addresses:
        return 0
    ends = frozenset(addresses)
    with Netlink(NETFILTER) as netlink:
        conntrack = Conntrack(netlink)
        unknown = [
            entry
            for entry in conntrack.entries()
            if entry.picked_up and entry.original.protocol == TCP and {entry.original.source, entry.reply.source} & ends
        ]
        for entry in unknown:
            conntrack.delete(entry)
    return len(unknown)


def _put_right(conntrack: Conntrack, connection: Connection, by_peer: bool, timeout_seconds: int) -> tuple[bool, bool]:
    """Whether an entry was deleted, and whether one was inserted."""
    outgoing = outgoing_tuple(connection)
    deleted = False
    for _ in range(_ATTEMPTS):
        entry = conntrack.find(outgoing)
        if entry is not None:
            if not entry.picked_up or (entry.original != outgoing) == by_peer:
                return deleted, False
            conntrack.delete(entry)
            deleted = True
        try:
            conntrack.insert(outgoing.reverse if by_peer else outgoing, timeout_seconds)
        except OSError as error:
            if error.errno != errno.EEXIST:  # EEXIST: a packet came in between and made an entry. Look again
                raise
        else:
            return deleted, True
    raise OSError(errno.EEXIST, "packets made new entries faster than they were put right")


def outgoing_tuple(connection: Connection) -> Tuple:
    """The tuple of the packets that this host sends in the connection."""
    return Tuple(
        connection.protocol,
        connection.local_address,
        connection.local_port,
        connection.peer_address,
        connection.peer_port,
    )


def _sentence(connection: Connection) -> str:
    return (
        f"tcp {connection.local_address} port {connection.local_port} with "
        f"{connection.peer_address} port {connection.peer_port}"
    )


def _established_timeout() -> int:
    try:
        return int(_ESTABLISHED_TIMEOUT.read_text())
    except (OSError, ValueError):
        return _TIMEOUT_DEFAULT_SECONDS


def _generic(tuple_: Tuple) -> bytes:
    return _GENERIC.pack(socket.AF_INET if "." in tuple_.source else socket.AF_INET6, 0, 0)


def _tuple_attribute(kind: int, tuple_: Tuple) -> bytes:
    v4 = "." in tuple_.source
    family, first = (socket.AF_INET, 1) if v4 else (socket.AF_INET6, 3)
    return nested(
        kind,
        nested(
            _TUPLE_IP,
            attribute(first, socket.inet_pton(family, tuple_.source)),
            attribute(first + 1, socket.inet_pton(family, tuple_.destination)),
        ),
        nested(
            _TUPLE_PROTO,
            attribute(_PROTO_NUMBER, bytes((tuple_.protocol,))),
            attribute(_PROTO_SOURCE, tuple_.source_port.to_bytes(2, "big")),
            attribute(_PROTO_DESTINATION, tuple_.destination_port.to_bytes(2, "big")),
        ),
    )


def _entry(body: bytes) -> Entry | None:
    attributes = by_type(body[_GENERIC.size :])
    if _TUPLE_ORIGINAL not in attributes or _TUPLE_REPLY not in attributes:
        return None
    flags = by_type(by_type(attributes.get(_PROTOINFO, b"")).get(_PROTOINFO_TCP, b""))
    return Entry(
        original=_tuple(attributes[_TUPLE_ORIGINAL]),
        reply=_tuple(attributes[_TUPLE_REPLY]),
        id=attributes.get(_ID, b""),
        picked_up=all(
            flags.get(kind, b"\0")[0] & _PICKED_UP == _PICKED_UP for kind in (_TCP_FLAGS_ORIGINAL, _TCP_FLAGS_REPLY)
        ),
        replied=bool(to_u32(attributes.get(_STATUS, b"")) & _STATUS_SEEN_REPLY),
    )


def _tuple(data: bytes) -> Tuple:
    parts = by_type(data)
    addresses, ports = by_type(parts[_TUPLE_IP]), by_type(parts[_TUPLE_PROTO])
    family, first = (socket.AF_INET, 1) if 1 in addresses else (socket.AF_INET6, 3)
    return Tuple(
        protocol=ports[_PROTO_NUMBER][0],
        source=socket.inet_ntop(family, addresses[first]),
        source_port=int.from_bytes(ports.get(_PROTO_SOURCE, b""), "big"),
        destination=socket.inet_ntop(family, addresses[first + 1]),
        destination_port=int.from_bytes(ports.get(_PROTO_DESTINATION, b""), "big"),
    )
