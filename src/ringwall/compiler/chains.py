"""A security group as chains: how a packet finds the few rules that speak of it.

    sg-…-ingress            ct protocol -> sg-…-ingress-tcp, -udp, -icmp, -47 …; then the rules for all of them
    sg-…-ingress-tcp        ct reply proto-src -> a chain for each single port
                            ct reply proto-src & 0xfc00 -> a chain for each block of 1,024 ports: the ranges inside it
                            the ranges that are wider
    sg-…-ingress-untracked  ICMP that has no flow: errors about nothing known, router discovery …

A chain accepts or returns; whoever jumped here tries the next group. A group's rules appear in no other group's chains,
and which interfaces carry the group doesn't show in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import ANY, Traffic
from ringwall.domain.world import HostGroup
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import Statement, Verdict, VerdictMap
from ringwall.nft.objects import Chain, Element, Map, Rule

from . import names
from .lists import PeerList, peer_list
from .matches import ICMP_NUMBERS, TRACKED, UNTRACKED, PeerFields, family, flow_icmp, packet_icmp, ports
from .parts import Fragment, Object, finished

PORT_BLOCK_MASK: Final = b"\xfc\x00"
_SINGLE, _NARROW, _WIDE = range(3)
Key = TypeVar("Key", int, Traffic)
Rules = Sequence[SecurityGroupRule]
ListKey = tuple[str, tuple[int, ...]]
"""A list's name, and the families that it has lines for."""


@dataclass(frozen=True, slots=True)
class CompiledGroup:
    """A group's chains and maps, and what they are made of.

    lists: those of the rules that differ only in their peers. spine: what leads to them.
    peers: the groups and prefix lists that its rules name.
    """

    source: HostGroup
    lists: Mapping[ListKey, PeerList]
    spine: Fragment
    peers: frozenset[Peer]

    @property
    def fragments(self) -> Iterator[Fragment]:
        """All that it consists of."""
        yield self.spine
        yield from (each.fragment for each in self.lists.values())


def compile_group(group: HostGroup, previous: CompiledGroup | None = None) -> CompiledGroup:
    """The group in both directions. A previous compilation of it is used as far as its rules are the same."""
    if previous is not None and previous.source is group:
        return previous
    lists: dict[ListKey, PeerList] = {}
    objects: list[Object] = []
    for direction in Direction:
        rules = group.in_direction(direction)
        side = _Side(group.group_id, direction, objects, lists, previous.lists if previous else {})
        side.tracked(rules)
        side.untracked(rules)
    peers = frozenset(
        rule.peer for rule in group.rules.values() if rule.peer.kind in (PeerKind.GROUP, PeerKind.PREFIX_LIST)
    )
    return CompiledGroup(group, lists, finished(objects, previous.spine if previous else None), peers)


@dataclass(frozen=True, slots=True)
class _Side:
    """One direction of a group under construction: `objects` and `lists` grow."""

    group_id: str
    direction: Direction
    objects: list[Object]
    lists: dict[ListKey, PeerList]
    previous: Mapping[ListKey, PeerList]

    def tracked(self, rules: Rules) -> None:
        """The chains for packets that belong to a flow."""
        base = names.directed(self.group_id, self.direction)
        by_protocol = _sorted_by(lambda rule: ANY if rule.traffic.number is None else rule.traffic.number, rules)
        for_all = by_protocol.pop(ANY, [])
        lines: list[Rule] = []
        verdicts: dict[Element, Verdict] = {}
        for number, of_protocol in by_protocol.items():
            chain = names.protocol(base, number)
            by_kind = self._ports if of_protocol[0].traffic.has_ports else self._by_traffic
            self.objects.append(Chain(chain, tuple(by_kind(chain, of_protocol))))
            verdicts[(bytes([number]),)] = Verdict("jump", chain)
        if verdicts:
            self.objects.append(Map(f"{base}-protocols", (fields.CT_PROTOCOL,), verdicts))
            lines.append(Rule((VerdictMap((fields.CT_PROTOCOL,), f"{base}-protocols"),)))
        lines += self._list(f"{base}-all", (), for_all)
        self.objects.append(Chain(base, tuple(lines)))

    def untracked(self, rules: Rules) -> None:
        """The chain for ICMP without a flow: each rule that speaks of ICMP once more, testing the packet itself."""
        name = names.untracked(self.group_id, self.direction)
        about_icmp = [rule for rule in rules if rule.traffic.number is None or rule.traffic.has_icmp_type]
        lines: list[Rule] = []
        for traffic, alike in _sorted_by(lambda rule: rule.traffic, about_icmp).items():
            for version in (4, 6):
                if traffic.number in (None, ICMP_NUMBERS[version]):
                    tests = (family(version), *packet_icmp(traffic, version))
                    base = f"{name}-{'all' if traffic.number is None else traffic.protocol}-{_range(traffic)}"
                    lines += self._list(base, tests, alike, UNTRACKED[self.direction], (version,))
        self.objects.append(Chain(name, tuple(lines)))

    def _ports(self, name: str, rules: Rules) -> list[Rule]:
        """The lines of a protocol with ports: single ports and narrow ranges through maps, then the other ranges."""
        by_width = _sorted_by(lambda rule: _width(rule.traffic), rules)
        lines: list[Rule] = []
        if _SINGLE in by_width:
            chains: dict[int, str] = {}
            for port, alike in _sorted_by(lambda rule: rule.traffic.from_port, by_width[_SINGLE]).items():
                chains[port] = f"{name}-{port}"
                self.objects.append(Chain(chains[port], self._list(chains[port], (), alike)))
            lines.append(self._port_map(f"{name}-ports", chains))
        if _NARROW in by_width:
            chains = {}
            for first, inside in _sorted_by(lambda rule: _block(rule.traffic.from_port), by_width[_NARROW]).items():
                chains[first] = f"{name}-block-{first}"
                self.objects.append(Chain(chains[first], tuple(self._by_traffic(chains[first], inside))))
            lines.append(self._port_map(f"{name}-blocks", chains, mask=PORT_BLOCK_MASK))
        return [*lines, *self._by_traffic(name, by_width.get(_WIDE, []))]

    def _port_map(self, name: str, chains: dict[int, str], mask: bytes | None = None) -> Rule:
        """The line that looks the flow's port up, in a new map from ports to these chains."""
        verdicts: dict[Element, Verdict] = {
            (port.to_bytes(2, "big"),): Verdict("jump", chain) for port, chain in chains.items()
        }
        self.objects.append(Map(name, (fields.CT_REPLY_PROTO_SRC,), verdicts))
        return Rule((VerdictMap((fields.CT_REPLY_PROTO_SRC,), name, mask),))

    def _by_traffic(self, name: str, rules: Rules) -> list[Rule]:
        """A list for each range of ports, or each ICMP type and code."""
        lines: list[Rule] = []
        for traffic, alike in _sorted_by(lambda rule: rule.traffic, rules).items():
            tests = ports(traffic) if traffic.has_ports else flow_icmp(traffic) if traffic.has_icmp_type else ()
            lines += self._list(f"{name}-{_range(traffic)}", tests, alike)
        return lines

    def _list(
        self,
        name: str,
        tests: tuple[Statement, ...],
        rules: Rules,
        where: PeerFields | None = None,
        families: tuple[int, ...] = (4, 6),
    ) -> tuple[Rule, ...]:
        """The lines for rules that differ only in their peers."""
        where = where or TRACKED[self.direction]
        before = self.previous.get((name, families))
        self.lists[name, families] = now = peer_list(name, tests, tuple(rules), where, families, before)
        return now.lines


def _sorted_by(key: Callable[[SecurityGroupRule], Key], rules: Rules) -> dict[Key, list[SecurityGroupRule]]:
    """The rules by their keys, in the keys' order; those of one key in the order given."""
    by_key: dict[Key, list[SecurityGroupRule]] = {}
    for rule in rules:
        by_key.setdefault(key(rule), []).append(rule)
    return dict(sorted(by_key.items(), key=lambda item: item[0]))


def _width(traffic: Traffic) -> int:
    low, high = traffic.from_port, traffic.to_port
    return _SINGLE if low == high else _NARROW if _block(low) == _block(high) else _WIDE


def _block(port: int) -> int:
    """The first port of the block of 1,024 that the port lies in."""
    return port & ~1023


def _range(traffic: Traffic) -> str:
    """`1024-2047`, `8-any`, for names."""
    low, high = ("any" if bound == ANY else str(bound) for bound in (traffic.from_port, traffic.to_port))
    return f"{low}-{high}"
