"""Long answers let short ones pass.

A thread that describes everything and the event loop share one interpreter. The loop gives it away at every wait for
SQLite and for a socket, some ten times a request, and would have to win it back each time. So between two items the
thread looks whether anybody else is being answered, and waits until nobody is; but in all not longer than a few times
as long as it has worked, or it would never end beside clients that never pause.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

Item = TypeVar("Item")

WAIT_FOR_WORK: Final = 3.0
"""So much longer than it works a long answer waits for others, while there are others."""
WAIT_SECONDS_MAX: Final = 0.25
"""What it may save up of that, so that it doesn't stand still for long."""
LOOK_SECONDS: Final = 0.0005


class Courtesy:
    """How many requests are being answered. Made on the event loop's thread; `with` it while one is."""

    __slots__ = ("_answering", "_clock", "_loop_thread", "_pause", "_threads", "_threads_lock")

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._loop_thread = threading.get_ident()
        self._answering = 0
        self._threads = 0
        self._threads_lock = threading.Lock()

    def __enter__(self) -> None:
        self._answering += 1

    def __exit__(self, *_: object) -> None:
        self._answering -= 1

    def between(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items; on another thread than the loop's, those who are being answered pass between two of them."""
        return items if threading.get_ident() == self._loop_thread else self._letting_pass(items)

    def _letting_pass(self, items: Iterator[Item]) -> Iterator[Item]:
        self._count(1)
        try:
            patience, began = 0.0, self._clock()
            for item in items:
                yield item
                if self._answering > self._threads:
                    now = self._clock()
                    patience = min(patience + (now - began) * WAIT_FOR_WORK, WAIT_SECONDS_MAX)
                    began = self._wait(now, patience)
                    patience -= began - now
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._threads_lock:
            self._threads += more

    def _wait(self, since: float, patience: float) -> float:
        """When the wait was over: nobody else is being answered, or patience is at its end."""
        now = since
        while self._answering > self._threads and now - since < patience:
            self._pause(LOOK_SECONDS)
            now = self._clock()
        return now
