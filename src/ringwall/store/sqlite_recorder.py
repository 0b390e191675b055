"""What the SQLite engine's writers share: statements whose failure is kept, and the record of what a request changed.

A write that fails has spoiled the transaction, even if the function that called it goes on: what it wrote before isn't
recorded, and SQLite itself may have rolled back. So the failure is kept, and whoever runs the function looks at it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ringwall.domain.change import Change

from .base import Conflict, StoreError, Unavailable
from .codec import encode_changes
from .sqlite_queries import Row
from .sqlite_reads import SqliteReader

Place = tuple[str, str]
"""An account and a region."""


class Recorder(SqliteReader):
    """The transaction that is open on a connection, as one request after the other uses it.

    wrote: whether the request has tried to write. failure: the error of its first failed write, or None. changes: what
    it changed so far.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.changes: list[Change] = []
        self._places: tuple[Place, ...] = ()
        self._last_revision = 0
        self._text: str | None = None
        self.start()

    def begin(self) -> None:
        """A database transaction has begun; nobody else gives revisions until it ends."""
        self._last_revision = self.revision()

    def rolled_back(self) -> None:
        """The database transaction came to nothing."""

    def start(self) -> None:
        """Forgets the last request."""
        self.changes.clear()
        self._places = ()
        self._text = None
        self._noted: tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]] = [], []
        self.wrote = False
        self.failure: StoreError | None = None

    def recorded(self) -> tuple[int | None, Sequence[Change]]:
        """`Transaction.recorded`."""
        return (self._last_revision + 1 if self._places else None), tuple(self.changes)

    def note(self, *, before: Sequence[Mapping[str, Any]] = (), after: Sequence[Mapping[str, Any]] = ()) -> None:
        """`Transaction.note`."""
        self._noted[0].extend(before)
        self._noted[1].extend(after)

    def noted(self) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
        """`Transaction.noted`."""
        return self._noted

    def changes_text(self) -> str:
        """`Transaction.changes_text`. Cost: none when nothing has changed since it was asked for last."""
        if self._text is None:
            self._text = encode_changes(self.changes)
        return self._text

    def record(self, committed_at: float) -> int | None:
        """The revision of what the request changed, now in the change log, or None if it changed nothing."""
        if not self._places:
            return None
        revision = self._last_revision + 1
        self._write(
            "INSERT INTO change_log (revision, account_id, region, committed_at, changes) VALUES (?, ?, ?, ?, ?)",
            (revision, *self._places[0], committed_at, self.changes_text()),
        )
        self._last_revision = revision
        return revision

    def drop_changes(self, before_revision: int) -> int:
        """How many rows of the change log before `before_revision` were dropped; its last row stays."""
        return self._write("DELETE FROM change_log WHERE revision < ?", (min(before_revision, self.revision()),))

    def _write(self, query: str, values: Row) -> int:
        """How many rows the statement wrote."""
        self.wrote = True
        try:
            return self._execute(query, values).rowcount
        except sqlite3.IntegrityError as error:
            self.failure = self.failure or Conflict(str(error))
            raise self.failure from error
        except sqlite3.Error as error:
            self.failure = self.failure or Unavailable(f"the store can't write: {error}")
            raise self.failure from error

    def _write_one(self, query: str, values: Row) -> None:
        """The statement, which must find its row: the caller has read it in this very transaction."""
        if self._write(query, values) != 1:
            raise AssertionError(f"no such row: {query} {values}")

    def _delete_all_tags(self, account_id: str, region: str, resource_id: str) -> None:
        query = "DELETE FROM tags WHERE account_id = ? AND region = ? AND resource_id = ?"
        self._write(query, (account_id, region, resource_id))

    def _changed(self, account_id: str, region: str, change: Change) -> None:
        self._changed_in([(account_id, region)], change)

    def _changed_in(self, places: Iterable[Place], change: Change) -> None:
        """Records a change of any one of these places: that which the request's other changes are of, or the first."""
        self._places = tuple([place for place in places if not self._places or place in self._places])
        assert self._places, "one request changes one account's region"
        self.changes.append(change)
        self._text = None
