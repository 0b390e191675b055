"""Parameters of an operation as the form that EC2 takes: names with dots, lists by number from 1, in the order given.

Source: botocore's `EC2Serializer` and the handler that fills in idempotency tokens, held by tests.
"""

from __future__ import annotations

from os import urandom

from .model import API_VERSION, OPERATIONS, STRUCTURES, TOKENS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
_QUOTED = tuple(chr(byte) if byte in _PLAIN else "+" if byte == 0x20 else f"%{byte:02X}" for byte in range(256))


def encode(operation: str, parameters: dict[str, Any]) -> list[tuple[str, str]]:
    """The request's pairs, Action and Version first; a token is made where the operation has one and none is given.

    Not checked: that the members and their types are the operation's.
    """
    request = OPERATIONS[operation][0]
    pairs = [("Action", operation), ("Version", API_VERSION)]
    _structure(pairs, "", request, parameters)
    token = TOKENS.get(request)
    if token is not None and token not in parameters:
        pairs.append((STRUCTURES[request][token][1], new_token()))
    return pairs


def body(pairs: list[tuple[str, str]]) -> bytes:
    """The pairs as a form: `application/x-www-form-urlencoded`, UTF-8, a blank as `+`."""
    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs).encode("ascii")


def quoted(text: str) -> str:
    """The text with every byte but letters, digits and `_.-~` as `%XX`, and a blank as `+`.

    urllib.parse does the same, and takes longer to import than a whole request to encode.
    """
    return "".join([_QUOTED[byte] for byte in text.encode("utf-8")])


def new_token() -> str:
    """A random UUID (RFC 9562, version 4), as SDKs send it for the sake of requests that are sent twice."""
    drawn = int.from_bytes(urandom(16), "big")
    digits = f"{drawn & ~(0xF << 76 | 0b11 << 62) | 4 << 76 | 0b10 << 62:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _structure(pairs: list[tuple[str, str]], prefix: str, structure: str, given: dict[str, Any]) -> None:
    members = STRUCTURES[structure]
    for name, value in given.items():
        kind, wire, _ = members[name]
        _value(pairs, f"{prefix}{wire}", kind, value)


def _value(pairs: list[tuple[str, str]], name: str, kind: str, value: Any) -> None:
    if kind[0] == "[":
        for number, element in enumerate(value, 1):
            _value(pairs, f"{name}.{number}", kind[1:-1], element)
    elif kind in STRUCTURES:
        _structure(pairs, f"{name}.", kind, value)
    else:
        pairs.append((name, _scalar(kind, value)))


def _scalar(kind: str, value: Any) -> str:
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "blob":
        from binascii import b2a_base64

        return b2a_base64(value.encode("utf-8") if isinstance(value, str) else value, newline=False).decode("ascii")
    return str(value)
