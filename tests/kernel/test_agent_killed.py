"""A whole agent is killed between any two messages, sixty times, under a storm of changes and live traffic.

What it leaves in the kernel and on the disk is one of the states that it was sent, whole; what it reported was in the
kernel; no admitted packet is lost and no refused one comes through.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import agent_storm
import netns
import storm
import tiny_server
from build import HOST4, ingress, tcp, world
from lab import Lab, lab
from one_agent import at
from ringwall.agent.boot import Start, plan
from ringwall.agent.directory import AgentDirectory
from ringwall.agent.kernel import Kernel
from ringwall.compiler.compile import Compiled, compile_host
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.world import difference
from ringwall.watch.encoding import decode_report, encode
from ringwall.watch.messages import Delta, Report, Snapshot
from tiny_server import Got, TinyServer
from traffic import Traffic

pytestmark = [pytest.mark.kernel, netns.needs_kernel]
KILLS, PUMPS_MAX, AHEAD_MAX = 60, 150, 20


@pytest.fixture
def net() -> Iterator[Lab]:
    with lab() as made:
        yield made


class Storm:
    """The server: a snapshot of what is so, then changes without end. sent: which state is at each revision."""

    def __init__(self) -> None:
        self.states = storm.states()
        self.sent = [0]
        self.reports: list[Report] = []
        self._chance = random.Random(4)

    def answer(self, got: Got) -> AsyncIterator[bytes] | tuple[int, bytes]:
        """What the server answers."""
        if got.path == "/ringwall/v1/watch":
            return self._changes()
        if got.path == "/ringwall/v1/report":
            self.reports.append(decode_report(got.body))
        return 200, b"{}"

    async def _changes(self) -> AsyncIterator[bytes]:
        yield encode(Snapshot(at(len(self.sent) - 1), self.states[self.sent[-1]]))
        while True:
            before, after = self.sent[-1], self._chance.randrange(len(self.states))
            revision = len(self.sent)
            self.sent.append(after)
            delta = difference(self.states[before], self.states[after])
            yield encode(Delta(revision - 1, at(revision), delta))
            while revision > self.acknowledged + AHEAD_MAX:
                await asyncio.sleep(0)

    @property
    def acknowledged(self) -> int:
        """The last revision that was reported."""
        return self.reports[-1].position.revision if self.reports else 0


def test_an_agent_killed_between_any_two_messages_leaves_before_or_after(net: Lab, tmp_path: Path) -> None:
    net.enforce(world(*storm.KEPT, ingress(tcp(storm.REVOKED), storm.EVERYBODY, "sgr-revoked")))
    stream = net.connect(net.peer, HOST4, storm.ADMITTED_TCP)
    revoked = net.connect(net.peer, HOST4, storm.REVOKED)
    assert stream is not None
    assert revoked is not None
    net.enforce(storm.states()[0])
    datagrams, denied = (net.datagrams(net.peer, HOST4, port) for port in (storm.ADMITTED_UDP, storm.DENIED))
    traffic = Traffic(stream, datagrams, [revoked, denied])
    traffic.settle()
    net.kernel.close()
    told = Storm()

    async def kill_again_and_again() -> None:
        async with tiny_server.serving(told.answer) as tiny:
            await _killed(told, tiny, traffic, tmp_path)

    with net.host.enter():
        asyncio.run(asyncio.wait_for(kill_again_and_again(), 100))
    traffic.settle()
    assert (traffic.retransmitted, traffic.arrived, traffic.came_through) == (0, traffic.sent, 0)


async def _killed(told: Storm, tiny: TinyServer, traffic: Traffic, path: Path) -> None:
    local = LocalPolicy(control=frozenset((ControlEndpoint("127.0.0.1", tiny.port),)))
    compiled: list[Compiled] = [compile_host(state, local) for state in told.states]
    rulesets, digests = [each.ruleset for each in compiled], [each.digest for each in compiled]
    chance = random.Random()
    met, kept = set(), set()
    storms = await asyncio.create_subprocess_exec(
        sys.executable, agent_storm.__file__, str(path), str(tiny.port), stdin=-1, stdout=-1
    )
    assert storms.stdin is not None
    assert storms.stdout is not None
    try:
        with Kernel(own=False) as witness:
            for life in range(KILLS):
                before = len(told.reports)
                storms.stdin.write(b"\n")
                child = int(await storms.stdout.readline())
                # Every third one dies on its way to the server, or with its first messages.
                while life % 3 and len(told.reports) < before + 1:
                    traffic.pump()
                    await asyncio.sleep(0)
                for _ in range(chance.randrange(PUMPS_MAX)):
                    traffic.pump()
                    await asyncio.sleep(0)
                os.kill(child, signal.SIGKILL)
                traffic.pump()
                assert await storms.stdout.readline() == b"dead\n"
                found = witness.observe()
                assert found is not None
                assert (found.owner, found.foreign) == (0, frozenset())
                if life:  # the first one may have died before it did anything
                    met.add(rulesets.index(found.ruleset))
                planned = plan(AgentDirectory(path, writable=False), "store")
                if planned.start is not Start.NOTHING:
                    assert planned.start is Start.STATE, planned.why
                    assert planned.snapshot is not None
                    kept.add(planned.snapshot.position.revision)
                    number = told.sent[planned.snapshot.position.revision]
                    assert (planned.snapshot.state, planned.digest) == (told.states[number], digests[number])
    finally:
        storms.kill()
        await storms.wait()
    assert len(met) > 2, "the storm did something"
    assert len(kept) > 2
    print(f"{KILLS} kills, {len(told.sent)} changes, {len(told.reports)} reports, {len(kept)} states on the disk")
    for report in told.reports:
        # The stream of the one before it may have gone on: a gap, and so a resync.
        assert all("The server sent what changed since revision" in problem for problem in report.problems)
        assert report.digest == digests[told.sent[report.position.revision]]
