"""Many requests, one commit: the writer that makes durability cheap.

Theory of operation. One sync of the disk costs as much as many requests' statements, so requests share it:

    loop thread            writer thread
    submit ──► queue ──►   take everything queued
                           begin
                           run each function on the transaction, one after the other, without savepoints
                           commit: one sync
    answers ◄── one wake ◄ all of them are durable

While a commit is under way the queue fills, so the batch grows with the load; a lone request waits for nobody.

A function that raises before its first write has left nothing, and is answered with what it raised. One that
raises afterwards has spoiled the batch: all of it is rolled back, and each function runs again in a transaction of its
own, so that only the guilty one fails. When the commit itself fails, everybody gets `Unavailable`, the refused too:
what refused them may have been a change that was never made.

Inline, the loop's thread does the same at the end of its turn: no hop between threads, but the loop waits for the disk.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

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

    def is_intact(self) -> bool:
        """Whether the function that has just raised left the transaction as it found it."""

    def commit(self) -> None:
        """Makes the transaction durable."""

    def rollback(self) -> None:
        """Drops the transaction, if there is one."""


@dataclass(frozen=True, slots=True)
class _Job:
    function: Function
    answer: asyncio.Future[Any]


class GroupCommit:
    """The one writer of a store. `submit` and `subscribe` are for the event loop's thread."""

    def __init__(self, engine: Engine, *, inline: bool) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._subscribers: list[Callable[[int], None]] = []
        self._closed = False
        self._thread: threading.Thread | None = None
        if not inline:
            # A daemon, so that a server that fails elsewhere can end: what isn't committed isn't acknowledged.
            self._thread = threading.Thread(target=self._serve, name="ringwall-store-writer", daemon=True)
            self._thread.start()

    def submit(self, function: Function) -> asyncio.Future[Any]:
        """The answer to come: a `Committed`, or what the function raised, or `Unavailable`."""
        loop = asyncio.get_running_loop()
        job = _Job(function, loop.create_future())
        if self._closed:
            job.answer.set_exception(Unavailable("the store is closed"))
            return job.answer
        if self._thread is None and self._queue.empty():
            loop.call_soon(self._commit_all)
        self._queue.put(job)
        return job.answer

    def subscribe(self, wake: Callable[[int], None]) -> None:
        """Has `wake` called on the event loop with the last revision of each batch that changed something."""
        self._subscribers.append(wake)

    def close(self) -> None:
        """Returns when everything submitted is durable or refused; what is submitted later is refused."""
        if self._closed:
            return
        self._closed = True
        if self._thread is None:
            self._commit_all()
        else:
            self._queue.put(None)
            self._thread.join()

    def _serve(self) -> None:
        """The writer thread."""
        while job := self._queue.get():
            jobs = [job, *self._take()]
            outcomes = self._outcomes(jobs)
            try:
                jobs[0].answer.get_loop().call_soon_threadsafe(self._answer, jobs, outcomes)
            except RuntimeError:  # The loop is closed: nobody is waiting any more.
                continue

    def _commit_all(self) -> None:
        """The inline writer."""
        while jobs := self._take():
            self._answer(jobs, self._outcomes(jobs))

    def _take(self) -> list[_Job]:
        """What is queued, at most a batch of it. The mark that `close` queued stays there for `_serve`."""
        jobs: list[_Job] = []
        while len(jobs) < BATCH_MAX - 1 and not self._queue.empty():
            job = self._queue.get()
            if job is None:
                self._queue.put(None)
                break
            jobs.append(job)
        return jobs

    def _outcomes(self, jobs: list[_Job]) -> list[Outcome]:
        """One outcome for each job, durable."""
        with self._engine.exclusive():
            try:
                together = self._run(jobs)
                return [self._alone(job) for job in jobs] if together is None else together
            except Exception as error:  # A defect of ours must neither leave clients waiting nor end the writer.
                self._engine.rollback()
                return [error] * len(jobs)

    def _alone(self, job: _Job) -> Outcome:
        """The outcome of the job in a transaction of its own."""
        outcomes = self._run([job])
        assert outcomes is not None, "a job alone can't have been spoiled by another"
        return outcomes[0]

    def _run(self, jobs: list[_Job]) -> list[Outcome] | None:
        """The outcomes of one transaction, or None if one of several functions spoiled it and it was rolled back."""
        engine, outcomes = self._engine, list[Outcome]()
        try:
            engine.begin()
            for job in jobs:
                try:
                    outcomes.append(engine.run(job.function))
                except Exception as error:
                    if not engine.is_intact():
                        engine.rollback()
                        return [error] if len(jobs) == 1 else None
                    outcomes.append(error)
            engine.commit()
        except Unavailable as error:
            engine.rollback()
            return [error] * len(jobs)
        return outcomes

    def _answer(self, jobs: Iterable[_Job], outcomes: Iterable[Outcome]) -> None:
        """Answers whoever still waits, and wakes the subscribers; on the event loop."""
        revision = None
        for job, outcome in zip(jobs, outcomes, strict=True):
            answer = job.answer
            if isinstance(outcome, Exception):
                if not answer.done():
                    answer.set_exception(outcome)
                continue
            revision = outcome.revision or revision
            if not answer.done():
                answer.set_result(outcome)
        if revision is not None:
            loop = asyncio.get_running_loop()
            for wake in self._subscribers:
                loop.call_soon(wake, revision)
