"""Ships the trail: every event, in order, to a file or to a webhook, as it is committed.

    store ──► the next events after the cursor ──► deliver ──► move the cursor ──► … until there are no more

The store is the queue. What couldn't be delivered is still there, after a restart too, so nothing is lost, and nothing
piles up in memory. The cursor moves when a batch was taken; a server that is killed in between delivers that batch
again, and receivers know an event by its `eventID`. A file's own last line says what it has. Only events that their age
has dropped from the trail before anybody took them are passed over, and the log says so.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import random
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ringwall.config import ConfigurationError
from ringwall.operations.trail import Content, shown
from ringwall.store.base import Store, Unavailable
from ringwall.store.principals_base import TrailEvent
from ringwall.telemetry import LOG

AT_ONCE: Final = 200
BATCH_CHARACTERS_MAX: Final = 4 * 1024 * 1024
"""Events in one batch, and their length: the first is always in it."""
RETRY_SECONDS: Final = 1.0
RETRY_SECONDS_MAX: Final = 60.0
"""The first wait after a failure, and the longest; each is twice the one before."""
ANSWER_SECONDS: Final = 10.0
STOP_SECONDS: Final = 3.0
TAIL_BYTES: Final = 8 * 1024 * 1024
"""More than the longest line of a trail's file."""

Deliver = Callable[[Sequence[Content]], None]


class DeliveryFailed(Exception):
    """The receiver didn't take the events."""


class Cursor:
    """The number of the last event that was delivered. path: where it is kept; None only in memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.number = 0
        if path is not None:
            with suppress(FileNotFoundError, ValueError):
                self.number = int(path.read_text(encoding="ascii"))

    def move(self, number: int) -> None:
        """Everything up to this event was delivered."""
        self.number = number
        if self._path is not None:
            new = self._path.with_name(self._path.name + ".new")
            new.write_text(f"{number}\n", encoding="ascii")
            new.rename(self._path)


class Shipper:
    """Delivers what comes after the cursor, for as long as `run` runs. name: for the log."""

    def __init__(self, name: str, store: Store, cursor: Cursor, deliver: Deliver) -> None:
        self._name = name
        self._store = store
        self._cursor = cursor
        self._deliver = deliver
        self._new = asyncio.Event()
        self._stopping = asyncio.Event()
        self._failures = 0

    def wake(self) -> None:
        """There may be new events."""
        self._new.set()

    def stop(self) -> None:
        """Has `run` end when what can be delivered at once is delivered."""
        self._stopping.set()
        self._new.set()

    async def run(self) -> None:
        """Delivers until it is stopped."""
        while True:
            self._new.clear()
            if await self.deliver_next():
                continue
            if self._stopping.is_set():
                return
            await self._wait()

    async def deliver_next(self) -> bool:
        """Whether there were events, and they were taken."""
        try:
            events = await self._store.read_in_thread(lambda reader: reader.trail_after(self._cursor.number, AT_ONCE))
            if not events:
                return False
            if events[0].number > self._cursor.number + 1:
                LOG.warning(
                    "%s: events %d to %d were dropped because of their age before they were delivered",
                    self._name, self._cursor.number + 1, events[0].number - 1,
                )  # fmt: skip
            batch = _batch(events)
            await asyncio.to_thread(self._deliver_and_move, batch)
        except (DeliveryFailed, OSError, http.client.HTTPException, Unavailable) as error:
            if not self._failures:
                LOG.error("%s: the trail's events are not taken, and wait: %s", self._name, error)
            self._failures += 1
            return False
        if self._failures:
            LOG.info("%s: the trail's events are taken again", self._name)
        self._failures = 0
        return True

    def _deliver_and_move(self, batch: Sequence[TrailEvent]) -> None:
        self._deliver([shown(event) for event in batch])
        self._cursor.move(batch[-1].number)

    async def _wait(self) -> None:
        """Waits for new events; after a failure so long, but not beyond the end."""
        if not self._failures:
            await self._new.wait()
            return
        longest = min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2.0 ** min(self._failures - 1, 10))
        with suppress(TimeoutError):  # many servers shouldn't come back at once
            await asyncio.wait_for(self._stopping.wait(), random.uniform(0.5, 1.0) * longest)


def _batch(events: Sequence[TrailEvent]) -> Sequence[TrailEvent]:
    length = 0
    for number, event in enumerate(events):
        length += len(event.event)
        if number and length > BATCH_CHARACTERS_MAX:
            return events[:number]
    return events


class TrailFile:
    """A file with an event a line. It is opened for each batch, so it may be moved away at any time.

    Raises:
        ConfigurationError: it can't be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            os.close(self._open())
        except OSError as error:
            raise ConfigurationError(f"--trail-file {path} can't be written: {error.strerror}.") from error

    def last_number(self) -> int | None:
        """The number of the last event in it; None if it has none. A line that was cut off by a crash is cut away."""
        with self._path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            begin = file.seek(max(0, size - TAIL_BYTES))
            tail = file.read()
            whole = tail.rfind(b"\n") + 1
            if whole < len(tail):
                file.truncate(begin + whole)
        lines = tail[:whole].splitlines()
        try:
            return int(json.loads(lines[-1])["ringwall"]["number"])
        except (IndexError, ValueError, KeyError, TypeError):
            return None

    def __call__(self, events: Sequence[Content]) -> None:
        """Adds the events, all or none.

        Raises:
            OSError: it can't be written; a full disk, say.
        """
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode()
        descriptor = self._open()
        try:
            size = os.fstat(descriptor).st_size
            written = 0
            try:
                while written < len(lines):
                    written += os.write(descriptor, lines[written:])
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


class Webhook:
    """A URL that is sent `{"Records": […]}` by POST, and takes them by any answer from 200 to 299.

    Raises:
        ConfigurationError: no http or https URL, or one with a name and password in it.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError as error:
            raise ConfigurationError(f"--trail-webhook: {error}.") from error
        if parts.scheme not in ("http", "https") or not self._host or "@" in parts.netloc:
            raise ConfigurationError("--trail-webhook: write http://name/… or https://name/…, without a password.")
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None

    @property
    def name(self) -> str:
        """For the log: without the path, which may be what the receiver knows its senders by."""
        return f"webhook {self._host}"

    def __call__(self, events: Sequence[Content]) -> None:
        """Sends the events.

        Raises:
            DeliveryFailed: the answer says that they weren't taken.
            OSError, HTTPException: there was no answer.
        """
        body = json.dumps({"Records": events}).encode()
        connection = self._connect()
        try:
            headers = {"content-type": "application/json", "user-agent": "ringwall"}
            connection.request("POST", self._target, body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise DeliveryFailed(f"answered {status}")

    def _connect(self) -> http.client.HTTPConnection:
        settings: dict[str, Any] = {"timeout": ANSWER_SECONDS}
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, context=self._tls, **settings)
        return http.client.HTTPConnection(self._host, self._port, **settings)
