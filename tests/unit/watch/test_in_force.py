"""What is in force on a host as far as its reports say so, since when, and who is woken by that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import pytest

from ringwall.domain.change import Change, ChangeRecord, HostModeChanged, HostRemoved, TagsChanged
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostState
from ringwall.watch.history import ENTRIES_MAX, History
from ringwall.watch.hub import Hub
from ringwall.watch.messages import Message, Position, Report

HERE, AWAY = "i-1", "i-2"


class World:
    """A store whose only changes are the modes of its hosts, the hub on it, and a clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.log: list[ChangeRecord] = []
        self.modes = {HERE: Mode.OBSERVE, AWAY: Mode.OBSERVE}
        self.hub = Hub(self._load, lambda revision: self.log[revision:], KeyError, 0, clock=lambda: self.now)
        self.streams: list[AsyncGenerator[Message, None]] = []

    async def connect(self, host_id: str = HERE, after: Position | None = None) -> AsyncGenerator[Message, None]:
        """The host's stream, its snapshot read."""
        stream = self.hub.watch(host_id, after)
        self.streams.append(stream)
        await anext(stream)
        return stream

    def change(self, change: Change) -> int:
        """The revision of a change that the hub has heard of."""
        self.log.append(ChangeRecord(len(self.log) + 1, "123456789012", "us-east-1", (change,), self.now))
        self.hub.wake(len(self.log))
        return len(self.log)

    def switch(self, host_id: str = HERE) -> int:
        """The revision of a change that has an effect on the host."""
        self.modes[host_id] = Mode.ENFORCE if self.modes[host_id] is Mode.OBSERVE else Mode.OBSERVE
        return self.change(HostModeChanged(host_id, self.modes[host_id].value))

    def report(self, revision: int, host_id: str = HERE, **different: Any) -> None:
        """The host says that it has the revision, since now."""
        position = Position(different.pop("store_id", "store"), different.pop("epoch", 1), revision)
        told = {"digest": "d", "in_force_at": self.now, "received_at": self.now} | different
        self.hub.report(host_id, Report(position, "observe", **told))

    def _load(self, host_id: str) -> tuple[Position, HostState] | None:
        if host_id not in self.modes:
            return None
        return Position("store", 1, len(self.log)), HostState(host_id, self.modes[host_id])


def run(test: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    """The test on a loop of its own."""

    async def bounded() -> None:
        world = World()
        async with asyncio.timeout(20):
            await test(world)
        for stream in world.streams:
            await stream.aclose()

    asyncio.run(bounded())


def test_what_is_in_force_is_what_was_reported_and_then_whatever_does_not_concern_the_host() -> None:
    async def test(world: World) -> None:
        assert world.hub.revision_in_force(HERE) is None
        stream = await world.connect()
        assert world.hub.revision_in_force(HERE) is None, "it was told, and hasn't answered"
        world.report(0)
        assert world.hub.revision_in_force(HERE) == 0
        assert world.switch(AWAY) == 1
        assert world.hub.revision_in_force(HERE) == 1, "it needs no word for what doesn't concern it"
        assert world.switch() == 2
        assert world.hub.revision_in_force(HERE) == 0, "from now on it is behind"
        await anext(stream)
        assert world.hub.revision_in_force(HERE) == 0, "it was told"
        world.report(2)
        assert world.hub.revision_in_force(HERE) == 2
        await stream.aclose()
        world.change(TagsChanged(("sg-1",)))
        assert world.hub.revision_in_force(HERE) == 2, "it is away, and what comes now may concern it"

    run(test)


@pytest.mark.parametrize(
    "different",
    [{"digest": ""}, {"store_id": "another"}, {"epoch": 2}, {"revision": 4}],
    ids=["nothing is loaded", "of another store", "of another epoch", "ahead of a store restored from a backup"],
)
def test_a_report_that_says_nothing_of_this_store(different: dict[str, Any]) -> None:
    async def test(world: World) -> None:
        world.switch()
        await world.connect()
        world.report(**({"revision": 1} | different))
        assert world.hub.revision_in_force(HERE) is None
        assert not world.hub.status(HERE).is_up_to_date
        world.report(1)
        assert world.hub.revision_in_force(HERE) == 1

    run(test)


def test_of_two_agents_with_one_key_nothing_is_known() -> None:
    async def test(world: World) -> None:
        for _ in range(4):
            await world.connect()
        world.report(0)
        assert world.hub.revision_in_force(HERE) is None
        world.now += 100
        assert world.hub.revision_in_force(HERE) == 0

    run(test)


def test_since_when_and_how_late() -> None:
    async def test(world: World) -> None:
        stream = await world.connect()
        world.report(0)
        stored = world.now
        assert world.switch() == 1
        await anext(stream)
        world.now += 0.25
        assert world.hub.in_force_since(HERE, 1) is None
        world.report(1, committed_at=stored, in_force_at=5.0)  # its own clock is wrong, which changes nothing
        assert world.hub.in_force_since(HERE, 1) == 1000.25
        assert world.hub.status(HERE).lag_seconds == 0.25
        world.now += 60
        world.report(1, committed_at=stored, in_force_at=5.0)  # with a heartbeat
        world.report(1, committed_at=stored, in_force_at=9.0)  # after a commit of the agent's own
        assert world.hub.in_force_since(HERE, 1) == 1000.25
        assert world.hub.status(HERE).lag_seconds == 0.25

    run(test)


def test_what_a_host_had_before_the_server_started_has_no_time() -> None:
    async def test(world: World) -> None:
        for _ in range(3):
            world.switch()
        await world.connect(after=Position("store", 1, 2))
        world.report(
            2, committed_at=1.0, in_force_at=1.0
        )  # the agent's word of the last stream, on its way when this one began
        world.report(3)
        assert [world.hub.in_force_since(HERE, revision) for revision in (1, 2, 3)] == [None, None, 1000.0]
        assert world.hub.status(HERE).lag_seconds is None

    run(test)


@pytest.mark.parametrize(("had", "in_force"), [(None, None), (0, None), (1, 1)])
def test_a_new_agent_that_knows_less_than_the_last_reported_isnt_up_to_date_before_it_reports(
    had: int | None, in_force: int | None
) -> None:
    """The kernel may have begun anew, from what the disk had; the same agent that reconnects knows what it reported."""

    async def test(world: World) -> None:
        stream = await world.connect()
        world.switch()
        await anext(stream)
        world.report(1)
        await stream.aclose()
        await world.connect(after=None if had is None else Position("store", 1, had))
        assert world.hub.revision_in_force(HERE) == in_force
        world.report(1)
        assert world.hub.status(HERE).is_up_to_date

    run(test)


def test_a_history_forgets_its_oldest_commits_and_says_nothing_of_them() -> None:
    history = History()
    reports = [Report(Position("s", 1, 10 * number), "enforce", "d", float(number), 1.0) for number in range(1, 66)]
    for number, report in enumerate(reports):
        history.note(report, 100.0 + number)
    assert len(reports) == ENTRIES_MAX + 1
    assert [history.since(revision) for revision in (1, 10, 11, 20, 650, 651)] == [
        None, None, 101.0, 101.0, 164.0, None,
    ]  # fmt: skip
    history.note(Report(Position("s", 2, 11), "enforce", "d", 99.0, 1.0), 900.0)  # another epoch
    assert history.since(11) == 900.0


def test_who_waits_is_woken_by_the_last_report_that_is_needed() -> None:
    async def test(world: World) -> None:
        here, away = await world.connect(HERE), await world.connect(AWAY)
        world.report(0, HERE)
        world.report(0, AWAY)
        needed = {HERE: world.switch(HERE), AWAY: world.switch(AWAY)}
        first = asyncio.create_task(world.hub.until_in_force(needed, 1, 60))
        both = asyncio.create_task(world.hub.until_in_force(needed, 2, 60))
        await anext(here)
        await anext(away)
        world.report(1, HERE)
        await first
        assert not both.done()
        world.report(1, HERE)  # once more: it counts once
        await asyncio.sleep(0)
        assert not both.done()
        world.report(2, AWAY)
        await both
        await world.hub.until_in_force(needed, 2, 60)
        assert not world.hub._awaited

    run(test)


@pytest.mark.parametrize("ends", ["time", "removal", "stop"])
def test_a_wait_ends_with_time_with_a_removal_and_with_the_server(ends: str) -> None:
    async def test(world: World) -> None:
        await world.connect()
        seconds = 0.001 if ends == "time" else 60
        waiting = asyncio.create_task(world.hub.until_in_force({HERE: 1}, 1, seconds))
        await asyncio.sleep(0)
        if ends == "removal":
            world.change(HostRemoved(HERE, "eni-1", ()))
        elif ends == "stop":
            world.hub.close()
            await world.hub.until_in_force({HERE: 1}, 1, 60)
        await waiting
        assert not world.hub._awaited

    run(test)
