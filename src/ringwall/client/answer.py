"""EC2's XML answers as dictionaries, in botocore's member order and types.

What is not in the document is not in the dictionary; an empty list element is an empty list, an empty text element an
empty text. Elements that the model doesn't know are passed over. Source: botocore's `EC2QueryParser`, held by tests.
"""

from __future__ import annotations

import pyexpat

from .errors import NoAnswer
from .model import OPERATIONS, STRUCTURES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Node = tuple[str, list[str], "list[Node]"]
    """An element: its name without the namespace, its text in pieces, what is in it."""

ELEMENTS_MAX = 2_000_000
"""An answer of 100,000 rules has fewer; a document of empty elements takes a hundred times its size in memory."""
DEPTH_MAX = 100
SHOWN_BYTES_MAX = 4096
"""So much of a document that can't be read is shown with the error."""


class UnreadableAnswer(NoAnswer):
    """What came back is not the document that was expected. The text is aws CLI's where it has one."""

    def __init__(self, text: str) -> None:
        super().__init__(text, was_sent=True)


def decode(operation: str, body: bytes, *, iso_timestamps: bool = False) -> dict[str, Any]:
    """The answer of an operation that did what was asked, without its request id.

    iso_timestamps: points in time as `2026-01-02T03:04:05+00:00`; otherwise as they came (cli_timestamp_format).

    Raises:
        UnreadableAnswer: the document is cut, is no XML, is another one, is too large, or a number in it is none.
    """
    root = _read(body)
    if not root[0].endswith("Response") or root[0] == "Response":  # some emulators name it after another operation
        raise UnreadableAnswer(
            f"Unable to parse response: {operation}Response was expected, {root[0]} came:\n{_shown(body)}"
        )
    structure = OPERATIONS[operation][1]
    if structure is None:
        return {}
    readers = {**_READERS, "timestamp": _iso} if iso_timestamps else _READERS
    try:
        return _structure(structure, root, readers)
    except ValueError as error:
        raise UnreadableAnswer(str(error)) from error


def decode_fault(body: bytes, status: int = 400) -> tuple[str, str]:
    """The code and the message of a refusal; where a proxy or a broken server answered, the status and its name.

    Raises:
        UnreadableAnswer: the document is cut or no XML.
    """
    text = body.strip()
    if status >= 500 and (not text or text.startswith(b"<html>")):
        return str(status), _reason(status)
    root = _read(body)
    error = _first(_first(root, "Errors") or root, "Error")
    if error is None:
        return "Unknown", "Unknown"
    return _text_in(error, "Code"), _text_in(error, "Message")


def _read(body: bytes) -> Node:
    """The document's root. The text behind an element's first child belongs to nobody."""
    above: Node = ("", [], [])
    open_nodes = [above]
    count = 0

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > ELEMENTS_MAX or len(open_nodes) > DEPTH_MAX:
            raise UnreadableAnswer(f"Unable to parse response: it has too many elements:\n{_shown(body)}")
        node: Node = (name.rpartition("}")[2], [], [])
        open_nodes[-1][2].append(node)
        open_nodes.append(node)

    def end(_: str) -> None:
        open_nodes.pop()

    def text(data: str) -> None:
        node = open_nodes[-1]
        if not node[2]:
            node[1].append(data)

    parser = pyexpat.ParserCreate("utf-8", "}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(body, False)
        parser.Parse(b"", True)
    except pyexpat.ExpatError as error:
        raise UnreadableAnswer(
            f"Unable to parse response ({error}), invalid XML received. Further retries may succeed:\n{_shown(body)}"
        ) from error
    return above[2][0]


def _shown(body: bytes) -> str:
    return repr(body) if len(body) <= SHOWN_BYTES_MAX else f"{body[:SHOWN_BYTES_MAX]!r}…"


def _structure(name: str, node: Node, readers: dict[str, Callable[[str], Any]]) -> dict[str, Any]:
    found: dict[str, Node] = {}
    for child in node[2]:
        if found.setdefault(child[0], child) is not child:
            # botocore makes a list of them, and then stumbles over it; what is meant can't be known.
            raise UnreadableAnswer(f"Unable to parse response: {node[0]} has more than one {child[0]}.")
    return {
        member: _value(kind, found[element], readers)
        for member, (kind, _, element) in STRUCTURES[name].items()
        if element in found
    }


def _value(kind: str, node: Node, readers: dict[str, Callable[[str], Any]]) -> Any:
    if kind[0] == "[":
        element = kind[1:-1]
        return [_value(element, child, readers) for child in node[2]]
    reader = readers.get(kind)
    return reader("".join(node[1])) if reader else _structure(kind, node, readers)


def _iso(text: str) -> str:
    from datetime import datetime  # most calls print no point in time, and fewer in another form than it came

    return datetime.fromisoformat(text).isoformat()


def _is_true(text: str) -> bool:
    return text == "true"


_READERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "boolean": _is_true,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "timestamp": str,
    "blob": str,
}


def _reason(status: int) -> str:
    from http import HTTPStatus  # only where a proxy or a broken server answers

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _first(node: Node, name: str) -> Node | None:
    return next((child for child in node[2] if child[0] == name), None)


def _text_in(node: Node, name: str) -> str:
    found = _first(node, name)
    if found is None:
        return "Unknown"
    return "".join(found[1]) or "None"
