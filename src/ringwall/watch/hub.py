"""Tells each watching host what concerns it, as soon as it is durable.

Theory of operation. The store's commits wake the hub, which reads the new rows of the change log once, whatever the
number of watchers, and wakes only those whose interests a row touches; all others are up to date without a word, and
hear so with the next heartbeat. A watcher that wakes reads the rows since the first that touched it. Rules whose peer
is a CIDR block go on as they are; for everything else the host's state is loaded and compared with what was sent last.

Nothing waits in a queue for a slow reader: it is woken once, and when it comes back it finds the log, or, if the log
has moved on without it, the state. So the hub's memory is the end of the log and one state for each watcher.

All of it runs on the event loop, and no step between two awaits depends on another task.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ringwall.domain.change import ChangeRecord, HostRemoved
from ringwall.domain.world import HostDelta, HostState, difference, merge

from .cursor import LOG_RECORDS_MAX, LogEnd, ids_of, interests, passed_on
from .messages import HEARTBEAT_SECONDS, Delta, Heartbeat, Message, Position, Report, Snapshot

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
    """

    connected: bool = False
    told: Position | None = None
    effective_revision: int | None = None
    resumed_from: Position | None = None
    report: Report | None = None
    last_seen: float | None = None
    displaced_at: tuple[float, ...] = ()

    def is_contested(self, now: float) -> bool:
        """Whether two agents seem to share the host's identity and end each other's streams: a copied machine.

        What one of them reports isn't true of the other. A reconnection that the server noticed late displaces once.
        """
        return len(self.displaced_at) == DISPLACED_MAX and now - self.displaced_at[0] < CONTESTED_SECONDS

    @property
    def is_up_to_date(self) -> bool:
        """Whether everything that has an effect on the host, as far as it was sent, is in its kernel."""
        return (
            self.report is not None
            and self.told is not None
            and self.effective_revision is not None
            and (self.report.position.store_id, self.report.position.epoch) == (self.told.store_id, self.told.epoch)
            and self.report.position.revision >= self.effective_revision
        )


@dataclass(slots=True, eq=False)
class _Watcher:
    """One open stream.

    position: of the last message sent. state: as the receiver has it. behind_since: the first row that touches it and
    that it wasn't sent; None while it is up to date. changed: set when there is something to do.
    """

    position: Position
    state: HostState
    interests: frozenset[str]
    effective_revision: int
    behind_since: int | None = None
    closed: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


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

    async def watch(self, host_id: str, after: Position | None = None) -> AsyncGenerator[Message, None]:
        """A snapshot, then what changes, with a heartbeat in every silence; ends when the host is removed.

        after: the position that the receiver has, for the host's status. A host has one stream: a new one ends the old.
        The caller closes what it iterates (`contextlib.aclosing`), or a lost connection is noticed late.
        """
        watcher = self._enter(host_id, after)
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
                yield message
        finally:
            self._leave(host_id, watcher)

    def report(self, host_id: str, report: Report) -> None:
        """Keeps the host's last report."""
        self._statuses[host_id] = replace(self.status(host_id), report=report, last_seen=self._clock())
        for asked in self._asked.pop(host_id, ()):
            asked.set()

    async def ask(self, host_id: str, seconds: float) -> HostStatus | None:
        """The status with a report that the agent makes now, on being sent a heartbeat; None if none comes in time."""
        watcher = self._watchers.get(host_id)
        if watcher is None:
            return None
        answered = asyncio.Event()
        self._asked.setdefault(host_id, set()).add(answered)
        watcher.changed.set()
        try:
            async with asyncio.timeout(seconds):
                await answered.wait()
        except TimeoutError:
            return None
        finally:
            self._asked.get(host_id, set()).discard(answered)
        return self.status(host_id)

    def status(self, host_id: str) -> HostStatus:
        """What is known of the host's agent; nothing but defaults if it hasn't been heard since the server started."""
        return self._statuses.get(host_id, HostStatus())

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return len(self._watchers)

    @property
    def reporting(self) -> int:
        """How many hosts have reported since the server started."""
        return sum(status.report is not None for status in self._statuses.values())

    def close(self) -> None:
        """Ends every stream, so that the server can stop."""
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

    def _enter(self, host_id: str, after: Position | None) -> _Watcher | None:
        loaded = self._load_state(host_id)
        if loaded is None:
            return None
        displaced_at = self.status(host_id).displaced_at
        if (older := self._watchers.get(host_id)) is not None:
            older.closed = True
            older.changed.set()
            displaced_at = (*displaced_at, self._clock())[-DISPLACED_MAX:]
        position, state = loaded
        watcher = _Watcher(position, state, interests(state), position.revision)
        self._watchers[host_id] = watcher
        self._index(watcher)
        self._statuses[host_id] = replace(
            self.status(host_id),
            connected=True,
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
                async with asyncio.timeout(self._heartbeat_seconds):
                    await watcher.changed.wait()
            except TimeoutError:
                pass
        watcher.changed.clear()
        return not watcher.closed

    def _next(self, host_id: str, watcher: _Watcher) -> Delta | Heartbeat | None:
        """The watcher's next message, after which it is up to date; None when the host is gone."""
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
