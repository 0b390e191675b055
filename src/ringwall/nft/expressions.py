"""What a rule is made of: fields it can load, statements that test them, verdicts.

Each `Field` knows its nftables spelling and what the kernel wants to hear to load it; each statement is a whole line's
part as a person would write it (`ct reply proto-src 22`), which `netlink.py` turns into loads and comparisons and
`text.py` into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a rule can load from a packet or its flow.

    text: nftables' spelling. key: the kernel's NFT_META_*, NFT_CT_* or NFT_PAYLOAD_* (base) number. length: bytes.
    type: nftables' data type, for sets and for text. direction: for a flow's tuple, 0 original and 1 reply.
    offset: for a payload. little_endian: the register holds a number in the host's byte order, not the network's.
    """

    text: str
    kind: Literal["meta", "ct", "payload"]
    key: int
    length: int
    type: str
    direction: int | None = None
    offset: int = 0
    host_order: bool = False


IIFNAME: Final = Field("iifname", "meta", 6, 16, "ifname")
OIFNAME: Final = Field("oifname", "meta", 7, 16, "ifname")
NFPROTO: Final = Field("meta nfproto", "meta", 15, 1, "nf_proto")
L4PROTO: Final = Field("meta l4proto", "meta", 16, 1, "inet_proto")

CT_STATE: Final = Field("ct state", "ct", 0, 4, "ct_state", host_order=True)
CT_DIRECTION: Final = Field("ct direction", "ct", 1, 1, "ct_dir")
CT_STATUS: Final = Field("ct status", "ct", 2, 4, "ct_status", host_order=True)
CT_ID: Final = Field("ct id", "ct", 23, 4, "ct_id")
CT_PROTOCOL: Final = Field("ct protocol", "ct", 10, 1, "inet_proto")
CT_ORIGINAL_PROTO_SRC: Final = Field("ct original proto-src", "ct", 11, 2, "inet_service", direction=0)
CT_ORIGINAL_PROTO_DST: Final = Field("ct original proto-dst", "ct", 12, 2, "inet_service", direction=0)
CT_REPLY_PROTO_SRC: Final = Field("ct reply proto-src", "ct", 11, 2, "inet_service", direction=1)
CT_ORIGINAL_IP_SADDR: Final = Field("ct original ip saddr", "ct", 19, 4, "ipv4_addr", direction=0)
CT_ORIGINAL_IP6_SADDR: Final = Field("ct original ip6 saddr", "ct", 21, 16, "ipv6_addr", direction=0)
CT_REPLY_IP_SADDR: Final = Field("ct reply ip saddr", "ct", 19, 4, "ipv4_addr", direction=1)
CT_REPLY_IP6_SADDR: Final = Field("ct reply ip6 saddr", "ct", 21, 16, "ipv6_addr", direction=1)

# Payload fields. The kernel loads them without asking what the packet is: the rule tests NFPROTO or L4PROTO first.
NETWORK: Final = 1
TRANSPORT: Final = 2
IP_SADDR: Final = Field("ip saddr", "payload", NETWORK, 4, "ipv4_addr", offset=12)
IP_DADDR: Final = Field("ip daddr", "payload", NETWORK, 4, "ipv4_addr", offset=16)
IP6_SADDR: Final = Field("ip6 saddr", "payload", NETWORK, 16, "ipv6_addr", offset=8)
IP6_DADDR: Final = Field("ip6 daddr", "payload", NETWORK, 16, "ipv6_addr", offset=24)
IP6_HOPLIMIT: Final = Field("ip6 hoplimit", "payload", NETWORK, 1, "integer", offset=7)
TRANSPORT_SPORT: Final = Field("th sport", "payload", TRANSPORT, 2, "inet_service", offset=0)
TRANSPORT_DPORT: Final = Field("th dport", "payload", TRANSPORT, 2, "inet_service", offset=2)
TCP_FLAGS: Final = Field("tcp flags", "payload", TRANSPORT, 1, "tcp_flag", offset=13)
ICMP_TYPE: Final = Field("icmp type", "payload", TRANSPORT, 1, "icmp_type", offset=0)
ICMP_CODE: Final = Field("icmp code", "payload", TRANSPORT, 1, "icmp_code", offset=1)
ICMPV6_TYPE: Final = Field("icmpv6 type", "payload", TRANSPORT, 1, "icmpv6_type", offset=0)
ICMPV6_CODE: Final = Field("icmpv6 code", "payload", TRANSPORT, 1, "icmpv6_code", offset=1)

STATE_INVALID: Final = 1
STATE_ESTABLISHED: Final = 2
STATE_RELATED: Final = 4
STATE_NEW: Final = 8
STATE_UNTRACKED: Final = 64
STATUS_CONFIRMED: Final = 8


@dataclass(frozen=True, slots=True)
class Match:
    """The field (under the mask, when there is one) equals the value; or doesn't, when negated.

    value, mask: `field.length` bytes as the register holds them.
    """

    field: Field
    value: bytes
    mask: bytes | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class MatchAny:
    """At least one bit of the mask is set in the field: `ct state untracked,invalid`."""

    field: Field
    mask: bytes


@dataclass(frozen=True, slots=True)
class MatchRange:
    """The field lies between low and high, both included, compared as big-endian numbers."""

    field: Field
    low: bytes
    high: bytes


@dataclass(frozen=True, slots=True)
class InSet:
    """The fields, put together, are an element of the named set of the same table."""

    fields: tuple[Field, ...]
    set_name: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class VerdictMap:
    """The verdict that the named map holds for the fields, put together; none: the next rule.

    mask: applied to the (only) field before the look-up, for maps of port blocks and address trees.
    """

    fields: tuple[Field, ...]
    map_name: str
    mask: bytes | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts the packets and bytes that come this far."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens next: accept, drop, return, or jump or goto a chain."""

    kind: Literal["accept", "drop", "return", "jump", "goto"]
    chain: str | None = None


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something in an observed rule that ringwall never writes, so that the rule equals none of ours.

    expression: the kernel's name for it. data: its netlink bytes.
    """

    expression: str
    data: bytes


Statement = Match | MatchAny | MatchRange | InSet | VerdictMap | Counter | Verdict | Foreign
