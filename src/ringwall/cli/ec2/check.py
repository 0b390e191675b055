"""Parameters held against the model before anything is sent: members, types, what is required, least sizes.

All that is wrong is reported at once. Source: botocore's `ParamValidator`, texts included, held by tests.
"""

from __future__ import annotations

from ringwall.client.model import MINIMA, OPERATIONS, REQUIRED, STRUCTURES

from .messages import INVALID, Stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "<class 'str'>"),
    "integer": ((int,), "<class 'int'>"),
    "long": ((int,), "<class 'int'>"),
    "boolean": ((bool,), "<class 'bool'>"),
    "double": ((float, int), "<class 'float'>, <class 'decimal.Decimal'>, <class 'int'>"),
    "float": ((float, int), "<class 'float'>, <class 'decimal.Decimal'>, <class 'int'>"),
    "blob": ((bytes, bytearray, str), "<class 'bytes'>, <class 'bytearray'>, file-like object"),
}


def check(operation: str, parameters: dict[str, Any]) -> None:
    """Comes back when the parameters are the operation's.

    Raises:
        Stop: with a line for each thing that is wrong.
    """
    problems = list(_structure("", OPERATIONS[operation][0], parameters))
    if problems:
        raise Stop("\n".join(("Parameter validation failed:", *problems)), INVALID)


def _value(name: str, kind: str, value: Any, least: int | None) -> Iterator[str]:
    if kind[0] == "[":
        if not isinstance(value, (list, tuple)):
            yield _mistyped(name, value, "<class 'list'>, <class 'tuple'>")
            return
        if least is not None and len(value) < least:
            yield _too_short(name, len(value), least)
        for index, element in enumerate(value):
            yield from _value(f"{name}[{index}]", kind[1:-1], element, None)
    elif kind in STRUCTURES:
        yield from _structure(name, kind, value)
    else:
        yield from _scalar(name, kind, value, least)


def _structure(name: str, structure: str, value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _mistyped(name, value, "<class 'dict'>")
        return
    shown = name or "input"
    for required in REQUIRED.get(structure, ()):
        if required not in value:
            yield f'Missing required parameter in {shown}: "{required}"'
    members = STRUCTURES[structure]
    for member in value:
        if member not in members:
            yield f'Unknown parameter in {shown}: "{member}", must be one of: {", ".join(members)}'
    least = MINIMA.get(structure, {})
    for member, given in value.items():
        if member in members:
            yield from _value(f"{name}.{member}" if name else member, members[member][0], given, least.get(member))


def _scalar(name: str, kind: str, value: Any, least: int | None) -> Iterator[str]:
    types, shown = _SCALARS[kind]
    if not _is_one_of(value, types):
        yield _mistyped(name, value, shown)
    elif least is not None:
        if kind == "string" and len(value) < least:
            yield _too_short(name, len(value), least)
        elif kind != "string" and value < least:
            yield f"Invalid value for parameter {name}, value: {value}, valid min value: {least}"


def _is_one_of(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, types)


def _too_short(name: str, length: int, least: int) -> str:
    return f"Invalid length for parameter {name}, value: {length}, valid min length: {least}"


def _mistyped(name: str, value: Any, types: str) -> str:
    return f"Invalid type for parameter {name or 'input'}, value: {value}, type: {type(value)}, valid types: {types}"
