"""Hypothesis strategies for nftables' values: statements, rules, and rulesets that the kernel would take."""

from __future__ import annotations

from typing import Any

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
}
INTERVAL_KEYS: dict[str, tuple[Field, ...]] = {"blocks": (x.CT_REPLY_IP_SADDR,), "blocks6": (x.CT_REPLY_IP6_SADDR,)}
MAP_KEYS: dict[str, tuple[Field, ...]] = {
    "ports": (x.CT_REPLY_PROTO_SRC,),
    "interfaces": (x.IIFNAME, x.CT_DIRECTION),
}
BASE_CHAINS = {"in": "input", "out": "output", "through": "forward"}
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
def rule_lists(
    draw: st.DrawFn, chains: list[str], sets: dict[str, Any], maps: dict[str, Any], longest: int = 5
) -> tuple[Rule, ...]:
    """The rules of a chain; some without comment, some alike."""
    made = draw(st.lists(statements(chains, sets, maps), max_size=longest))
    comments = draw(st.permutations([f"sgr-{number}" for number in range(longest)]))
    return tuple(
        Rule(each, comment if draw(st.integers(0, 3)) else None) for each, comment in zip(made, comments, strict=False)
    )


@st.composite
def intervals(draw: st.DrawFn, length: int) -> frozenset[Element]:
    """Disjoint ranges, some side by side, some at the very start or end of all values."""
    points = draw(st.lists(st.integers(0, 15), unique=True, max_size=8).map(sorted))
    top = (1 << 8 * length) - 16
    lifted = [point if point < 8 else top + point for point in points[: len(points) // 2 * 2]]
    ends = [point.to_bytes(length, "big") for point in lifted]
    return frozenset(zip(ends[::2], ends[1::2], strict=True))


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """A ruleset that refers only to what it has, and never jumps in a circle."""
    chains = [name for name in CHAINS if draw(st.booleans())]
    sets: dict[str, Set] = {}
    for name, key in SET_KEYS.items():
        if draw(st.booleans()):
            element = st.tuples(*map(values, key))
            sets[name] = Set(name, key, draw(st.frozensets(element, max_size=4)))
    for name, key in INTERVAL_KEYS.items():
        if draw(st.booleans()):
            sets[name] = Set(name, key, draw(intervals(key[0].length)), interval=True)
    maps: dict[str, Map] = {}
    for name, key in MAP_KEYS.items():
        if draw(st.booleans()):
            elements = st.dictionaries(st.tuples(*map(values, key)), verdicts(chains[1:]), max_size=4)
            maps[name] = Map(name, key, draw(elements))
    set_keys = {name: each.key for name, each in sets.items()}
    # Maps lead to all chains but the first, so only what comes before these may use them.
    map_keys = {name: each.key for name, each in maps.items()}
    made = {}
    for place, name in enumerate(chains):
        maps_here = map_keys if place == 0 else {}
        made[name] = Chain(name, draw(rule_lists(chains[place + 1 :], set_keys, maps_here)))
    for name, hook in BASE_CHAINS.items():
        if draw(st.booleans()):
            policy = draw(st.sampled_from(["accept", "drop"]))
            priority = draw(st.sampled_from([0, 0, 0, -150]))
            made[name] = Chain(name, draw(rule_lists(chains, set_keys, map_keys)), Hook(hook, priority, policy))
    return Ruleset(made, sets, maps)
