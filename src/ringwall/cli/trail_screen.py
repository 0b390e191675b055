"""Events of the trail on a terminal: who, what, from where, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .screen import plain

Event = Mapping[str, Any]

TEXT_MAX: Final = 60
HEAD: Final = ("NUMBER", "TIME", "WHO", "FROM", "WHAT", "ON", "RESULT")


def event_row(event: Event) -> tuple[str, ...]:
    """The cells of an event, under HEAD."""
    return (
        str(event["ringwall"]["number"]),
        event["eventTime"],
        who(event),
        event["sourceIPAddress"],
        event["eventName"],
        _short(on(event)),
        result(event),
    )


def who(event: Event) -> str:
    """The caller, in a word: `root`, `ann`, `oncall/ann`, `i-…`, `ringwall`; with its key."""
    identity = event["userIdentity"]
    kind = identity["type"]
    if kind == "AWSService":
        return str(identity["invokedBy"])
    if kind == "Unknown":
        return "unknown"
    names = {"Root": "root", "IAMUser": identity.get("userName", "")}
    name = names.get(kind) or identity.get("arn", "").partition("/")[2] or identity.get("principalId", kind)
    key = identity.get("accessKeyId")
    return f"{name} ({key})" if key else str(name)


def on(event: Event) -> str:
    """What came of it, or what it was asked for."""
    told = event.get("ringwall", {})
    gone = [f"-{words(each)}" for each in told.get("before", [])]
    made = [f"+{words(each)}" for each in told.get("after", [])]
    if gone or made:
        return "; ".join([*gone, *made])
    if "additionalEventData" in event:
        return f"{event['additionalEventData'].get('count', '')} times".strip()
    return ", ".join(_texts(event.get("requestParameters")))


def words(told: Mapping[str, Any]) -> str:
    """A rule or another change, in words."""
    if "rule" in told:
        return str(told["rule"]) + (f" “{told['description']}”" if told.get("description") else "")
    return " ".join(str(each) for each in _texts(told))


def result(event: Event) -> str:
    """`r17` for the revision that it made, `ok` for none, or the code of the refusal."""
    if "errorCode" in event:
        return str(event["errorCode"])
    revision = event.get("ringwall", {}).get("revision")
    return "ok" if revision is None else f"r{revision}"


def print_columns(head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Rows under their head, each as wide as it needs."""
    table = [list(head), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _texts(value: Any) -> list[str]:
    """The texts and numbers in parameters, in their order."""
    if isinstance(value, Mapping):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [] if value is None else [str(value)]


def _short(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"
