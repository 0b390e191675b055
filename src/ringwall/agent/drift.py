"""Drift: what others do to our table, and what they do beside it, which is nothing to us.

Where the kernel can't keep others from our table, their commits are told (`events.py`). One that didn't touch our table
takes us to the generation that it began, and the table needn't be listed; after one that did, the table is listed, and
what differs is put back. Which of the two a commit was is only known when every one since ours was told, so any gap
between generations means to look.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

from ringwall.nft.ruleset import Applied

from .events import ForeignCommit

_NAMES_MAX: Final = 10
_GENERATION_MAX: Final = 0xFFFFFFFF


class Commits(Protocol):
    """What the lookout needs of `Events`."""

    def fileno(self) -> int:
        """Readable when there is something to read."""

    def read(self) -> tuple[ForeignCommit, ...] | None:
        """The commits of others since the last call; None: some were lost."""

    def close(self) -> None:
        """Listens no longer."""


class Lookout:
    """Reads what others commit, and remembers who may have touched our table. events: None where nobody can."""

    def __init__(self, events: Commits | None) -> None:
        self._events = events
        self._lost = False
        self._suspects: dict[str, None] = {}

    def catch_up(self, applied: Applied | None) -> Applied | None:
        """The applied table, at the latest generation at which it is known to be unchanged."""
        seen = self._events.read() if self._events else ()
        if seen is None:
            self._lost = True
            return applied
        for commit in seen:
            if applied is not None and not _is_newer(commit.generation, applied.generation):
                continue  # told late: the table was listed since
            if commit.touches:
                self._suspects[commit.who] = None
            elif applied is not None and commit.generation == _after(applied.generation):
                applied = replace(applied, generation=commit.generation)
        return applied

    @property
    def must_look(self) -> bool:
        """Whether somebody may have touched the table, or it can't be told, since the last `looked`."""
        return self._lost or bool(self._suspects)

    def looked(self) -> tuple[str, ...]:
        """Who may have touched the table until now, when it is listed; forgotten with this."""
        names = tuple(self._suspects)
        self._lost, self._suspects = False, {}
        return names if len(names) <= _NAMES_MAX else (*names[:_NAMES_MAX], f"{len(names) - _NAMES_MAX} more")


def _is_newer(generation: int, other: int) -> bool:
    return 0 < (generation - other) & _GENERATION_MAX < 1 << 31


def _after(generation: int) -> int:
    return generation % _GENERATION_MAX + 1  # the kernel leaves out 0
