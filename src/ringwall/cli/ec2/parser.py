"""The grammar of the command line: argparse's, as the AWS CLI uses it, without argparse's half dozen milliseconds.

A word that starts with `-` is an option, unless it is a number, contains a blank, or is `-`; a name may be shortened as
long as no second option begins so; `--name=value` is one word; an option takes the words behind it that aren't options.
Words that nothing takes are handed back, since the AWS CLI reads a line in passes: first the global options, wherever
they are, then the operation, then its options. Source: argparse of Python 3.11, held by tests.
"""

from __future__ import annotations

from .messages import Misused, invalid_choice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

ONE = "one"
OPTIONAL = "optional"
MANY = "many"
NOTHING = "nothing"

_ARGUMENTS_MISSING = {ONE: "expected one argument"}


class Option:
    """An option, or a word by its place, that a line can have."""

    __slots__ = ("choices", "convert", "gives", "key", "name", "required", "takes")

    def __init__(
        self,
        name: str,
        key: str,
        takes: str = ONE,
        *,
        gives: Any = None,
        convert: Callable[[str], Any] | None = None,
        choices: Sequence[str] = (),
        required: bool = False,
    ) -> None:
        self.name = name
        """As it is typed; for a word by its place: what it is called in errors."""
        self.key = key
        """What its value is kept under."""
        self.takes = takes
        """How many words: ONE, OPTIONAL (at most one), MANY (or none), NOTHING."""
        self.gives = gives
        """The value where no word is taken."""
        self.convert = convert
        self.choices = list(choices)
        self.required = required


def parse(
    options: Sequence[Option], words: Sequence[str], place: Option | None = None
) -> tuple[dict[str, Any], list[str]]:
    """What was given, by the options' keys, and the words that nothing took.

    place: the one word that counts by its place.

    Raises:
        Misused: an option lacks its value or has one too many, it isn't known which one is meant, a value isn't a
            number or none of the choices, or something that is required isn't there.
    """
    line = _Line(options, words, place)
    line.read()
    missing = [
        each.name for each in (*options, *((place,) if place else ())) if each.required and each.name not in line.seen
    ]
    if missing:
        raise Misused(f"the following arguments are required: {', '.join(missing)}")
    return line.values, line.rest


class _Line:
    """One pass over the words."""

    def __init__(self, options: Sequence[Option], words: Sequence[str], place: Option | None) -> None:
        self.values: dict[str, Any] = {}
        self.rest: list[str] = []
        self.seen: set[str] = set()
        self._options = {each.name: each for each in options}
        self._words = words
        self._place = place
        self._kinds, self._found = self._classified()

    def read(self) -> None:
        """Takes the words one after the other, up to the last option; what is behind it goes by its place."""
        at = 0
        for index in sorted(self._found):
            if index < at:
                continue
            while at != index:
                taken = self._take_place(at)
                if taken == at:
                    self.rest.extend(self._words[at:index])
                    taken = index
                at = min(taken, index)
            at = self._take_option(index)
        at = self._take_place(at)
        self.rest.extend(self._words[at:])

    def _classified(self) -> tuple[str, dict[int, tuple[Option | None, str | None]]]:
        """The words' kinds, `O` for an option, `A` for another, `-` for `--`; and what each option is."""
        kinds: list[str] = []
        found: dict[int, tuple[Option | None, str | None]] = {}
        for index, word in enumerate(self._words):
            if word == "--":
                kinds.append("-")
                kinds.extend("A" * (len(self._words) - index - 1))
                break
            option = self._option(word)
            if option is not None:
                found[index] = option
            kinds.append("A" if option is None else "O")
        return "".join(kinds), found

    def _option(self, word: str) -> tuple[Option | None, str | None] | None:
        """The option that the word names, if any, with the value behind its `=`; None: the word isn't an option."""
        if not word or word[0] != "-":
            return None
        if word in self._options:
            return self._options[word], None
        if len(word) == 1:
            return None
        name, equals, value = word.partition("=")
        explicit = value if equals else None
        if name in self._options:
            return self._options[name], explicit
        if word.startswith("--"):
            matches = [each for each in self._options if each.startswith(name)]
            if len(matches) > 1:
                raise Misused(f"ambiguous option: {word} could match {', '.join(matches)}")
            if matches:
                return self._options[matches[0]], explicit
        if _is_negative_number(word) or " " in word:
            return None
        return None, None

    def _take_option(self, index: int) -> int:
        """Takes the option at that place and its words; the place behind them."""
        option, explicit = self._found[index]
        if option is None:
            self.rest.append(self._words[index])
            return index + 1
        self.seen.add(option.name)
        if explicit is not None:
            if option.takes == NOTHING:
                raise Misused(f"argument {option.name}: ignored explicit argument {explicit!r}")
            self._keep(option, [explicit])
            return index + 1
        end = index + 1
        most = {ONE: 1, OPTIONAL: 1, NOTHING: 0}.get(option.takes, len(self._words))
        while end - index <= most and self._kinds[end : end + 1] == "A":
            end += 1
        if option.takes == ONE and end == index + 1:
            raise Misused(f"argument {option.name}: {_ARGUMENTS_MISSING[ONE]}")
        self._keep(option, list(self._words[index + 1 : end]))
        return end

    def _take_place(self, at: int) -> int:
        """Takes the word that counts by its place, if it hasn't been found and there is one; the place behind it."""
        place = self._place
        if place is None:
            return at
        end = at
        while self._kinds[end : end + 1] == "-":
            end += 1
        if self._kinds[end : end + 1] == "A":
            end += 1
        elif place.takes == ONE:
            return at
        while self._kinds[end : end + 1] == "-":
            end += 1
        given = [word for word, kind in zip(self._words[at:end], self._kinds[at:end], strict=True) if kind == "A"]
        self._place = None
        self.seen.add(place.name)
        if given:
            self._keep(place, given)
        return end

    def _keep(self, option: Option, words: list[str]) -> None:
        if option.takes == MANY:
            self.values[option.key] = [_converted(option, word) for word in words]
        else:
            self.values[option.key] = _converted(option, words[0]) if words else option.gives


def _converted(option: Option, word: str) -> Any:
    value: Any = word
    if option.convert is not None:
        try:
            value = option.convert(word)
        except ValueError as error:
            raise Misused(f"argument {option.name}: invalid {option.convert.__name__} value: {word!r}") from error
    if option.choices and value not in option.choices:
        raise invalid_choice(option.name, word, option.choices)
    return value


def _is_negative_number(word: str) -> bool:
    """`-1`, `-.5`, `-1.5`: a value, since no option looks like one."""
    whole, dot, fraction = word[1:].partition(".")
    if dot:
        return fraction.isdecimal() and (not whole or whole.isdecimal())
    return whole.isdecimal()
