"""Filters of Describe operations: several must all hold, of one filter's values any.

`*` stands for any characters, `?` for exactly one, and a backslash takes the next character for itself. Case counts, in
names and in values.

Source: EC2 user guide, "List and filter your resources"; `?` is said there to be one character and, elsewhere in the
same guide, none or one: one is taken. Ceilings: 50 filters, 200 values of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from .errors import FilterLimitExceeded, InvalidParameterValue
from .wildcards import Pattern, pattern_of

Item = TypeVar("Item")
Values = Callable[[Item], Iterable[str]]
"""What an item has of one filter's subject: none, one or several values, as text."""

FILTERS_MAX: Final = 50
VALUES_MAX: Final = 200


def pattern(value: str) -> Pattern | str:
    """The value as a pattern, or, when it has no wildcard, the text that it stands for.

    >>> pattern(r"web\\*")
    'web*'
    """
    stretches: list[list[str | None]] = [[]]  # None in the place of a `?`
    characters = iter(value)
    for character in characters:
        if character == "*":
            stretches.append([])
        elif character == "?":
            stretches[-1].append(None)
        else:
            # A backslash at the very end stands for itself (chosen).
            stretches[-1].append(next(characters, character) if character == "\\" else character)
    return pattern_of(stretches)


@dataclass(frozen=True, slots=True)
class Filter(Generic[Item]):
    """One filter of a request: where an item's values come from, and which of them it lets through."""

    name: str
    values_of: Values[Item]
    texts: frozenset[str]
    patterns: tuple[Pattern, ...]

    def lets_through(self, item: Item) -> bool:
        """Whether one of the item's values is one of the filter's."""
        for value in self.values_of(item):
            if value in self.texts or any(each.matches(value) for each in self.patterns):
                return True
        return False


@dataclass(frozen=True, slots=True)
class FilterTable(Generic[Item]):
    """The filters that one operation knows.

    values: by name. tags_of: an item's tags, for `tag:<key>`, or None where there is no such filter.
    barren: names that EC2 knows and that nothing here has a value for; they let nothing through.
    """

    values: Mapping[str, Values[Item]]
    tags_of: Callable[[Item], Mapping[str, str]] | None = None
    barren: frozenset[str] = frozenset()

    def read(self, given: Sequence[Mapping[str, Any]] | None) -> list[Filter[Item]]:
        """The filters of a request.

        Raises:
            InvalidParameterValue: a name isn't one of this operation's, or a filter has no values.
            FilterLimitExceeded: there are more than 50, or one has more than 200 values.
        """
        given = given or ()
        if len(given) > FILTERS_MAX:
            raise FilterLimitExceeded
        return [self._filter(each.get("Name"), each.get("Values") or ()) for each in given]

    def _filter(self, name: str | None, values: Sequence[str]) -> Filter[Item]:
        values_of = self._values_of(name or "")
        if values_of is None:
            raise InvalidParameterValue(f"The filter '{'null' if name is None else name}' is invalid")
        if not values:
            # Chosen: EC2's answer isn't recorded, and "all" or "nothing" would each surprise someone.
            raise InvalidParameterValue(f"The filter '{name}' has no values")
        if len(values) > VALUES_MAX:
            raise FilterLimitExceeded
        read = [pattern(value) for value in values]
        return Filter(
            name or "",
            values_of,
            frozenset(each for each in read if isinstance(each, str)),
            tuple(each for each in read if isinstance(each, Pattern)),
        )

    def _values_of(self, name: str) -> Values[Item] | None:
        tags_of = self.tags_of
        if tags_of is not None and name.startswith("tag:"):
            key = name.removeprefix("tag:")
            return lambda item: (tags_of(item)[key],) if key in tags_of(item) else ()
        if name in self.barren:
            return lambda item: ()
        return self.values.get(name)


def select(filters: Sequence[Filter[Item]], items: Iterable[Item]) -> list[Item]:
    """The items that every filter lets through, in their order."""
    return [item for item in items if lets_through(filters, item)]


def lets_through(filters: Sequence[Filter[Item]], item: Item) -> bool:
    """Whether every filter lets the item through."""
    return all(each.lets_through(item) for each in filters)


def flag(value: bool) -> str:
    """A truth value as filters write it."""
    return "true" if value else "false"
