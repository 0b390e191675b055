"""Answers made at random after the model's structures, as values and as documents, and queries about them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any
from xml.sax.saxutils import escape

from ringwall.client.model import OPERATIONS, STRUCTURES

ANSWERED = [name for name, (_, answer, _) in OPERATIONS.items() if answer]
"""The operations whose answer has members."""

DEPTH_MAX = 6

# What an answer holds in earnest, and what is taken for something else by one format or another.
TEXTS = [
    "tcp", "0.0.0.0/0", "::/0", "sg-0123456789abcdef0", "ünï", "日本語", "😀", "", "web servers", "x: y", "a #b", "a:",
    "a'b\"c", "- a", "#c", "@at", "%p", "*s", "&a", "!t", "{a}", "[b]", "`x`", "|", "> f", "?", "=", "~", ":", "<<",
    "true", "null", "y", "no", "On", "1", "-1", "+1", "1.0", ".5", "1_000", "1e3", "0x10", "0o7", ".inf", "NaN",
    "2026-01-02", "2026-01-02T03:04:05.000Z", "12:30:45", "...", "---", "--- a", "\\", "\u200b", "\ud7ff", "é''é",
    "trail ", "  lead", "é" * 60, "word " * 40, "long" * 50, "it's " * 30, "tab\there " * 20, "one\n\ntwo",
]  # fmt: skip
UNPRINTABLE = ["\x85", "\u2028", "\x7f", "\ufeff", "a\r\nb", "\x1b[0m", "\u2029 x"]
"""Characters that XML or a terminal has trouble with."""

QUERIES = [
    None, None, None, "*", "[*]", "values(@)", "keys(@)", "*[]", "*[][]", "*[0]", "`null`", "`1.5`", "`[]`", "`{}`",
    '`""`', "length(@)", "[@,@]", "{A:@,B:keys(@),C:@}", "[keys(@)]", "*[].*", "*[].[*]", "*[].*[]", "to_string(@)",
    "`[1,[2,3]]`", "`[[1],[2,3]]`", "`[[1,2],[3]]`", '`{"a":[[1,{"b":2}],[3]]}`', "`[[],[1]]`", "`[[[1,2]],[[3,4]]]`",
    '`[[{"a":1,"b":2}],[3]]`', '`[[{"a":1}]]`', '`[1,{"a":2}]`', '`[{"a":[1]},{"a":1}]`', "`[null,null]`", "`[{},{}]`",
    "`[1.0,1e400,-0.5,true]`", "`[{}]`", '`{"a":{}}`', "`0`", "`false`", '`"x"`', "*[].Tags[].[Key,Value]",
    "*[].{a:IpPermissions[].FromPort,b:GroupName}", "*[].[GroupId,GroupName]", "length(`1`)", "*[?contains(@, `1`)]",
    "sum(*)",
]  # fmt: skip


def answer(operation: str, random: Random, texts: list[str] = TEXTS) -> dict[str, Any]:
    """What the operation could answer: members left out here and there, lists with none or a few."""
    structure = OPERATIONS[operation][1]
    assert structure is not None
    return {**_value(structure, random, texts, 0)}


def _value(kind: str, random: Random, texts: list[str], depth: int) -> Any:
    if kind.startswith("["):
        count = random.choice([0, 1, 1, 2, 3]) if depth < DEPTH_MAX else 0
        return [_value(kind[1:-1], random, texts, depth + 1) for _ in range(count)]
    if kind in STRUCTURES:
        share = random.choice([0.2, 0.5, 0.9, 1]) if depth < 4 else 0.3
        return {
            member: _value(child, random, texts, depth + 1)
            for member, (child, _, _) in STRUCTURES[kind].items()
            if random.random() < share
        }
    if kind == "boolean":
        return random.random() < 0.5
    if kind in ("integer", "long"):
        return random.choice([0, -1, 22, 65535, 10**12])
    if kind == "timestamp":
        return random.choice(["2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05Z", "2026-12-31T23:59:59.250Z"])
    return random.choice(texts)


def document(operation: str, value: dict[str, Any], random: Random) -> bytes:
    """The answer in EC2's XML, with a request id, members in another order, and elements that no model knows."""
    structure = OPERATIONS[operation][1]
    members = [*_members(structure, value, random)] if structure else []
    random.shuffle(members)
    inside = "".join(["<requestId>r-1</requestId>", *members])
    space = "http://ec2.amazonaws.com/doc/2016-11-15/"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation}Response xmlns="{space}">{inside}</{operation}Response>'
    ).encode()


def _members(structure: str, value: dict[str, Any], random: Random) -> Iterator[str]:
    for member, (kind, _, element) in STRUCTURES[structure].items():
        if member in value:
            yield f"<{element}>{_inside(kind, value[member], random)}</{element}>"
    if random.random() < 0.1:
        yield "\n  <!-- new --><notYetKnown><item>1</item></notYetKnown>"


def _inside(kind: str, value: Any, random: Random) -> str:
    if isinstance(value, list):
        return "".join(f"<item>{_inside(kind[1:-1], each, random)}</item>" for each in value)
    if isinstance(value, dict):
        return "".join(_members(kind, value, random))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text and random.random() < 0.1 and "]]>" not in text:
        return f"<![CDATA[{text[:2]}]]><!-- in two -->{escape(text[2:])}"
    return escape(text, {"\r": "&#13;"})
