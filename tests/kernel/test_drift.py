"""On a kernel that can't keep others out: what they do to our table is told, named, and put back at once."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import select
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest

import netns
from build import cidr, ingress, tcp, world
from ringwall.agent.conntrack import Prepared
from ringwall.agent.directory import AgentDirectory, Identity
from ringwall.agent.effects import Effects
from ringwall.agent.events import Events, ForeignCommit
from ringwall.agent.kernel import Kernel
from ringwall.agent.loop import Agent
from ringwall.agent.server import Server, ServerUrl
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint
from ringwall.domain.world import HostState
from ringwall.nft.objects import Chain, Ruleset
from ringwall.nft.transaction import AddChain, DeleteTable
from ringwall.watch.messages import Position, Report, Snapshot

pytestmark = [pytest.mark.kernel, netns.needs_kernel]
EMPTY = Ruleset({"c": Chain("c", ())})
IDENTITY = Identity("123456789012", "us-east-1", "i-host", "RWHKEXAMPLE", "secret", "store", "up0", "eni-1")
SECONDS = 20


@pytest.fixture
def ns() -> Iterator[netns.Namespace]:
    with netns.namespace("rw-drift") as made:
        yield made


@pytest.fixture
def kernel(ns: netns.Namespace) -> Iterator[Kernel]:
    with ns.enter():
        opened = Kernel(own=False)
    with opened:
        yield opened


@pytest.fixture
def events(ns: netns.Namespace, kernel: Kernel) -> Iterator[Events]:
    with ns.enter():
        watching = kernel.watch()
    assert watching is not None
    with closing(watching):
        yield watching


def told(events: Events) -> ForeignCommit:
    """The next commit, which is the only one."""
    assert select.select([events], [], [], SECONDS)[0]
    seen = events.read()
    assert seen is not None
    (commit,) = seen
    return commit


@pytest.mark.parametrize(
    ("command", "touches"),
    [
        ("add chain inet ringwall theirs", True),
        ("add rule inet ringwall c accept", True),
        ("delete table inet ringwall", True),
        ("flush ruleset", True),
        ("add table inet theirs; add chain inet theirs ringwall", False),
        ("add table ip other", False),
    ],
)
def test_each_commit_of_others_is_told_with_its_process(
    kernel: Kernel, events: Events, ns: netns.Namespace, command: str, touches: bool
) -> None:
    kernel.apply(None, EMPTY)
    process = ns.popen(["nft", command])
    assert process.wait(SECONDS) == 0
    commit = told(events)
    assert (commit.process, commit.pid, commit.touches) == ("nft", process.pid, touches)
    assert commit.who == f"nft (pid {process.pid})"
    assert commit.generation == kernel.generation()


def test_our_own_commits_wake_nobody(kernel: Kernel, events: Events, ns: netns.Namespace) -> None:
    applied = kernel.apply(None, EMPTY)
    for number in range(10):
        applied = kernel.apply(applied, Ruleset({f"c{number}": Chain(f"c{number}", ())}))
    assert not select.select([events], [], [], 0)[0]
    assert events.read() == ()
    ns.run(["nft", "add table inet theirs"])
    assert told(events).generation == applied.generation + 1


def test_what_doesnt_fit_is_known_to_be_lost(kernel: Kernel, events: Events, ns: netns.Namespace) -> None:
    """And the commits whose messages are incomplete may have been about our table."""
    events._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    rules = "".join(f"add rule inet theirs c tcp dport {port} accept\n" for port in range(1, 1_001))
    ns.run(["nft", "-f", "-"], input=f"add table inet theirs\nadd chain inet theirs c\n{rules}")
    assert None in (events.read(), events.read())
    while select.select([events], [], [], 0)[0]:
        events.read()
    ns.run(["nft", "add table inet others"])
    assert told(events).touches, "some of it may belong to what was lost"
    ns.run(["nft", "add table inet more"])
    assert not told(events).touches


def test_a_commit_is_noticed_within_ten_milliseconds(kernel: Kernel, events: Events, ns: netns.Namespace) -> None:
    kernel.apply(None, EMPTY)
    delays = []
    with ns.enter(), Kernel(own=False) as other:
        for number in range(50):
            other.commit((AddChain(f"theirs-{number}"),), None)
            done = time.perf_counter()
            assert told(events).touches
            delays.append(time.perf_counter() - done)
    median = sorted(delays)[25]
    print(f"noticed after {median * 1e6:.0f} us, at most {max(delays) * 1e6:.0f} us")
    assert median < 0.01


class Watched(Agent):
    """An agent whose reports can be read without a server."""

    async def report(self) -> Report | None:
        return await self._teller.report()


@asynccontextmanager
async def enforcing(path: Path, kernel: Kernel, state: HostState) -> AsyncIterator[Watched]:
    """An agent that loaded the state from its disk, and whose server is away."""
    directory = AgentDirectory(path)
    directory.save_state(Snapshot(Position("store", 1, 5), state), "0" * 64)
    effects = Effects(prepare_tracking=Prepared, drift_seconds=3600.0, delays=lambda: itertools.repeat(3600.0))
    server = Server(ServerUrl("http", "127.0.0.1", 1), None, frozenset((ControlEndpoint("127.0.0.1", 1),)))
    agent = Watched(IDENTITY, server, kernel, directory, effects=effects)
    running = asyncio.create_task(agent.run())
    try:
        while (report := await agent.report()) is None or not report.digest:
            await asyncio.sleep(0)
        yield agent
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def of_rules(count: int) -> HostState:
    return world(
        *(ingress(tcp(number % 60_000 + 1), cidr(f"10.{number >> 8}.{number & 255}.0/24"), f"sgr-{number}")
          for number in range(count)),
        mode=Mode.ENFORCE,
    )  # fmt: skip


def run(ns: netns.Namespace, test: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        await asyncio.wait_for(test(), 3 * SECONDS)

    with ns.enter():
        asyncio.run(in_time())


@pytest.mark.parametrize("rules", [10, 1_000])
@pytest.mark.parametrize(
    ("meddling", "verb"),
    [("flush ruleset", "flushed"), ("insert rule inet ringwall input accept", "changed")],
    ids=["flush", "insert"],
)
def test_a_foreign_change_is_put_back_within_a_second_and_its_process_named(
    tmp_path: Path, ns: netns.Namespace, kernel: Kernel, caplog: pytest.LogCaptureFixture,
    rules: int, meddling: str, verb: str,
) -> None:  # fmt: skip
    async def test() -> None:
        async with enforcing(tmp_path, kernel, of_rules(rules)) as agent:
            before = kernel.observe()
            assert before is not None
            nft = await asyncio.create_subprocess_exec("nft", meddling)
            at = await first(lambda: kernel.generation() > before.generation)
            put_back = await first(lambda: kernel.generation() > before.generation + 1)
            assert await nft.wait() == 0
            report = await agent.report()
            assert report is not None
            assert report.drift is not None
            seconds = put_back - at
            print(f"{verb} at {rules} rules: put back after {seconds * 1e3:.1f} ms")
            assert seconds < 1.0
            after = kernel.observe()
            assert after is not None
            assert (after.ruleset, after.foreign) == (before.ruleset, frozenset())
            if verb == "changed":
                assert after.handles == before.handles, "only what they did is undone"
            assert after.generation == before.generation + 2
            assert report.drift.by == (f"nft (pid {nft.pid})",)
            assert report.drift.sentence in report.problems
            assert f"nft (pid {nft.pid}) {verb} table inet ringwall: putting it back" in caplog.text

    with caplog.at_level(logging.INFO):
        run(ns, test)


def test_what_others_do_beside_our_table_costs_nothing_and_isnt_told(
    tmp_path: Path, ns: netns.Namespace, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings: list[float] = []

    async def test() -> None:
        async with enforcing(tmp_path, kernel, of_rules(10)) as agent:
            observe = kernel.observe
            monkeypatch.setattr(kernel, "observe", lambda: listings.append(time.time()) or observe())
            with Kernel(own=False) as other:
                other.commit((AddChain("theirs"),), None)
                await until(lambda: bool(listings))
                listings.clear()
                for number in range(20):
                    nft = await asyncio.create_subprocess_exec("nft", f"add table ip theirs{number}")
                    assert await nft.wait() == 0
                other.commit((DeleteTable(),), None)
                await until(lambda: bool(listings))
            assert len(listings) == 1
            report = await agent.report()
            assert report is not None
            assert report.drift is not None
            assert report.drift.by[0].endswith(f"(pid {os.getpid()})")

    run(ns, test)


async def first(condition: Callable[[], bool]) -> float:
    """When it was seen to hold, in seconds of a clock of its own."""
    await until(condition)
    return time.perf_counter()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0)
