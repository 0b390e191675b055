"""A second, plain evaluator of policy documents, written from the user guide: slow, and on the JSON as it stands."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

Keys = Mapping[str, Sequence[str]]


def decide(documents: Sequence[str], action: str, resources: Sequence[str], keys: Keys) -> str:
    """`allowed`, `explicit-deny` or `implicit-deny`."""
    outcomes = [_of_one(documents, action, resource, keys) for resource in resources]
    if "explicit-deny" in outcomes:
        return "explicit-deny"
    return "implicit-deny" if "implicit-deny" in outcomes else "allowed"


def _of_one(documents: Sequence[str], action: str, resource: str, keys: Keys) -> str:
    effects = set()
    for text in documents:
        statements = json.loads(text)["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            if _applies(statement, action, resource, keys):
                effects.add(statement["Effect"])
    return "explicit-deny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicit-deny"


def _applies(statement: Mapping[str, Any], action: str, resource: str, keys: Keys) -> bool:
    if "Action" in statement:
        about = any(wild(each, action, re.IGNORECASE) for each in _list(statement["Action"]))
    else:
        about = not any(wild(each, action, re.IGNORECASE) for each in _list(statement["NotAction"]))
    if "Resource" in statement:
        named = any(_arn(each, resource, keys) for each in _list(statement["Resource"]))
    else:
        named = not any(_arn(each, resource, keys) for each in _list(statement["NotResource"]))
    return (
        about
        and named
        and all(
            _holds(operator, key, [_text(value) for value in _list(values)], keys, statement["Effect"])
            for operator, of_keys in statement.get("Condition", {}).items()
            for key, values in of_keys.items()
        )
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def wild(pattern: str, text: str, flags: int = 0, keys: Keys | None = None) -> bool:
    """Whether the text fits the pattern with its wildcards and variables."""
    expression = ""
    for part in re.split(r"(\$\{[^{}]*\}|\*|\?)", pattern):
        if part == "*":
            expression += ".*"
        elif part == "?":
            expression += "."
        elif part in ("${*}", "${?}", "${$}"):
            expression += re.escape(part[2])
        elif part.startswith("${"):
            values = (keys or {}).get(part[2:-1].strip().lower(), ())
            if len(values) != 1:
                return False
            expression += re.escape(values[0])
        else:
            expression += re.escape(part)
    return re.fullmatch(expression, text, flags | re.DOTALL) is not None


def _arn(pattern: str, arn: str, keys: Keys) -> bool:
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    wanted += ["*"] * (6 - len(wanted))
    return len(given) == 6 and all(wild(one, other, keys=keys) for one, other in zip(wanted, given, strict=True))


def _holds(operator: str, key: str, wanted: list[str], keys: Keys, effect: str) -> bool:
    given = list(keys.get(key.lower(), ()))
    name = operator.lower()
    if name == "null":
        return (wanted[0].lower() == "true") == (not given)
    quantifier, colon, rest = name.rpartition(":")
    exists = rest.endswith("ifexists")
    rest = rest.removesuffix("ifexists")
    negated = "not" in rest
    if not given:
        return exists or (quantifier == "forallvalues" if colon else negated)
    fits = COMPARE[rest.replace("not", "")]
    each = [any(fits(want, value, keys) for want in wanted) != negated for value in given]
    if quantifier == "foranyvalue":
        return any(each)
    if quantifier == "forallvalues" or (not colon and effect == "Allow"):
        return all(each)
    return any(each)


def _moment(text: str) -> float:
    return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()


def _inside(want: str, value: str, _: Keys) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(want, strict=False)
    except ValueError:
        return False


def _compared(read: Callable[[str], float], compare: Callable[[float, float], bool]) -> Any:
    def fits(want: str, value: str, _: Keys) -> bool:
        try:
            return compare(read(value), read(want))
        except ValueError:
            return False

    return fits


_ORDER: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda one, other: one == other,
    "lessthan": lambda one, other: one < other,
    "lessthanequals": lambda one, other: one <= other,
    "greaterthan": lambda one, other: one > other,
    "greaterthanequals": lambda one, other: one >= other,
}

COMPARE: dict[str, Callable[[str, str, Keys], bool]] = {
    "stringequals": lambda want, value, keys: _filled(want, keys) == value,
    "stringequalsignorecase": lambda want, value, keys: (_filled(want, keys) or "\0").lower() == value.lower(),
    "stringlike": lambda want, value, keys: wild(want, value, keys=keys),
    "arnequals": _arn,
    "arnlike": _arn,
    "bool": lambda want, value, _: want.lower() == value.lower(),
    "ipaddress": _inside,
    **{f"numeric{name}": _compared(float, compare) for name, compare in _ORDER.items()},
    **{f"date{name}": _compared(_moment, compare) for name, compare in _ORDER.items()},
}


def _filled(text: str, keys: Keys) -> str | None:
    for name in re.findall(r"\$\{([^{}]*)\}", text):
        values = [name] if name in ("*", "?", "$") else list(keys.get(name.strip().lower(), ()))
        if len(values) != 1:
            return None
        text = text.replace("${" + name + "}", values[0])
    return text
