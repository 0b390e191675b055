"""Since when a host has had each revision, as its reports said."""

from __future__ import annotations

from collections import deque
from typing import Final

from .messages import Position, Report

ENTRIES_MAX: Final = 64
"""A host's last commits, so many; of a revision before them only that it is in force is known."""


class History:
    """The commits that a host has reported, each with its revision and the time at which the server heard of it.

    The server's clock is the only one: how long a change took is then true to the report's way back, whatever the
    host's clock says. unknown_through: what the host had, up to this revision, when it was heard first.
    """

    def __init__(self, unknown_through: int = 0) -> None:
        self._unknown_through = unknown_through
        self._commits: deque[tuple[int, float]] = deque()
        self._last: tuple[Position, float] | None = None

    def note(self, report: Report, heard_at: float) -> None:
        """Takes a report; one that only repeats the last commit, at a later position, adds nothing."""
        last, self._last = self._last, (report.position, report.in_force_at)
        if last is not None and not _follows(report.position, last[0]):  # another store's, or an older state of it
            self._commits.clear()
        elif last is not None and last[1] == report.in_force_at:
            return
        self._commits.append((report.position.revision, heard_at))
        if len(self._commits) > ENTRIES_MAX:
            self._unknown_through = max(self._unknown_through, self._commits.popleft()[0])

    def since(self, revision: int) -> float | None:
        """When the server heard that the revision is in force, Unix seconds; None if that was too long ago to know."""
        if revision <= self._unknown_through:
            return None
        return next((heard_at for committed, heard_at in self._commits if committed >= revision), None)


def _follows(position: Position, before: Position) -> bool:
    return (position.store_id, position.epoch) == (before.store_id, before.epoch) and (
        position.revision >= before.revision
    )
