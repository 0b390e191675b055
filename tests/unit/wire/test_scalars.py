"""Texts to values and back, and the texts that are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.domain.errors import InvalidParameterValue
from ringwall.wire.scalars import READ, WRITE, escape


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", " a\x00b ", " a\x00b "),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("integer", "-1", -1),
        ("integer", "+0022", 22),
        ("integer", "2147483647", 2**31 - 1),
        ("long", "-9223372036854775808", -(2**63)),
        ("double", "1.5e3", 1500.0),
        ("float", ".5", 0.5),
        ("timestamp", "2017-06-27T15:43:33.000Z", datetime(2017, 6, 27, 15, 43, 33, tzinfo=UTC)),
        ("timestamp", "2017-06-27T15:43:33+02:00", datetime(2017, 6, 27, 13, 43, 33, tzinfo=UTC)),
        ("timestamp", "2017-06-27T15:43", datetime(2017, 6, 27, 15, 43, tzinfo=UTC)),
        ("timestamp", "2017-06-27", datetime(2017, 6, 27, tzinfo=UTC)),
        ("blob", "AP8=", b"\x00\xff"),
        ("blob", "", b""),
    ],
)
def test_read(kind: str, text: str, value: Any) -> None:
    read = READ[kind](text, "Name")
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *[("boolean", text) for text in ("", "1", "yes", "true ", "ｔrue")],
        *[("integer", text) for text in ("", " 1", "1_0", "0x10", "1.0", "٣", "2147483648", "-2147483649", "9" * 5000)],
        *[("long", text) for text in ("9223372036854775808", "1e3")],
        *[("double", text) for text in ("", "nan", "inf", "1_0", "1,5", ".")],
        *[("timestamp", text) for text in ("", "now", "2017-13-01", "20170627", "2017-06-27T25:00:00Z", "1" * 300)],
        ("timestamp", "0001-01-01T00:00:00+23:59"),
        *[("blob", text) for text in ("A", "AP8", "A P8=", "é", "AP8=\n")],
    ],
)
def test_refused(kind: str, text: str) -> None:
    with pytest.raises(InvalidParameterValue) as refused:
        READ[kind](text, "MaxResults")
    assert refused.value.message.startswith(f"Value ({text[:256]}) for parameter maxResults is invalid. Expecting ")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("boolean", False, "false"),
        ("integer", -1, "-1"),
        ("double", 0.5, "0.5"),
        ("timestamp", 1498578213, "2017-06-27T15:43:33.000Z"),
        (
            "timestamp",
            datetime(2017, 6, 27, 17, 43, 33, 7999, timezone(timedelta(hours=2))),
            "2017-06-27T15:43:33.007Z",
        ),
        ("blob", b"\x00\xff", "AP8="),
        ("string", "a & b", "a &amp; b"),
    ],
)
def test_write(kind: str, value: Any, text: str) -> None:
    assert WRITE[kind](value) == text


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("boolean", st.booleans()),
        ("integer", st.integers(-(2**31), 2**31 - 1)),
        ("long", st.integers(-(2**63), 2**63 - 1)),
        ("double", st.floats(allow_nan=False, allow_infinity=False)),
        ("blob", st.binary()),
    ],
)
def test_what_is_written_is_read_back(kind: str, values: st.SearchStrategy[Any]) -> None:
    @given(values)
    def check(value: Any) -> None:
        assert READ[kind](WRITE[kind](value), "Name") == value

    check()


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain 'text' \"quoted\"\t\n", "plain 'text' \"quoted\"\t\n"),
        ("<a>&amp;</a>", "&lt;a&gt;&amp;amp;&lt;/a&gt;"),
        ("]]>", "]]&gt;"),
        ("a\r\nb", "a&#13;\nb"),
        ("\x00\x0b\x1f\ud800\uffff", "\ufffd" * 5),
        ("\x7f\x85\u2028😀", "\x7f\x85\u2028😀"),
    ],
)
def test_escape(text: str, escaped: str) -> None:
    assert escape(text) == escaped
