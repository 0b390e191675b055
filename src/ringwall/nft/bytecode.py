"""Statements to the kernel's expressions and back.

The kernel runs a rule as a small program: expressions load fields into registers, compare them, look them up, and end
in a verdict. Each statement becomes one or more expressions:

    Match       load [bitwise] cmp          InSet       load... lookup
    MatchAny    load bitwise cmp            VerdictMap  load... [bitwise] lookup (into the verdict)
    MatchRange  load range                  Counter     counter
                                            Verdict     immediate

Reading is exact: the statements that come back from the kernel are the ones written, or a `Foreign` one that equals
none. For that each program must have one meaning only, so `encode_statements` insists on two things:
the ICMP fields share their bytes, hence `icmpv6 type` needs `meta l4proto ipv6-icmp` earlier in the rule (nft's text
needs it as well); and "any bit set" is one program with "masked, not zero", hence flags (`ct state`, `tcp flags`) say
the first, all other fields the second.
Source: linux/netfilter/nf_tables.h.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from sys import byteorder
from typing import Final

from . import expressions as x
from .attributes import attribute, by_type, items, nested, string, to_string, to_u32, to_u64, u32, u64
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
from .ruleset import Count

LIST_ELEMENT: Final = 1
EXPRESSION_NAME: Final = 1
EXPRESSION_DATA: Final = 2
DATA_VALUE: Final = 1
DATA_VERDICT: Final = 2
VERDICT_CODE: Final = 1
VERDICT_CHAIN: Final = 2
VERDICT_CODES: Final = {"drop": 0, "accept": 1, "jump": -3, "goto": -4, "return": -5}
VERDICT_KINDS: Final = {code & 0xFFFFFFFF: kind for kind, code in VERDICT_CODES.items()}

REGISTER_VERDICT: Final = 0
REGISTER_FIRST: Final = 1  # 16 bytes wide
REGISTER_32_FIRST: Final = 8  # 4 bytes wide; sixteen of them lie over the four wide ones
REGISTER_32_LAST: Final = 23

META_DREG, META_KEY = 1, 2
CT_DREG, CT_KEY, CT_DIRECTION = 1, 2, 3
PAYLOAD_DREG, PAYLOAD_BASE, PAYLOAD_OFFSET, PAYLOAD_LENGTH = 1, 2, 3, 4
CMP_SREG, CMP_OP, CMP_DATA = 1, 2, 3
BITWISE_SREG, BITWISE_DREG, BITWISE_LENGTH, BITWISE_MASK, BITWISE_XOR, BITWISE_OP = 1, 2, 3, 4, 5, 6
RANGE_SREG, RANGE_OP, RANGE_FROM, RANGE_TO = 1, 2, 3, 4
LOOKUP_SET, LOOKUP_SREG, LOOKUP_DREG, LOOKUP_SET_ID, LOOKUP_FLAGS = 1, 2, 3, 4, 5
IMMEDIATE_DREG, IMMEDIATE_DATA = 1, 2
COUNTER_BYTES, COUNTER_PACKETS = 1, 2
EQUAL, NOT_EQUAL = 0, 1
LOOKUP_INVERTED: Final = 1

FLAG_TYPES: Final = frozenset({"ct_state", "ct_status", "tcp_flag"})
ICMPV6: Final = bytes([58])

FIELDS: Final = tuple(value for value in vars(x).values() if isinstance(value, Field))
FIELDS_BY_TEXT: Final = {each.text: each for each in FIELDS}
_ICMPV6_FIELDS: Final = {
    (each.key, each.offset, each.length): each for each in FIELDS if each.type.startswith("icmpv6_")
}
_PAYLOADS: Final = {
    (each.key, each.offset, each.length): each
    for each in FIELDS
    if each.kind == "payload" and not each.type.startswith("icmpv6_")
}
_IS_ICMPV6: Final = Match(x.L4PROTO, ICMPV6)
_METAS: Final = {each.key: each for each in FIELDS if each.kind == "meta"}
_CTS: Final = {(each.key, each.direction): each for each in FIELDS if each.kind == "ct"}


_CMP: Final = string(EXPRESSION_NAME, "cmp")
_VALUE_AT: Final = len(_CMP) + 4 + 8 + 8 + 4 + 4
"""From a comparison's name to its value: the headers of the data, its two numbers, the headers of the value."""
_COUNTS_AT: Final = 4 + len(string(EXPRESSION_NAME, "counter")) + 4
_COUNTS: Final = Struct(">IQIQ")
_COUNT_HEADERS: Final = tuple(Struct(">I").unpack(Struct("=HH").pack(12, kind))[0] for kind in (1, 2))
_VALUE_MAX: Final = 16


def encode_statements(statements: tuple[Statement, ...]) -> bytes:
    """The expressions of a rule, as the list elements that NFTA_RULE_EXPRESSIONS holds.

    Raises:
        ValueError: a statement that could not be read back as itself, see above, or is `Foreign`.
    """
    _check_icmp(statements)
    return b"".join(map(_encode, statements))


def decode_statements(data: bytes) -> tuple[tuple[Statement, ...], Count | None]:
    """The statements of an observed rule, and what its (last) counter shows. Whatever is not ours is `Foreign`.

    Raises:
        ValueError: the attributes are broken.
    """
    return _decode_usual(data) or _decode_any(data)


def _decode_any(data: bytes) -> tuple[tuple[Statement, ...], Count | None]:
    reader = _Reader()
    for _, raw in items(data):
        reader.read(raw)
    return reader.end(), reader.count


def _decode_usual(data: bytes) -> tuple[tuple[Statement, ...], Count] | None:
    """A line that ends in a value to compare with, a counter and a verdict, as of most rules; None: it may be another.

    Such lines differ in the value and the count alone. What is around them is read once, and then looked up.
    """
    at = data.rfind(_CMP)
    start = at + _VALUE_AT
    if at < 0 or start > len(data):
        return None
    length = int.from_bytes(data[start - 4 : start - 2], byteorder) - 4
    counter = start + length + (-length & 3)
    numbers = counter + _COUNTS_AT
    around = _usual(data[:start], length, data[counter:numbers], data[numbers + _COUNTS.size :])
    if around is None or numbers + _COUNTS.size > len(data):
        return None
    value = data[start : start + length]
    first, size, second, packets = _COUNTS.unpack_from(data, numbers)
    if (first, second) != _COUNT_HEADERS or not any(value):
        return None
    before, (field, _, mask, negated), after = around
    return (*before, Match(field, value, mask, negated), *after), Count(packets, size)


@lru_cache(maxsize=4096)
def _usual(
    before: bytes, length: int, counter: bytes, after: bytes
) -> tuple[tuple[Statement, ...], tuple[Field, bytes, bytes | None, bool], tuple[Statement, ...]] | None:
    """What such a line says before its value, with it, for any but zero, and from its counter on; None: it is none."""
    if not 0 < length <= _VALUE_MAX:
        return None
    value = b"\xff" * length
    whole = before + value + bytes(-length & 3) + counter + _COUNTS.pack(_COUNT_HEADERS[0], 0, _COUNT_HEADERS[1], 0)
    try:
        statements, count = _decode_any(whole + after)
    except ValueError:
        return None
    match statements:
        case (*first, Match(field, found, mask, negated), Counter() as counted, Verdict() as verdict) if found == value:
            if count == Count(0, 0) and field is not x.L4PROTO:
                return tuple(first), (field, found, mask, negated), (counted, verdict)
    return None


def encode_verdict(verdict: Verdict) -> bytes:
    """The verdict as the attribute that data attributes hold."""
    code = u32(VERDICT_CODE, VERDICT_CODES[verdict.kind])
    if verdict.chain is None:
        return nested(DATA_VERDICT, code)
    return nested(DATA_VERDICT, code, string(VERDICT_CHAIN, verdict.chain))


@lru_cache(maxsize=4096)
def decode_verdict(data: bytes) -> Verdict | None:
    """The verdict that a data attribute holds; None: none that ringwall writes."""
    found = by_type(data)
    if DATA_VERDICT not in found:
        return None
    verdict = by_type(found[DATA_VERDICT])
    kind = VERDICT_KINDS.get(to_u32(verdict.get(VERDICT_CODE, b"\xff\xff\xff\xff")))
    chain = verdict.get(VERDICT_CHAIN)
    return None if kind is None else Verdict(kind, None if chain is None else to_string(chain))  # type: ignore[arg-type]


def padded(value: bytes) -> bytes:
    """The value as it stands in registers, which are 4 bytes wide."""
    return value + bytes(-len(value) & 3)


def key_length(key: tuple[Field, ...]) -> int:
    """The bytes of a set's key: each field takes whole registers, but a field alone has its own length."""
    return key[0].length if len(key) == 1 else sum((each.length + 3) & ~3 for each in key)


def _check_icmp(statements: tuple[Statement, ...]) -> None:
    icmpv6 = False
    for statement in statements:
        for field in _fields(statement):
            if field.type.startswith("icmp") and field.type.startswith("icmpv6") != icmpv6:
                raise ValueError(f"{field.text} needs meta l4proto of its own kind earlier in the rule: {statements}")
            if field is x.L4PROTO:
                icmpv6 = statement == _IS_ICMPV6


def _check(statement: Statement) -> None:
    """That the kernel would take the statement and it would come back as itself."""
    match statement:
        case Match(field, value, mask, negated):
            lengths = {len(value), field.length if mask is None else len(mask)}
            if field.type in FLAG_TYPES and negated and mask is not None and not any(value):
                raise ValueError(f"not zero under a mask is any bit of it for {field.text}: write MatchAny")
        case MatchAny(field, mask):
            lengths = {len(mask)}
            if field.type not in FLAG_TYPES:
                raise ValueError(f"{field.text} is no set of flags: write Match, negated")
        case MatchRange(field, low, high):
            lengths = {len(low), len(high)}
            if low > high:
                raise ValueError(f"the range ends before it starts: {statement}")
        case VerdictMap((field, *more), _, mask) if mask is not None:
            lengths = {len(mask)}
            if more:
                raise ValueError(f"a mask is for one field: {statement}")
        case _:
            return
    if lengths != {field.length}:
        raise ValueError(f"{field.text} has {field.length} bytes: {statement}")


def _fields(statement: Statement) -> tuple[Field, ...]:
    match statement:
        case Match(field) | MatchAny(field) | MatchRange(field):
            return (field,)
        case InSet(fields) | VerdictMap(fields):
            return fields
        case _:
            return ()


@lru_cache(maxsize=512)
def _encode(statement: Statement) -> bytes:
    _check(statement)
    match statement:
        case Match(field, value, mask, negated):
            return _load(field) + _masked(mask) + _compare(value, NOT_EQUAL if negated else EQUAL)
        case MatchAny(field, mask):
            return _load(field) + _masked(mask) + _compare(bytes(len(mask)), NOT_EQUAL)
        case MatchRange(field, low, high):
            return _load(field) + _expression(
                "range",
                u32(RANGE_SREG, REGISTER_FIRST),
                u32(RANGE_OP, EQUAL),
                _data(RANGE_FROM, low),
                _data(RANGE_TO, high),
            )
        case InSet(fields, name, negated):
            flags = u32(LOOKUP_FLAGS, LOOKUP_INVERTED) if negated else b""
            return _load_key(fields) + _look_up(name, fields, flags)
        case VerdictMap(fields, name, mask):
            return _load_key(fields) + _masked(mask) + _look_up(name, fields, u32(LOOKUP_DREG, REGISTER_VERDICT))
        case Counter():
            return _expression("counter", u64(COUNTER_BYTES, 0), u64(COUNTER_PACKETS, 0))
        case Verdict():
            data = attribute(IMMEDIATE_DATA | 0x8000, encode_verdict(statement))
            return _expression("immediate", u32(IMMEDIATE_DREG, REGISTER_VERDICT), data)
        case Foreign():
            raise ValueError(f"not ours to write: {statement}")


def _expression(name: str, *attributes: bytes) -> bytes:
    return nested(LIST_ELEMENT, string(EXPRESSION_NAME, name), nested(EXPRESSION_DATA, *attributes))


def _data(kind: int, value: bytes) -> bytes:
    return nested(kind, attribute(DATA_VALUE, value))


def _load(field: Field, register: int = REGISTER_FIRST) -> bytes:
    if field.kind == "meta":
        return _expression("meta", u32(META_DREG, register), u32(META_KEY, field.key))
    if field.kind == "ct":
        direction = b"" if field.direction is None else attribute(CT_DIRECTION, bytes([field.direction]))
        return _expression("ct", u32(CT_DREG, register), u32(CT_KEY, field.key), direction)
    return _expression(
        "payload",
        u32(PAYLOAD_DREG, register),
        u32(PAYLOAD_BASE, field.key),
        u32(PAYLOAD_OFFSET, field.offset),
        u32(PAYLOAD_LENGTH, field.length),
    )


def _load_key(fields: tuple[Field, ...]) -> bytes:
    if len(fields) == 1:
        return _load(fields[0])
    loads = []
    register = REGISTER_32_FIRST
    for field in fields:
        loads.append(_load(field, register))
        register += (field.length + 3) // 4
    return b"".join(loads)


def _masked(mask: bytes | None) -> bytes:
    if mask is None:
        return b""
    return _expression(
        "bitwise",
        u32(BITWISE_SREG, REGISTER_FIRST),
        u32(BITWISE_DREG, REGISTER_FIRST),
        u32(BITWISE_LENGTH, len(mask)),
        _data(BITWISE_MASK, mask),
        _data(BITWISE_XOR, bytes(len(mask))),
    )


def _compare(value: bytes, operator: int) -> bytes:
    return _expression("cmp", u32(CMP_SREG, REGISTER_FIRST), u32(CMP_OP, operator), _data(CMP_DATA, value))


def _look_up(name: str, fields: tuple[Field, ...], more: bytes) -> bytes:
    register = REGISTER_FIRST if len(fields) == 1 else REGISTER_32_FIRST
    return _expression("lookup", string(LOOKUP_SET, name), u32(LOOKUP_SREG, register), more)


class _Reader:
    """Puts expressions together to statements: loads and a mask wait for the test that ends the statement.

    An expression that isn't ours, or doesn't fit what waits, makes everything from there a `Foreign` statement.
    """

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.count: Count | None = None
        self._fields: list[Field] = []
        self._register = 0  # the next load's, in units of 4 bytes
        self._mask: bytes | None = None
        self._waiting: list[bytes] = []
        self._icmpv6 = False

    def read(self, raw: bytes) -> None:
        name, found = _expression_of(raw)
        self._waiting.append(raw)
        step = _STEPS.get(name)
        if step is None or not step(self, found):
            self._give_up(name)

    def end(self) -> tuple[Statement, ...]:
        if self._waiting:
            self._give_up("load")
        return tuple(self.statements)

    def _give_up(self, name: str) -> None:
        self.statements.append(Foreign(name, b"".join(self._waiting)))
        self._forget()

    def _done(self, statement: Statement) -> bool:
        self.statements.append(statement)
        self._forget()
        return True

    def _forget(self) -> None:
        self._fields, self._register, self._mask, self._waiting = [], 0, None, []

    def _loaded(self, field: Field | None, register: int) -> bool:
        if field is None or register != self._register or self._mask is not None:
            return False
        self._fields.append(field)
        self._register += (field.length + 3) // 4
        return True

    def meta(self, found: dict[int, bytes]) -> bool:
        return self._loaded(_METAS.get(_number(found, META_KEY)), _slot(found, META_DREG))

    def ct(self, found: dict[int, bytes]) -> bool:
        direction = found[CT_DIRECTION][0] if CT_DIRECTION in found else None
        return self._loaded(_CTS.get((_number(found, CT_KEY), direction)), _slot(found, CT_DREG))

    def payload(self, found: dict[int, bytes]) -> bool:
        where = tuple(_number(found, kind) for kind in (PAYLOAD_BASE, PAYLOAD_OFFSET, PAYLOAD_LENGTH))
        field = (self._icmpv6 and _ICMPV6_FIELDS.get(where)) or _PAYLOADS.get(where)  # type: ignore[arg-type]
        return self._loaded(field, _slot(found, PAYLOAD_DREG))

    def bitwise(self, found: dict[int, bytes]) -> bool:
        if (
            len(self._fields) != 1
            or self._mask is not None
            or any((_slot(found, BITWISE_SREG), _slot(found, BITWISE_DREG), _number(found, BITWISE_OP, 0)))
            or any(_value(found, BITWISE_XOR))
        ):
            return False
        self._mask = _value(found, BITWISE_MASK)
        return len(self._mask) == self._fields[0].length

    def cmp(self, found: dict[int, bytes]) -> bool:
        operator, value = _number(found, CMP_OP), _value(found, CMP_DATA)
        if len(self._fields) != 1 or operator not in (EQUAL, NOT_EQUAL) or _slot(found, CMP_SREG) != 0:
            return False
        field = self._fields[0]
        if len(value) != field.length:
            return False
        if self._mask is not None and operator == NOT_EQUAL and field.type in FLAG_TYPES and not any(value):
            return self._done(MatchAny(field, self._mask))
        if field is x.L4PROTO and self._mask is None and operator == EQUAL:
            self._icmpv6 = value == ICMPV6
        return self._done(Match(field, value, self._mask, operator == NOT_EQUAL))

    def range(self, found: dict[int, bytes]) -> bool:
        if len(self._fields) != 1 or self._mask is not None:
            return False
        if _number(found, RANGE_OP) != EQUAL or _slot(found, RANGE_SREG) != 0:
            return False
        return self._done(MatchRange(self._fields[0], _value(found, RANGE_FROM), _value(found, RANGE_TO)))

    def lookup(self, found: dict[int, bytes]) -> bool:
        if not self._fields or _slot(found, LOOKUP_SREG) != 0 or LOOKUP_SET not in found:
            return False
        fields, name, flags = tuple(self._fields), to_string(found[LOOKUP_SET]), _number(found, LOOKUP_FLAGS, 0)
        if LOOKUP_DREG in found:
            if _number(found, LOOKUP_DREG) != REGISTER_VERDICT or flags:
                return False
            return self._done(VerdictMap(fields, name, self._mask))
        if self._mask is not None or flags & ~LOOKUP_INVERTED:
            return False
        return self._done(InSet(fields, name, bool(flags)))

    def counter(self, found: dict[int, bytes]) -> bool:
        if self._fields:
            return False
        self.count = Count(to_u64(found.get(COUNTER_PACKETS, b"")), to_u64(found.get(COUNTER_BYTES, b"")))
        return self._done(Counter())

    def immediate(self, found: dict[int, bytes]) -> bool:
        verdict = decode_verdict(found.get(IMMEDIATE_DATA, b""))
        if self._fields or verdict is None or _number(found, IMMEDIATE_DREG) != REGISTER_VERDICT:
            return False
        return self._done(verdict)


_STEPS: Final[dict[str, Callable[[_Reader, dict[int, bytes]], bool]]] = {
    "meta": _Reader.meta,
    "ct": _Reader.ct,
    "payload": _Reader.payload,
    "bitwise": _Reader.bitwise,
    "cmp": _Reader.cmp,
    "range": _Reader.range,
    "lookup": _Reader.lookup,
    "counter": _Reader.counter,
    "immediate": _Reader.immediate,
}


@lru_cache(maxsize=4096)
def _expression_of(raw: bytes) -> tuple[str, dict[int, bytes]]:
    found = by_type(raw)
    return to_string(found.get(EXPRESSION_NAME, b"")), by_type(found.get(EXPRESSION_DATA, b""))


def _number(found: dict[int, bytes], kind: int, missing: int = -1) -> int:
    value = found.get(kind)
    return missing if value is None else to_u32(value)


def _value(found: dict[int, bytes], kind: int) -> bytes:
    return by_type(found.get(kind, b"")).get(DATA_VALUE, b"")


def _slot(found: dict[int, bytes], kind: int) -> int:
    """Which of the sixteen 4-byte registers the attribute names; the kernel calls each fourth by its wide name."""
    register = _number(found, kind)
    if REGISTER_32_FIRST <= register <= REGISTER_32_LAST:
        return register - REGISTER_32_FIRST
    return (register - REGISTER_FIRST) * 4 if 1 <= register <= 4 else -1
