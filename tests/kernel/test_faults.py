"""What can go wrong between a message and the kernel, with a real kernel: each ends in before or after, never between.

And in words: the agent's report says what is wrong for as long as it is, and no longer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

import netns
from build import cidr, ingress, tcp, world
from one_agent import AT_REST, Stage, at, play
from ringwall.agent.confirming import structure
from ringwall.agent.directory import ROLLED_BACK
from ringwall.agent.events import Events
from ringwall.agent.guard import Guard
from ringwall.agent.kernel import SO_SNDBUFFORCE, Kernel
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostDelta, difference
from ringwall.nft.expressions import Verdict
from ringwall.nft.objects import Rule
from ringwall.nft.ruleset import Committed
from ringwall.nft.transaction import AddChain, AddRule, Transaction
from ringwall.watch.encoding import encode
from ringwall.watch.messages import MESSAGE_BYTES_MAX, Delta, Heartbeat, Message, Snapshot

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

EVERYBODY = cidr("10.0.0.0/8")
BEFORE = world(*(ingress(tcp(port), EVERYBODY, f"sgr-{port}") for port in range(20, 40)))
AFTER = world(*(ingress(tcp(port), EVERYBODY, f"sgr-{port}") for port in range(21, 41)))
CHANGE = difference(BEFORE, AFTER)
SELDOM = replace(AT_REST, drift_seconds=3600.0)
"""Nothing but an event makes the agent look."""
MANY = world(*(ingress(tcp(port), EVERYBODY, f"sgr-{port}") for port in range(1, 3_001)))


@pytest.fixture
def ns() -> Iterator[netns.Namespace]:
    with netns.namespace("rw-fault") as made:
        yield made


async def began(stage: Stage) -> None:
    """The host enforces the state before."""
    await stage.connected()
    stage.control.say(Snapshot(at(5), BEFORE))
    assert (await stage.in_force(5)).problems == ()
    assert stage.has(BEFORE)


CHANGED = encode(Delta(5, at(6), CHANGE))
BROKEN = {
    "cut short": CHANGED[:-20] + b"\n",
    "not JSON": b"\x00\xff\xfe garbage\n",
    "JSON that is no message": b'{"kind": "delta", "rules": 7}\n',
    "nested too deep": b"[" * 100_000 + b"\n",
    "two in a line": CHANGED.strip() + CHANGED,
    "without an end": b'{"' + b"x" * MESSAGE_BYTES_MAX,
    "a snapshot cut short": encode(Snapshot(at(9), AFTER))[:-30] + b"\n",
}
REFUSED: dict[str, Message] = {
    "a gap": Delta(6, at(7), CHANGE),
    "out of order": Delta(4, at(6), CHANGE),
    "older": Snapshot(at(4), AFTER),
    "an older epoch": Snapshot(at(9, epoch=0), AFTER),
    "of another store": Snapshot(at(9, store_id="other"), AFTER),
    "of another account's host": Snapshot(at(9), replace(AFTER, host_id="i-2")),
    "a change of what isn't there": Delta(5, at(6), HostDelta(rules={("sg-9", "sgr-1"): None})),
}


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN)
def test_what_is_no_message_changes_nothing_is_told_and_leads_to_a_resync(
    ns: netns.Namespace, tmp_path: Path, line: bytes
) -> None:
    async def test(stage: Stage) -> None:
        await began(stage)
        before = stage.kernel.observe()
        stage.control.say(line)
        await stage.connected(times=2)
        assert "is no message" in " ".join((await stage.told("The server sent")).problems)
        assert stage.kernel.observe() == before
        stage.control.say(Snapshot(at(7), AFTER))
        await stage.in_force(7)
        await stage.well()
        assert stage.has(AFTER)

    play(ns, tmp_path, test)


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED)
def test_what_must_not_be_followed_changes_nothing_is_told_and_leads_to_a_resync(
    ns: netns.Namespace, tmp_path: Path, message: Message
) -> None:
    async def test(stage: Stage) -> None:
        await began(stage)
        before = stage.kernel.observe()
        stage.control.say(message)
        await stage.connected(times=2)
        report = await stage.told("")
        assert (report.position, bool(report.digest)) == (at(5), True)
        assert stage.kernel.observe() == before
        stage.control.say(Snapshot(at(7), AFTER))  # also where the log was compacted meanwhile
        await stage.in_force(7)
        await stage.well()
        assert stage.has(AFTER)

    play(ns, tmp_path, test)


def test_a_change_that_comes_twice_is_done_once(ns: netns.Namespace, tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await began(stage)
        stage.control.say(CHANGED)
        await stage.in_force(6)
        done = stage.kernel.observe()
        stage.control.say(CHANGED)
        await stage.connected(times=2)
        stage.control.say(Snapshot(at(6), AFTER))
        await stage.well()
        assert stage.has(AFTER)
        assert stage.kernel.observe() == done

    play(ns, tmp_path, test)


@pytest.mark.parametrize("own", [True, False], ids=["owned", "not owned"])
def test_an_answer_that_doesnt_fit_is_looked_after(
    ns: netns.Namespace, tmp_path: Path, caplog: pytest.LogCaptureFixture, own: bool
) -> None:
    """ENOBUFS: the kernel has committed, and only listing the table tells."""

    async def test(stage: Stage) -> None:
        await began(stage)
        stage.kernel._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        stage.control.say(Delta(5, at(6), difference(BEFORE, MANY)))
        assert (await stage.in_force(6)).problems == ()
        assert "the kernel's answer was lost: No buffer space available" in caplog.text
        assert stage.has(MANY)

    play(ns, tmp_path, test, own=own)


def test_others_commits_that_dont_fit_hide_no_change_of_our_table(ns: netns.Namespace, tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await began(stage)
        events = stage.agent._committer._lookout._events
        assert isinstance(events, Events)
        events._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        rules = "".join(f"add rule inet theirs c tcp dport {port} accept\n" for port in range(1, 1_001))
        for ours in ("delete table inet ringwall", "insert rule inet ringwall input accept"):
            # One commit, of which the kernel can tell only a part: theirs and ours.
            nft = await asyncio.create_subprocess_exec("nft", "-f", "-", stdin=subprocess.PIPE)
            await nft.communicate(f"add table inet theirs\nadd chain inet theirs c\n{rules}{ours}\n".encode())
            assert nft.returncode == 0
            await stage.until(lambda: stage.has(BEFORE))
        await stage.told("table inet ringwall")

    play(ns, tmp_path, test, own=False, effects=SELDOM)


def test_commits_of_others_that_cross_ours_cost_attempts_and_nothing_else(ns: netns.Namespace, tmp_path: Path) -> None:
    """The generation conflict: whoever commits between our look and our commit has it refused and made anew."""
    crossed: list[int] = []

    async def test(stage: Stage) -> None:
        await began(stage)
        commit = stage.kernel.commit
        with Kernel(own=False) as other:

            def crossing(transaction: Transaction, generation: int | None) -> Committed:
                if len(crossed) % 3 < 2:
                    ours = len(crossed) % 2 == 0
                    theirs = AddRule("input", Rule((Verdict("accept"),))) if ours else AddChain("theirs")
                    other.commit((theirs,), None)
                crossed.append(1)
                return commit(transaction, generation)

            stage.kernel.commit = crossing  # type: ignore[method-assign]
            states = [AFTER, BEFORE] * 5
            for revision, (old, new) in enumerate(pairwise([BEFORE, *states]), start=6):
                stage.control.say(Delta(revision - 1, at(revision), difference(old, new)))
                await stage.in_force(revision)
                assert stage.has(new)
        assert len(crossed) > len(states)

    play(ns, tmp_path, test, own=False, effects=SELDOM)


@pytest.mark.parametrize("own", [True, False], ids=["owned", "not owned"])
def test_a_batch_that_isnt_taken_leaves_before_and_goes_in_once_it_can(
    ns: netns.Namespace, tmp_path: Path, own: bool
) -> None:
    """EMSGSIZE, and no word from the server: the agent tries again by itself."""

    async def test(stage: Stage) -> None:
        await began(stage)
        before = stage.kernel.observe()
        stage.kernel._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        stage.control.say(Delta(5, at(6), difference(BEFORE, MANY)))
        report = await stage.told("Revision 6 is not in force")
        assert (report.position, bool(report.digest)) == (at(5), True)
        assert stage.kernel.observe() == before
        stage.kernel._socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20)
        await stage.in_force(6)
        await stage.well()
        assert stage.has(MANY)

    play(ns, tmp_path, test, own=own)


def test_a_flush_while_a_change_isnt_taken_is_put_back_as_it_was_before(ns: netns.Namespace, tmp_path: Path) -> None:
    """A change that can't go in is no reason to leave the host open."""

    async def test(stage: Stage) -> None:
        await began(stage)
        stage.kernel._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # enough for BEFORE
        stage.control.say(Delta(5, at(6), difference(BEFORE, MANY)))
        await stage.told("Revision 6 is not in force")
        for meddling in ("flush ruleset", "insert rule inet ringwall input accept"):
            nft = await asyncio.create_subprocess_exec("nft", meddling)
            assert await nft.wait() == 0
            await stage.until(lambda: stage.has(BEFORE))
        stage.kernel._socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20)
        await stage.in_force(6)
        assert stage.has(MANY)

    play(ns, tmp_path, test, own=False)


def test_a_change_that_was_undone_is_told_once_and_keeps_what_was_before(
    ns: netns.Namespace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line and a problem; no attempt every two seconds. What was in force stays in force, also against others."""
    observed = replace(BEFORE, mode=Mode.OBSERVE)

    def guard(_: str) -> Guard:
        raise AssertionError("it isn't tried again")

    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), observed))
        await stage.in_force(5)
        (tmp_path / ROLLED_BACK).write_text(f"{structure(BEFORE, LocalPolicy())} 1 6")
        with caplog.at_level(logging.INFO):
            stage.control.say(Delta(5, at(6), HostDelta(mode=Mode.ENFORCE)))
            report = await stage.told("undone")
            assert (report.position, report.mode) == (at(5), "observe")
            for revision in range(7, 10):
                stage.control.reports.clear()
                stage.control.say(Heartbeat(at(revision)))
                await stage.told("undone")
            nft = await asyncio.create_subprocess_exec("nft", "flush ruleset")
            assert await nft.wait() == 0
            await stage.until(lambda: stage.has(observed))
        said = [record for record in caplog.records if "undone" in record.getMessage()]
        assert len(said) == 1
        assert not any(record.exc_info for record in caplog.records)
        assert stage.agent._retry_at is None
        stage.control.say(Delta(9, at(10), HostDelta(mode=Mode.OBSERVE)))
        assert "undone" not in " ".join((await stage.in_force(10)).problems)

    play(ns, tmp_path, test, own=False, effects=replace(SELDOM, guard=guard))


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_a_clock_that_jumps_delays_and_hastens_nothing(ns: netns.Namespace, tmp_path: Path, jump: float) -> None:
    """The retry of a commit waits for time that passes, not for what a clock says."""
    shifted = [0.0]

    async def test(stage: Stage) -> None:
        await began(stage)
        stage.kernel._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        stage.control.say(Delta(5, at(6), difference(BEFORE, MANY)))
        await stage.told("Revision 6 is not in force")
        shifted[0] = jump
        stage.kernel._socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20)
        began_at = time.monotonic()
        await stage.in_force(6)
        assert stage.has(MANY)
        assert time.monotonic() - began_at < 10

    play(ns, tmp_path, test, effects=replace(AT_REST, clock=lambda: time.time() + shifted[0]))
