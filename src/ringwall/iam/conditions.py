"""Conditions of statements: an operator, a key and values.

A key that a request doesn't have: what must fit doesn't, what mustn't fit holds, `…IfExists` and `ForAllValues:` hold,
`ForAnyValue:` doesn't. Of several values in a document one must fit; of a negated operator none may.
Where a request's key has several values and no `For…:` is said, all of them must pass in a statement that allows, and
one is enough in one that denies (AWS leaves it open; chosen: else a tag in another letter case spoke for its like).
Source: IAM user guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Final

from .match import Keys, arn_pattern, template, variables

Fits = Callable[[str, Keys], bool]
"""Whether a value of the request is what one value of the document says."""


class Quantifier(Enum):
    """How many of a key's values must pass."""

    NONE = ""
    ANY = "foranyvalue:"
    ALL = "forallvalues:"


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator. operator: as written. key: in lower case. fits: one for each of its values.

    named: the keys that its outcome depends on, in lower case.
    """

    operator: str
    key: str
    quantifier: Quantifier
    if_exists: bool
    negated: bool
    null: bool | None
    fits: tuple[Fits, ...]
    named: frozenset[str]

    def holds(self, keys: Keys, *, allows: bool) -> bool:
        """Whether the request meets it. allows: whether it is of a statement that does; what is unclear is denied."""
        values = keys.get(self.key, ())
        if self.null is not None:
            return self.null is not bool(values)
        if not values:
            if self.quantifier is Quantifier.ANY:
                return self.if_exists
            return self.if_exists or self.negated or self.quantifier is Quantifier.ALL
        if len(values) == 1:  # which is the same under all quantifiers
            return self._fits(values[0], keys) is not self.negated
        passes = (self._fits(value, keys) is not self.negated for value in values)
        all_must = allows if self.quantifier is Quantifier.NONE else self.quantifier is Quantifier.ALL
        return all(passes) if all_must else any(passes)

    def _fits(self, value: str, keys: Keys) -> bool:
        for fit in self.fits:  # noqa: SIM110, a generator for each value costs more than the comparison
            if fit(value, keys):
                return True
        return False


class BadValue(ValueError):
    """A value that the operator can't compare with. The message is a sentence."""


def condition(operator: str, key: str, values: tuple[str, ...]) -> Condition | None:
    """The condition, or None if nobody knows the operator.

    Raises:
        BadValue: a value isn't of the operator's kind.
    """
    rest = operator.lower()
    named = frozenset({key.lower()}).union(*map(variables, values))
    quantifier = next(
        (each for each in (Quantifier.ANY, Quantifier.ALL) if rest.startswith(each.value)), Quantifier.NONE
    )
    rest = rest.removeprefix(quantifier.value)
    if rest == "null":
        if quantifier is not Quantifier.NONE or len(values) != 1:
            raise BadValue("Null takes one value, true or false, and no ForAnyValue or ForAllValues.")
        return Condition(operator, key.lower(), quantifier, False, False, _truth(values[0]), (), named)
    if_exists = rest.endswith("ifexists")
    found = _OPERATORS.get(rest.removesuffix("ifexists"))
    if found is None:
        return None
    read, negated = found
    return Condition(operator, key.lower(), quantifier, if_exists, negated, None, tuple(map(read, values)), named)


# --- What values of the document are read to ---


def _equal(text: str) -> Fits:
    wanted = template(text)
    if wanted.fixed is not None:
        constant = wanted.text({})
        return lambda value, _: value == constant
    return lambda value, keys: wanted.text(keys) == value


def _equal_ignoring_case(text: str) -> Fits:
    wanted = template(text)

    def fits(value: str, keys: Keys) -> bool:
        found = wanted.text(keys)
        return found is not None and found.lower() == value.lower()

    return fits


def _like(text: str) -> Fits:
    return template(text).matches


def _arn(text: str) -> Fits:
    pattern = arn_pattern(text)
    if pattern is None:
        raise BadValue(f"{_quoted(text)} is no ARN.")
    return pattern.matches


def _numeric(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[str], Fits]:
    def read(text: str) -> Fits:
        wanted = _number(text)
        if wanted is None:
            raise BadValue(f"{_quoted(text)} is no number.")

        def fits(value: str, _: Keys) -> bool:
            given = _number(value)
            return given is not None and compare(given, wanted)

        return fits

    return read


def _dated(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[str], Fits]:
    def read(text: str) -> Fits:
        wanted = _moment(text)
        if wanted is None:
            raise BadValue(f"{_quoted(text)} is no date: write 2026-01-31T12:00:00Z, or seconds since 1970.")

        def fits(value: str, _: Keys) -> bool:
            given = _moment(value)
            return given is not None and compare(given, wanted)

        return fits

    return read


def _bool(text: str) -> Fits:
    wanted = _truth(text)
    return lambda value, _: value.lower() == ("true" if wanted else "false")


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise BadValue(f"{_quoted(text)} is neither true nor false.")
    return text.lower() == "true"


def _address(text: str) -> Fits:
    try:
        block = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise BadValue(f"{_quoted(text)} is no address and no CIDR block.") from error

    version, shift = block.version, block.max_prefixlen - block.prefixlen
    network = int(block.network_address) >> shift

    def fits(value: str, _: Keys) -> bool:
        given = _number_of(value)
        return given is not None and given[0] == version and given[1] >> shift == network

    return fits


@lru_cache(maxsize=1024)
def _number_of(address: str) -> tuple[int, int] | None:
    """The version and the number of an address; None if it is none. The same one is compared with many blocks."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return None
    return read.version, int(read)


def _number(text: str) -> Decimal | None:
    # Without exponents: 1e999999999 would be a number that takes a gigabyte to write.
    if re.fullmatch(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", text, re.ASCII) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _moment(text: str) -> Decimal | None:
    """Seconds since 1970, of a date or of such seconds."""
    if re.fullmatch("[0-9]{5,12}", text, re.ASCII):
        return Decimal(text)
    if re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", text, re.ASCII) is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Decimal(str((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()))


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 64 else text[:61] + "...")


_COMPARISONS: Final[Mapping[str, tuple[Callable[[Decimal, Decimal], bool], bool]]] = {
    "equals": (lambda given, wanted: given == wanted, False),
    "notequals": (lambda given, wanted: given == wanted, True),
    "lessthan": (lambda given, wanted: given < wanted, False),
    "lessthanequals": (lambda given, wanted: given <= wanted, False),
    "greaterthan": (lambda given, wanted: given > wanted, False),
    "greaterthanequals": (lambda given, wanted: given >= wanted, False),
}

_OPERATORS: Final[Mapping[str, tuple[Callable[[str], Fits], bool]]] = {
    "stringequals": (_equal, False),
    "stringnotequals": (_equal, True),
    "stringequalsignorecase": (_equal_ignoring_case, False),
    "stringnotequalsignorecase": (_equal_ignoring_case, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "arnequals": (_arn, False),
    "arnlike": (_arn, False),
    "arnnotequals": (_arn, True),
    "arnnotlike": (_arn, True),
    "bool": (_bool, False),
    "ipaddress": (_address, False),
    "notipaddress": (_address, True),
    **{f"numeric{name}": (_numeric(compare), negated) for name, (compare, negated) in _COMPARISONS.items()},
    **{f"date{name}": (_dated(compare), negated) for name, (compare, negated) in _COMPARISONS.items()},
}
"""By name in lower case: what reads a value, and whether the operator is the opposite of it."""
