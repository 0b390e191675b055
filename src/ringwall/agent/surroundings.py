"""What the operator should know of the host and of others on it, looked at while the agent runs.

At the start, when devices or the mode change, and now and then: whoever installs Docker, or names a device as unmanaged
because the report asked for it, finds in the report what is, not what was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from ringwall.domain.world import HostState
from ringwall.telemetry import LOG

from .findings import Finding

LOOK_SECONDS: Final = 600.0
"""So often it is looked without a reason. It takes milliseconds, and as many more as others have rules."""

REST_SECONDS: Final = 2.0
"""Devices come in bunches, and one look is enough for a bunch."""

Seen = tuple[HostState | None, frozenset[str]]
"""What this host should enforce, None while nobody knows, and the devices of its containers."""

Look = Callable[[HostState | None, frozenset[str]], Sequence[Finding]]


class Surroundings:
    """The sentences that a report carries.

    look: finds them; it may block. seen: what the agent knows when it is looked.
    """

    def __init__(
        self, look: Look, seen: Callable[[], Seen], *, every: float = LOOK_SECONDS, rest: float = REST_SECONDS
    ) -> None:
        self._look = look
        self._seen = seen
        self._every = every
        self._rest = rest
        self._changed = asyncio.Event()
        self.sentences: tuple[str, ...] = ()

    def changed(self) -> None:
        """Devices, or what is enforced on them, may be others now."""
        self._changed.set()

    async def watch(self, tell: Callable[[], None]) -> None:
        """Looks, until cancelled. tell: is called when the sentences are others."""
        while True:
            self._changed.clear()
            try:
                found = await asyncio.to_thread(self._look, *self._seen())
            except OSError as error:
                LOG.warning("who else filters on this host can't be looked at: %s", error.strerror)
            else:
                self._note(found, tell)
            await asyncio.sleep(self._rest)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._changed.wait()

    def _note(self, found: Sequence[Finding], tell: Callable[[], None]) -> None:
        sentences = tuple(each.message for each in found)
        for each in found:
            if each.message not in self.sentences:
                LOG.warning("%s: %s", each.check, each.message)
        if sentences != self.sentences:
            self.sentences = sentences
            tell()
