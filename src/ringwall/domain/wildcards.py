"""Texts with wildcards, compared in bounded time: `*` for any characters, `?` for exactly one.

How they are written, and how a wildcard is meant as itself, is for whoever reads them: filters and policy documents
differ there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

TRIED_MAX: Final = 4_096
MAPPED_MAX: Final = 4_096
"""Steps up to which an expression is tried at every place of a text; and the length up to which a text is mapped."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What stands between two stars. length: how many characters it takes.

    wild: the expression for one with a `?`; None where the text is meant as it is. A text is looked for, and an
    expression tried, without a step of Python for each character: a request may bring ten thousand patterns, and there
    are patterns that nearly fit everywhere. Those would cost length * length(text) steps: where that is much, the
    places of each character are a number's bits, and all places of the text are looked at in one operation.

    fixed: of one with a `?`, the other characters, each with its place.
    """

    text: str
    length: int
    wild: re.Pattern[str] | None
    fixed: tuple[tuple[int, str], ...] = ()

    def find(self, text: str, start: int, end: int) -> int:
        """The first place in this part of the text where it stands whole, or -1."""
        if self.wild is None:
            return text.find(self.text, start, end)
        if (end - start) * self.length > TRIED_MAX and len(text) <= MAPPED_MAX:
            return self._find_at_once(text, start, end)
        found = self.wild.search(text, start, end)
        return found.start() if found else -1

    def _find_at_once(self, text: str, start: int, end: int) -> int:
        room = end - start - self.length
        if room < 0:
            return -1
        places, where = ((1 << room + 1) - 1) << start, _where(text)
        for offset, character in self.fixed:
            places &= where.get(character, 0) >> offset
            if not places:
                return -1
        return (places & -places).bit_length() - 1

    def stands_at(self, text: str, position: int) -> bool:
        """Whether it stands at this place of the text."""
        if self.wild is None:
            return text.startswith(self.text, position)
        return self.wild.match(text, position) is not None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A value with wildcards: the stretches between its stars. length: the characters that a text needs at least.

    prefix: of one with no other wildcard than a star at its end, what stands before it.
    """

    stretches: tuple[Stretch, ...]
    length: int
    prefix: str | None = None

    def matches(self, text: str) -> bool:
        """Whether the whole text fits. Cost: at most len(pattern) * len(text), whatever the number of stars."""
        if self.prefix is not None:
            return text.startswith(self.prefix)
        first, *rest = self.stretches
        if self.length > len(text) or not first.stands_at(text, 0):
            return False
        if not rest:
            return self.length == len(text)
        # The leftmost place for each middle stretch leaves the most room for those after it: no need to go back.
        position, end = first.length, len(text) - rest[-1].length
        for stretch in rest[:-1]:
            place = stretch.find(text, position, end)
            if place < 0:
                return False
            position = place + stretch.length
        return rest[-1].stands_at(text, end)


def pattern_of(stretches: Sequence[Sequence[str | None]]) -> Pattern | str:
    """What stands between stars as a pattern, None for any one character; a text where there is no wildcard."""
    if len(stretches) == 1 and None not in stretches[0]:
        return _text(stretches[0])
    read = tuple(map(_stretch, stretches))
    is_prefix = len(read) == 2 and read[0].wild is None and not read[1].length
    return Pattern(read, sum(each.length for each in read), read[0].text if is_prefix else None)


def _stretch(characters: Sequence[str | None]) -> Stretch:
    if None not in characters:
        return Stretch(_text(characters), len(characters), None)
    expression = "".join("." if each is None else re.escape(each) for each in characters)
    fixed = tuple((place, each) for place, each in enumerate(characters) if each is not None)
    return Stretch(_text(characters), len(characters), re.compile(expression, re.DOTALL), fixed)


@lru_cache(maxsize=8)
def _where(text: str) -> Mapping[str, int]:
    """The places of each character, as bits. One text is compared with many patterns."""
    found: dict[str, int] = {}
    for place, character in enumerate(text):
        found[character] = found.get(character, 0) | 1 << place
    return found


def _text(characters: Iterable[str | None]) -> str:
    return "".join(each or "?" for each in characters)
