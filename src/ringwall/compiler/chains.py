"""A security group as chains: how a packet finds the few rules that speak of it.

    sg-…-ingress            ct original protocol -> sg-…-ingress-tcp, -udp, -icmp, -47 …; then the rules for all of them
    sg-…-ingress-tcp        ct reply proto-src -> a chain for each single port
                            ct reply proto-src & 0xfc00 -> a chain for each block of 1,024 ports: the ranges inside it
                            the ranges that are wider
    sg-…-ingress-untracked  ICMP that has no flow: errors about nothing known, router discovery …

A chain accepts or returns; whoever jumped here tries the next group. A group's rules appear in no other group's chains,
and which interfaces carry the group doesn't show in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.traffic import PROTOCOL_NUMBERS, Traffic
from ringwall.domain.world import HostGroup
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import Statement, Verdict, VerdictMap
from ringwall.nft.objects import Chain, Element, Map, Rule

from . import names
from .lists import peer_list
from .matches import TRACKED, UNTRACKED, family, flow_icmp, packet_icmp, ports
from .parts import Object

PORT_BLOCK_MASK: Final = b"\xfc\x00"
_PORT_BLOCK_BITS: Final = 10
_VERSIONS: Final = (4, 6)
_ICMP_VERSION: Final = {PROTOCOL_NUMBERS["icmp"]: 4, PROTOCOL_NUMBERS["icmpv6"]: 6}


def group_objects(group: HostGroup) -> list[Object]:
    """The chains and maps of a group, both directions."""
    objects: list[Object] = []
    for direction in Direction:
        rules = group.in_direction(direction)
        _tracked(group.group_id, direction, rules, objects)
        _untracked(group.group_id, direction, rules, objects)
    return objects


def _tracked(group_id: str, direction: Direction, rules: Sequence[SecurityGroupRule], objects: list[Object]) -> None:
    """The chains for packets that belong to a flow."""
    base = names.directed(group_id, direction)
    by_protocol: dict[int | None, list[SecurityGroupRule]] = defaultdict(list)
    for rule in rules:
        by_protocol[rule.traffic.number].append(rule)
    lines: list[Rule] = []
    verdicts: dict[Element, Verdict] = {}
    for number in sorted(number for number in by_protocol if number is not None):
        chain = names.protocol(base, number)
        objects.append(Chain(chain, tuple(_protocol(chain, direction, by_protocol[number], objects))))
        verdicts[(bytes([number]),)] = Verdict("jump", chain)
    if verdicts:
        objects.append(Map(f"{base}-protocols", (fields.CT_PROTOCOL,), verdicts))
        lines.append(Rule((VerdictMap((fields.CT_PROTOCOL,), f"{base}-protocols"),)))
    lines += _lists(f"{base}-all", (), direction, by_protocol[None], objects)
    objects.append(Chain(base, tuple(lines)))


def _protocol(name: str, direction: Direction, rules: Sequence[SecurityGroupRule], objects: list[Object]) -> list[Rule]:
    """The lines of a protocol's chain."""
    if rules[0].traffic.has_ports:
        return _ports(name, direction, rules, objects)
    return _by_traffic(name, direction, rules, objects)


def _ports(name: str, direction: Direction, rules: Sequence[SecurityGroupRule], objects: list[Object]) -> list[Rule]:
    """Single ports and narrow ranges through a map, the other ranges as a list."""
    single: dict[int, list[SecurityGroupRule]] = defaultdict(list)
    narrow: dict[int, list[SecurityGroupRule]] = defaultdict(list)
    wide: list[SecurityGroupRule] = []
    for rule in rules:
        low, high = rule.traffic.from_port, rule.traffic.to_port
        if low == high:
            single[low].append(rule)
        elif low >> _PORT_BLOCK_BITS == high >> _PORT_BLOCK_BITS:
            narrow[low >> _PORT_BLOCK_BITS << _PORT_BLOCK_BITS].append(rule)
        else:
            wide.append(rule)
    lines: list[Rule] = []
    if single:
        chains = {port: f"{name}-{port}" for port in sorted(single)}
        for port, chain in chains.items():
            objects.append(Chain(chain, tuple(_lists(chain, (), direction, single[port], objects))))
        lines.append(_port_map(f"{name}-ports", chains, None, objects))
    if narrow:
        chains = {first: f"{name}-block-{first}" for first in sorted(narrow)}
        for first, chain in chains.items():
            objects.append(Chain(chain, tuple(_by_traffic(chain, direction, narrow[first], objects))))
        lines.append(_port_map(f"{name}-blocks", chains, PORT_BLOCK_MASK, objects))
    return [*lines, *_by_traffic(name, direction, wide, objects)]


def _port_map(name: str, chains: dict[int, str], mask: bytes | None, objects: list[Object]) -> Rule:
    """The line that looks the flow's port up, in a new map from ports to these chains."""
    verdicts: dict[Element, Verdict] = {
        (port.to_bytes(2, "big"),): Verdict("jump", chain) for port, chain in chains.items()
    }
    objects.append(Map(name, (fields.CT_REPLY_PROTO_SRC,), verdicts))
    return Rule((VerdictMap((fields.CT_REPLY_PROTO_SRC,), name, mask),))


def _by_traffic(
    name: str, direction: Direction, rules: Sequence[SecurityGroupRule], objects: list[Object]
) -> list[Rule]:
    """A list for each range, or each ICMP type and code."""
    by_traffic: dict[Traffic, list[SecurityGroupRule]] = defaultdict(list)
    for rule in rules:
        by_traffic[rule.traffic].append(rule)
    lines: list[Rule] = []
    for traffic in sorted(by_traffic):
        tests = ports(traffic) if traffic.has_ports else flow_icmp(traffic) if traffic.has_icmp_type else ()
        lines += _lists(f"{name}-{_range(traffic)}", tests, direction, by_traffic[traffic], objects)
    return lines


def _lists(
    name: str,
    tests: tuple[Statement, ...],
    direction: Direction,
    rules: Sequence[SecurityGroupRule],
    objects: list[Object],
) -> list[Rule]:
    where = TRACKED[direction]
    return [line for version in _VERSIONS for line in peer_list(name, tests, rules, where, version, objects)]


def _untracked(group_id: str, direction: Direction, rules: Sequence[SecurityGroupRule], objects: list[Object]) -> None:
    """The chain for ICMP without a flow: each rule that speaks of ICMP once more, testing the packet itself."""
    name = names.untracked(group_id, direction)
    by_traffic: dict[Traffic, list[SecurityGroupRule]] = defaultdict(list)
    for rule in rules:
        if rule.traffic.number is None or rule.traffic.has_icmp_type:
            by_traffic[rule.traffic].append(rule)
    lines: list[Rule] = []
    for traffic in sorted(by_traffic):
        for version in _VERSIONS:
            if traffic.number is None or _ICMP_VERSION[traffic.number] == version:
                tests = (family(version), *packet_icmp(traffic, version))
                base = f"{name}-{traffic.protocol if traffic.number else 'all'}-{_range(traffic)}"
                lines += peer_list(base, tests, by_traffic[traffic], UNTRACKED[direction], version, objects)
    objects.append(Chain(name, tuple(lines)))


def _range(traffic: Traffic) -> str:
    """`1024-2047`, `8-any`, for names."""
    low, high = ("any" if bound < 0 else str(bound) for bound in (traffic.from_port, traffic.to_port))
    return f"{low}-{high}"
