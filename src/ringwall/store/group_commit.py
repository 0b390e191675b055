"""Many requests, one commit: the writer that makes durability cheap.

Theory of operation. One sync of the disk costs as much as many requests' statements, so requests share it:

    event loop's thread                                    committer's thread
    submit ──► queue
    when a turn of the loop brings no more:
      take everything queued; begin;
      run each function on the transaction,
      one after the other, without savepoints ──────────►  commit: one sync
    the loop goes on, the queue fills                        │
    answers; the next turn ◄──────── one wake ◄────────────  all of them are durable

While a commit is under way the queue fills, so the batch grows with the load; a lone request waits one empty turn. The
functions run on the loop's thread because there they take turns with the rest of the program instead of fighting it for
the interpreter: each statement lets go of the interpreter's lock and would have to win it back. Only the sync, which
waits for the disk, has a thread of its own.

A function that raises before its first write has left nothing, and is answered with what it raised. One that
raises afterwards has spoiled the batch: all of it is rolled back, and each function runs again in a transaction of its
own, so that only the guilty one fails. When the commit itself fails, everybody gets `Unavailable`, the refused too:
what refused them may have been a change that was never made.

Inline, the commit is made on the loop's thread too: no hop between threads, but the loop waits for the disk.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from .base import Committed, Transaction, Unavailable

BATCH_MAX: Final = 256
"""Requests in one commit, so that the first of them doesn't wait for ever; a sync shared by so many costs nothing."""

Function = Callable[[Transaction], Any]
Outcome = Committed[Any] | Exception


class Engine(Protocol):
    """One transaction at a time. `begin` and `commit` raise nothing but `Unavailable`."""

    def exclusive(self) -> AbstractContextManager[object]:
        """Keeps everybody else from the connection; all the other methods are called inside it."""

    def begin(self) -> None:
        """Starts a transaction."""

    def run(self, function: Function) -> Committed[Any]:
        """What the function answered, its changes recorded under a revision; or whatever it raised."""

    def principals_changes(self) -> int:
        """How often a function has tried to change principals so far."""

    def is_intact(self) -> bool:
        """Whether the function that has just raised left the transaction as it found it."""

    def is_open(self) -> bool:
        """Whether there is a transaction."""

    def commit(self) -> None:
        """Makes the transaction durable."""

    def rollback(self) -> None:
        """Drops the transaction, if there is one."""


class _Job(NamedTuple):
    function: Function
    answer: asyncio.Future[Any]


@dataclass(slots=True)
class _Batch:
    """What is on its way to the disk. held: keeps everybody else from the connection until it is there."""

    jobs: list[_Job]
    outcomes: list[Outcome]
    held: AbstractContextManager[object]


class GroupCommit:
    """The one writer of a store. All of it is for the event loop's thread.

    last_revision: the last one that was answered, or will be before the loop's turn is over; any thread may look at it.
    principals_changes: the engine's, of all functions that are committed or came to nothing.
    """

    def __init__(self, engine: Engine, last_revision: int, *, inline: bool) -> None:
        self.last_revision = last_revision
        self.principals_changes = engine.principals_changes()
        self._engine = engine
        self._queue: deque[_Job] = deque()
        self._alone: deque[_Job] = deque()  # jobs of a spoiled batch, each to be run in a transaction of its own
        self._subscribers: list[Callable[[int], None]] = []
        self._closed = False
        self._is_turning = False
        self._in_flight: _Batch | None = None
        self._commits: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, _Batch] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        if not inline:
            # A daemon, so that a server that fails elsewhere can end: what isn't committed isn't acknowledged.
            self._thread = threading.Thread(target=self._serve, name="ringwall-store-committer", daemon=True)
            self._thread.start()

    def submit(self, function: Function) -> asyncio.Future[Any]:
        """The answer to come: a `Committed`, or what the function raised, or `Unavailable`."""
        loop = asyncio.get_running_loop()
        job = _Job(function, loop.create_future())
        if self._closed:
            job.answer.set_exception(Unavailable("the store is closed"))
            return job.answer
        self._queue.append(job)
        self._plan_turn(loop)
        return job.answer

    def subscribe(self, wake: Callable[[int], None]) -> None:
        """Has `wake` called on the event loop with the last revision of each batch that changed something."""
        self._subscribers.append(wake)

    def close(self) -> None:
        """Returns when everything submitted is durable or refused; what is submitted later is refused."""
        if self._closed:
            return
        self._closed = True
        if self._thread is not None:
            self._commits.put(None)
            self._thread.join()
            self._finish()
        while self._alone or self._queue:
            self._commit(self._run())
            self._finish()

    def _plan_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """Has the queue run at the end of the loop's turn, unless that is planned or a commit is under way."""
        if (self._queue or self._alone) and not self._is_turning and self._in_flight is None and not self._closed:
            self._is_turning = True
            loop.call_soon(self._turn, loop, 0)

    def _turn(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        """Runs the next batch; but while every turn of the loop brings more requests, they are let in first."""
        if seen < len(self._queue) < BATCH_MAX and not self._closed:
            loop.call_soon(self._turn, loop, len(self._queue))
            return
        self._is_turning = False
        if self._closed:
            return
        batch = self._run()
        if self._thread is not None:
            self._commits.put((loop, batch))
        else:
            self._commit(batch)
            self._finish()
            self._plan_turn(loop)

    def _serve(self) -> None:
        """The committer's thread."""
        while item := self._commits.get():
            loop, batch = item
            self._commit(batch)
            # A closed loop has nobody waiting any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._arrive, loop, batch)

    def _arrive(self, loop: asyncio.AbstractEventLoop, batch: _Batch) -> None:
        if self._in_flight is batch:  # else `close` was quicker
            self._finish()
            self._plan_turn(loop)

    def _run(self) -> _Batch:
        """The next batch, run and not yet committed."""
        jobs = self._take()
        held = self._engine.exclusive()
        held.__enter__()
        batch = self._in_flight = _Batch(jobs, [], held)
        try:
            self._run_jobs(batch)
        except Unavailable as error:
            self._give_up(batch, error)
        except Exception as error:  # A defect of ours must neither leave clients waiting nor end the writer.
            self._give_up(batch, error)
        return batch

    def _take(self) -> list[_Job]:
        if self._alone:
            return [self._alone.popleft()]
        return [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]

    def _run_jobs(self, batch: _Batch) -> None:
        engine = self._engine
        engine.begin()
        for job in batch.jobs:
            try:
                batch.outcomes.append(engine.run(job.function))
            except Exception as error:
                if not engine.is_intact():
                    engine.rollback()
                    self._spoil(batch, error)
                    return
                batch.outcomes.append(error)

    def _spoil(self, batch: _Batch, error: Exception) -> None:
        """Sorts out a batch that one function has spoiled: that one fails, or each is to be tried alone."""
        if len(batch.jobs) == 1:
            batch.outcomes = [error]
        else:
            self._alone.extend(batch.jobs)
            batch.jobs, batch.outcomes = [], []

    def _give_up(self, batch: _Batch, error: Exception) -> None:
        self._engine.rollback()
        batch.outcomes = [error] * len(batch.jobs)

    def _commit(self, batch: _Batch) -> None:
        """Makes the batch durable, or everybody in it unhappy."""
        try:
            if self._engine.is_open():
                self._engine.commit()
        except Exception as error:
            self._give_up(batch, error)
        finally:
            batch.held.__exit__(None, None, None)

    def _finish(self) -> None:
        """Answers whoever waits for the batch in flight, and wakes the subscribers."""
        batch, self._in_flight = self._in_flight, None
        if batch is None:
            return
        self.principals_changes = self._engine.principals_changes()
        revision = None
        for job, outcome in zip(batch.jobs, batch.outcomes, strict=True):
            answer = job.answer
            if isinstance(outcome, Exception):
                if not answer.done():
                    answer.set_exception(outcome)
                continue
            revision = outcome.revision or revision
            if not answer.done():
                answer.set_result(outcome)
        if revision is not None:
            self.last_revision = revision
            for wake in self._subscribers:
                self._wake(wake, revision)

    def _wake(self, wake: Callable[[int], None], revision: int) -> None:
        with suppress(RuntimeError):  # closing, without a running loop: there is nobody to wake
            asyncio.get_running_loop().call_soon(wake, revision)
