"""Hypothesis strategies for nftables' values: statements, rules, and rulesets that the kernel would take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from hypothesis import strategies as st

from ringwall.nft import expressions as x
from ringwall.nft.bytecode import FIELDS, FLAG_TYPES, ICMPV6
from ringwall.nft.expressions import (
    Counter,
    Field,
    InSet,
    Match,
    MatchAny,
    MatchRange,
    Statement,
    Verdict,
    VerdictMap,
)
from ringwall.nft.objects import Chain, Element, Hook, Map, Rule, Ruleset, Set

PLAIN_FIELDS = [field for field in FIELDS if not field.type.startswith("icmp")]
SET_KEYS: dict[str, tuple[Field, ...]] = {
    "addresses": (x.CT_ORIGINAL_IP_SADDR,),
    "bindings": (x.IIFNAME, x.IP6_SADDR),
    "devices": (x.IIFNAME,),
    "flows": (x.CT_ID,),
}
COMMENTS = ["sgr-1", "sgr-2"]
INTERVAL_KEYS: dict[str, tuple[Field, ...]] = {"blocks": (x.CT_REPLY_IP_SADDR,), "blocks6": (x.CT_REPLY_IP6_SADDR,)}
MAP_KEYS: dict[str, tuple[Field, ...]] = {
    "ports": (x.CT_REPLY_PROTO_SRC,),
    "interfaces": (x.IIFNAME, x.CT_DIRECTION),
}
BASE_CHAINS: dict[str, Literal["input", "forward", "output"]] = {"in": "input", "out": "output", "through": "forward"}
CHAINS = ["c0", "c1", "c2", "c3"]  # each jumps to later ones only


def values(field: Field) -> st.SearchStrategy[bytes]:
    """Values of the field."""
    if field.type == "ifname":
        return st.sampled_from([b"lo", b"eth0", b"up0", b"fifteen-letters"]).map(lambda name: name.ljust(16, b"\0"))
    return st.binary(min_size=field.length, max_size=field.length)


@st.composite
def tests(draw: st.DrawFn, fields: list[Field] = PLAIN_FIELDS) -> Statement:
    """A statement that compares one field."""
    field = draw(st.sampled_from(fields))
    value = draw(values(field))
    kind = draw(st.sampled_from(["match", "negated", "masked", "range", "any"]))
    if kind == "any" and field.type in FLAG_TYPES:
        return MatchAny(field, value)
    if kind == "range" and not field.host_order:
        low, high = sorted([value, draw(values(field))])
        if low < high:
            return MatchRange(field, low, high)
    if kind == "masked":
        return Match(field, value, draw(st.binary(min_size=field.length, max_size=field.length)))
    return Match(field, value, negated=kind == "negated")


@st.composite
def icmp_tests(draw: st.DrawFn) -> tuple[Statement, ...]:
    """The protocol and then fields of one of the two ICMPs."""
    version6 = draw(st.booleans())
    fields = [x.ICMPV6_TYPE, x.ICMPV6_CODE] if version6 else [x.ICMP_TYPE, x.ICMP_CODE]
    return Match(x.L4PROTO, ICMPV6 if version6 else b"\x01"), draw(tests(fields))


@st.composite
def verdicts(draw: st.DrawFn, chains: list[str]) -> Verdict:
    """A verdict; jumps and gotos lead to one of the chains."""
    kind = draw(st.sampled_from(["accept", "drop", "return", "jump", "goto"]))
    if kind in ("jump", "goto") and chains:
        return Verdict(kind, draw(st.sampled_from(chains)))
    return Verdict("drop" if kind in ("jump", "goto") else kind)


@st.composite
def statements(draw: st.DrawFn, chains: list[str], sets: dict[str, Any], maps: dict[str, Any]) -> tuple[Statement, ...]:
    """What one rule is made of. sets, maps: the names it may use, with their keys."""
    found = list(draw(st.lists(tests(), max_size=2)))
    if draw(st.booleans()):
        found += draw(icmp_tests())
    if sets and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(sets)))
        found.append(InSet(sets[name], name, draw(st.booleans())))
    if draw(st.booleans()):
        found.append(Counter())
    if maps and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(maps)))
        mask = draw(values(maps[name][0])) if len(maps[name]) == 1 and draw(st.booleans()) else None
        return (*found, VerdictMap(maps[name], name, mask))
    return (*found, draw(verdicts(chains)))


@st.composite
def intervals(draw: st.DrawFn, length: int) -> frozenset[Element]:
    """Disjoint ranges, some side by side, some at the very start or end of all values."""
    points = draw(st.lists(st.integers(0, 15), unique=True, max_size=8).map(sorted))
    top = (1 << 8 * length) - 16
    lifted = [point if point < 8 else top + point for point in points[: len(points) // 2 * 2]]
    ends = [point.to_bytes(length, "big") for point in lifted]
    return frozenset(zip(ends[::2], ends[1::2], strict=True))


@st.composite
def histories(draw: st.DrawFn, length: int) -> list[Ruleset]:
    """Rulesets that have much in common, as those of one host at several times."""
    pools = {}
    for place, name in enumerate([*BASE_CHAINS, *CHAINS]):
        later = CHAINS[max(0, place - len(BASE_CHAINS) + 1) :] if name in CHAINS else CHAINS
        # Maps lead to all chains but the first, so only what comes before these may use them.
        maps = MAP_KEYS if name in (*BASE_CHAINS, CHAINS[0]) else {}
        made = draw(st.lists(statements(later, SET_KEYS | INTERVAL_KEYS, maps), min_size=1, max_size=5))
        pools[name] = [Rule(each, draw(st.sampled_from([None, f"sgr-{n}"]))) for n, each in enumerate(made)]
    return [draw(_rulesets(pools)) for _ in range(length)]


def rulesets() -> st.SearchStrategy[Ruleset]:
    """A ruleset that refers only to what it has, and never jumps in a circle."""
    return histories(1).map(lambda made: made[0])


def _commented(draw: st.DrawFn, of: Set) -> Set:
    """The set; where it holds flows, with what some of them are there for."""
    if not of.holds_flows or not of.elements:
        return of
    return replace(of, comments=draw(st.dictionaries(st.sampled_from(sorted(of.elements)), st.sampled_from(COMMENTS))))


@st.composite
def _rulesets(draw: st.DrawFn, pools: dict[str, list[Rule]]) -> Ruleset:
    """A ruleset whose chains take their rules from these pools, mostly in the pool's order, some twice."""
    names = [name for name in [*CHAINS, *BASE_CHAINS] if draw(st.integers(0, 3))]
    targets = [name for name in names if name in CHAINS[1:]]
    sets: dict[str, Set] = {}
    for name, key in SET_KEYS.items():
        if draw(st.integers(0, 3)):
            sets[name] = _commented(draw, Set(name, key, draw(st.frozensets(st.tuples(*map(values, key)), max_size=3))))
    for name, key in INTERVAL_KEYS.items():
        if draw(st.integers(0, 3)):
            sets[name] = Set(name, key, draw(intervals(key[0].length)), interval=True)
    maps: dict[str, Map] = {}
    for name, key in MAP_KEYS.items():
        if draw(st.integers(0, 3)):
            elements = st.dictionaries(st.tuples(*map(values, key)), verdicts(targets), max_size=3)
            maps[name] = Map(name, key, draw(elements))
    present = {*names, *sets, *maps}
    chains = {}
    for name in names:
        places = draw(st.lists(st.integers(0, len(pools[name]) - 1), max_size=6))
        if draw(st.booleans()):
            places.sort()
        rules = tuple(pools[name][place] for place in places if _needs(pools[name][place]) <= present)
        hook = None
        if name in BASE_CHAINS:
            # A base chain that moves is a table replaced: seldom.
            priority = -150 if draw(st.integers(0, 9)) == 9 else 0
            hook = Hook(BASE_CHAINS[name], priority, draw(st.sampled_from(["accept", "drop"])))
        chains[name] = Chain(name, rules, hook)
    return Ruleset(chains, sets, maps)


def _needs(rule: Rule) -> set[str]:
    """The names of chains, sets and maps that the rule refers to."""
    names = set()
    for each in rule.statements:
        match each:
            case InSet(_, name) | VerdictMap(_, name) | Verdict(_, str(name)):
                names.add(name)
            case _:
                pass
    return names
