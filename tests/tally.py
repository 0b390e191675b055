"""What the tests of a run have done that is worth a line at its end: packets sent, streams cut, pairs compared."""

from __future__ import annotations

from collections import Counter

DONE: Counter[str] = Counter()


def add(what: str, count: int = 1) -> None:
    """That many more of it. what: in the plural, as the line says it."""
    DONE[what] += count


def lines() -> list[str]:
    """`10,000 real packets sent`, one for each kind of thing."""
    return [f"{count:,} {what}" for what, count in sorted(DONE.items())]
