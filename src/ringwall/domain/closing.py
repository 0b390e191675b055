"""What closes an access: which rules admit a part of it, and what must become of them so that none does.

Theory of operation. An access is a traffic and a source: a set of addresses, or of groups that rules can name. A rule
is a rectangle of the same kind, its traffic by its peer; it admits a part of the access if both sides have something
in common. What is left of a rule when the access is taken out of it is again rectangles: the rest of its traffic from
its whole peer, and the common traffic from the rest of its peer.

    ports   0 ┌────────┬───────────┐
              │        .           │  the rest of the traffic, from the whole peer
           22 │  left  │  closed   │  the common traffic, from the rest of the peer
              │        .           │
        65535 └────────┴───────────┘
                       source

Not every rest can be said in rules: all protocols but one port would be a rule for each other protocol, a block without
many small ones a rule for each remaining block, and of a prefix list some entries can't be named at all.

Members of a group have addresses too; but a rule that names a group is touched only by an access from that group, and
an access from a group doesn't touch rules of addresses. `still_admitting` tells what they let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from .address import Block, address_text, block
from .group import Direction, SecurityGroupRule
from .peer import Peer, PeerKind
from .traffic import ALL_PROTOCOLS, ANY, PROTOCOL_NUMBERS, Traffic

PIECES_MAX: Final = 32
"""A block is split into at most so many; 0.0.0.0/0 without one address is just that many."""
PORT_MAX: Final = 65_535

Entries = Mapping[str, Sequence[str]]
"""The blocks of each prefix list, by its id."""


@dataclass(frozen=True, slots=True)
class Access:
    """What is to be closed.

    blocks: the addresses at the other end, disjoint. group_ids, prefix_list_ids: peers that are meant as such, whatever
    they stand for.
    """

    direction: Direction
    traffic: Traffic
    blocks: tuple[Block, ...]
    group_ids: frozenset[str] = frozenset()
    prefix_list_ids: frozenset[str] = frozenset()


class Whole(StrEnum):
    """Why a rule can only be removed whole."""

    PROTOCOLS = "all protocols but one port can't be said without a rule for each protocol"
    TYPES = "ICMP types and codes have no ranges, so the others can't be said"
    BLOCKS = "what is left of its addresses would take too many rules"
    LIST = "some entries of its prefix list aren't meant, and the list is shared: it isn't changed here"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one rule that admits a part of the access: it goes, and these rules come in its place.

    left: traffic and peer of each. whole: why it goes whole although a part of it isn't meant, or None. entries: the
    entries of its prefix list that are meant. lost: whether it admitted more than the access and what is left.
    """

    rule: SecurityGroupRule
    left: tuple[tuple[Traffic, Peer], ...] = ()
    whole: Whole | None = None
    entries: tuple[str, ...] = ()
    lost: bool = False


def steps(
    access: Access, rules: Iterable[SecurityGroupRule], entries: Entries, *, split: bool, name_protocols: bool = False
) -> list[Step]:
    """A step for each rule that admits a part of the access, in the order given. Afterwards no rule of these does.

    split: what is left of a rule takes its place, where it can be said. name_protocols: of a rule of all protocols
    that is what is left of tcp, udp, icmp and icmpv6; the other protocols are lost.
    """
    return [
        _step(access, rule, entries, split=split, name_protocols=name_protocols)
        for rule in rules
        if admits_part(access, rule, entries)
    ]


@dataclass(frozen=True, slots=True)
class GroupChange:
    """What the steps come to for one group: rules that go, and rules that come, which have no ids yet."""

    group_id: str
    gone: tuple[SecurityGroupRule, ...]
    new: tuple[SecurityGroupRule, ...]


def changes(planned: Iterable[Step], held: Iterable[SecurityGroupRule]) -> list[GroupChange]:
    """The steps, group by group. What a group holds already, or what two steps leave alike, isn't added again.

    held: all rules of the groups. A new rule has the description of the one that it comes from.
    """
    known = {_identity(each) for each in held}
    gone: dict[str, list[SecurityGroupRule]] = {}
    new: dict[str, list[SecurityGroupRule]] = {}
    for step in planned:
        gone.setdefault(step.rule.group_id, []).append(step.rule)
        for traffic, peer in step.left:
            rule = replace(step.rule, rule_id="", traffic=traffic, peer=peer)
            if _identity(rule) not in known:
                known.add(_identity(rule))
                new.setdefault(rule.group_id, []).append(rule)
    return [GroupChange(group_id, tuple(rules), tuple(new.get(group_id, ()))) for group_id, rules in gone.items()]


def _identity(rule: SecurityGroupRule) -> tuple[str, Direction, Traffic, Peer]:
    return rule.group_id, rule.direction, rule.traffic, rule.peer


def admits_part(access: Access, rule: SecurityGroupRule, entries: Entries) -> bool:
    """Whether the rule admits some packet of the access. A prefix list that isn't among the entries is an empty one."""
    if rule.direction is not access.direction or common(rule.traffic, access.traffic) is None:
        return False
    peer = rule.peer
    if peer.kind is PeerKind.GROUP:
        return peer.value in access.group_ids
    if peer.kind is PeerKind.PREFIX_LIST and peer.value in access.prefix_list_ids:
        return True
    return any(meet(one, other) for one in blocks_of(peer, entries) for other in access.blocks)


def still_admitting(
    traffic: Traffic, direction: Direction, rules: Iterable[SecurityGroupRule]
) -> list[SecurityGroupRule]:
    """The rules that admit a part of the traffic, from whomever."""
    return [each for each in rules if each.direction is direction and common(each.traffic, traffic) is not None]


def _step(access: Access, rule: SecurityGroupRule, entries: Entries, *, split: bool, name_protocols: bool) -> Step:
    shared = common(rule.traffic, access.traffic)
    assert shared is not None, "the rule admits a part of the access"
    meant = tuple(
        cidr for cidr in _entries_of(rule.peer, entries) if any(meet(block(cidr), each) for each in access.blocks)
    )
    others = _without_traffic(rule.traffic, access.traffic, name_protocols=name_protocols)
    rest = _rest_of_peer(access, rule.peer, entries)
    is_more = others != [] or rest != []
    if not split:
        return Step(rule, entries=meant, lost=is_more)
    if isinstance(others, Whole) or isinstance(rest, Whole):
        whole = others if isinstance(others, Whole) else rest
        assert isinstance(whole, Whole)
        return Step(rule, whole=whole, entries=meant, lost=True)
    left = [(traffic, rule.peer) for traffic in others] + [(shared, peer) for peer in rest]
    names_only = rule.traffic.protocol == ALL_PROTOCOLS != access.traffic.protocol
    return Step(rule, tuple(left), entries=meant, lost=names_only)


# --- Traffic ---


def common(one: Traffic, other: Traffic) -> Traffic | None:
    """The traffic that both speak of, or None."""
    if one.protocol == ALL_PROTOCOLS:
        return other
    if other.protocol == ALL_PROTOCOLS:
        return one
    if one.protocol != other.protocol:
        return None
    if one.has_ports:
        first, last = max(one.from_port, other.from_port), min(one.to_port, other.to_port)
        return Traffic(one.protocol, first, last) if first <= last else None
    if one.has_icmp_type:
        kinds = [_narrower(one.from_port, other.from_port), _narrower(one.to_port, other.to_port)]
        return None if None in kinds else Traffic(one.protocol, *(kind for kind in kinds if kind is not None))
    return one


def _narrower(one: int, other: int) -> int | None:
    """The type, or code, that both are."""
    if one == ANY:
        return other
    return one if other in (ANY, one) else None


def _without_traffic(whole: Traffic, gone: Traffic, *, name_protocols: bool) -> list[Traffic] | Whole:
    """The traffic that is left; both have something in common."""
    if common(whole, gone) == whole:
        return []
    if whole.protocol == ALL_PROTOCOLS:
        return _named_without(gone) if name_protocols else Whole.PROTOCOLS
    if whole.has_ports:
        below = Traffic(whole.protocol, whole.from_port, gone.from_port - 1)
        above = Traffic(whole.protocol, gone.to_port + 1, whole.to_port)
        return [each for each in (below, above) if each.from_port <= each.to_port]
    return Whole.TYPES


def _named_without(gone: Traffic) -> list[Traffic] | Whole:
    """The protocols that have names, without this; of those without ports the one that is meant goes whole."""
    left: list[Traffic] = []
    for protocol in sorted(PROTOCOL_NUMBERS, key=lambda name: name.startswith("icmp")):
        all_of_it = Traffic(protocol, 0, PORT_MAX) if protocol in ("tcp", "udp") else Traffic(protocol)
        if protocol != gone.protocol:
            left.append(all_of_it)
            continue
        rest = _without_traffic(all_of_it, gone, name_protocols=False)
        if isinstance(rest, Whole):
            return rest
        left += rest
    return left


# --- Peers ---


def blocks_of(peer: Peer, entries: Entries) -> list[Block]:
    """The addresses that a peer stands for; none for a group."""
    if peer.kind is PeerKind.PREFIX_LIST:
        return [block(cidr) for cidr in entries.get(peer.value, ())]
    return [] if peer.kind is PeerKind.GROUP else [block(peer.value)]


def _entries_of(peer: Peer, entries: Entries) -> Sequence[str]:
    return entries.get(peer.value, ()) if peer.kind is PeerKind.PREFIX_LIST else ()


def _rest_of_peer(access: Access, peer: Peer, entries: Entries) -> list[Peer] | Whole:
    """What is left of a peer without the access's."""
    if peer.kind is PeerKind.GROUP or peer.value in access.prefix_list_ids:
        return []
    rest = [piece for each in blocks_of(peer, entries) for piece in without(each, access.blocks)]
    if rest and peer.kind is PeerKind.PREFIX_LIST:
        return Whole.LIST
    if len(rest) > PIECES_MAX:
        return Whole.BLOCKS
    return [peer_of(each) for each in rest]


def peer_of(of: Block) -> Peer:
    """The block as a rule's peer."""
    kind = PeerKind.CIDR_IPV4 if of.version == 4 else PeerKind.CIDR_IPV6
    return Peer(kind, cidr_text(of))


def cidr_text(of: Block) -> str:
    """The block as EC2 writes it."""
    return f"{address_text(ip_address(of.first))}/{of.length}"


def meet(one: Block, other: Block) -> bool:
    """Whether two blocks have an address in common: then one lies in the other."""
    return one.contains(other.first) or other.contains(one.first)


def without(whole: Block, gone: Iterable[Block]) -> list[Block]:
    """The fewest blocks that are left of one without others, in order.

    >>> [cidr_text(each) for each in without(block("10.0.0.0/30"), [block("10.0.0.1/32")])]
    ['10.0.0.0/32', '10.0.0.2/31']
    """
    touching = [each for each in gone if meet(each, whole)]
    if not touching:
        return [whole]
    if any(each.length <= whole.length for each in touching):
        return []
    return [piece for half in _halves(whole) for piece in without(half, touching)]


def _halves(of: Block) -> tuple[Block, Block]:
    first = int.from_bytes(of.first, "big")
    upper = first | 1 << (of.bits - of.length - 1)
    return Block(of.version, of.first, of.length + 1), Block(
        of.version, upper.to_bytes(len(of.first), "big"), of.length + 1
    )
