"""A copy of a store's file, read where it lies, by whoever has no server: nothing is written, locked or migrated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from .base import Reader, Unavailable
from .migrate import SCRIPTS, migrate
from .sqlite_reads import SqliteReader


@contextmanager
def reading_copy(path: Path) -> Iterator[Reader]:
    """A reader of the file, for the length of the block. What a write-ahead log beside it has is read too.

    Raises:
        Unavailable: it can't be read, or is no store of this version or an older one.
    """
    # A file that nobody writes needs no locks, and can lie where its reader may not write.
    has_log = path.with_name(path.name + "-wal").exists()
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro{'' if has_log else '&immutable=1'}", uri=True)
        with closing(connection), closing(sqlite3.connect(":memory:", isolation_level=None)) as newest:
            if connection.execute("PRAGMA user_version").fetchone() == (len(list(SCRIPTS.glob("*.sql"))),):
                yield SqliteReader(connection)
            else:  # of an older ringwall, as backups are: brought forward beside it
                connection.backup(newest)
                migrate(newest)
                yield SqliteReader(newest)
    except sqlite3.Error as error:
        raise Unavailable(f"{path} can't be read as a store: {error}") from error
