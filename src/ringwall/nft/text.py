"""A ruleset in nft's words, for golden files and for people; the kernel is spoken to in netlink only.

Everything is in the order of names, base chains before the others, so equal rulesets have equal texts. It is nft's own
syntax; two things nft 1.0.6 won't load: a flow's port without `meta l4proto` in the same rule, and a `Foreign` part.
Sets show their key as comment, because `type` doesn't say which address or interface is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from sys import byteorder
from typing import Final

from .bytecode import FLAG_TYPES
from .expressions import (
    Counter,
    Field,
    Foreign,
    InSet,
    Match,
    MatchAny,
    MatchRange,
    Statement,
    Verdict,
    VerdictMap,
)
from .netlink import key_text
from .objects import FAMILY, TABLE, Chain, Element, Hook, Map, Rule, Ruleset, Set

_PROTOCOLS: Final = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}
_NAMES: Final[Mapping[str, Mapping[int, str]]] = {
    "nf_proto": {2: "ipv4", 10: "ipv6"},
    "inet_proto": _PROTOCOLS,
    "ct_dir": {0: "original", 1: "reply"},
    "icmp_type": {
        0: "echo-reply",
        3: "destination-unreachable",
        5: "redirect",
        8: "echo-request",
        9: "router-advertisement",
        10: "router-solicitation",
        11: "time-exceeded",
        12: "parameter-problem",
    },
    "icmpv6_type": {
        1: "destination-unreachable",
        2: "packet-too-big",
        3: "time-exceeded",
        4: "parameter-problem",
        128: "echo-request",
        129: "echo-reply",
        130: "mld-listener-query",
        131: "mld-listener-report",
        132: "mld-listener-done",
        133: "nd-router-solicit",
        134: "nd-router-advert",
        135: "nd-neighbor-solicit",
        136: "nd-neighbor-advert",
        137: "nd-redirect",
        143: "mld2-listener-report",
    },
}
_FLAGS: Final[Mapping[str, Mapping[int, str]]] = {
    "ct_state": {1: "invalid", 2: "established", 4: "related", 8: "new", 64: "untracked"},
    "ct_status": {1: "expected", 2: "seen-reply", 4: "assured", 8: "confirmed", 16: "snat", 32: "dnat", 512: "dying"},
    "tcp_flag": {1: "fin", 2: "syn", 4: "rst", 8: "psh", 16: "ack", 32: "urg", 64: "ecn", 128: "cwr"},
}


def text(ruleset: Ruleset) -> str:
    """The table as nft would be told it, in a fixed order."""
    lines = [f"table {FAMILY} {TABLE} {{"]
    for one_set in sorted(ruleset.sets.values(), key=lambda each: each.name):
        lines += _indented(_set_lines(one_set))
    for one_map in sorted(ruleset.maps.values(), key=lambda each: each.name):
        lines += _indented(_map_lines(one_map))
    for chain in sorted(ruleset.chains.values(), key=lambda chain: (chain.hook is None, chain.name)):
        lines += _indented(_chain_lines(chain))
    return "\n".join([*lines, "}", ""])


def rule_text(rule: Rule) -> str:
    """One rule in nft's words, with its comment."""
    words = [_statement(each) for each in rule.statements]
    if rule.comment is not None:
        words.append(f'comment "{rule.comment}"')
    return " ".join(words)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"\t{line}" for line in lines]


def _set_lines(one: Set) -> Iterator[str]:
    yield f"set {one.name} {{"
    yield "\ttypeof ct id" if one.holds_flows else f"\ttype {_type(one.key)}"
    if one.interval:
        yield "\tflags interval"
    yield f'\tcomment "{key_text(one.key)}"'
    words = _interval if one.interval else _element
    yield from _elements(
        words(one.key, each) + (f' comment "{one.comments[each]}"' if each in one.comments else "")
        for each in sorted(one.elements)
    )
    yield "}"


def _map_lines(one: Map) -> Iterator[str]:
    yield f"map {one.name} {{"
    yield f"\ttype {_type(one.key)} : verdict"
    yield f'\tcomment "{key_text(one.key)}"'
    yield from _elements(f"{_element(one.key, each)} : {_verdict(one.elements[each])}" for each in sorted(one.elements))
    yield "}"


def _elements(words: Iterable[str]) -> Iterator[str]:
    if listed := ",\n\t\t".join(words):
        yield from f"\telements = {{\n\t\t{listed}\n\t}}".split("\n")


def _chain_lines(chain: Chain) -> Iterator[str]:
    yield f"chain {chain.name} {{"
    if chain.hook is not None:
        yield f"\t{_hook(chain.hook)}"
    for rule in chain.rules:
        yield f"\t{rule_text(rule)}"
    yield "}"


def _hook(hook: Hook) -> str:
    return f"type filter hook {hook.hook} priority {hook.priority}; policy {hook.policy};"


def _type(key: tuple[Field, ...]) -> str:
    return " . ".join(each.type for each in key)


def _element(key: tuple[Field, ...], element: Element) -> str:
    return " . ".join(_value(each, value) for each, value in zip(key, element, strict=True))


def _interval(key: tuple[Field, ...], element: Element) -> str:
    low, high = element
    if low == high:
        return _value(key[0], low)
    if key[0].type in ("ipv4_addr", "ipv6_addr"):
        blocks = list(summarize_address_range(_address(low), _address(high)))
        if len(blocks) == 1:
            return str(blocks[0])
    return f"{_value(key[0], low)}-{_value(key[0], high)}"


def _statement(statement: Statement) -> str:
    match statement:
        case Match(field, value, mask, negated):
            return _match(field, value, mask, negated)
        case MatchAny(field, mask):
            return f"{field.text} {','.join(_flags(field, mask))}"
        case MatchRange(field, low, high):
            return f"{field.text} {_value(field, low)}-{_value(field, high)}"
        case InSet(fields, name, negated):
            return f"{key_text(fields)} {'!= ' if negated else ''}@{name}"
        case VerdictMap(fields, name, mask):
            under = "" if mask is None else f" & {_mask(fields[0], mask)}"
            return f"{key_text(fields)}{under} vmap @{name}"
        case Counter():
            return "counter"
        case Verdict():
            return _verdict(statement)
        case Foreign(expression, data):
            return f"<{expression}: {data.hex()}>"


def _match(field: Field, value: bytes, mask: bytes | None, negated: bool) -> str:
    if mask is None:
        equal = "== " if field.type in FLAG_TYPES else ""
        return f"{field.text} {'!= ' if negated else equal}{_value(field, value)}"
    if field.type in ("ipv4_addr", "ipv6_addr") and (length := _prefix_length(mask)) is not None:
        return f"{field.text} {'!= ' if negated else ''}{_value(field, value)}/{length}"
    return f"{field.text} & {_mask(field, mask)} {'!=' if negated else '=='} {_value(field, value)}"


def _mask(field: Field, mask: bytes) -> str:
    if field.type in FLAG_TYPES:
        return f"({' | '.join(_flags(field, mask))})"
    if field.type in ("ipv4_addr", "ipv6_addr"):
        return str(_address(mask))
    return hex(_integer(field, mask))


def _verdict(verdict: Verdict) -> str:
    return verdict.kind if verdict.chain is None else f"{verdict.kind} {verdict.chain}"


def _value(field: Field, value: bytes) -> str:
    if field.type == "ifname":
        return f'"{value.rstrip(bytes(1)).decode(errors="backslashreplace")}"'
    if field.type in ("ipv4_addr", "ipv6_addr"):
        return str(_address(value))
    if field.type in FLAG_TYPES:
        return " | ".join(_flags(field, value))
    number = _integer(field, value)
    return _NAMES.get(field.type, {}).get(number, str(number))


def _flags(field: Field, value: bytes) -> list[str]:
    number = _integer(field, value)
    names = [name for bit, name in _FLAGS[field.type].items() if number & bit]
    return names if sum(bit for bit in _FLAGS[field.type] if number & bit) == number and number else [hex(number)]


def _integer(field: Field, value: bytes) -> int:
    return int.from_bytes(value, byteorder if field.host_order else "big")


def _address(value: bytes) -> IPv4Address | IPv6Address:
    return IPv4Address(value) if len(value) == 4 else IPv6Address(value)


def _prefix_length(mask: bytes) -> int | None:
    """How many bits from the left the mask has set, when these are all that it has."""
    bits = len(mask) * 8
    number = int.from_bytes(mask, "big")
    length = number.bit_count()
    return length if number == ((1 << length) - 1) << (bits - length) else None
