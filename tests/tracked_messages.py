"""Messages as the kernel writes them for tracked flows, and a plain reading of them: the judge of the fast one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from struct import pack, unpack_from

from ringwall.agent.tracked import Tracked
from ringwall.nft.attributes import attribute, by_type, items, nested, to_u32, u32, u64

ICMP = {1: (4, 5, 6), 58: (7, 8, 9)}
PORTS = (6, 17, 33, 132, 136, 47)


@dataclass(frozen=True)
class Entry:
    """A tracked flow. reply: its sender's address and port, where they aren't the destination's. state: of TCP."""

    source: str
    destination: str
    protocol: int = 6
    source_port: int = 40000
    destination_port: int = 22
    kind: tuple[int, int] = (8, 0)
    reply: tuple[str, int] | None = None
    state: int | None = 3
    counted: tuple[int, int] | None = None
    zone: int = 0
    replied: bool = True
    number: int = 77

    def message(self, *, mark: bool = True) -> bytes:
        """With its header."""
        address, port = self.reply or (self.destination, self.destination_port)
        body = pack("=BBH", socket.AF_INET6 if ":" in self.source else socket.AF_INET, 0, 0)
        body += self._tuple(1, self.source, self.destination, self.source_port, self.destination_port)
        body += self._tuple(2, address, self.source, port, self.source_port)
        body += (
            u32(3, 0xE if self.replied else 0xC)
            + (u32(8, 0) if mark else b"")
            + u32(12, self.number)
            + u32(11, 1)
            + u32(7, 99)
        )
        if self.protocol == 6 and self.state is not None:
            about = [attribute(kind, bytes((value,))) for kind, value in ((1, self.state), (2, 0), (3, 0))]
            flags = [attribute(kind, b"\x08\x08") for kind in (4, 5)]
            body += nested(4, nested(1, *about, *flags))
        if self.counted is not None:
            packets, size = self.counted
            body += nested(9, u64(1, packets - 1), u64(2, size - 40)) + nested(10, u64(1, 1), u64(2, 40))
        return pack("=IHHII", 16 + len(body), 0x100, 2, 7, 0) + body

    def _tuple(self, kind: int, source: str, destination: str, source_port: int, port: int) -> bytes:
        first = 3 if ":" in source else 1
        addresses = [attribute(first + n, ip_address(each).packed) for n, each in enumerate((source, destination))]
        numbers = [attribute(1, bytes((self.protocol,)))]
        if self.protocol in ICMP:
            values = source_port.to_bytes(2, "big"), bytes((self.kind[0],)), bytes((self.kind[1],))
            numbers += [attribute(*each) for each in zip(ICMP[self.protocol], values, strict=True)]
        elif self.protocol in PORTS:
            numbers += [attribute(2, source_port.to_bytes(2, "big")), attribute(3, port.to_bytes(2, "big"))]
        zone = [attribute(3, self.zone.to_bytes(2, "big"))] if self.zone else []
        return nested(kind, nested(1, *addresses), nested(2, *numbers), *zone)


def answer(*entries: Entry) -> bytes:
    """What the kernel answers for these, undivided, DONE at its end."""
    return b"".join(each.message() for each in entries) + pack("=IHHIIi", 20, 3, 2, 7, 0, 0)


def read_plainly(data: bytes) -> list[Tracked]:
    """The live flows in an answer, every attribute looked at."""
    return [found for at, kind, body in _messages(data) if kind >= 16 and (found := _tracked(body, at)) is not None]


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at < len(data):
        length, kind = unpack_from("=IH", data, at)
        yield at, kind, data[at + 16 : at + length]
        at += (length + 3) & -4


def _tracked(body: bytes, at: int) -> Tracked | None:
    found = by_type(body[4:])
    original, reply = by_type(found[1]), by_type(found[2])
    numbers, replied = by_type(original[2]), by_type(reply[2])
    protocol = numbers[1][0]
    state = by_type(by_type(found.get(4, b"")).get(1, b"")).get(1)
    if protocol == 6 and state is not None and state[0] > 6:
        return None
    if protocol in ICMP:
        identifier, kind, code = (int.from_bytes(numbers.get(each, b""), "big") for each in ICMP[protocol])
        what, source_port = kind * 256 + code, identifier
    else:
        source_port, what = (int.from_bytes(each, "big") for each in (numbers.get(2, b""), replied.get(2, b"")))
    source, destination = (dict(items(each[1])) for each in (original, reply))
    first = 1 if 1 in source else 3
    return Tracked(source[first], destination[first], protocol, what, source_port, at)


def is_replied(data: bytes, at: int) -> bool:
    """Whether the flow that begins there was answered."""
    length = unpack_from("=I", data, at)[0]
    return bool(to_u32(by_type(data[at + 20 : at + length])[3]) & 2)
