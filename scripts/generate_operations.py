#!/usr/bin/env python3
"""Writes docs/reference/operations.md: every operation with its parameters, filters, refusals and sources.

`make docs` calls it; a test fails when the page isn't what is made here today.

Nothing is said here that the code doesn't say itself: parameters come from the model and the operation table, filters
from the filter tables, everything else from the docstrings of the functions that do the work.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

from ringwall.domain import errors as refusals
from ringwall.operations.context import Operation
from ringwall.operations.table import OPERATIONS
from ringwall.wire import shapes
from ringwall.wire.fault import CLIENT_ERROR, STATUSES

PAGE: Final = Path(__file__).resolve().parent.parent / "docs/reference/operations.md"

HEAD: Final = """# Operations

Every operation that ringwall serves. This page is written by `make docs` out of the program; a test holds it current.
What holds for all operations (signatures, regions, pages, filters' wildcards, the documents of refusals) is in the
[reference](../reference.md).

Parameters are named as they stand on the wire; `N` and `M` count the items of lists. Each is *served*, *refused* (with
`UnsupportedOperation`, whatever its value; empty, false and 0 ask for nothing and are taken), or *taken without
effect*, for the reason given. `DryRun` is served wherever EC2 has it.

A refusal of a parameter that the operation doesn't have (`UnknownParameter`), of a required one that is missing
(`MissingParameter`), of a malformed id (`….Malformed`) or of a value that isn't of its type (`InvalidParameterValue`)
can come from any operation, and so can those of [signatures and authorization](../reference.md#errors).

What the sources named *ec2-behaviour* are, is in the [glossary](../glossary.md#sources).
"""

_ITEM: Final = re.compile(r"^    (?=\S)(?P<names>[A-Za-z0-9_, ]+?): (?P<text>.*(?:\n {8}.*)*)", re.MULTILINE)
_KINDS: Final = {"AbsentId": "….NotFound", "MalformedId": "….Malformed"}
"""Where the code depends on what is named."""

_AS: Final = re.compile(r"as `([\w.]+)`")


def main() -> int:
    """Writes the page, or with --check only tells whether it is current."""
    new = page()
    if "--check" in sys.argv:
        return int(not PAGE.exists() or PAGE.read_text() != new)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(new)
    return 0


def page() -> str:
    """The whole page."""
    index = ", ".join(f"[{name}](#{name.lower()})" for name in sorted(OPERATIONS))
    return "\n".join([HEAD, f"{index}.", "", *(section(OPERATIONS[name]) for name in sorted(OPERATIONS))])


def section(operation: Operation) -> str:
    """One operation."""
    says, source = words(operation.run)
    lines = [f"## {operation.name}", "", says, ""]
    if source:
        lines += [f"Source: {source}", ""]
    rows = list(parameters(operation))
    if rows:
        lines += ["| Parameter | Type | Here |", "| --- | --- | --- |", *rows, ""]
    if operation.filters is not None:
        table = operation.filters
        lines += [f"Filters: {_names([*table.values, *(['tag:KEY'] if table.tags_of else [])])}.", ""]
        if table.barren:
            lines += [f"Filters that EC2 has and on which nothing here has a value: {_names(table.barren)}.", ""]
    told = refused(operation.run) | refused(operation.check)
    if told:
        lines += ["| Refusal | HTTP | When |", "| --- | --- | --- |"]
        lines += [f"| `{code}` | {STATUSES.get(code, CLIENT_ERROR)} | {text} |" for code, text in sorted(told.items())]
        lines.append("")
    return "\n".join(lines)


def parameters(operation: Operation) -> Iterator[str]:
    """A row for each parameter of the request, those within structures too."""
    _, structure, _ = shapes.OPERATIONS[operation.name]
    for wire, path, kind in _members(structure, "", ""):
        here = "served"
        if path in operation.refused:
            here = f"refused: {operation.refused[path]}"
        elif path in operation.idle:
            here = f"taken without effect: {operation.idle[path]}"
        yield f"| `{wire}` | {kind} | {here} |"


def leaves(operation: Operation) -> Iterator[str]:
    """The path of each member of the request by botocore's names, those within structures too."""
    _, structure, _ = shapes.OPERATIONS[operation.name]
    for _, path, _ in _members(structure, "", ""):
        yield path


def _members(structure: str, wire_head: str, path_head: str, counters: str = "NMK") -> Iterator[tuple[str, str, str]]:
    """(name on the wire, path of members, type), depth first."""
    for wire, (member, kind) in shapes.INPUTS[structure].items():
        name, path, rest = wire_head + wire, path_head + member, counters
        if kind.startswith("["):
            kind, name, rest = kind[1:-1], f"{name}.{counters[0]}", counters[1:]
        if kind in shapes.INPUTS:
            yield from _members(kind, f"{name}.", f"{path}.", rest)
        else:
            yield name, path, kind


def words(function: Callable[..., Any]) -> tuple[str, str]:
    """What a function's docstring says before its `Raises:`, and its source, or else its module's."""
    text = _document(function)
    source = _source(text) or _source(_document(sys.modules[function.__module__]))
    body = re.split(r"^(?:Raises|Source):", text, maxsplit=1, flags=re.MULTILINE)[0].strip()
    return body, source


def refused(function: Callable[..., Any]) -> dict[str, str]:
    """Code -> when, out of the `Raises:` of a function's docstring and of those that it refers to."""
    told: dict[str, str] = {}
    _, _, raises = _document(function).partition("\nRaises:\n")
    for item in _ITEM.finditer(raises):
        text = " ".join(item["text"].split()).rstrip(".")
        for name in item["names"].split(", "):
            if name == "ServiceError":
                for other in _AS.findall(text):
                    told = refused(_resolve(function, other)) | told
                continue
            code = _KINDS.get(name) or getattr(refusals, name).code
            told[code] = f"{told[code]}; {text}" if told.get(code, text) != text else text
    return told


def _resolve(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function that a docstring names, as the module of the one that it documents sees it."""
    found: Any = sys.modules[function.__module__]
    for part in name.split("."):
        found = getattr(found, part)
    assert callable(found)
    return found


def _document(of: Any) -> str:
    return inspect.cleandoc(of.__doc__ or "")


def _source(text: str) -> str:
    found = re.search(r"^Source: (.*(?:\n(?! *\n|Raises:).*)*)", text, re.MULTILINE)
    return " ".join(dedent(found[1]).split()) if found else ""


def _names(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    sys.exit(main())
