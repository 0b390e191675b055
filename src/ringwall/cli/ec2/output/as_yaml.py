"""YAML as aws CLI 2 prints it: block style, names sorted, long texts folded behind column 80.

aws CLI writes through libyaml. The pure emitter of ruamel.yaml breaks and quotes long texts otherwise, so libyaml's
rules stand here, for what an answer or a query's result is made of. What a text looks like unquoted is YAML 1.2's.
Source: libyaml 0.2.5, `yaml_emitter_analyze_scalar` and the functions that write scalars; held by tests.
"""

from __future__ import annotations

import re

from .as_json import as_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

FOLD_COLUMN = 80

_FLOATS = {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}

# What the loader would not read as a text, were it not quoted.
_NOT_TEXT = re.compile(
    r"""true|True|TRUE|false|False|FALSE|~|null|Null|NULL||<<|=
    |[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
    |[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+
    |[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?
    |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)
    |[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9][0-9_]*|[-+]_[0-9_]*|[-+]?0x[0-9a-fA-F_]+
    |[0-9]{4}-[0-9]{2}-[0-9]{2}
    |[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
      (?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?""",
    re.VERBOSE,
)
# What has a meaning of its own at the start of a value, or further on in it.
_INDICATORS = re.compile(r"""[#,\[\]{}&*!|>'"%@`]|[-?:](?:[ \t\r\n\x85\u2028\u2029]|$)|---|\.\.\.""")
_INDICATORS_INSIDE = re.compile(r".:(?:[ \t\r\n\x85\u2028\u2029]|$)|[ \t\r\n\x85\u2028\u2029]\#", re.DOTALL)
_BREAK_CHARACTERS = "\r\n\x85\u2028\u2029"
_BREAKS = re.compile(f"[{_BREAK_CHARACTERS}]")
_BREAK_BY_BLANK = re.compile(f" [{_BREAK_CHARACTERS}]|[{_BREAK_CHARACTERS}] ")
_UNPRINTABLE = re.compile(r"[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_ESCAPES = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip


def as_yaml(value: Any) -> str:
    """The value as a document, with the line break at its end. A lone scalar is JSON, so that no `...` ends it."""
    if not isinstance(value, dict | list):
        return as_json(value) + "\n"
    if not value:
        return "[]\n" if isinstance(value, list) else "{}\n"
    return _Document(value).block(value, 0) + "\n"


class _Document:
    """One document. What stands in it twice, the same object, is named and then referred to."""

    def __init__(self, value: dict[str, Any] | list[Any]) -> None:
        self._anchors: dict[int, str] = {}
        self._written: set[int] = set()
        self._name_repeated(value, set())

    def _name_repeated(self, value: Any, seen: set[int]) -> None:
        if not isinstance(value, dict | list):
            return
        if id(value) in seen:
            self._anchors.setdefault(id(value), f"id{len(self._anchors) + 1:03}")
            return
        seen.add(id(value))
        for child in value if isinstance(value, list) else (child for _, child in sorted(value.items())):
            self._name_repeated(child, seen)

    def block(self, value: dict[str, Any] | list[Any], indent: int) -> str:
        """The members or items, one below the other, the first one without indentation."""
        if isinstance(value, list):
            items = (f"-{self._value(item, indent + 1, indent, at_dash=True)}" for item in value)
            return _below(indent, items)
        return _below(indent, (self._member(name, value[name], indent) for name in sorted(value)))

    def _member(self, name: str, value: Any, indent: int) -> str:
        key = _scalar(name, indent, indent, is_key=True)
        return f"{key}:{self._value(value, indent + len(key) + 1, indent, at_dash=False)}"

    def _value(self, value: Any, column: int, indent: int, *, at_dash: bool) -> str:
        """What stands behind a dash or a colon; column: where it begins, a blank included."""
        if not isinstance(value, dict | list):
            return f" {_scalar(value, column + 1, indent + 2)}"
        anchor = self._anchors.get(id(value))
        if anchor and id(value) in self._written:
            return f" *{anchor}"
        self._written.add(id(value))
        name = f" &{anchor}" if anchor else ""
        if not value:
            return f"{name} {'[]' if isinstance(value, list) else '{}'}"
        if at_dash and not anchor:
            return f" {self.block(value, indent + 2)}"
        deeper = indent if isinstance(value, list) and not at_dash else indent + 2
        return f"{name}\n{' ' * deeper}{self.block(value, deeper)}"


def _below(indent: int, parts: Iterator[str]) -> str:
    return ("\n" + " " * indent).join(parts)


def _scalar(value: Any, column: int, indent: int, *, is_key: bool = False) -> str:
    """A scalar that begins at a column; the lines that follow are indented."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _FLOATS.get(repr(value), repr(value))
    if not isinstance(value, str):
        raise TypeError(f"cannot represent an object: {value}")
    if _UNPRINTABLE.search(value) or _BREAK_BY_BLANK.search(value) or (is_key and _BREAKS.search(value)):
        return f'"{_double_quoted(value, column + 1, indent, folds=not is_key)}"'
    if _BREAKS.search(value) or not _is_plain(value):
        doubled = value.replace("'", "''")
        return f"'{_folded(doubled, column + 1, indent, folds=not is_key)}'"
    return _folded(value, column, indent, folds=not is_key)


def _is_plain(text: str) -> bool:
    return not (
        _NOT_TEXT.fullmatch(text)
        or text[0] == " "
        or text[-1] == " "
        or _INDICATORS.match(text)
        or _INDICATORS_INSIDE.search(text)
    )


def _folded(text: str, column: int, indent: int, *, folds: bool) -> str:
    """A text that needs no escapes. A blank that stands alone behind the fold column becomes a line break.

    Of the text's own line breaks, the first one in a row is doubled.
    """
    pieces = []
    before = "\0"
    for at, character in enumerate(text):
        if character in _BREAK_CHARACTERS:
            pieces.append("\n\n" if character == "\n" and before not in _BREAK_CHARACTERS else character)
            column = 0
        elif _is_folded(text, at, column, folds) and text[at + 1] != " ":
            pieces.append("\n" + " " * indent)
            column = indent
        else:
            if before in _BREAK_CHARACTERS:
                pieces.append(" " * indent)
                column = indent
            pieces.append(character)
            column += 1
        before = character
    return "".join(pieces) + (" " * indent if before in _BREAK_CHARACTERS else "")


def _double_quoted(text: str, column: int, indent: int, *, folds: bool) -> str:
    """The text between its quotes, with escapes. Where it is folded ahead of a blank, that one is escaped."""
    pieces = []
    for at, character in enumerate(text):
        if _is_folded(text, at, column, folds):
            pieces.append("\n" + " " * indent + ("\\" if text[at + 1] == " " else ""))
            column = len(pieces[-1]) - 1
        else:
            pieces.append(_escaped(character))
            column += len(pieces[-1])
    return "".join(pieces)


def _is_folded(text: str, at: int, column: int, folds: bool) -> bool:
    return folds and column > FOLD_COLUMN and text[at] == " " and 0 < at < len(text) - 1 and text[at - 1] != " "


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if not _UNPRINTABLE.match(character):
        return character
    code = ord(character)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
