"""What a group's rules admit, one packet at a time and by nothing but what each rule says: the judge of `close`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from ringwall.domain.admission import covers
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.peer import PeerKind


@dataclass(frozen=True)
class Packet:
    """A packet and who is at the other end: an address, or a member of a group (then its address isn't looked at)."""

    direction: Direction
    protocol: int
    other: str
    port: int = 0
    icmp_type: int = 0
    icmp_code: int = 0


def admitting(
    rules: Iterable[SecurityGroupRule], entries: Mapping[str, Sequence[str]], packet: Packet
) -> list[SecurityGroupRule]:
    """The rules that admit the packet."""
    return [rule for rule in rules if _admits(rule, entries, packet)]


def _admits(rule: SecurityGroupRule, entries: Mapping[str, Sequence[str]], packet: Packet) -> bool:
    if rule.direction is not packet.direction:
        return False
    if not covers(rule.traffic, packet.protocol, packet.port, packet.icmp_type, packet.icmp_code):
        return False
    if rule.peer.kind is PeerKind.GROUP or packet.other.startswith("sg-"):
        return rule.peer.value == packet.other
    listed = entries.get(rule.peer.value, ()) if rule.peer.kind is PeerKind.PREFIX_LIST else [rule.peer.value]
    return any(ip_address(packet.other) in ip_network(cidr) for cidr in listed)
