"""Why a rule that somebody wants isn't there: the rules that come nearest, and how each differs.

Each difference has a cost, and those that are easily overlooked cost least: a wider range, the other family, host bits.
The costs are chosen; they only order what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ringwall.domain.address import Block, block
from ringwall.domain.group import Direction
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import ALL_PROTOCOLS, ANY, Traffic

from .found import Meant
from .rules import EVERYWHERE, Names, Rule, escaped, line_of, traffic_text

NEAR_MAX: Final = 4
COST_MAX: Final = 18
"""What costs more has too little in common with what is wanted."""

Difference = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Near:
    """A rule that is like the one wanted. differences: sentences, what weighs most first. is_wider: it admits that too.

    cost: 0 for the rule itself.
    """

    rule: Rule
    cost: int
    differences: tuple[str, ...]
    is_wider: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the rules. entries: of prefix lists, by id: their blocks."""

    names: Names = field(default_factory=Names)
    entries: Mapping[str, Sequence[str]] = field(default_factory=dict)


def nearest(meant: Meant, rules: Iterable[Rule], known: Known) -> list[Near]:
    """Those of the rules that are most like the one wanted, the nearest first."""
    near = sorted((compare(meant, rule, known) for rule in rules), key=lambda each: (each.cost, each.rule.rule_id))
    return [each for each in near if each.cost <= COST_MAX][:NEAR_MAX]


def compare(meant: Meant, rule: Rule, known: Known) -> Near:
    """How the rule differs from the one wanted; of several that are wanted, from the nearest."""
    found: list[Difference] = []
    if meant.group is not None and rule.group_id != meant.group["GroupId"]:
        found.append((12, f"it is in the group {known.names.of(rule.group_id)}, not {meant.group['GroupName']}"))
    if rule.direction is not meant.wanted.direction:
        found.append((14, _direction(rule.direction)))
    traffic = min((_traffic(each, rule.traffic) for each in meant.wanted.traffics), default=(0, ""))
    peer = min((_peer(meant, each, rule.peer, known) for each in sorted(meant.peers)), default=(0, ""))
    found += [traffic, peer]
    is_wider = len(found) == 2 and traffic[0] in _HOLDING and peer[0] in _HOLDING
    costly = sorted((each for each in found if each[0]), reverse=True)
    return Near(rule, sum(cost for cost, _ in costly), tuple(text for _, text in costly), is_wider)


_HOLDING: Final = (0, 3, 4)
"""What a difference in traffic or peer costs that leaves the rule admitting all that is meant."""


def _direction(direction: Direction) -> str:
    if direction is Direction.EGRESS:
        return "it is egress (`to`), not ingress (`from`)"
    return "it is ingress (`from`), not egress (`to`)"


def _traffic(wanted: Traffic, has: Traffic) -> Difference:
    if wanted == has:
        return 0, ""
    if has.protocol == ALL_PROTOCOLS:
        return 4, f"it admits all protocols, {traffic_text(wanted)} among them"
    if wanted.protocol == ALL_PROTOCOLS:
        return 5, f"it admits only {traffic_text(has)}, not all protocols"
    if wanted.protocol != has.protocol:
        same = (wanted.from_port, wanted.to_port) == (has.from_port, has.to_port)
        return 6 if same else 16, f"its protocol is {has.protocol}, not {wanted.protocol}"
    if has.has_icmp_type:
        return _icmp(wanted, has)
    (low, high), (least, most) = (wanted.from_port, wanted.to_port), (has.from_port, has.to_port)
    if least <= low and high <= most:
        return 3, f"its range is wider: {least}-{most} holds {_span(low, high)}"
    if low <= least and most <= high:
        return 5, f"its range is narrower: {_span(least, most)} lies in {low}-{high}"
    if least <= high and low <= most:
        return 6, f"its range overlaps: {least}-{most}, not {_span(low, high)}"
    return 10, f"its port{'' if least == most else 's'} {_is(least, most)}, not {_span(low, high)}"


def _icmp(wanted: Traffic, has: Traffic) -> Difference:
    if ANY in (has.from_port, has.to_port) and has.from_port in (ANY, wanted.from_port):
        return 3, f"it is wider: {traffic_text(has)} holds {traffic_text(wanted)}"
    if ANY in (wanted.from_port, wanted.to_port) and wanted.from_port in (ANY, has.from_port):
        return 5, f"it is narrower: only {traffic_text(has)}"
    return 10, f"it is {traffic_text(has)}, not {traffic_text(wanted)}"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def _is(low: int, high: int) -> str:
    return f"is {low}" if low == high else f"are {low}-{high}"


def _peer(meant: Meant, wanted: str, has: Peer, known: Known) -> Difference:
    if wanted == has.value:
        return 0, ""
    said = meant.wanted.peer or wanted
    if has.kind is PeerKind.PREFIX_LIST:
        name = known.names.of(has.value)
        holder = next((each for each in known.entries.get(has.value, ()) if "/" in wanted and _holds(each, wanted)), "")
        return (4, f"its peer is the prefix list {name}, which holds {holder}") if holder else (
            12, f"its peer is the prefix list {name}, not {said}"
        )  # fmt: skip
    if has.kind is PeerKind.GROUP:
        return 12, f"its peer is the group {known.names.of(has.value)}, not {said}"
    if "/" not in wanted:
        return 12, f"its peer is {has.value}, not {said}"
    if meant.wanted.has_host_bits and has.value == f"{said.split('/')[0]}/{block(has.value).bits}":
        return 2, f"its peer is {has.value}, one address; {said} has host bits, and means {wanted}"
    return _block(wanted, has.value)


def _block(wanted: str, has: str) -> Difference:
    ours, theirs = block(wanted), block(has)
    if ours.version != theirs.version:
        everybody = wanted in EVERYWHERE and has in EVERYWHERE
        return 5 if everybody else 12, f"its peer is {has}, of the family IPv{theirs.version}, not {wanted}"
    if _inside(ours, theirs):
        return 3, f"its peer is wider: {has} holds {wanted}"
    if _inside(theirs, ours):
        return 5, f"its peer is narrower: {has} lies in {wanted}"
    return 12, f"its peer is {has}, not {wanted}"


def _inside(inner: Block, outer: Block) -> bool:
    return outer.contains(inner.first) and outer.length <= inner.length


def _holds(outer: str, inner: str) -> bool:
    return _inside(block(inner), block(outer))


def explanation(near: Sequence[Near], known: Known) -> list[str]:
    """The nearest rules in lines: each as it is printed, how it differs, and the command that would revoke it."""
    lines = []
    for each in near:
        line = line_of(each.rule, known.names)
        lines += [f"  {line.text()}", f"      {'; '.join(each.differences)}"]
        lines.append(f"      ringwall revoke {each.rule.rule_id}")
    return lines


def note_difference(note: str) -> str:
    """How a rule differs of which another note was expected."""
    return f"its note is “{escaped(note)}”" if note else "it has no note"
