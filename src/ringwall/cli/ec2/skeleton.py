"""`--generate-cli-skeleton`: what an operation takes or gives, as a form to fill in.

A text is empty, a number 0, a truth value true, a list has one element; where a text has only certain values, it is
the first of them. Source: botocore's `ArgumentGenerator`, which takes any of them; the AWS CLI's version 2 for YAML,
without the sentences from Amazon's documents that it puts beside each member.
"""

from __future__ import annotations

from ringwall.client.model import OPERATIONS, REQUIRED, STRUCTURES
from ringwall.client.values import ELEMENTS, VALUES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MOMENT = "1970-01-01T00:00:00"
"""A point in time in a form."""

_SCALARS: dict[str, Any] = {
    "integer": 0,
    "long": 0,
    "double": 0.0,
    "float": 0.0,
    "boolean": True,
    "timestamp": MOMENT,
    "blob": None,
}


def request(operation: str) -> dict[str, Any]:
    """Every member of the request."""
    return _structure(OPERATIONS[operation][0], is_named=False)


def answer(operation: str) -> dict[str, Any]:
    """Every member of the answer; a text is its member's name."""
    structure = OPERATIONS[operation][1]
    return {} if structure is None else _structure(structure, is_named=True)


def yaml(operation: str) -> str:
    """Every member of the request as YAML, with what is required and which values there are."""
    structure = OPERATIONS[operation][0]
    return "".join(f"{line}\n" for line in _lines(structure, "")) or "{}\n"


def _structure(structure: str, *, is_named: bool) -> dict[str, Any]:
    return {
        member: _value(structure, member, kind, member, is_named=is_named)
        for member, (kind, _, _) in STRUCTURES[structure].items()
    }


def _value(structure: str, member: str, kind: str, name: str, *, is_named: bool) -> Any:
    if kind[0] == "[":
        element = ELEMENTS.get(structure, {}).get(member, "")
        return [_value(structure, member, kind[1:-1], element, is_named=is_named)]
    if kind in STRUCTURES:
        return _structure(kind, is_named=is_named)
    if kind == "string":
        return name if is_named else VALUES.get(structure, {}).get(member, ("",))[0]
    return _SCALARS[kind]


def _lines(structure: str, indent: str) -> Iterator[str]:
    required = REQUIRED.get(structure, ())
    for member, (kind, _, _) in STRUCTURES[structure].items():
        notes = ["[REQUIRED]"] if member in required else []
        values = VALUES.get(structure, {}).get(member)
        if values:
            notes.append(f"Valid values are: {', '.join(values)}.")
        note = f"  # {' '.join(notes)}" if notes else ""
        element = kind.strip("[]")
        if element not in STRUCTURES:
            value = _yaml_scalar(element, values)
            yield (
                f"{indent}{member}:{note}\n{indent}- {value}" if kind[0] == "[" else f"{indent}{member}: {value}{note}"
            )
            continue
        yield f"{indent}{member}:{note}"
        lines = list(_lines(element, f"{indent}  "))
        if kind[0] == "[":
            lines[0] = f"{indent}- {lines[0].lstrip()}"
        yield from lines


def _yaml_scalar(kind: str, values: tuple[str, ...] | None) -> str:
    if kind == "string":
        return values[0] if values else "''"
    if kind == "blob":
        return "!!binary ''"
    return {"integer": "0", "long": "0", "boolean": "true"}.get(kind, "0.0")
