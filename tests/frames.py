"""Packets as bytes: every kind that a flow has, each carrying a number by which it is known again.

The kinds are those of `build.packet`, which says of the same packet what the kernel would load of it.
"""

from __future__ import annotations

from struct import pack

from build import TRACKED_ICMP, hops
from ringwall.domain.address import packed, version_of
from ringwall.domain.admission import ICMP, ICMPV6, TCP, UDP, Flow

SCTP = 132
MAGIC = 0x52574E47
ID_BYTES = 8
_OFFSETS = {TCP: (20,), UDP: (8,), SCTP: (36,), ICMP: (8, 8 + 20 + 8), ICMPV6: (8, 8 + 40 + 8)}
_OTHERS = (8,)
_SEQUENCE, _ANSWER = 1000, 5000


def packet_bytes(of: Flow, kind: str, number: int) -> bytes:
    """The packet with its IP header. number: what `number_in` finds again. SCTP has one association, tag 1."""
    backwards = kind in ("reply", "error")
    source, destination = (of.destination, of.source) if backwards else (of.source, of.destination)
    v4 = version_of(packed(source)) == 4
    ends = packed(source) + packed(destination)
    mark = pack("!II", MAGIC, number)
    if kind == "error":
        quoted = _ip(packed(of.source) + packed(of.destination), of.protocol, _transport(of, "first", mark)[:8], 64)
        protocol, message = (ICMP if v4 else ICMPV6), pack("!BBHHH", 3, 4, 0, 0, 1400) + quoted + mark
    else:
        protocol, message = of.protocol, _transport(of, kind, mark)
    return _ip(ends, protocol, _with_checksum(ends, protocol, message), hops(of))


def ip_packet(source: str, destination: str, protocol: int, message: bytes) -> bytes:
    """A packet of any content; where its protocol has a checksum, with that."""
    ends = packed(source) + packed(destination)
    return _ip(ends, protocol, _with_checksum(ends, protocol, message), 64)


def fragment(whole: bytes, at: int, length: int) -> bytes:
    """So many bytes of a packet's content, from there, as a piece of it."""
    if whole[0] >> 4 == 4:
        content, more = whole[20:], at + length < len(whole) - 20
        return _ip(whole[12:20], whole[9], content[at : at + length], 64, at >> 3 | (0x2000 if more else 0))
    content, more = whole[40:], at + length < len(whole) - 40
    extension = pack("!BBHI", whole[6], 0, at | int(more), 7)
    return _ip(whole[8:40], 44, extension + content[at : at + length], 64)


def number_in(packet: bytes) -> int | None:
    """The number that a packet with its IP header carries; None of one that isn't ours."""
    if not packet:
        return None
    if packet[0] >> 4 == 4:
        return number_behind(packet[9], packet[(packet[0] & 15) * 4 :])
    return number_behind(packet[6], packet[40:])


def number_behind(protocol: int, message: bytes) -> int | None:
    """The number in what follows the IP header."""
    for offset in _OFFSETS.get(protocol, _OTHERS):
        if message[offset : offset + 4] == MAGIC.to_bytes(4, "big"):
            return int.from_bytes(message[offset + 4 : offset + 8], "big")
    return None


def _transport(of: Flow, kind: str, mark: bytes) -> bytes:
    """What follows the IP header, its checksum yet to come."""
    backwards = kind == "reply"
    ports = (of.destination_port, of.source_port) if backwards else (of.source_port, of.destination_port)
    match of.protocol:
        case 6:
            flags, sent, seen = {
                "first": (0x02, _SEQUENCE, 0),
                "reply": (0x12, _ANSWER, _SEQUENCE + 1),
                "later": (0x10, _SEQUENCE + 1, _ANSWER + 1),
            }[kind]
            return pack("!HHIIBBHHH", *ports, sent, seen, 5 << 4, flags, 0xFFFF, 0, 0) + mark
        case 17:
            return pack("!HHHH", *ports, 8 + ID_BYTES, 0) + mark
        case 132:
            chunk, tag = {"first": (1, 0), "reply": (2, 1), "later": (10, 1)}[kind]
            body = pack("!IIHHI", 1, 0xFFFF, 1, 1, 1) + pack("!HH", 0xC000, 4 + ID_BYTES) + mark
            return pack("!HHII", *ports, tag, 0) + pack("!BBH", chunk, 0, 4 + len(body)) + body
        case number if number in TRACKED_ICMP:
            answers = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129, 139: 140}
            kind_of = answers[of.icmp_type] if backwards else of.icmp_type
            return pack("!BBHHH", kind_of, of.icmp_code, 0, of.source_port, 1) + mark
        case _:
            return bytes(8) + mark


def _ip(ends: bytes, protocol: int, message: bytes, hops: int, piece: int = 0) -> bytes:
    if len(ends) == 8:
        head = pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 7, piece, hops, protocol, 0)
        total = internet_checksum(head + ends)
        return head[:10] + pack("!H", total) + ends + message
    return pack("!IHBB", 6 << 28, len(message), protocol, hops) + ends + message


def _with_checksum(ends: bytes, protocol: int, message: bytes) -> bytes:
    pseudo = ends + pack("!II", len(message), protocol)
    match protocol:
        case 6:
            return message[:16] + pack("!H", internet_checksum(pseudo + message)) + message[18:]
        case 17:
            return message[:6] + pack("!H", internet_checksum(pseudo + message) or 0xFFFF) + message[8:]
        case 1:
            return message[:2] + pack("!H", internet_checksum(message)) + message[4:]
        case 58:
            return message[:2] + pack("!H", internet_checksum(pseudo + message)) + message[4:]
        case 132:
            return message[:8] + pack("<I", crc32c(message)) + message[12:]
        case _:
            return message


def internet_checksum(data: bytes) -> int:
    """The ones' complement sum of RFC 1071 over the data, complemented."""
    total = int.from_bytes(data + bytes(len(data) % 2), "big") % 0xFFFF
    return ~(total or (0xFFFF if any(data) else 0)) & 0xFFFF


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


_CRC = _crc_table()


def crc32c(data: bytes) -> int:
    """The checksum of SCTP (RFC 9260, appendix A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
