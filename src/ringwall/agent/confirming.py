"""Commit-confirm: a change that could shut the host off from its server stays only if it is reached anew with it.

Such a change is structural: a host begins to enforce, or enforces and its own devices become others. Rules and groups
are none, as no rule is asked about the agent's own connection. One that was undone stays undone until its structure is
another one, the host was told to observe, or root at the host says so (`ringwall agent resume`); what else the server
changes meanwhile, and the addresses that this agent itself reports of a new device, make no other change of it. Rules
and groups as they change go in all the same, on the devices and in the mode of before.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState, InterfaceKind
from ringwall.telemetry import LOG
from ringwall.watch.messages import Position

from .errors import AgentError, ChangeUndone, ServerRefused, Unconfirmed
from .guard import Guard, forget_roll_back, rolled_back
from .server import Server
from .stream import HEALTH_PATH

RETRY_SECONDS: Final = 0.5
"""So long until the next attempt to reach the server after a structural change."""

UNDONE: Final = (
    "no new connection to the server came about with it, so it was undone; observe and enforce again, "
    "or run `ringwall agent resume` on the host"
)


def own_devices(state: HostState) -> frozenset[tuple[str, str]]:
    """Which of the state's interfaces are the host's own, by device: what its connection to the server may go by."""
    own = (each for each in state.interfaces.values() if each.kind is InterfaceKind.HOST)
    return frozenset((each.interface_id, each.device) for each in own)


def structure(state: HostState, local: LocalPolicy) -> str:
    """64 hex digits that tell apart what an enforcing host may lose its server by: its devices, and what it exempts."""
    words = [sorted(own_devices(state)), sorted(local.unmanaged), sorted(local.break_glass)]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


def on_former_devices(state: HostState, before: HostState) -> HostState:
    """All that the state says, but in the mode and on the host's own devices of the one before.

    So rules that are revoked meanwhile are gone, whatever becomes of a structural change. An interface that the state
    no longer has keeps its device, and admits what the state still holds of its groups.
    """
    former = {each.interface_id: each for each in before.interfaces.values() if each.kind is InterfaceKind.HOST}
    behind = {each.interface_id: each for each in state.interfaces.values() if each.kind is not InterfaceKind.HOST}
    own = {
        key: replace(state.interfaces.get(key, each), device=each.device, kind=each.kind)
        for key, each in former.items()
    }
    return replace(state, mode=before.mode, interfaces=behind | own)


class Confirmation:
    """The guard of a structural change, from before its commit until a new connection to the server confirms it.

    start: makes a guard of the change's name; None: nothing is guarded. confirmed: is called once a change stays.
    """

    def __init__(
        self, server: Server, data: Path, start: Callable[[str], Guard] | None, confirmed: Callable[[], None]
    ) -> None:
        self._server = server
        self._data = data
        self._start = start
        self._confirmed = confirmed
        self._change = ""
        self._waiting: asyncio.Task[None] | None = None
        self._holds_back = False

    @property
    def is_awaited(self) -> bool:
        """Whether a change is committed, or about to be, that isn't confirmed yet."""
        return self._waiting is not None

    def stand_by(self, change: str, position: Position) -> None:
        """Somebody stands by who undoes the change, whose `structure` this is. position: which brought it.

        Raises:
            AgentError: nobody does.
            ChangeUndone: it was undone before.
            Unconfirmed: another one isn't confirmed yet.
        """
        if self._start is None:
            return
        if self._waiting is not None:
            if change != self._change:
                raise Unconfirmed("the change before it isn't confirmed yet; it follows")
            return
        undone, _ = _read(self._data)
        self._holds_back = undone == change
        if self._holds_back:
            raise ChangeUndone(UNDONE)
        guard = self._start(f"{change} {position.epoch} {position.revision}")
        self._change = change
        self._waiting = asyncio.get_running_loop().create_task(self._confirm(guard))

    def observing(self, position: Position) -> None:
        """The server had the host observe at this position: if it was later, what was undone may be tried again."""
        undone, at = _read(self._data)
        if undone is not None and (position.epoch, position.revision) > at:
            forget_roll_back(self._data)

    def was_taken_back(self) -> bool:
        """Whether a change that was held back as undone may be tried again, as root at the host said."""
        if self._holds_back and rolled_back(self._data) is None:
            self._holds_back = False
            return True
        return False

    async def _confirm(self, guard: Guard) -> None:
        """Tells the guard once a new connection to the server has come about; otherwise it ends this very process."""
        await asyncio.sleep(0)  # the commit comes first
        while True:
            try:
                async with self._server.exchange("GET", HEALTH_PATH, "", {}, b"", None):
                    break
            except ServerRefused:
                break  # it answered
            except AgentError as error:
                LOG.warning("no new connection to the server since the change, which will be undone: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
        guard.confirm()
        forget_roll_back(self._data)
        self._waiting = None
        self._confirmed()


def _read(data: Path) -> tuple[str | None, tuple[int, int]]:
    """The structure that was undone, None if none was, and the epoch and revision that brought it."""
    noted = rolled_back(data)
    if noted is None:
        return None, (0, 0)
    change, *position = noted.split(" ")
    if len(position) != 2 or not all(each.isdecimal() for each in position):
        return change, (0, 0)  # an older agent's
    return change, (int(position[0]), int(position[1]))
