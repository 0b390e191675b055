"""The kernel's dumps of our table as values, exact enough that equal means the same in every packet's eyes.

What a `Ruleset` can't say is foreign: a rule's unknown part becomes a `Foreign` statement in its place; everything else
(other sorts of chains and sets, other objects, a dormant table) is named in `Applied.foreign`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .attributes import by_type, items, to_string, to_u32, to_u64
from .bytecode import FIELDS_BY_TEXT, decode_statements, decode_verdict, key_length
from .expressions import CT_ID, Field, Verdict
from .netlink import (
    CHAIN_HOOK,
    CHAIN_NAME,
    CHAIN_POLICY,
    CHAIN_TABLE,
    CHAIN_TYPE,
    DATA_TYPE_VERDICT,
    DATA_VALUE,
    ELEMENT_DATA,
    ELEMENT_FLAGS,
    ELEMENT_KEY,
    ELEMENT_PAD,
    ELEMENT_USERDATA,
    ELEMENTS_LIST,
    HOOK_DEVICE,
    HOOK_NUMBER,
    HOOK_PRIORITY,
    HOOKS,
    INTERVAL_END,
    NFPROTO_INET,
    OWNED,
    PERSISTENT,
    POLICIES,
    RULE_CHAIN,
    RULE_EXPRESSIONS,
    RULE_HANDLE,
    RULE_USERDATA,
    SET_ANONYMOUS,
    SET_DATA_TYPE,
    SET_FLAGS,
    SET_INTERVAL,
    SET_KEY_LENGTH,
    SET_MAP,
    SET_NAME,
    SET_USERDATA,
    TABLE_FLAGS,
    TABLE_OWNER,
    TABLE_USE,
    USERDATA_COMMENT,
    USERDATA_RULE_COMMENT,
    USERDATA_SET_COMMENT,
    Message,
)
from .objects import TABLE, Chain, Element, Hook, Map, Rule, Ruleset, Set
from .ruleset import Applied, RuleCount
from .transaction import DeleteChain, DeleteSet, FlushChain, Transaction


def decode_rule_count(body: bytes) -> RuleCount | None:
    """What the counter of a dumped rule shows; None: it has none."""
    found = by_type(body)
    _, count = decode_statements(found.get(RULE_EXPRESSIONS, b""))
    if count is None:
        return None
    return RuleCount(to_string(found[RULE_CHAIN]), _comment(found.get(RULE_USERDATA), USERDATA_RULE_COMMENT), count)


def rule_comment(attributes: Mapping[int, bytes]) -> str | None:
    """The comment of a dumped rule with these attributes."""
    return _comment(attributes.get(RULE_USERDATA), USERDATA_RULE_COMMENT)


def dumped_set_names(sets: Iterable[Message]) -> list[str]:
    """The names of the sets and maps in a dump, for the dumps of their elements."""
    return [to_string(by_type(each.body)[SET_NAME]) for each in sets]


def decode_table(
    table: Message,
    chains: Iterable[Message],
    rules: Iterable[Message],
    sets: Iterable[Message],
    elements: Mapping[str, Iterable[Message]],
    generation: int,
) -> Applied:
    """Our table as its dumps show it. elements: by the set's name.

    Raises:
        ValueError: broken attributes.
    """
    removal: dict[str, Transaction] = {}
    hooks, held = _decode_chains(chains, removal)
    found_sets, found_maps, named = _decode_sets(sets, elements, removal)
    held += named
    foreign = set(removal)
    about = by_type(table.body)
    flags, owner = to_u32(about.get(TABLE_FLAGS, b"")), to_u32(about.get(TABLE_OWNER, b""))
    if flags & ~(OWNED | PERSISTENT) or flags & (OWNED | PERSISTENT) == OWNED:
        foreign.add(f"table flags {flags:#x}")
    if (used := to_u32(about.get(TABLE_USE, b""))) != held:
        foreign.add(f"{used - held} objects that are neither chains nor sets")
    rules_of: dict[str, list[Rule]] = {name: [] for name in hooks}
    handles_of: dict[str, list[int]] = {name: [] for name in hooks}
    for message in rules:
        about = by_type(message.body)
        chain = to_string(about[RULE_CHAIN])
        if chain in hooks:
            statements, _ = decode_statements(about.get(RULE_EXPRESSIONS, b""))
            comment = _comment(about.get(RULE_USERDATA), USERDATA_RULE_COMMENT)
            rules_of[chain].append(Rule(statements, comment))
            handles_of[chain].append(to_u64(about[RULE_HANDLE]))
    found_chains = {name: Chain(name, tuple(rules_of[name]), hook) for name, hook in hooks.items()}
    handles = {name: tuple(each) for name, each in handles_of.items()}
    ruleset = Ruleset(found_chains, found_sets, found_maps)
    taken_out = (
        tuple(each for several in removal.values() for each in several)
        if removal and len(foreign) == len(removal)
        else None
    )
    return Applied(ruleset, handles, generation, frozenset(foreign), owner, bool(flags & PERSISTENT), taken_out)


def _decode_chains(dump: Iterable[Message], foreign: dict[str, Transaction]) -> tuple[dict[str, Hook | None], int]:
    """The hook of each chain that a `Ruleset` can say, and how many chains there are.

    The others go to `foreign`, in words, with what takes them out.
    """
    hooks: dict[str, Hook | None] = {}
    count = 0
    for message in dump:
        found = by_type(message.body)
        if message.family != NFPROTO_INET or to_string(found[CHAIN_TABLE]) != TABLE:
            continue
        count += 1
        name = to_string(found[CHAIN_NAME])
        if CHAIN_HOOK not in found:
            hooks[name] = None
            continue
        hook = by_type(found[CHAIN_HOOK])
        number = to_u32(hook[HOOK_NUMBER])
        priority = int.from_bytes(hook[HOOK_PRIORITY][:4], "big", signed=True)
        if to_string(found.get(CHAIN_TYPE, b"")) != "filter" or number not in HOOKS or HOOK_DEVICE in hook:
            foreign[f"base chain {name}"] = (FlushChain(name), DeleteChain(name))
            continue
        hooks[name] = Hook(HOOKS[number], priority, POLICIES[to_u32(found[CHAIN_POLICY])])
    return hooks, count


def _decode_sets(
    dump: Iterable[Message], elements: Mapping[str, Iterable[Message]], foreign: dict[str, Transaction]
) -> tuple[dict[str, Set], dict[str, Map], int]:
    """The sets and maps that a `Ruleset` can say, and how many there are that have a name of their own."""
    sets: dict[str, Set] = {}
    maps: dict[str, Map] = {}
    named = 0
    for message in dump:
        found = by_type(message.body)
        name, flags = to_string(found[SET_NAME]), to_u32(found.get(SET_FLAGS, bytes(4)))
        named += not flags & SET_ANONYMOUS
        key = _key(_comment(found.get(SET_USERDATA), USERDATA_SET_COMMENT))
        if not key or key_length(key) != to_u32(found[SET_KEY_LENGTH]):
            foreign[f"set {name}"] = _without(name, flags)
            continue
        data_type = to_u32(found.get(SET_DATA_TYPE, b""))
        listed = _decode_elements(elements.get(name, ()))
        if flags == SET_MAP and data_type == DATA_TYPE_VERDICT and all(each.plain_verdict for each in listed):
            maps[name] = Map(name, key, {_split(key, each.key): each.verdict for each in listed if each.verdict})
        elif flags in (0, SET_INTERVAL) and all(each.plain_key for each in listed):
            ranges = _paired(listed, key[0].length) if flags else (_split(key, each.key) for each in listed)
            sets[name] = Set(name, key, frozenset(ranges), interval=bool(flags), comments=_comments(key, listed))
        else:
            foreign[f"set {name}"] = _without(name, flags)
    return sets, maps, named


def _without(name: str, flags: int) -> Transaction:
    """What takes a set out; one without a name of its own goes with its rule."""
    return () if flags & SET_ANONYMOUS else (DeleteSet(name),)


class _Listed(NamedTuple):
    """An element as the kernel lists it."""

    key: bytes
    verdict: Verdict | None
    interval_end: bool
    comment: str | None
    others: frozenset[int]  # types of attributes that ringwall doesn't write: timeouts, expressions

    @property
    def plain_key(self) -> bool:
        return self.verdict is None and not self.others

    @property
    def plain_verdict(self) -> bool:
        return self.verdict is not None and not self.interval_end and not self.others


def _decode_elements(dump: Iterable[Message]) -> list[_Listed]:
    listed = []
    for message in dump:
        for _, raw in items(by_type(message.body).get(ELEMENTS_LIST, b"")):
            found = by_type(raw)
            key = by_type(found.get(ELEMENT_KEY, b"")).get(DATA_VALUE, b"")
            flags = to_u32(found.get(ELEMENT_FLAGS, b""))
            verdict = decode_verdict(found[ELEMENT_DATA]) if ELEMENT_DATA in found else None
            others = frozenset(found) - {ELEMENT_KEY, ELEMENT_DATA, ELEMENT_FLAGS, ELEMENT_USERDATA, ELEMENT_PAD}
            if flags & ~INTERVAL_END or (ELEMENT_DATA in found and verdict is None):
                others |= {ELEMENT_FLAGS}
            comment = _comment(found.get(ELEMENT_USERDATA), USERDATA_COMMENT)
            listed.append(_Listed(key, verdict, bool(flags & INTERVAL_END), comment, others))
    return listed


def _comments(key: tuple[Field, ...], listed: list[_Listed]) -> dict[Element, str]:
    """What the elements of a set of flows are there for. Of others nobody asks: it changes nothing."""
    if key != (CT_ID,):
        return {}
    return {(each.key,): each.comment for each in listed if each.comment is not None}


def _paired(listed: list[_Listed], length: int) -> Iterator[Element]:
    """The intervals that starts and (exclusive) ends make; where both lie at one place, the end belongs to the left.

    A start without an end goes to the end of all values. nft marks the zero before its first interval as an end: none.
    """
    start: bytes | None = None
    for key, _, is_end, _, _ in sorted(listed, key=lambda each: (each.key, not each.interval_end)):
        if not is_end:
            start = key
        elif start is not None:
            yield start, (int.from_bytes(key, "big") - 1).to_bytes(length, "big")
            start = None
    if start is not None:
        yield start, b"\xff" * length


def _key(text: str | None) -> tuple[Field, ...] | None:
    key = [FIELDS_BY_TEXT.get(each) for each in (text or "").split(" . ")]
    return None if None in key else tuple(each for each in key if each is not None)


def _split(key: tuple[Field, ...], value: bytes) -> Element:
    if len(key) == 1:
        return (value,)
    element, offset = [], 0
    for each in key:
        element.append(value[offset : offset + each.length])
        offset += (each.length + 3) & ~3
    return tuple(element)


def _comment(userdata: bytes | None, kind: int) -> str | None:
    """The comment in nft's userdata: type, length, value, without padding."""
    offset = 0
    while userdata is not None and offset + 2 <= len(userdata):
        length = userdata[offset + 1]
        if userdata[offset] == kind:
            return to_string(userdata[offset + 2 : offset + 2 + length])
        offset += 2 + length
    return None
