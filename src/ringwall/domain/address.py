"""Addresses and CIDR blocks: their canonical text, and the bytes that packets carry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

CIDR_LENGTH_MAX: Final = 49
"""Characters of the longest block: an IPv6 address with an IPv4 tail, and a length."""

_LENGTH: Final = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
_CHARACTERS: Final = re.compile(r"[0-9A-Fa-f:.]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Block:
    """A CIDR block. version: 4 or 6. first: its lowest address, 4 or 16 bytes. length: of the prefix, in bits."""

    version: int
    first: bytes
    length: int

    @property
    def bits(self) -> int:
        """How many bits an address of this family has."""
        return len(self.first) * 8

    @property
    def mask(self) -> bytes:
        """The prefix's bits set, the others clear."""
        return prefix_mask(self.bits, self.length)

    @property
    def last(self) -> bytes:
        """Its highest address."""
        return bytes(low | ~mask & 0xFF for low, mask in zip(self.first, self.mask, strict=True))

    def contains(self, address: bytes) -> bool:
        """Whether the address, of either family, lies in the block."""
        return len(address) == len(self.first) and self.first <= address <= self.last


def canonical_cidr(text: str) -> str | None:
    """The block as EC2 stores and shows it: host bits cleared, IPv6 short and in lower case; None when malformed.

    A length is required; no blanks, scopes, netmasks or leading zeros.

    >>> canonical_cidr("100.68.0.18/18"), canonical_cidr("2001:DB8::1/32"), canonical_cidr("10.0.0.1")
    ('100.68.0.0/18', '2001:db8::/32', None)

    Source: EC2 API Reference, AuthorizeSecurityGroupIngress, CidrIp ("100.68.0.18/18 is modified to 100.68.0.0/18").
    """
    return None if len(text) > CIDR_LENGTH_MAX else _canonical(text)


def cidr_version(text: str) -> int | None:
    """4 or 6, the family of the block that the text spells; None when it spells none."""
    network = None if len(text) > CIDR_LENGTH_MAX else _network(text)
    return None if network is None else network.version


def canonical_address(text: str) -> str | None:
    """The single address in its shortest lower-case form; None when malformed."""
    if not _CHARACTERS.fullmatch(text):
        return None
    try:
        return address_text(ip_address(text))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str | None:
    """The same few blocks come again and again; nothing longer than CIDR_LENGTH_MAX comes here to be kept."""
    network = _network(text)
    return None if network is None else f"{address_text(network.network_address)}/{network.prefixlen}"


def address_text(address: IPv4Address | IPv6Address) -> str:
    """The address in its shortest lower-case form.

    One text for every Python: from 3.13 on, `str` writes the IPv4 tail of a mapped address in dotted form.
    """
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(address) if mapped is None else f"::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xFFFF:x}"


def _network(text: str) -> IPv4Network | IPv6Network | None:
    address, _, length = text.partition("/")
    if not _LENGTH.fullmatch(length) or not _CHARACTERS.fullmatch(address):
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def block(cidr: str) -> Block:
    """The block that a canonical CIDR names.

    Raises:
        ValueError: the text is no CIDR block; what the store holds always is one.
    """
    network = ip_network(cidr)
    return Block(network.version, network.network_address.packed, network.prefixlen)


@lru_cache(maxsize=65536)
def packed(address: str) -> bytes:
    """The address as packets carry it: 4 or 16 bytes.

    Raises:
        ValueError: the text is no address.
    """
    return ip_address(address).packed


def version_of(address: bytes) -> int:
    """4 or 6, by the number of bytes."""
    return 4 if len(address) == 4 else 6


@lru_cache(maxsize=512)
def prefix_mask(bits: int, length: int) -> bytes:
    """`bits // 8` bytes of which the first `length` bits are set."""
    return (((1 << length) - 1) << (bits - length)).to_bytes(bits // 8, "big")


def disjoint(cidrs: Iterable[str]) -> list[Block]:
    """The blocks without those that lie inside another one, in order: IPv4 first, then by address.

    Two CIDR blocks either nest or have nothing in common, so what is left is disjoint and covers the same addresses.
    """
    kept: list[Block] = []
    for each in sorted(map(block, cidrs), key=lambda each: (each.version, each.first, each.length)):
        if not (kept and kept[-1].contains(each.first)):
            kept.append(each)
    return kept
