"""Shorthand: `IpProtocol=tcp,FromPort=22,IpRanges=[{CidrIp=10.0.0.0/8,Description='a, b'}]`, as the AWS CLI reads it.

    value    = key "=" [values] *("," key "=" [values])
    values   = one / one "," one … / "[" … "]" / "{" key "=" … "}"
    one      = a word / 'quoted' / "quoted"

A key with `@=` instead of `=` takes its value from the file that is named. The syntax alone decides what is a text, a
list or a map; `fit` then makes numbers, truth values and lists of one out of texts where the model has them.
Source: the AWS CLI's `ShorthandParser` and `BackCompatVisitor`, held by tests.
"""

from __future__ import annotations

import re

from ringwall.client.model import STRUCTURES

from .files import read_if_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BLANKS = " \t\n\r\x0b\x0c"
_KEY = re.compile(r"[A-Za-z0-9\-_.#/:]*")
_SINGLE_QUOTED = re.compile(r"'(?:\\'|[^'])*'")
_DOUBLE_QUOTED = re.compile(r'"(?:\\"|[^"])*"')
_START = r"(?:\\,|[!#-&(-+\--<>-Z\\-z|-\uffff])"
_FIRST_WORD = re.compile(_START + r"(?:\\,|[\s!#-&(-+\--\\^-|~-\uffff])*")
_FURTHER_WORD = re.compile(_START + r"(?:\\,|[\s!#-&(-+\--<>-\uffff])*")


class BadShorthand(Exception):
    """The value isn't shorthand; the text says what was expected, and shows where."""


def parse(text: str) -> dict[str, Any]:
    """The map that the text writes.

    Raises:
        BadShorthand, UnreadableFile.
    """
    return _Reader(text).whole()


def fit(value: Any, kind: str) -> Any:
    """The value with numbers, truth values and lists where the type has them; what doesn't fit stays as it is.

    Raises:
        ValueError: a text where a number belongs.
    """
    if kind[0] == "[":
        if isinstance(value, list):
            return [fit(each, kind[1:-1]) for each in value]
        return None if value is None else [value]
    if kind in STRUCTURES:
        if not isinstance(value, dict):
            return value
        members = STRUCTURES[kind]
        return {
            name: fit(member, members[name][0]) if name in members and member is not None else member
            for name, member in value.items()
        }
    return _scalar(value, kind)


def _scalar(value: Any, kind: str) -> Any:
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("double", "float"):
        return float(value)
    if kind == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


class _Reader:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._from_file = False

    def whole(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        begin = -1
        while True:
            key = self._key()
            value = self._values()
            if key in found:
                raise BadShorthand(
                    f'Second instance of key "{key}" encountered for input:\n{self._shown(begin + 1)}\n'
                    'This is often because there is a preceding "," instead of a space.'
                )
            found[key] = value
            begin = self._at
            if self._at >= len(self._text):
                return found
            self._expect(",", blanks=True)

    def _key(self) -> str:
        """The key, and the `=` or `@=` behind it."""
        match = _KEY.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        self._skip_blanks()
        self._from_file = self._current() == "@"
        if self._from_file:
            self._expect("@", blanks=True)
        self._expect("=", blanks=True)
        return match.group()

    def _values(self) -> Any:
        match self._current():
            case "":
                return ""
            case "[":
                return self._list()
            case "{":
                return self._map()
            case _:
                return self._one_or_several()

    def _one_or_several(self) -> Any:
        """A text, or a list of texts with commas between them; a comma may also lead to the next key."""
        first = self._first()
        self._skip_blanks()
        if self._current() != ",":
            return first
        self._expect(",", blanks=True)
        found = [first]
        while True:
            try:
                one = self._further()
                self._skip_blanks()
                if self._at >= len(self._text):
                    found.append(one)
                    break
                self._expect(",", blanks=True)
            except BadShorthand:
                if self._at >= len(self._text):
                    raise
                self._at = self._text.rindex(",", 0, self._at + 1)
                break
            found.append(one)
        return found[0] if len(found) == 1 else found

    def _list(self) -> list[Any]:
        self._expect("[", blanks=True)
        found = []
        while self._current() != "]":
            found.append(self._nested())
            self._between("]")
        self._expect("]")
        return found

    def _map(self) -> dict[str, Any]:
        self._expect("{", blanks=True)
        found = {}
        while self._current() != "}":
            key = self._key()
            found[key] = self._nested()
            self._between("}")
        self._expect("}")
        return found

    def _nested(self) -> Any:
        match self._current():
            case "[":
                return self._list()
            case "{":
                return self._map()
            case _:
                return self._first()

    def _between(self, end: str) -> None:
        self._skip_blanks()
        if self._current() != end:
            self._expect(",")
            self._skip_blanks()

    def _first(self) -> Any:
        if self._current() in ("'", '"'):
            return self._quoted()
        match = _FIRST_WORD.match(self._text, self._at)
        if match is None:
            return ""
        return self._word(match)

    def _further(self) -> Any:
        if self._current() in ("'", '"'):
            return self._quoted()
        match = _FURTHER_WORD.match(self._text, self._at)
        if match is None:
            raise self._unexpected("<second>", "<none>")
        return self._word(match)

    def _word(self, match: re.Match[str]) -> Any:
        self._at = match.end()
        return self._read(match.group().replace("\\,", ",").rstrip())

    def _quoted(self) -> Any:
        quote = self._current()
        pattern, name = (_SINGLE_QUOTED, "singled quoted") if quote == "'" else (_DOUBLE_QUOTED, "double quoted")
        match = pattern.match(self._text, self._at)
        if match is None:
            raise self._unexpected(f"<{name}>", "<none>")
        self._at = match.end()
        return self._read(match.group()[1:-1].replace(f"\\{quote}", quote).replace("\\\\", "\\"))

    def _read(self, text: str) -> Any:
        content = read_if_file(text) if self._from_file else None
        return text if content is None else content

    def _expect(self, character: str, *, blanks: bool = False) -> None:
        if blanks:
            self._skip_blanks()
        if self._current() != character:
            raise self._unexpected(character, self._current() or "EOF")
        self._at += 1
        if blanks:
            self._skip_blanks()

    def _current(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _BLANKS:
            self._at += 1

    def _unexpected(self, expected: str, received: str) -> BadShorthand:
        return BadShorthand(f"Expected: '{expected}', received: '{received}' for input:\n{self._shown(self._at)}")

    def _shown(self, at: int) -> str:
        """The text with a mark below that place, in its line."""
        indent = at - (self._text.rfind("\n", 0, at) + 1)
        end = self._text.find("\n", at)
        upto = len(self._text) if end < 0 else end
        return f"{self._text[:upto]}\n{' ' * indent}^{self._text[upto:]}"
