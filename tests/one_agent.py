"""One agent in the test's own process, with a real kernel in a namespace, and a server that says what the test says.

The server keeps the agent's reports. What it says may be bytes, so also what no server would say.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import netns
import tiny_server
from ringwall.agent.conntrack import Prepared
from ringwall.agent.directory import AgentDirectory, Identity
from ringwall.agent.effects import Effects
from ringwall.agent.interfaces import DeviceAddresses
from ringwall.agent.kernel import Kernel
from ringwall.agent.loop import Agent
from ringwall.agent.server import Server, ServerUrl
from ringwall.compiler.compile import Compiled, compile_host
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.world import HostState
from ringwall.nft.objects import Ruleset
from ringwall.watch.encoding import decode_report, encode
from ringwall.watch.messages import Message, Position, Report
from tiny_server import Got, TinyServer

IDENTITY = Identity("123456789012", "us-east-1", "i-1", "RWHKEXAMPLE", "secret", "store", "up0", "eni-1")

THERE = (DeviceAddresses("up0", "02:00:00:00:00:01", ("10.0.0.1/24",)),)
AT_REST = Effects(prepare_tracking=Prepared, read_interfaces=lambda: THERE, drift_seconds=0.05, retry_seconds=0.1)
"""An agent on a host without connections, whose interfaces stay as they are."""


def at(revision: int, epoch: int = 1, store_id: str = "store") -> Position:
    """A position in the one store."""
    return Position(store_id, epoch, revision)


def control_at(port: int) -> frozenset[ControlEndpoint]:
    """Where the agent's server is."""
    return frozenset((ControlEndpoint("127.0.0.1", port),))


def compiled(state: HostState, port: int) -> Compiled:
    """What the state is to an agent with its server at that port."""
    return compile_host(state, LocalPolicy(control=control_at(port)))


class Control:
    """The server's side: what each connection is told, and the reports that came."""

    def __init__(self) -> None:
        self.streams: list[asyncio.Queue[bytes | None]] = []
        self.reports: list[Report] = []

    def answer(self, got: Got) -> AsyncIterator[bytes] | tuple[int, bytes]:
        """What the server answers."""
        if got.path == "/ringwall/v1/watch":
            return self._stream()
        if got.path == "/ringwall/v1/report":
            self.reports.append(decode_report(got.body))
        return 200, b"{}"

    async def _stream(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams.append(queue)
        while (line := await queue.get()) is not None:
            yield line

    def say(self, *messages: Message | bytes | None) -> None:
        """To the last connection; None ends it."""
        for message in messages:
            line = message if message is None or isinstance(message, bytes) else encode(message)
            self.streams[-1].put_nowait(line)


@dataclass
class Stage:
    """An agent that runs, and all that it sees."""

    control: Control
    tiny: TinyServer
    kernel: Kernel
    agent: Agent
    directory: AgentDirectory
    running: asyncio.Task[None]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns once the condition holds, while the agent lives."""
        await self.tiny.until(lambda: self.running.done() or condition())
        if self.running.done():
            await self.running
        assert not self.running.done()

    async def connected(self, times: int = 1) -> None:
        """Returns once the agent has asked for its stream so often."""
        await self.until(lambda: len(self.control.streams) >= times)

    async def in_force(self, revision: int) -> Report:
        """The first report that says so."""

        def found() -> Report | None:
            return next((r for r in self.control.reports if r.digest and r.position.revision >= revision), None)

        await self.until(lambda: found() is not None)
        report = found()
        assert report is not None
        return report

    async def told(self, words: str) -> Report:
        """The last report, once it has a problem with these words."""

        def is_told() -> bool:
            return bool(self.control.reports) and any(words in each for each in self.control.reports[-1].problems)

        await self.until(is_told)
        return self.control.reports[-1]

    async def well(self) -> Report:
        """The last report, once it has no problem."""
        await self.until(lambda: bool(self.control.reports) and not self.control.reports[-1].problems)
        return self.control.reports[-1]

    def expected(self, state: HostState) -> Ruleset:
        """What the kernel should have for the state."""
        return compiled(state, self.tiny.port).ruleset

    def has(self, state: HostState) -> bool:
        """Whether the kernel has exactly this."""
        found = self.kernel.observe()
        return found is not None and not found.foreign and found.ruleset == self.expected(state)


@asynccontextmanager
async def staged(
    path: Path, *, own: bool = True, effects: Effects = AT_REST, before: Callable[[Kernel, int], None] | None = None
) -> AsyncIterator[Stage]:
    """An agent in the network namespace that the calling thread is in, for the length of the block."""
    control = Control()
    async with tiny_server.serving(control.answer) as tiny:
        with Kernel(own=own) as kernel:
            directory = AgentDirectory(path)
            server = Server(ServerUrl("http", "127.0.0.1", tiny.port), None, control_at(tiny.port))
            if before is not None:
                before(kernel, tiny.port)
            used = replace(effects, delays=lambda: itertools.repeat(0.0))
            agent = Agent(IDENTITY, server, kernel, directory, effects=used)
            running = asyncio.create_task(agent.run())
            try:
                yield Stage(control, tiny, kernel, agent, directory, running)
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running


def play(
    ns: netns.Namespace,
    path: Path,
    test: Callable[[Stage], Awaitable[None]],
    *,
    own: bool = True,
    effects: Effects = AT_REST,
    before: Callable[[Kernel, int], None] | None = None,
) -> None:
    """The test, with an agent in the namespace, within 30 s.

    before: done with the agent's own kernel and the server's port, before the agent starts.
    """

    async def on_stage() -> None:
        async with staged(path, own=own, effects=effects, before=before) as stage:
            await test(stage)

    with ns.enter():
        tiny_server.run(on_stage)
