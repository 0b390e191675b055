"""The embedded store: SQLite by the standard library, on disk or in memory.

On disk: a write-ahead log, synced at every commit (`synchronous=FULL`), so that what is answered survives `kill -9`
and loss of power. One connection writes (`group_commit`); the event loop reads on another, a few threads on more; each
reader sees the last committed state and waits for nobody.

A read of unknown size (`read_soon`) begins on the loop, because most are over sooner than a thread is woken. SQLite
counts the instructions of its machine and calls back every so many (`_Session._progress`): a read that has used up a
few hundred rows' worth is given up there and begun anew in a thread. In the threads the same count makes long reads
take turns, all but one of them asleep: they would only take the interpreter from each other, and from everybody else.

In memory: one connection for everything, under a lock, and the writer on the loop's thread, because there is no disk
to wait for. Nothing is ever written to a file.

Failure modes. Disk full or an I/O error: the batch is rolled back and refused, reads go on, and writes work again when
the disk does. A commit that failed in the sync may be found done after a crash of the machine; it was never answered.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

from ringwall.domain.change import Change

from .base import Committed, Reader, Result, Transaction, Unavailable
from .directory import DataDirectory
from .group_commit import GroupCommit
from .migrate import migrate
from .sqlite_reads import SqliteReader
from .sqlite_writes import SqliteTransaction

READ_THREADS: Final = 16
"""More than ever run: long reads wait in theirs for their turn."""
WRITER_CACHE_KIB: Final = 32 * 1024
PAGE_BYTES: Final = 2_048
"""Half of SQLite's own: a change of one rule among 100,000 writes two pages that no other of its batch shares."""
WAL_PAGES: Final = 8_000
"""Checkpoint when the write-ahead log has this many pages (16 MB): a checkpoint syncs twice, in the writer."""

BRIEF_INSTRUCTIONS: Final = 10_000
"""Of SQLite's machine: some 500 rows, which take about two milliseconds with all that is made of them."""
INSTRUCTIONS_AT_ONCE: Final = 1_000

Connect = Callable[[], sqlite3.Connection]


def open_sqlite(path: Path, *, inline: bool = False, clock: Callable[[], float] = time.time) -> SqliteStore:
    """The store in this file, made and brought to the newest schema where needed. Locks its directory until `close`.

    inline: commit on the event loop's thread instead of a thread of its own.
    clock: Unix seconds, for the change log.

    Raises:
        Unavailable: another server holds the directory; the file is no store, is of a newer program, isn't writable.
    """
    directory = DataDirectory(path.parent)
    try:
        _create(path)
        writer = _connect(path)
        try:
            _prepare(writer)
        except BaseException:
            writer.close()
            raise
    except (sqlite3.Error, OSError) as error:
        directory.close()
        raise Unavailable(f"the store {path} can't be opened: {error}") from error
    except BaseException:
        directory.close()
        raise
    return SqliteStore(_Session(writer), lambda: _Session(_connect(path)), directory, inline=inline, clock=clock)


def open_ephemeral(*, clock: Callable[[], float] = time.time) -> SqliteStore:
    """A new store in memory, gone when it is closed."""
    connection = _connect(":memory:")
    migrate(connection)
    session = _Session(connection)
    return SqliteStore(session, lambda: session, None, inline=True, clock=clock)


class SqliteStore:
    """`base.Store` on SQLite. Its methods are for the thread of one event loop.

    Another loop may follow when every write of the last one has been answered.
    """

    def __init__(
        self,
        writer: _Session,
        open_session: Callable[[], _Session],
        directory: DataDirectory | None,
        *,
        inline: bool,
        clock: Callable[[], float],
    ) -> None:
        self._writer = writer
        self._open_session = open_session
        self._directory = directory
        self._reader = open_session()
        self._idle: SimpleQueue[_Session] = SimpleQueue()
        self._turn = threading.Lock()
        self._threads = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="ringwall-store-reader")
        self._engine = _Engine(writer, clock)
        last_revision = self._reader.read(lambda reader: reader.revision(), -1)
        self._group_commit = GroupCommit(self._engine, last_revision, inline=inline)

    @property
    def commits(self) -> int:
        """How many commits there were; the requests divided by it tell how well they share."""
        return self._engine.commits

    def read(self, function: Callable[[Reader], Result]) -> Result:
        """`Store.read`."""
        return self._reader.read(function, self._group_commit.last_revision)

    def read_in_thread(self, function: Callable[[Reader], Result]) -> Awaitable[Result]:
        """`Store.read_in_thread`."""
        return asyncio.get_running_loop().run_in_executor(self._threads, self._read_on_idle, function)

    async def read_soon(self, function: Callable[[Reader], Result]) -> Result:
        """`Store.read_soon`."""
        try:
            return self._reader.read_briefly(function, self._group_commit.last_revision)
        except _TooLong:
            return await self.read_in_thread(function)

    def write(self, function: Callable[[Transaction], Result]) -> Awaitable[Committed[Result]]:
        """`Store.write`."""
        return self._group_commit.submit(function)

    def principals_version(self) -> int | None:
        """`Store.principals_version`."""
        changes = self._engine.transaction.principals_changes
        return changes if changes == self._group_commit.principals_changes else None

    def subscribe(self, wake: Callable[[int], None]) -> None:
        """`Store.subscribe`."""
        self._group_commit.subscribe(wake)

    def forewarn(self, warn: Callable[[int, Sequence[Change]], None]) -> None:
        """`Store.forewarn`."""
        self._engine.forewarned.append(warn)

    def compact(self, before_revision: int) -> Awaitable[Committed[int]]:
        """`Store.compact`."""
        return self._group_commit.submit(lambda _: self._engine.transaction.drop_changes(before_revision))

    def scrub(self) -> None:
        """`Store.scrub`."""
        with self._writer.lock:
            self._writer.connection.executescript("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")

    def close(self) -> None:
        """`Store.close`. The last connection to close moves the write-ahead log into the file and removes it."""
        self._group_commit.close()
        self._threads.shutdown(wait=True)
        sessions = {self._reader, self._writer}
        while not self._idle.empty():
            sessions.add(self._idle.get())
        for session in sessions:
            session.connection.close()
        if self._directory is not None:
            self._directory.close()

    def _read_on_idle(self, function: Callable[[Reader], Result]) -> Result:
        """`function` on a connection that no other thread uses now; there are at most as many as threads."""
        try:
            session = self._idle.get_nowait()
        except Empty:
            session = self._open_session()
        try:
            return session.read_in_turn(function, self._group_commit.last_revision, self._turn)
        finally:
            self._idle.put(session)


class _TooLong(Exception):
    """The read isn't a brief one."""


class _Session:
    """A connection, and the lock for when threads share it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.lock = threading.Lock()
        self._reader = SqliteReader(connection)
        self._calls = 0
        self._when_long: Callable[[], bool] | None = None
        connection.set_progress_handler(self._progress, INSTRUCTIONS_AT_ONCE)

    def read(
        self, function: Callable[[Reader], Result], at_least: int, when_long: Callable[[], bool] | None = None
    ) -> Result:
        """`function` on the state committed last.

        at_least: a revision that is committed already. when_long: called once the read has turned out to be long, from
            inside it; whether to give it up.

        Raises:
            _TooLong: it was given up.
        """
        with self.lock:
            self._calls, self._when_long = 0, when_long
            self._reader.at_least = at_least
            try:
                self.connection.execute("BEGIN")
                try:
                    return function(self._reader)
                finally:
                    self._when_long = None
                    self.connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                    raise _TooLong from error
                raise Unavailable(f"the store can't be read: {error}") from error

    def read_briefly(self, function: Callable[[Reader], Result], at_least: int) -> Result:
        """`function` on the state committed last, if that is a brief read.

        Raises:
            _TooLong: it isn't.
        """
        return self.read(function, at_least, lambda: True)

    def read_in_turn(self, function: Callable[[Reader], Result], at_least: int, turn: threading.Lock) -> Result:
        """`function` on the state committed last; a long read goes on when it is its turn."""

        has_turn = False

        def wait() -> bool:
            nonlocal has_turn
            has_turn = turn.acquire()
            return False

        try:
            return self.read(function, at_least, wait)
        finally:
            if has_turn:
                try:
                    self._catch_up()
                finally:
                    turn.release()

    def _catch_up(self) -> None:
        """Moves into the file what the write-ahead log kept for the read, which the next commit would do otherwise."""
        with self.lock, suppress(sqlite3.Error):  # then the next commit does
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _progress(self) -> bool:
        """SQLite's call every so many instructions of a statement, counted on from one run of it to the next."""
        if self._when_long is None:
            return False
        self._calls += 1
        if self._calls * INSTRUCTIONS_AT_ONCE < BRIEF_INSTRUCTIONS:
            return False
        when_long, self._when_long = self._when_long, None
        return when_long()


class _Engine:
    """`group_commit.Engine` on a session."""

    def __init__(self, session: _Session, clock: Callable[[], float]) -> None:
        self.transaction = SqliteTransaction(session.connection)
        self.commits = 0
        self.forewarned: list[Callable[[int, Sequence[Change]], None]] = []
        self._connection = session.connection
        self._lock = session.lock
        self._clock = clock
        self._now = 0.0

    def exclusive(self) -> threading.Lock:
        return self._lock

    def begin(self) -> None:
        self._now = self._clock()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self.transaction.begin()
        except sqlite3.Error as error:
            raise Unavailable(f"the store can't be written: {error}") from error

    def run(self, function: Callable[[Transaction], Any]) -> Committed[Any]:
        transaction = self.transaction
        transaction.start()
        try:
            result = function(transaction)
            revision = transaction.record(self._now)
        except StopIteration as error:  # A future can't carry it.
            raise RuntimeError("the function ran off the end of an iterator") from error
        except sqlite3.Error as error:
            raise Unavailable(f"the store can't be read: {error}") from error
        if transaction.failure is not None:
            raise transaction.failure
        if revision is not None:
            for warn in self.forewarned:
                warn(revision, transaction.changes)
        return Committed(result, revision)

    def principals_changes(self) -> int:
        return self.transaction.principals_changes

    def is_intact(self) -> bool:
        return not self.transaction.wrote and self._connection.in_transaction

    def is_open(self) -> bool:
        return self._connection.in_transaction

    def commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise Unavailable(f"the store can't make it durable: {error}") from error
        self.commits += 1

    def rollback(self) -> None:
        self._connection.rollback()
        self.transaction.rolled_back()


def _connect(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    # FULL, not NORMAL: in WAL mode NORMAL syncs at checkpoints only, and loss of power undoes what was answered.
    try:
        connection.executescript("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000;")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _prepare(writer: sqlite3.Connection) -> None:
    writer.execute(f"PRAGMA page_size={PAGE_BYTES}")  # Only a file that is still empty heeds it.
    (mode,) = writer.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise Unavailable("the store's file system doesn't support a write-ahead log (shared memory and locks)")
    # What is deleted is overwritten where its page is written anyway: nobody's secret lies in a gap of the file.
    writer.executescript(
        f"PRAGMA cache_size=-{WRITER_CACHE_KIB}; PRAGMA wal_autocheckpoint={WAL_PAGES}; PRAGMA secure_delete=FAST;"
    )
    migrate(writer)


def _create(path: Path) -> None:
    """An empty file that only its owner reads, its name durable; SQLite gives its log the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
