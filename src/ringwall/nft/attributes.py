"""Netlink attributes: type, length and value, four-byte aligned, nested in each other.

Numbers inside nf_tables' attributes are big-endian; the attribute headers are in the host's order.
Source: linux/netlink.h.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final

NESTED: Final = 0x8000
TYPE_MASK: Final = 0x3FFF
LENGTH_MAX: Final = 0xFFFF

_header = Struct("=HH")
_u32 = Struct(">I")
_u64 = Struct(">Q")
_whole_u32 = Struct("=HH4s")
_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")


def attribute(kind: int, value: bytes) -> bytes:
    """The attribute as bytes, padded."""
    length = 4 + len(value)
    return _header.pack(length, kind) + value + _PADDING[length & 3]


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | NESTED, b"".join(attributes))


def u32(kind: int, value: int) -> bytes:
    """An attribute that holds a number of 32 bits."""
    return _whole_u32.pack(8, kind, _u32.pack(value & 0xFFFFFFFF))


def u64(kind: int, value: int) -> bytes:
    """An attribute that holds a number of 64 bits."""
    return attribute(kind, _u64.pack(value))


def string(kind: int, value: str) -> bytes:
    """An attribute that holds a name, with its final zero."""
    return attribute(kind, value.encode() + b"\0")


def items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The (type, value) of each attribute in the bytes, in order.

    Raises:
        ValueError: an attribute is shorter than its header or ends after the bytes do.
    """
    offset, end = 0, len(data)
    while offset + 4 <= end:
        length, kind = _header.unpack_from(data, offset)
        if length < 4 or offset + length > end:
            raise ValueError(f"attribute of {length} bytes at {offset} of {end}")
        yield kind & TYPE_MASK, data[offset + 4 : offset + length]
        offset += length + (-length & 3)


def by_type(data: bytes) -> dict[int, bytes]:
    """The attributes in the bytes by their type; the last one wins.

    Raises:
        ValueError: as for `items`.
    """
    found: dict[int, bytes] = {}
    offset, end = 0, len(data)
    while offset + 4 <= end:  # as in `items`, without a generator: a listing does it 50,000 times
        length, kind = _header.unpack_from(data, offset)
        if length < 4 or offset + length > end:
            raise ValueError(f"attribute of {length} bytes at {offset} of {end}")
        found[kind & TYPE_MASK] = data[offset + 4 : offset + length]
        offset += length + (-length & 3)
    return found


def to_u32(value: bytes) -> int:
    """The number of 32 bits that the attribute holds."""
    return int.from_bytes(value[:4], "big")


def to_u64(value: bytes) -> int:
    """The number of 64 bits that the attribute holds."""
    return int.from_bytes(value[:8], "big")


def to_string(value: bytes) -> str:
    """The name that the attribute holds, without its final zero; bytes that are no UTF-8 are shown as escapes."""
    return value.rstrip(b"\0").decode(errors="backslashreplace")
