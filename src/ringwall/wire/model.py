"""The generated table, compiled: for each operation a function that reads its request and one that writes its answer.

    shapes.INPUTS  ──reader()──►  (tree of texts)  -> {"IpPermissions": [{"FromPort": 22}]}
    shapes.OUTPUTS ──writer()──►  (append, answer) -> "    <groupId>sg-…</groupId>\\n" …

A closure is made once for each structure (and depth of indentation) when it is first needed, so that a request
costs no look at the model: a reader is a dictionary from wire names to (member, reader), a writer one from members to
writers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from ringwall.domain.errors import MissingParameter, UnknownParameter

from . import scalars, shapes
from .keytree import Tree

Read = Callable[["str | Tree", str], Any]
"""(node, wire name) -> value, keyed by member names."""

Append = Callable[[str], object]
Write = Callable[[Append, Any], None]
"""(append, value): appends the element, indentation and line end included."""


class Written(str):
    """An item of a list as it is written there: in its place among the items it is put into the document as it is."""

    __slots__ = ()


_INDEX = re.compile("0|[1-9][0-9]{0,9}", re.ASCII)
_INDENT = "    "

_INTERNAL_NAMES = {
    ("CreateSecurityGroupRequest", "GroupName"): "GroupName",
    ("CreateSecurityGroupRequest", "GroupDescription"): "GroupDescription",
}
"""Where EC2's name for a missing parameter isn't the wire name in lower camel case; a list's ends in `Set`."""


@cache
def reader(structure: str) -> Read:
    """Reads a structure of a request.

    The reader raises, for the first that applies at each level of the request:
        UnknownParameter: a name that the structure doesn't have, or a list index that is none.
        MissingParameter: a required member is absent.
        InvalidParameterValue: a value that isn't of its type.
    A list's elements come in the order of their indices; gaps don't matter. A bare `Name=` is an empty list, a bare
    `Name=value` a list of one.
    """
    members = {name: (member, _reader_of(kind)) for name, (member, kind) in shapes.INPUTS[structure].items()}
    known = members.keys()
    required = frozenset(shapes.REQUIRED.get(structure, ()))

    def read(node: str | Tree, name: str) -> dict[str, Any]:
        if isinstance(node, str):
            if node:
                raise scalars.invalid(node, name, "Expecting a structure.")
            node = {}
        if not node.keys() <= known:
            raise UnknownParameter(next(key for key in node if key not in known))
        if required and not required <= node.keys():
            raise MissingParameter(_first_missing(structure, node))
        result: dict[str, Any] = {}
        for key, child in node.items():
            member, read_member = members[key]
            result[member] = read_member(child, key)
        return result

    return read


def _first_missing(structure: str, node: Tree) -> str:
    wire_name = next(name for name in shapes.REQUIRED[structure] if name not in node)
    if (structure, wire_name) in _INTERNAL_NAMES:
        return _INTERNAL_NAMES[structure, wire_name]
    _, kind = shapes.INPUTS[structure][wire_name]
    return wire_name[:1].lower() + wire_name[1:] + ("Set" if kind.startswith("[") else "")


@cache
def _reader_of(kind: str) -> Read:
    if kind.startswith("["):
        return _list_reader(_reader_of(kind[1:-1]))
    if kind in scalars.READ:
        return _scalar_reader(scalars.READ[kind])
    return reader(kind)


def _scalar_reader(read_text: scalars.Read) -> Read:
    def read(node: str | Tree, name: str) -> Any:
        if isinstance(node, str):
            return read_text(node, name)
        # The part below it alone, most often an index, would tell nobody which parameter is meant (chosen).
        raise UnknownParameter(f"{name}.{next(iter(node))}")

    return read


def _list_reader(read_element: Read) -> Read:
    def read(node: str | Tree, name: str) -> list[Any]:
        if isinstance(node, str):
            return [read_element(node, name)] if node else []
        if len(node) == 1:
            ((index, child),) = node.items()
            if index == "1":
                return [read_element(child, name)]
        for index in node:
            if _INDEX.fullmatch(index) is None:
                raise UnknownParameter(index)
        return [read_element(node[index], name) for index in sorted(node, key=int)]

    return read


@cache
def writer(structure: str, depth: int) -> Write:
    """Writes the members of a structure of an answer, each element indented `depth` times.

    Members come in the order in which the answer gives them; one that is None isn't written. A member that the model
    doesn't have is a KeyError: the operation is wrong, not the request.
    """
    members = {
        member: _writer_of(kind, element, depth) for member, (element, kind) in shapes.OUTPUTS[structure].items()
    }

    def write(append: Append, value: Mapping[str, Any]) -> None:
        for member, child in value.items():
            if child is not None:
                members[member](append, child)

    return write


def item_writer(kind: str, depth: int) -> Write:
    """Writes an item of a list of this kind, `[Tag]`, whose own element is indented `depth` times."""
    return _writer_of(kind[1:-1], "item", depth + 1)


@cache
def _writer_of(kind: str, element: str, depth: int) -> Write:
    indent = _INDENT * depth
    if kind == "string":
        return _string_writer(element, indent)
    if kind in scalars.WRITE:
        return _scalar_writer(scalars.WRITE[kind], element, indent)
    opening, closing, empty = f"{indent}<{element}>\n", f"{indent}</{element}>\n", f"{indent}<{element}/>\n"
    if kind.startswith("["):
        return _list_writer(item_writer(kind, depth), opening, closing, empty)
    write_content = writer(kind, depth + 1)

    def write(append: Append, value: Any) -> None:
        if value:
            append(opening)
            write_content(append, value)
            append(closing)
        else:
            append(empty)

    return write


def _list_writer(write_item: Write, opening: str, closing: str, empty: str) -> Write:
    """Takes any iterable, and goes through it once: where they are yet to be made, the first tells if there are any."""

    def write(append: Append, value: Iterable[Any]) -> None:
        if not value:
            append(empty)
            return
        items = iter(value)
        for first in items:
            append(opening)
            append(first) if type(first) is Written else write_item(append, first)
            break
        else:
            append(empty)
            return
        for item in items:
            append(item) if type(item) is Written else write_item(append, item)
        append(closing)

    return write


def _string_writer(element: str, indent: str) -> Write:
    """Most of an answer is texts, and most of them are written as they are."""
    opening, closing, empty = f"{indent}<{element}>", f"</{element}>\n", f"{indent}<{element}/>\n"
    needs_escape, escape = scalars.NOT_PLAIN.search, scalars.escape

    def write(append: Append, value: str) -> None:
        text = value if needs_escape(value) is None else escape(value)
        append(f"{opening}{text}{closing}" if text else empty)

    return write


def _scalar_writer(write_text: scalars.Write, element: str, indent: str) -> Write:
    opening, closing, empty = f"{indent}<{element}>", f"</{element}>\n", f"{indent}<{element}/>\n"

    def write(append: Append, value: Any) -> None:
        text = write_text(value)
        append(f"{opening}{text}{closing}" if text else empty)

    return write
