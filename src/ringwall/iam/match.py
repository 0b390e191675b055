"""Actions, resources and texts of policy documents, and whether they fit.

`*` and `?` are wildcards and nothing escapes them but `${*}` and `${?}`. `${aws:username}` and the like stand for the
caller's own values, which are never wildcards themselves. Actions know no letter case, ARNs do.
Source: IAM user guide, "IAM JSON policy elements: Resource", "… Action", "… Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from ringwall.domain.wildcards import Pattern, pattern_of

Keys = Mapping[str, Sequence[str]]
"""Condition keys in lower case, each with its values; a key without a value is absent."""

ARN_PARTS: Final = 6
COMPARED_MAX: Final = 2_048
"""Characters of a request's value that a pattern is compared with. All that an operation takes is shorter, but a
decision falls before that is looked at; and of what a client calls itself, which proves nothing, this is enough."""
_ANY: Final = "*"
_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT: Final = re.compile(r"\s*([^,\s]+)\s*,\s*'([^']*)'\s*")
_LITERAL: Final = frozenset("*?$")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with wildcards and variables. fixed: what it is compared as, where it has no variable.

    names: its variables. A request asks again and again with the same values, so what it stood for last is kept.
    """

    source: str
    fixed: Pattern | str | None
    names: tuple[str, ...] = ()
    _last: list[tuple[object, Pattern | str | None]] = field(
        default_factory=lambda: [(None, None)], init=False, repr=False, compare=False
    )

    def matches(self, text: str, keys: Keys) -> bool:
        """Whether the whole text fits; never, if a variable has no single value."""
        compared = self.fixed
        if compared is None:
            compared = self._filled(keys)
            if compared is None:
                return False
        return compared == text if isinstance(compared, str) else compared.matches(text[:COMPARED_MAX])

    def _filled(self, keys: Keys) -> Pattern | str | None:
        given = [tuple(keys.get(name, ())) for name in self.names]
        known, filled = self._last[0]
        if known != given:
            filled = _read(self.source, keys, wild=True)
            self._last[0] = given, filled
        return filled

    def text(self, keys: Keys) -> str | None:
        """The text that it stands for where wildcards mean themselves; None if a variable has no single value."""
        read = _read(self.source, keys, wild=False)
        return read if isinstance(read, str) else None


def template(source: str) -> Template:
    """The text of a document, read.

    >>> template("web-*").matches("web-1", {})
    True
    """
    names = tuple(sorted(variables(source)))
    return Template(source, None if names else _read(source, {}, wild=True), names)


def variables(source: str) -> frozenset[str]:
    """The condition keys that a text's variables stand for, in lower case."""
    return frozenset(
        _name(found[1]).lower() for found in _VARIABLE.finditer(source) if found[1].strip() not in _LITERAL
    )


def _name(inside: str) -> str:
    with_default = _DEFAULT.fullmatch(inside)
    return with_default[1] if with_default else inside.strip()


def _read(source: str, keys: Keys, *, wild: bool) -> Pattern | str | None:
    stretches: list[list[str | None]] = [[]]
    position = 0
    for found in _VARIABLE.finditer(source):
        _split(source[position : found.start()], stretches, wild=wild)
        value = _value(found[1], keys)
        if value is None:
            return None
        stretches[-1].extend(value)
        position = found.end()
    _split(source[position:], stretches, wild=wild)
    return pattern_of(stretches)


def _split(text: str, stretches: list[list[str | None]], *, wild: bool) -> None:
    for character in text:
        if wild and character == "*":
            stretches.append([])
        else:
            stretches[-1].append(None if wild and character == "?" else character)


def _value(inside: str, keys: Keys) -> str | None:
    """What a variable stands for: a literal wildcard, the key's only value, its default, or nothing."""
    name = inside.strip()
    if name in _LITERAL:
        return name
    default = None
    if with_default := _DEFAULT.fullmatch(inside):
        name, default = with_default[1], with_default[2]
    values = keys.get(name.lower(), ())
    return values[0] if len(values) == 1 else default


# --- Actions ---


@dataclass(frozen=True, slots=True)
class ActionPattern:
    """One action of a document, as `ec2:Describe*`; both halves without regard to case."""

    source: str
    service: str
    name: Pattern | str

    def matches(self, service: str, name: str) -> bool:
        """Whether it means this action; both in lower case."""
        if self.service not in ("*", service):
            return False
        return self.name == name if isinstance(self.name, str) else self.name.matches(name)


def action_pattern(source: str) -> ActionPattern | None:
    """The action, or None if it isn't one: `*`, or a service, a colon and a name with wildcards."""
    if source == "*":
        return ActionPattern(source, "*", _plain("*"))
    service, colon, name = source.lower().partition(":")
    if not colon or not re.fullmatch("[a-z0-9-]+", service) or not re.fullmatch("[a-z0-9*?]+", name):
        return None
    return ActionPattern(source, service, _plain(name))


def _plain(text: str) -> Pattern | str:
    read = _read(text, {}, wild=True)
    assert read is not None, "it has no variables"
    return read


# --- ARNs ---


@dataclass(frozen=True, slots=True)
class ArnPattern:
    """A resource of a document: `*`, or six parts of which none reaches over a colon but the last."""

    source: str
    parts: tuple[tuple[int, Template], ...]
    """With their places; those that are any part are left out."""

    def matches(self, arn: str, keys: Keys) -> bool:
        """Whether the resource is meant. `*` means those that have no ARN too."""
        if self.source == _ANY:
            return True
        given = _given(arn)
        if given is None:
            return False
        for place, part in self.parts:
            wanted = part.fixed
            if wanted != given[place] if isinstance(wanted, str) else not part.matches(given[place], keys):
                return False
        return True


@lru_cache(maxsize=1024)
def _given(arn: str) -> list[str] | None:
    """The six parts of a resource's ARN; None if it is none. The same one is compared with many patterns."""
    parts = arn.split(":", ARN_PARTS - 1)
    return parts if len(parts) == ARN_PARTS else None


def arn_pattern(source: str) -> ArnPattern | None:
    """The resource, or None if it isn't one. Parts that are missing at its end are any."""
    if source == _ANY:
        return ArnPattern(source, ())
    parts = _parts(source)
    if parts[0] != "arn" or len(parts) < 2:
        return None
    return ArnPattern(source, tuple((place, template(part)) for place, part in enumerate(parts) if part != _ANY))


def _parts(source: str) -> list[str]:
    """The parts between colons, of which those inside variables are none."""
    hidden = _VARIABLE.sub(lambda found: found[0].replace(":", "\0"), source)
    return [part.replace("\0", ":") for part in hidden.split(":", ARN_PARTS - 1)]
