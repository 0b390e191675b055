"""What the server is told: a report of what came of its messages, and the addresses of the host's interfaces."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState
from ringwall.telemetry import LOG
from ringwall.watch.encoding import encode_report
from ringwall.watch.messages import TABLE_OWNER, Drift, Report, Unadmitted

from .attachments import Bound
from .binding import Binder
from .confirming import own_devices
from .desired import Received
from .directory import Identity
from .effects import Effects
from .enroll import interfaces_json, refused_sentences
from .errors import AgentError, Problems, reason
from .in_force import InForce
from .interfaces import DeviceAddresses, Moves, missing_sentences
from .server import Server
from .stream import ADDRESSES_PATH, REPORT_PATH

PROBLEMS_MAX: Final = 50
"""A report says at most so many; what made the first ones makes the others."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the host stands when a report is made.

    held: the digest of what was committed of a state whose structural change was undone, or empty. bound: what the
    devices were when it was committed. owns: whether the table is the agent's alone. draining: counts the flows that
    are left, by rule. beside: sentences of the host and of others on it. others: of what else the agent does.
    """

    received: Received | None
    in_force: InForce | None
    held: str
    bound: Bound | None
    local: LocalPolicy
    owns: bool
    drift: Drift | None
    draining: Callable[[], Mapping[str, int]]
    beside: tuple[str, ...]
    others: tuple[str, ...]


class Teller:
    """Tells the server whenever there is something to tell. standing: how the host stands, when it is asked."""

    def __init__(
        self,
        server: Server,
        identity: Identity,
        effects: Effects,
        binder: Binder,
        problems: Problems,
        standing: Callable[[], Standing],
    ) -> None:
        self._server = server
        self._key = identity.key
        self._effects = effects
        self._binder = binder
        self._problems = problems
        self._standing = standing
        self._moves = Moves()
        self._told_addresses: tuple[DeviceAddresses, ...] | None = None
        self._to_tell = asyncio.Event()

    def tell(self) -> None:
        """There is something to tell."""
        self._to_tell.set()

    async def run(self) -> None:
        """Tells until cancelled; what can't be told waits for the next occasion."""
        while True:
            await self._to_tell.wait()
            self._to_tell.clear()
            for tell in (self._tell_addresses, self._tell_report):
                try:
                    await tell()
                except AgentError as error:  # the next message brings the next attempt
                    LOG.warning("not told: %s", error)

    def moved(self, state: HostState) -> None:
        """Devices or addresses changed: if they were the host's own, or concern a container, that is told."""
        before = self._problems.get("interfaces")
        found = self._look_at_addresses(state)
        if found != self._told_addresses or before != self._problems.get("interfaces"):
            self._to_tell.set()

    async def _tell_addresses(self) -> None:
        """The addresses of the host's interfaces, when they aren't what the server was told last."""
        received = self._standing().received
        if received is None:
            return
        found = self._look_at_addresses(received.state)
        if found is not None and found != self._told_addresses:
            content = json.dumps({"interfaces": interfaces_json(found)}).encode()
            answer = await self._server.post(ADDRESSES_PATH, content, self._key)
            self._problems["addresses"] = refused_sentences(answer)
            self._told_addresses = found

    def _look_at_addresses(self, state: HostState) -> tuple[DeviceAddresses, ...] | None:
        """The host's own interfaces with their addresses; None where they can't be read.

        A device that is missing, and an address that is elsewhere, become problems.
        """
        try:
            everything = self._effects.read_interfaces()
        except OSError as error:
            self._problems["addresses"] = (f"The host's addresses can't be read: {reason(error)}",)
            return None
        devices = {device for _, device in own_devices(state)}
        self._problems["interfaces"] = (
            *missing_sentences(devices, everything),
            *self._moves.sentences(state.interfaces.values(), everything),
        )
        return tuple(item for item in everything if item.device in devices)

    async def _tell_report(self) -> None:
        report = await self.report()
        if report is not None:
            await self._server.post(REPORT_PATH, encode_report(report), self._key)

    async def report(self) -> Report | None:
        """What came of what the server said last; None before it has said anything."""
        self._note_room()
        standing = self._standing()
        received, in_force = standing.received, standing.in_force
        problems = self._sentences(standing)
        capabilities = (TABLE_OWNER,) if standing.owns else ()
        if in_force is None:
            if received is None:
                return None
            return Report(
                received.position, received.state.mode.value, "", 0.0, received.received_at, tuple(problems),
                capabilities=capabilities, drift=standing.drift,
            )  # fmt: skip
        received = in_force.received
        unadmitted: tuple[Unadmitted, ...] = ()
        try:
            unadmitted = await self._unadmitted(received.state, standing.local)
        except OSError as error:
            problems.append(f"What enforcing would end can't be told: {reason(error)}")
        return Report(
            position=received.position,
            mode=received.state.mode.value,
            digest=standing.held or in_force.digest,
            in_force_at=in_force.at,
            received_at=received.received_at,
            problems=tuple(problems),
            committed_at=received.committed_at,
            unadmitted=unadmitted,
            draining=standing.draining(),
            interfaces=standing.bound.in_force if standing.bound else (),
            capabilities=capabilities,
            drift=standing.drift,
        )

    def _note_room(self) -> None:
        room = self._effects.read_room()
        if room is None or not room.is_filling:
            self._problems.pop("room", None)
            return
        if "room" not in self._problems:
            LOG.warning("%s", room.sentence)
        self._problems["room"] = (room.sentence,)

    def _sentences(self, standing: Standing) -> list[str]:
        """What the operator should know, at most so many of the problems."""
        known = (problem for several in self._problems.values() for problem in several)
        sentences = [*standing.beside, *known][:PROBLEMS_MAX]
        if standing.drift is not None and "commit" not in self._problems:
            sentences.append(standing.drift.sentence)
        return [*sentences, *standing.others]

    async def _unadmitted(self, state: HostState, local: LocalPolicy) -> tuple[Unadmitted, ...]:
        """What enforcing would end, of a host that observes.

        Raises:
            OSError: its connections can't be read.
        """
        if state.mode is not Mode.OBSERVE:
            return ()
        bound = self._binder.bound(state)
        return await asyncio.to_thread(self._effects.would_end, bound.state, replace(local, endpoints=bound.endpoints))
