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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

from ringwall.domain import errors as refusals
from ringwall.iam import errors as of_documents
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

*Observed* says that EC2 was seen to do so, though its reference doesn't say it; *chosen*, that EC2's own answer isn't
known, so that one had to be found ([sources](../glossary.md#sources)). Everything else is from the reference named.
"""

SUBJECTS: Final = {
    "Groups": r"(?<!Stale)SecurityGroups?$",
    "Rules": r"SecurityGroup(Rule|Ingress|Egress)",
    "Groups across VPCs": r"SecurityGroup(Vpc|References|sForVpc)|StaleSecurityGroups",
    "VPCs": r"Vpc(s|Attribute|CidrBlock)?$",
    "Subnets": r"Subnets?$",
    "Peering connections": r"VpcPeering",
    "Prefix lists": r"PrefixList",
    "Network interfaces": r"NetworkInterface|(PrivateIp|Ipv6)Addresses",
    "Instances": r"Instance",
    "Tags": r"Tags$",
    "Regions and account": r"Regions|AvailabilityZones|AccountAttributes",
    "Identity and sessions (STS)": r"CallerIdentity|AssumeRole|SessionToken|AuthorizationMessage",
}
"""What operations are about, by what is in their names; the first that fits counts."""

_ITEM: Final = re.compile(r"^    (?=\S)(?P<names>[A-Za-z0-9_, ]+?): (?P<text>.*(?:\n {8}.*)*)", re.MULTILINE)
_KINDS: Final = {"AbsentId": "….NotFound", "MalformedId": "….Malformed"}
"""Where the code depends on what is named."""

_AS: Final = re.compile(r"as `([\w.]+)`")
_REFERENCE: Final = re.compile(r"((?:EC2|AWS STS) API Reference), [^;.]*")
_FOR_THE_CODE: Final = re.compile(
    r"; ec2-behaviour [\d.]+\d(?:(?:, | to )[\d.]+\d)*|; recorded/[\w.-]+(?:, [\w.-]+)*(?=\.)"
)
"""What a source says to those who read the code alone."""

_GROUP_MIN: Final = 3
"""So many filters that begin alike have a line of their own."""


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
    return "\n".join([HEAD, *index(), "", *(section(OPERATIONS[name]) for name in sorted(OPERATIONS))])


def index() -> Iterator[str]:
    """The operations by what they are about, as a table of links."""
    by_subject: dict[str, list[str]] = {subject: [] for subject in SUBJECTS}
    for name in sorted(OPERATIONS):
        by_subject[next(each for each, form in SUBJECTS.items() if re.search(form, name))].append(name)
    yield "| About | Operations |"
    yield "| --- | --- |"
    for subject, names in by_subject.items():
        yield f"| {subject} | {', '.join(map(_link, names))} |"


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def section(operation: Operation) -> str:
    """One operation."""
    says, source = words(operation.run)
    lines = [f"## {operation.name}", "", says, ""]
    if source:
        lines += [f"Source: {source_shown(source, operation.name)}", ""]
    rows = list(parameters(operation))
    if rows:
        lines += ["| Parameter | Type | Here |", "| --- | --- | --- |", *rows, ""]
    if operation.filters is not None:
        table = operation.filters
        lines += ["Filters:", "", *filters([*table.values, *(["tag:KEY"] if table.tags_of else [])]), ""]
        if table.barren:
            lines += [
                "Filters that EC2 has and on which nothing here has a value, so that they let nothing through:",
                "",
            ]
            lines += [*filters(table.barren), ""]
    told = refused(operation.run) | refused(operation.check)
    if told:
        lines += ["| Refusal | HTTP | When |", "| --- | --- | --- |"]
        lines += [f"| `{code}` | {STATUSES.get(code, CLIENT_ERROR)} | {text} |" for code, text in sorted(told.items())]
        lines.append("")
    for twin in twins(operation.run):
        lines += [f"{'Otherwise' if told else 'Refusals'} as for {_link(twin)}.", ""]
    return "\n".join(lines)


def source_shown(source: str, name: str) -> str:
    """The source as a reader of the page can look it up: the operation's own page first, nothing for the code alone."""
    return _REFERENCE.sub(rf"\1, {name}", _FOR_THE_CODE.sub("", source), count=1)


def filters(names: Iterable[str]) -> Iterator[str]:
    """The names as a list, where several that begin alike share a line."""
    ordered = sorted(names)
    number = Counter(map(_head, ordered))
    lines: dict[str, list[str]] = {}
    for name in ordered:
        head = _head(name)
        lines.setdefault(head if number[head] >= _GROUP_MIN else "", []).append(f"`{name}`")
    for _, line in sorted(lines.items()):
        yield f"- {', '.join(line)}"


def _head(name: str) -> str:
    return name.partition(".")[0] if "." in name else ""


def parameters(operation: Operation) -> Iterator[str]:
    """A row for each parameter of the request, those within structures too."""
    service, structure, _ = shapes.OPERATIONS[operation.name]
    for wire, path, kind in _members(structure, "", "", item=".member" if service == "sts" else ""):
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


def _members(
    structure: str, wire_head: str, path_head: str, counters: str = "NMK", item: str = ""
) -> Iterator[tuple[str, str, str]]:
    """(name on the wire, path of members, type), depth first. item: what stands before an item's number; STS's."""
    for wire, (member, kind) in shapes.INPUTS[structure].items():
        name, path, rest = wire_head + wire, path_head + member, counters
        if kind.startswith("["):
            kind, name, rest = kind[1:-1], f"{name}{item}.{counters[0]}", counters[1:]
        if kind in shapes.INPUTS:
            yield from _members(kind, f"{name}.", f"{path}.", rest, item)
        else:
            yield name, path, kind


def words(function: Callable[..., Any]) -> tuple[str, str]:
    """What a function's docstring says before its `Raises:`, and its source, or else its module's."""
    text = _document(function)
    source = _source(text) or _source(_document(sys.modules[function.__module__]))
    body = re.split(r"^(?:Raises|Source):", text, maxsplit=1, flags=re.MULTILINE)[0].strip()
    return body, source


def refused(function: Callable[..., Any]) -> dict[str, str]:
    """Code -> when, out of the `Raises:` of a function's docstring and of those that it refers to, but for twins."""
    told: dict[str, str] = {}
    for names, text in _raises(function):
        for name in names:
            if name == "ServiceError":
                for other in _referred_to(function, text):
                    told = told if _served_by(other) else refused(other) | told
                continue
            code = _KINDS.get(name) or _class(name).code
            told[code] = f"{told[code]}; {text}" if told.get(code, text) != text else text
    return told


def _class(name: str) -> type[refusals.ServiceError]:
    """The refusal of this name."""
    found: type[refusals.ServiceError] = getattr(refusals, name, None) or getattr(of_documents, name)
    return found


def twins(function: Callable[..., Any]) -> Iterator[str]:
    """The operations whose refusals are this one's too, by what its `Raises:` says."""
    for names, text in _raises(function):
        if "ServiceError" in names:
            yield from (name for other in _referred_to(function, text) for name in _served_by(other))


def _raises(function: Callable[..., Any]) -> Iterator[tuple[list[str], str]]:
    """(classes, when) for each entry of a docstring's `Raises:`."""
    _, _, raises = _document(function).partition("\nRaises:\n")
    raises = re.split(r"^(?=\S)", raises, maxsplit=1, flags=re.MULTILINE)[0]
    items = list(_ITEM.finditer(raises))
    assert len(items) == len(re.findall(r"^    \S", raises, re.MULTILINE)), f"an entry of {function} can't be read"
    for item in items:
        yield item["names"].split(", "), " ".join(item["text"].split()).rstrip(".")


def _referred_to(function: Callable[..., Any], text: str) -> list[Callable[..., Any]]:
    return [_resolve(function, name) for name in _AS.findall(text)]


def _served_by(function: Callable[..., Any]) -> list[str]:
    return [operation.name for operation in OPERATIONS.values() if operation.run is function]


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


if __name__ == "__main__":
    sys.exit(main())
