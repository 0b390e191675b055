"""What the server knows of one host's agent, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .messages import Position, Report

DISPLACED_MAX: Final = 3
CONTESTED_SECONDS: Final = 60.0
"""So many displaced streams in so short a time aren't reconnections of one agent."""


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What the server knows of a host's agent since the server started.

    connected: it has a watch stream open. told: the position of the last message it was sent.
    effective_revision: the last revision it was sent that has an effect on the host; a report of this revision or a
    later one says that the host is up to date. resumed_from: the position that the agent had when it connected.
    report: its last one. last_seen: Unix seconds of its last message or connection.
    displaced_at: when its last streams were ended by a new one of the same host, Unix seconds, latest last.
    lag_seconds: between the storing of the last change that the host was sent and its report of it, by this machine's
    clock; None after a snapshot, of which that can't be said.
    """

    connected: bool = False
    told: Position | None = None
    effective_revision: int | None = None
    resumed_from: Position | None = None
    report: Report | None = None
    last_seen: float | None = None
    displaced_at: tuple[float, ...] = ()
    lag_seconds: float | None = None

    def is_contested(self, now: float) -> bool:
        """Whether two agents seem to share the host's identity and end each other's streams: a copied machine.

        What one of them reports isn't true of the other. A reconnection that the server noticed late displaces once.
        """
        return len(self.displaced_at) == DISPLACED_MAX and now - self.displaced_at[0] < CONTESTED_SECONDS

    @property
    def is_up_to_date(self) -> bool:
        """Whether everything that has an effect on the host, as far as it was sent, is in its kernel."""
        return self.told is not None and self.revision_in_force == self.told.revision

    @property
    def revision_in_force(self) -> int | None:
        """The revision up to which everything that has an effect on the host is in its kernel; None if none is known.

        A report counts if it is of this store, of something that is loaded, and no later than what the host was told:
        an agent that is ahead has what this store (restored from a backup) may never have held.
        """
        report, told = self.report, self.told
        if report is None or told is None or self.effective_revision is None or not report.digest:
            return None
        if (report.position.store_id, report.position.epoch) != (told.store_id, told.epoch):
            return None
        if report.position.revision > told.revision:
            return None
        return told.revision if report.position.revision >= self.effective_revision else report.position.revision


def lag_after(before: HostStatus, report: Report, now: float) -> float | None:
    """`HostStatus.lag_seconds` after the report. A commit that wasn't the server's doing keeps the time it had."""
    if report.committed_at is None or before.told is None:
        return None
    if before.report is not None and before.report.committed_at == report.committed_at:
        return before.lag_seconds
    resumed = before.resumed_from
    if before.report is None and resumed is not None and report.position.revision <= resumed.revision:
        return None  # from before this server's time
    return max(0.0, now - report.committed_at)
