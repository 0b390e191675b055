"""JSON as aws CLI prints it, without the package `json`, which costs more to import than all else on the way.

Source: `json.dump(value, indent=4, ensure_ascii=False)`.
"""

from __future__ import annotations

from _json import encode_basestring as _text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_NAMES = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def as_json(value: Any) -> str:
    """The value, indented by 4 blanks for each level, without a line break at its end.

    Raises:
        TypeError: a value that JSON has no form for, such as a query's reference to an expression.
    """
    return "".join(_pieces(value, "\n"))


def _pieces(value: Any, line: str) -> Iterator[str]:
    """line: a line break with this level's indentation."""
    if isinstance(value, str):
        yield _text(value)
    elif isinstance(value, dict):
        yield from _between("{", ((_text(name) + ": ", child) for name, child in value.items()), "}", line)
    elif isinstance(value, list):
        yield from _between("[", (("", child) for child in value), "]", line)
    else:
        yield _scalar(value)


def _between(start: str, children: Iterator[tuple[str, Any]], end: str, line: str) -> Iterator[str]:
    deeper = line + "    "
    separator = start + deeper
    for name, child in children:
        yield separator
        yield name
        yield from _pieces(child, deeper)
        separator = "," + deeper
    yield start + end if separator[0] == start else line + end


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _NAMES.get(repr(value), repr(value))
    raise TypeError("Encountered unrecognized type in JSON encoder.")
