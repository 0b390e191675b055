"""Statements become expressions and come back as themselves; what isn't ours comes back as foreign."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nft_values
from ringwall.nft import expressions as x
from ringwall.nft.attributes import attribute, nested, string, u32
from ringwall.nft.bytecode import (
    FIELDS,
    FIELDS_BY_TEXT,
    FLAG_TYPES,
    _decode_any,
    decode_statements,
    encode_statements,
    key_length,
    padded,
)
from ringwall.nft.expressions import Counter, Foreign, InSet, Match, MatchAny, MatchRange, Verdict, VerdictMap
from ringwall.nft.ruleset import Count

ACCEPT = Verdict("accept")


@given(nft_values.statements(["c1"], nft_values.SET_KEYS, nft_values.MAP_KEYS))
def test_statements_come_back_as_themselves(statements: tuple[x.Statement, ...]) -> None:
    read, _ = decode_statements(encode_statements(statements))
    assert read == statements


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.text)
def test_every_field_comes_back_as_itself(field: x.Field) -> None:
    first = [Match(x.L4PROTO, b"\x3a")] if field.type.startswith("icmpv6") else []
    statements = (*first, Match(field, bytes(field.length)), InSet((field, x.CT_DIRECTION), "s"))
    assert decode_statements(encode_statements(statements))[0] == statements


def test_every_field_has_a_name_of_its_own() -> None:
    assert len(FIELDS_BY_TEXT) == len(FIELDS)


@given(st.sampled_from(FIELDS), st.data(), st.booleans(), st.booleans(), st.integers(0, 2**40))
def test_lines_that_differ_in_value_and_count_alone_are_read_exactly(
    field: x.Field, data: st.DataObject, masked: bool, negated: bool, packets: int
) -> None:
    values = st.one_of(
        st.binary(min_size=field.length, max_size=field.length),
        st.sampled_from([bytes(field.length), b"\xff" * field.length, (b"\x08\0\1\0cmp\0" * 2)[: field.length]]),
    )
    first = [Match(x.L4PROTO, b"\x3a")] if field.type.startswith("icmpv6") else []
    mask = b"\xff" * (field.length - 1) + b"\x80" if masked else None
    for _ in range(2):  # the second one is looked up
        value = data.draw(values)
        if value == bytes(field.length) and masked and negated and field.type in FLAG_TYPES:
            continue  # MatchAny
        statements = (*first, Match(field, value, mask, negated), Counter(), ACCEPT)
        line = encode_statements(statements)
        empty = attribute(1, bytes(8)) + attribute(2, bytes(8))
        counted = attribute(1, (packets * 9).to_bytes(8)) + attribute(2, packets.to_bytes(8))
        assert line.count(empty) == 1
        assert decode_statements(line.replace(empty, counted)) == (statements, Count(packets, packets * 9))


@given(st.sampled_from(FIELDS), st.data())
def test_a_line_with_a_byte_changed_is_never_taken_for_another(field: x.Field, data: st.DataObject) -> None:
    usual = (Match(field, b"\1" * field.length), Counter(), ACCEPT)
    first = (Match(x.L4PROTO, b"\x3a"),) if field.type.startswith("icmpv6") else ()
    line = bytearray(encode_statements((*first, *usual)))
    decode_statements(bytes(line))
    line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    try:
        slowly = _decode_any(bytes(line))
    except ValueError:
        with pytest.raises(ValueError, match="attribute of"):
            decode_statements(bytes(line))
        return
    assert decode_statements(bytes(line)) == slowly


@given(st.binary(max_size=64))
def test_bytes_that_are_no_rule_are_refused_or_foreign(data: bytes) -> None:
    try:
        read, _ = decode_statements(data)
    except ValueError:
        return
    assert all(isinstance(each, Foreign) for each in read)


def test_the_counter_is_told_apart_from_the_rule() -> None:
    counter = nested(1, string(1, "counter"), nested(2, attribute(1, (500).to_bytes(8)), attribute(2, (3).to_bytes(8))))
    assert decode_statements(counter) == ((Counter(),), Count(packets=3, bytes=500))


LOAD_IIFNAME = nested(1, string(1, "meta"), nested(2, u32(1, 1), u32(2, 6)))
LOAD_LENGTH = nested(1, string(1, "meta"), nested(2, u32(1, 1), u32(2, 0)))
COMPARE_LESS = nested(1, string(1, "cmp"), nested(2, u32(1, 1), u32(2, 2), nested(3, attribute(1, bytes(16)))))
COMPARE_SHORT = nested(1, string(1, "cmp"), nested(2, u32(1, 1), u32(2, 0), nested(3, attribute(1, b"eth"))))
COMPARE_OTHER = nested(1, string(1, "cmp"), nested(2, u32(1, 2), u32(2, 0), nested(3, attribute(1, bytes(16)))))
QUEUE = nested(1, string(1, "immediate"), nested(2, u32(1, 0), nested(2, nested(2, u32(1, 3)))))
LOG = nested(1, string(1, "log"), nested(2))


@pytest.mark.parametrize(
    "data",
    [
        LOG,
        LOAD_IIFNAME,
        LOAD_LENGTH,
        LOAD_IIFNAME + COMPARE_LESS,
        LOAD_IIFNAME + COMPARE_SHORT,
        LOAD_IIFNAME + COMPARE_OTHER,
        QUEUE,
    ],
    ids=["log", "load alone", "other field", "less than", "wildcard name", "other register", "queue"],
)
def test_what_ringwall_never_writes_is_foreign(data: bytes) -> None:
    ours = encode_statements((Counter(), ACCEPT))
    read, _ = decode_statements(data + ours)
    assert isinstance(read[0], Foreign)
    assert read[-1] == ACCEPT


@pytest.mark.parametrize(
    "statements",
    [
        (Match(x.ICMPV6_TYPE, b"\x80"),),
        (Match(x.L4PROTO, b"\x3a"), Match(x.ICMP_TYPE, b"\x08")),
        (Match(x.CT_STATE, bytes(4), b"\1\0\0\0", negated=True),),
        (MatchAny(x.IP_SADDR, b"\xff\0\0\0"),),
        (Match(x.IIFNAME, b"eth0"),),
        (MatchRange(x.CT_REPLY_PROTO_SRC, b"\1", b"\2"),),
        (Foreign("log", b""),),
    ],
    ids=repr,
)
def test_what_could_not_be_read_back_is_refused(statements: tuple[x.Statement, ...]) -> None:
    with pytest.raises(ValueError):
        encode_statements(statements)


def test_keys_take_whole_registers_only_when_put_together() -> None:
    assert (padded(b"\1\2"), padded(b"\1\2\3\4")) == (b"\1\2\0\0", b"\1\2\3\4")
    assert key_length((x.CT_DIRECTION,)) == 1
    assert key_length((x.IIFNAME, x.CT_DIRECTION)) == 20
    assert decode_statements(encode_statements((VerdictMap((x.CT_DIRECTION, x.IIFNAME), "m"),)))[0] == (
        VerdictMap((x.CT_DIRECTION, x.IIFNAME), "m"),
    )
