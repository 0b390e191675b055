"""Tells each watching host what concerns it, as soon as it is durable.

Theory of operation. The store's commits wake the hub, which reads the new rows of the change log once, whatever the
number of watchers, and wakes only those whose interests a row touches; all others are up to date without a word, and
hear so with the next heartbeat. A watcher that wakes reads the rows since the first that touched it. Rules whose peer
is a CIDR block go on as they are; for everything else the host's state is loaded and compared with what was sent last.

A report says what is in a host's kernel. Whoever waits for that (`until_in_force`) is counted down by the reports of
the hosts it waits for, so that a report costs the same however many hosts are waited for.

A question (`inquire`) goes out after what changed, on the stream that the host has, or comes to have in time.

Nothing waits in a queue for a slow reader: it is woken once, and when it comes back it finds the log, or, if the log
has moved on without it, the state. So the hub's memory is the end of the log and one state for each watcher.

All of it runs on the event loop, and no step between two awaits depends on another task.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ringwall.domain.change import ChangeRecord, HostRemoved
from ringwall.domain.world import HostDelta, HostState, difference, merge

from .cursor import LOG_RECORDS_MAX, LogEnd, ids_of, interests, passed_on
from .history import History
from .messages import (
    HEARTBEAT_SECONDS,
    QUESTIONS_MAX,
    Answer,
    Delta,
    Heartbeat,
    Message,
    Position,
    Question,
    Report,
    Snapshot,
)
from .status import DISPLACED_MAX, HostStatus, lag_after


@dataclass(slots=True, eq=False)
class _Watcher:
    """One open stream.

    position: of the last message sent. state: as the receiver has it. behind_since: the first row that touches it and
    that it wasn't sent; None while it is up to date. changed: set when there is something to do.
    answers: the kinds of questions that the agent knows. questions: those to be sent. said_at: when something else than
    a question was sent last, by the loop's clock. must_beat: somebody waits for a report.
    """

    position: Position
    state: HostState
    interests: frozenset[str]
    effective_revision: int
    answers: frozenset[str]
    said_at: float
    must_beat: bool = False
    questions: deque[Question] = field(default_factory=deque)
    behind_since: int | None = None
    closed: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class _Waiter:
    """Somebody who waits for so many more of these hosts, each with the revision that it needs."""

    needed: Mapping[str, int]
    missing: int
    enough: asyncio.Event = field(default_factory=asyncio.Event)


class Hub:
    """The watchers of one server.

    load_state: the host's state, and the position that it is of; None when there is no such host (any more).
    changes_since: the rows of the change log after a revision, oldest first; it may answer only some of them.
    compacted: what changes_since raises when rows after the revision have been dropped.
    revision: the store's last one now. clock: Unix seconds.
    """

    def __init__(
        self,
        load_state: Callable[[str], tuple[Position, HostState] | None],
        changes_since: Callable[[int], Sequence[ChangeRecord]],
        compacted: type[Exception],
        revision: int,
        *,
        clock: Callable[[], float] = time.time,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        log_records_max: int = LOG_RECORDS_MAX,
    ) -> None:
        self._load_state = load_state
        self._changes_since = changes_since
        self._compacted = compacted
        self._clock = clock
        self._heartbeat_seconds = heartbeat_seconds
        self._log = LogEnd(revision, log_records_max)
        self._watchers: dict[str, _Watcher] = {}
        self._interested: dict[str, set[_Watcher]] = {}
        self._statuses: dict[str, HostStatus] = {}
        self._asked: dict[str, set[asyncio.Event]] = {}
        self._inquiries: dict[str, dict[str, tuple[Question, asyncio.Future[Answer | None]]]] = {}
        self._histories: dict[str, History] = {}
        self._awaited: dict[str, set[_Waiter]] = {}
        self._closing = False

    def wake(self, revision: int) -> None:
        """Reads the log up to the revision, and wakes the watchers that it concerns. Made for `Store.subscribe`."""
        if not self._statuses:  # no agent was ever heard: nobody to tell, and whoever comes is told the state
            self._log.restart(revision)
            return
        try:
            while self._log.revision < revision and (records := self._changes_since(self._log.revision)):
                for record in records:
                    self._log.append(record)
                    self._touch(record)
        except self._compacted:
            self._log.restart(revision)
            for watcher in self._watchers.values():
                watcher.behind_since = watcher.behind_since or watcher.position.revision + 1
                watcher.changed.set()

    async def watch(
        self, host_id: str, after: Position | None = None, answers: frozenset[str] = frozenset()
    ) -> AsyncGenerator[Message, None]:
        """A snapshot, then what changes, with a heartbeat in every silence; ends when the host is removed.

        after: the position that the receiver has, for the host's status. answers: the kinds of questions that it knows;
        it is asked no others. A host has one stream: a new one ends the old.
        The caller closes what it iterates (`contextlib.aclosing`), or a lost connection is noticed late.
        """
        watcher = self._enter(host_id, after, answers)
        if watcher is None:
            return
        try:
            yield Snapshot(watcher.position, watcher.state)
            while await self._news(watcher):
                message = self._next(host_id, watcher)
                if message is None:
                    return
                self._statuses[host_id] = replace(
                    self.status(host_id), told=message.position, effective_revision=watcher.effective_revision
                )
                self._count_down(host_id)
                yield message
        finally:
            self._leave(host_id, watcher)

    def report(self, host_id: str, report: Report) -> None:
        """Keeps the host's last report."""
        before, now = self.status(host_id), self._clock()
        self._statuses[host_id] = replace(
            before, report=report, last_seen=now, lag_seconds=lag_after(before, report, now)
        )
        if report.digest:
            self._histories.setdefault(host_id, History()).note(report, now)
        for asked in self._asked.pop(host_id, ()):
            asked.set()
        self._count_down(host_id)

    async def ask(self, host_id: str, seconds: float) -> HostStatus | None:
        """The status with a report that the agent makes now, on being sent a heartbeat; None if none comes in time."""
        watcher = self._watchers.get(host_id)
        if watcher is None:
            return None
        answered = asyncio.Event()
        self._asked.setdefault(host_id, set()).add(answered)
        watcher.must_beat = True
        watcher.changed.set()
        try:
            async with asyncio.timeout(seconds):
                await answered.wait()
        except TimeoutError:
            return None
        finally:
            self._asked.get(host_id, set()).discard(answered)
        return self.status(host_id)

    async def inquire(
        self, host_id: str, kind: str, parameters: Mapping[str, tuple[str, ...]], seconds: float
    ) -> Answer | None:
        """What the host's agent answers to the question; None if it doesn't within the time.

        An agent that doesn't know the kind, or is asked too much at once, is told of as a failure at once.
        """
        watcher = self._watchers.get(host_id)
        if self._closing or watcher is None:
            return None
        if kind not in watcher.answers:
            return Answer(failure="The host's agent is of an older version, which can't answer this.")
        pending = self._inquiries.setdefault(host_id, {})
        if len(pending) >= QUESTIONS_MAX:
            return Answer(failure=f"{QUESTIONS_MAX} questions wait for the host's answer already.")
        question = Question(watcher.position, secrets.token_hex(8), kind, parameters)
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        pending[question.question_id] = question, answer
        watcher.questions.append(question)
        watcher.changed.set()
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            return None
        finally:
            del pending[question.question_id]
            if not pending:
                self._inquiries.pop(host_id, None)

    def answer(self, host_id: str, question_id: str, answer: Answer) -> bool:
        """Whether the host was asked this, and nothing was answered yet; then whoever asked has the answer."""
        _, waiting = self._inquiries.get(host_id, {}).get(question_id, (None, None))
        if waiting is None or waiting.done():
            return False
        waiting.set_result(answer)
        return True

    def status(self, host_id: str) -> HostStatus:
        """What is known of the host's agent; nothing but defaults if it hasn't been heard since the server started."""
        return self._statuses.get(host_id, HostStatus())

    def revision_in_force(self, host_id: str) -> int | None:
        """The revision up to which the host's kernel has all that has an effect on it, as far as it has said so."""
        status = self.status(host_id)
        revision = None if status.is_contested(self._clock()) else status.revision_in_force
        watcher = self._watchers.get(host_id)
        if revision is None or watcher is None or watcher.behind_since is not None or not status.is_up_to_date:
            return revision
        return max(
            revision, self._log.revision
        )  # the rows since don't concern it, which the next heartbeat will tell it

    def in_force_since(self, host_id: str, revision: int) -> float | None:
        """When the host was heard to have the revision, Unix seconds; None where it hasn't, or it isn't known when."""
        history = self._histories.get(host_id)
        return history.since(revision) if history and self._has(host_id, revision) else None

    async def until_in_force(self, needed: Mapping[str, int], hosts: int, seconds: float) -> None:
        """Returns once so many of these hosts have in force what each needs, or one was removed, or time is over.

        needed: the revision, by host id.
        """
        missing = {host_id: revision for host_id, revision in needed.items() if not self._has(host_id, revision)}
        waiter = _Waiter(missing, hosts - (len(needed) - len(missing)))
        if waiter.missing <= 0 or self._closing:
            return
        for host_id in missing:
            self._awaited.setdefault(host_id, set()).add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter.enough.wait()
        except TimeoutError:
            pass
        finally:
            for host_id in missing:
                self._forget(host_id, waiter)

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return len(self._watchers)

    @property
    def reporting(self) -> int:
        """How many hosts have reported since the server started."""
        return sum(status.report is not None for status in self._statuses.values())

    def close(self) -> None:
        """Ends every stream and every wait, so that the server can stop."""
        self._closing = True
        for waiters in self._awaited.values():
            for waiter in waiters:
                waiter.enough.set()
        for pending in self._inquiries.values():
            for _, waiting in pending.values():
                if not waiting.done():
                    waiting.set_result(None)
        for watcher in self._watchers.values():
            watcher.closed = True
            watcher.changed.set()

    def _touch(self, record: ChangeRecord) -> None:
        for change in record.changes:
            for touched in ids_of(change):
                for watcher in self._interested.get(touched, ()):
                    if watcher.behind_since is None and record.revision > watcher.position.revision:
                        watcher.behind_since = record.revision
                        watcher.changed.set()
            if isinstance(change, HostRemoved):
                self._statuses.pop(change.instance_id, None)
                self._histories.pop(change.instance_id, None)
                for waiter in self._awaited.get(change.instance_id, ()):
                    waiter.enough.set()

    def _has(self, host_id: str, revision: int) -> bool:
        in_force = self.revision_in_force(host_id)
        return in_force is not None and in_force >= revision

    def _count_down(self, host_id: str) -> None:
        """Takes the host off the list of those who waited for what it has now."""
        for waiter in list(self._awaited.get(host_id, ())):
            if self._has(host_id, waiter.needed[host_id]):
                self._forget(host_id, waiter)
                waiter.missing -= 1
                if waiter.missing <= 0:
                    waiter.enough.set()

    def _forget(self, host_id: str, waiter: _Waiter) -> None:
        waiters = self._awaited.get(host_id, set())
        waiters.discard(waiter)
        if not waiters:
            self._awaited.pop(host_id, None)

    def _enter(self, host_id: str, after: Position | None, answers: frozenset[str]) -> _Watcher | None:
        loaded = self._load_state(host_id)
        if loaded is None:
            return None
        displaced_at = self.status(host_id).displaced_at
        if (older := self._watchers.get(host_id)) is not None:
            older.closed = True
            older.changed.set()
            displaced_at = (*displaced_at, self._clock())[-DISPLACED_MAX:]
        position, state = loaded
        had = after.revision if after and (after.store_id, after.epoch) == (position.store_id, position.epoch) else 0
        self._histories.setdefault(host_id, History(had))
        said_at = asyncio.get_running_loop().time()
        watcher = _Watcher(position, state, interests(state), position.revision, answers, said_at)
        for question, _ in self._inquiries.get(host_id, {}).values():
            if question.kind in answers:  # what the stream before this one may have lost
                watcher.questions.append(question)
                watcher.changed.set()
        self._watchers[host_id] = watcher
        self._index(watcher)
        report = self.status(host_id).report
        if report is not None and had < report.position.revision:
            report = None  # of an agent before this one, which doesn't know yet whether the kernel still has that
        self._statuses[host_id] = replace(
            self.status(host_id),
            connected=True,
            report=report,
            told=position,
            effective_revision=position.revision,
            resumed_from=after,
            last_seen=self._clock(),
            displaced_at=displaced_at,
        )
        return watcher

    def _leave(self, host_id: str, watcher: _Watcher) -> None:
        self._unindex(watcher)
        if self._watchers.get(host_id) is watcher:
            del self._watchers[host_id]
            if host_id in self._statuses:
                self._statuses[host_id] = replace(self._statuses[host_id], connected=False)

    async def _news(self, watcher: _Watcher) -> bool:
        """Waits for a change or for the time of a heartbeat; False when the stream is to end."""
        if not watcher.changed.is_set():
            try:
                async with asyncio.timeout_at(watcher.said_at + self._heartbeat_seconds):
                    await watcher.changed.wait()
            except TimeoutError:
                pass
        watcher.changed.clear()
        return not watcher.closed

    def _next(self, host_id: str, watcher: _Watcher) -> Message | None:
        """The watcher's next message, None when the host is gone: what changed, or a question, or a heartbeat."""
        now, pending = asyncio.get_running_loop().time(), self._inquiries.get(host_id, {})
        while watcher.questions and watcher.questions[0].question_id not in pending:
            watcher.questions.popleft()  # nobody waits any more
        is_due = now >= watcher.said_at + self._heartbeat_seconds or watcher.must_beat
        if watcher.questions and watcher.behind_since is None and not is_due:
            question = replace(watcher.questions.popleft(), position=watcher.position)
            if watcher.questions:
                watcher.changed.set()
            return question
        if watcher.questions:
            watcher.changed.set()
        watcher.said_at, watcher.must_beat = now, False
        return self._change(host_id, watcher)

    def _change(self, host_id: str, watcher: _Watcher) -> Delta | Heartbeat | None:
        """What the watcher lacks, after which it is up to date; None when the host is gone."""
        base = watcher.position.revision
        if watcher.behind_since is None:
            watcher.position = replace(watcher.position, revision=max(base, self._log.revision))
            return Heartbeat(watcher.position)
        records = self._log.since(max(watcher.behind_since - 1, base))
        watcher.behind_since = None
        delta = None
        if records is not None:
            changes = [change for record in records for change in record.changes]
            delta = passed_on(watcher.state, watcher.interests, changes)
        if delta is None:
            loaded = self._load_state(host_id)
            if loaded is None:
                self._statuses.pop(host_id, None)
                return None
            delta = self._replace_state(watcher, *loaded)
        else:
            watcher.state = merge(watcher.state, delta)
            watcher.position = replace(watcher.position, revision=max(base, self._log.revision))
        if delta:
            watcher.effective_revision = watcher.position.revision
        return Delta(base, watcher.position, delta, records[-1].committed_at if records else None)

    def _replace_state(self, watcher: _Watcher, position: Position, state: HostState) -> HostDelta:
        delta = difference(watcher.state, state)
        self._unindex(watcher)
        watcher.position, watcher.state, watcher.interests = position, state, interests(state)
        self._index(watcher)
        return delta

    def _index(self, watcher: _Watcher) -> None:
        for interest in watcher.interests:
            self._interested.setdefault(interest, set()).add(watcher)

    def _unindex(self, watcher: _Watcher) -> None:
        for interest in watcher.interests:
            watchers = self._interested.get(interest, set())
            watchers.discard(watcher)
            if not watchers:
                self._interested.pop(interest, None)
