"""What is in force, and its keeper, who writes it down for the next boot. Nothing waits for that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from ringwall.domain.world import HostState
from ringwall.telemetry import LOG
from ringwall.watch.messages import Snapshot

from .desired import Received
from .directory import AgentDirectory
from .errors import Problems, reason
from .memory import give_back, settle

KEEP_SECONDS_MIN: Final = 1.0
"""The state is written to disk at most so often."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What the kernel has, since when (Unix seconds)."""

    received: Received
    digest: str
    at: float


class Keeper:
    """Keeps on disk what is in force.

    in_force: what is, when it is asked. tell: is called when the disk begins to refuse, or takes it again.
    """

    def __init__(
        self,
        directory: AgentDirectory,
        in_force: Callable[[], InForce | None],
        problems: Problems,
        tell: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._in_force = in_force
        self._problems = problems
        self._tell = tell
        self._kept: tuple[HostState, str] | None = None
        self._keeping = Lock()
        self._is_new = False
        self._to_keep = asyncio.Event()

    def keep(self) -> None:
        """Something may be in force that isn't on disk."""
        self._to_keep.set()

    def whole(self) -> None:
        """A whole state came: once it is kept, what making it took is given back."""
        self._is_new = True

    async def run(self) -> None:
        """Keeps it a moment later, until cancelled: writing a large state takes longer than committing a rule.

        At its end once more, as a host that goes down starts with it.
        """
        try:
            while True:
                await self._to_keep.wait()
                self._to_keep.clear()
                if self._is_to_be_kept():
                    await self._try()
                    await asyncio.sleep(KEEP_SECONDS_MIN)
        finally:
            try:
                self._keep()
            except OSError as error:
                LOG.error("what is in force can't be kept on disk for the next boot: %s", reason(error))

    async def _try(self) -> None:
        try:
            await asyncio.to_thread(self._keep)
        except OSError as error:
            if "disk" not in self._problems:
                self._tell()
            self._problems["disk"] = (f"The state can't be kept on disk for the next boot: {reason(error)}",)
        else:
            if self._problems.pop("disk", None):
                self._tell()
        if self._is_new:
            self._is_new = False
            settle()
            give_back()

    def _is_to_be_kept(self) -> bool:
        in_force = self._in_force()
        return in_force is not None and (in_force.received.state, in_force.digest) != self._kept

    def _keep(self) -> None:
        """Writes down the state that is in force now; where only devices came or went, nothing but its digest.

        Raises:
            OSError: the disk can't.
        """
        with self._keeping:  # at the end a thread may still be at it
            in_force = self._in_force()
            if in_force is None or not self._is_to_be_kept():
                return
            received = in_force.received
            is_kept = self._kept is not None and received.state is self._kept[0]
            if not (is_kept and self._directory.save_digest(in_force.digest)):
                self._directory.save_state(Snapshot(received.position, received.state), in_force.digest)
            self._kept = (received.state, in_force.digest)
