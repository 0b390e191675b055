"""EC2's scalar types: the text of a parameter to a value, and a value to the text of an element."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ringwall.domain.errors import InvalidParameterValue

Read = Callable[[str, str], Any]
"""(text, wire name) -> value; raises InvalidParameterValue."""

Write = Callable[[Any], str]
"""value -> text, ready to stand in an XML document."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_FLOAT = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)

NOT_PLAIN = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def escape(text: str) -> str:
    """The text as it stands in an XML document; a character that XML 1.0 can't carry becomes U+FFFD.

    A carriage return is written as a reference, because a reader would turn a bare one into a line feed.
    Source: XML 1.0, 2.2 (Char) and 2.11 (end-of-line handling).
    """
    if NOT_PLAIN.search(text) is None:
        return text
    return NOT_PLAIN.sub(lambda found: _ENTITIES.get(found[0], "\ufffd"), text)


def _read_string(text: str, name: str) -> str:
    return text


def _read_boolean(text: str, name: str) -> bool:
    """`true` or `false` in any letter case: anything else, a DryRun that was meant above all, is refused."""
    lower = text.lower()
    if lower in ("true", "false"):
        return lower == "true"
    raise invalid(text, name, "Expecting true or false.")


def _integer_reader(bits: int) -> Read:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1

    def read_integer(text: str, name: str) -> int:
        if _INTEGER.fullmatch(text) and low <= (value := int(text)) <= high:
            return value
        raise invalid(text, name, f"Expecting an integer of {bits} bits.")

    return read_integer


def _read_float(text: str, name: str) -> float:
    if _FLOAT.fullmatch(text):
        return float(text)
    raise invalid(text, name, "Expecting a number.")


def _read_timestamp(text: str, name: str) -> datetime:
    """ISO 8601, a date alone being its first second; without an offset it is UTC, and so is the result."""
    try:
        if _TIMESTAMP.fullmatch(text):
            value = datetime.fromisoformat(text)
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(text, name, "Expecting a date and time.") from error
    raise invalid(text, name, "Expecting a date and time.")


def _read_blob(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(text, name, "Expecting base64.") from error


def invalid(text: str, name: str, reason: str) -> InvalidParameterValue:
    """The refusal of a value that isn't of its type, in EC2's common words.

    EC2 names a parameter in its own style here, `maxResults`; a long value isn't sent back whole.
    """
    return InvalidParameterValue.of(text[:256], name[:1].lower() + name[1:], reason)


def _write_boolean(value: bool) -> str:
    return "true" if value else "false"


def _write_timestamp(value: datetime | int) -> str:
    """UTC with milliseconds: `2017-06-27T15:43:33.000Z`. A number is Unix seconds; a datetime must know its zone."""
    when = value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"


def _write_blob(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


READ: Final[Mapping[str, Read]] = {
    "string": _read_string,
    "boolean": _read_boolean,
    "integer": _integer_reader(32),
    "long": _integer_reader(64),
    "float": _read_float,
    "double": _read_float,
    "timestamp": _read_timestamp,
    "blob": _read_blob,
}

WRITE: Final[Mapping[str, Write]] = {
    "string": escape,
    "boolean": _write_boolean,
    "integer": str,
    "long": str,
    "float": repr,
    "double": repr,
    "timestamp": _write_timestamp,
    "blob": _write_blob,
}
