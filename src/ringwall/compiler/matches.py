"""What a rule tests, as statements: its traffic and its peer, for packets of a flow and for those without one.

A packet that belongs to a flow is judged by the flow's tuples alone, whatever the packet itself is (an ICMP error is
judged as the flow that it speaks of): the port is where the replies come from, so that destination NAT is seen through;
the peer of an ingress rule is who opened the flow, that of an egress rule who replies. A packet without a flow, which
only ICMP gets admitted for, is judged by its own header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringwall.domain.address import Block, block
from ringwall.domain.group import Direction
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import ANY, PROTOCOL_NUMBERS, Traffic
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import Field, InSet, Match, MatchRange, Statement

from . import names

IPV4: Final = Match(fields.NFPROTO, b"\x02")
IPV6: Final = Match(fields.NFPROTO, b"\x0a")
ICMP_NUMBERS: Final = {4: PROTOCOL_NUMBERS["icmp"], 6: PROTOCOL_NUMBERS["icmpv6"]}
_PORT_MAX: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class PeerFields:
    """Where the peer's address is found, for each family."""

    v4: Field
    v6: Field

    def of(self, version: int) -> Field:
        """The field of that family."""
        return self.v4 if version == 4 else self.v6


TRACKED: Final = {
    Direction.INGRESS: PeerFields(fields.CT_ORIGINAL_IP_SADDR, fields.CT_ORIGINAL_IP6_SADDR),
    Direction.EGRESS: PeerFields(fields.CT_REPLY_IP_SADDR, fields.CT_REPLY_IP6_SADDR),
}
UNTRACKED: Final = {
    Direction.INGRESS: PeerFields(fields.IP_SADDR, fields.IP6_SADDR),
    Direction.EGRESS: PeerFields(fields.IP_DADDR, fields.IP6_DADDR),
}


def family(version: int) -> Match:
    """`meta nfproto ipv4` or `ipv6`."""
    return IPV4 if version == 4 else IPV6


def flow_protocol(number: int) -> Match:
    """`ct protocol …`"""
    return Match(fields.CT_PROTOCOL, bytes([number]))


def flow_port(port: int) -> Match:
    """`ct reply proto-src …`: the port that was asked for, behind any NAT."""
    return Match(fields.CT_REPLY_PROTO_SRC, port.to_bytes(2, "big"))


def ports(traffic: Traffic) -> tuple[Statement, ...]:
    """The test for a range of ports; none when it is all of them."""
    if (traffic.from_port, traffic.to_port) == (0, _PORT_MAX):
        return ()
    if traffic.from_port == traffic.to_port:
        return (flow_port(traffic.from_port),)
    low, high = (port.to_bytes(2, "big") for port in (traffic.from_port, traffic.to_port))
    return (MatchRange(fields.CT_REPLY_PROTO_SRC, low, high),)


def flow_icmp(traffic: Traffic) -> tuple[Statement, ...]:
    """The test for ICMP type and code of the packet that opened the flow, which conntrack keeps in place of a port."""
    if traffic.from_port == ANY:
        return ()
    if traffic.to_port == ANY:
        return (Match(fields.CT_ORIGINAL_PROTO_DST, bytes([traffic.from_port, 0]), mask=b"\xff\x00"),)
    return (Match(fields.CT_ORIGINAL_PROTO_DST, bytes([traffic.from_port, traffic.to_port])),)


def packet_icmp(traffic: Traffic, version: int) -> tuple[Statement, ...]:
    """The tests for the ICMP of that family, with its type and code, in the packet itself."""
    tests: tuple[Statement, ...] = (Match(fields.L4PROTO, bytes([ICMP_NUMBERS[version]])),)
    if not traffic.has_icmp_type or traffic.from_port == ANY:
        return tests
    type_field, code_field = (
        (fields.ICMP_TYPE, fields.ICMP_CODE) if version == 4 else (fields.ICMPV6_TYPE, fields.ICMPV6_CODE)
    )
    tests += (Match(type_field, bytes([traffic.from_port])),)
    return tests if traffic.to_port == ANY else (*tests, Match(code_field, bytes([traffic.to_port])))


def at_peer(peer: Peer, version: int, where: PeerFields) -> Statement:
    """The test that the other end is the peer, in one family. All of IPv4 is a test of the family alone."""
    field = where.of(version)
    if peer.kind in (PeerKind.GROUP, PeerKind.PREFIX_LIST):
        return InSet((field,), names.peer_set(peer.kind, peer.value, version))
    return at_block(field, block(peer.value))


def at_block(field: Field, one: Block) -> Statement:
    """The test that the address lies in the block. For all of IPv4 or IPv6 it is a test of the family alone."""
    if one.length == 0:
        return family(one.version)
    return Match(field, one.first, mask=None if one.length == one.bits else one.mask)
