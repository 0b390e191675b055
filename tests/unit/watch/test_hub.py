"""What a watcher receives adds up to the state that the store has, whatever happens and however slowly it reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import host_states
from ringwall.domain.change import (
    AddressesChanged,
    Change,
    ChangeRecord,
    GroupCreated,
    GroupDeleted,
    HostEnrolled,
    HostModeChanged,
    HostRemoved,
    InterfaceGroupsChanged,
    RulesAdded,
    RulesRemoved,
    TagsChanged,
)
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.peer import PeerKind
from ringwall.domain.world import HostDelta, HostGroup, HostInterface, HostState, merge
from ringwall.watch.hub import Hub
from ringwall.watch.messages import Delta, Heartbeat, Message, Position, Report, Snapshot


class Dropped(Exception):
    """The log no longer reaches back."""


class Model:
    """A store in a few dictionaries: groups, interfaces with one address each, hosts of one interface, a log."""

    def __init__(self) -> None:
        self.revision = 0
        self.log: list[ChangeRecord] = []
        self.compacted = 0
        self.loads = 0
        self.rules: dict[str, dict[str, SecurityGroupRule]] = {"sg-a": {}, "sg-b": {}, "sg-m": {}}
        self.attached: dict[str, tuple[str, ...]] = {"i-1": ("sg-a",), "i-2": ("sg-m",)}
        self.addresses: dict[str, tuple[str, ...]] = {"i-1": ("10.0.0.1",), "i-2": ("10.0.0.2",)}
        self.modes: dict[str, Mode] = {"i-1": Mode.OBSERVE, "i-2": Mode.OBSERVE}

    def commit(self, *changes: Change) -> int:
        self.revision += 1
        self.log.append(ChangeRecord(self.revision, "123456789012", "us-east-1", changes, committed_at=900.0))
        return self.revision

    def changes_since(self, revision: int) -> Sequence[ChangeRecord]:
        if revision < self.compacted:
            raise Dropped
        return [record for record in self.log if record.revision > revision][:3]

    def load(self, host_id: str) -> tuple[Position, HostState] | None:
        self.loads += 1
        if host_id not in self.attached:
            return None
        groups = {i: HostGroup(i, i, dict(self.rules[i])) for i in self.attached[host_id] if i in self.rules}
        peers = [rule.peer for group in groups.values() for rule in group.rules.values()]
        named = {peer.value for peer in peers if peer.kind is PeerKind.GROUP}
        state = HostState(
            host_id=host_id,
            mode=self.modes[host_id],
            interfaces={
                f"eni-{host_id}": HostInterface(
                    f"eni-{host_id}", "up0", self.addresses[host_id], self.attached[host_id]
                )
            },
            groups=groups,
            members={
                group_id: frozenset(
                    address
                    for other, attached in self.attached.items()
                    if group_id in attached
                    for address in self.addresses[other]
                )
                for group_id in named
            },
            prefix_lists={
                peer.value: frozenset(["192.0.2.0/24"]) for peer in peers if peer.kind is PeerKind.PREFIX_LIST
            },
        )
        return Position("store", 1, self.revision), state

    def add(self, rule: SecurityGroupRule) -> None:
        self.rules[rule.group_id][rule.rule_id] = rule
        self.commit(RulesAdded(rule.group_id, (rule,)))

    def remove(self, group_id: str, rule_id: str) -> None:
        if rule := self.rules[group_id].pop(rule_id, None):
            self.commit(RulesRemoved(group_id, (rule,)))

    def attach(self, host_id: str, group_ids: tuple[str, ...]) -> None:
        before, self.attached[host_id] = self.attached[host_id], group_ids
        self.commit(InterfaceGroupsChanged(f"eni-{host_id}", before, group_ids))

    def move(self, host_id: str, address: str) -> None:
        self.addresses[host_id] = (address,)
        self.commit(AddressesChanged(f"eni-{host_id}", self.attached[host_id]))

    def switch(self, host_id: str, mode: Mode) -> None:
        self.modes[host_id] = mode
        self.commit(HostModeChanged(host_id, mode))

    def enrol(self, host_id: str) -> None:
        self.attached[host_id], self.addresses[host_id], self.modes[host_id] = ("sg-m",), ("10.0.0.9",), Mode.OBSERVE
        self.commit(HostEnrolled(host_id, f"eni-{host_id}", ("sg-m",)))

    def retire(self, host_id: str) -> None:
        attached = self.attached.pop(host_id)
        self.commit(HostRemoved(host_id, f"eni-{host_id}", attached))

    def compact(self) -> None:
        self.compacted = self.revision


class Receiver:
    """What an agent does with the stream: checks that it follows, and adds it up."""

    def __init__(self, stream: AsyncIterator[Message]) -> None:
        self._stream = stream
        self.heard: list[Message] = []
        self.state: HostState | None = None
        self.position: Position | None = None

    async def next(self) -> Message:
        message = await anext(self._stream)
        match message:
            case Snapshot(state=state):
                self.state = state
            case Delta(base_revision=base, delta=delta):
                assert self.state is not None
                assert self.position is not None
                assert base == self.position.revision
                self.state = merge(self.state, delta)
            case Heartbeat():
                pass
        assert self.position is None or message.position.revision >= self.position.revision
        self.position = message.position
        self.heard.append(message)
        return message

    async def until(self, revision: int) -> None:
        while self.position is None or self.position.revision < revision:
            await self.next()


def hub_of(model: Model, heartbeat_seconds: float = 0.001, log_records_max: int = 1024) -> Hub:
    return Hub(
        model.load,
        model.changes_since,
        Dropped,
        model.revision,
        clock=lambda: 1000.0,
        heartbeat_seconds=heartbeat_seconds,
        log_records_max=log_records_max,
    )


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(bounded())


RULE = SecurityGroupRule(
    "sgr-1",
    "sg-a",
    host_states.Direction.INGRESS,
    host_states.Traffic("tcp", 22, 22),
    host_states.Peer(PeerKind.CIDR_IPV4, "10.0.0.0/8"),
)
BY_GROUP = replace(RULE, rule_id="sgr-2", peer=host_states.Peer(PeerKind.GROUP, "sg-m"))

group_ids = st.sampled_from(["sg-a", "sg-b", "sg-m"])
host_ids = st.sampled_from(["i-1", "i-2"])
rule_ids = st.sampled_from(["sgr-1", "sgr-2"])
Step = Callable[[Model], None]


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """One thing that may happen to the store."""
    host_id = draw(host_ids)
    group_id, rule_id = draw(group_ids), draw(rule_ids)
    match draw(st.integers(0, 7)):
        case 0 | 1:
            rule = draw(host_states.rules(group_id, rule_id))
            return lambda model: model.add(rule)
        case 2:
            return lambda model: model.remove(group_id, rule_id)
        case 3:
            attached = tuple(draw(st.lists(group_ids, min_size=1, unique=True)))
            return lambda model: model.attach(host_id, attached)
        case 4:
            address = draw(st.sampled_from(["10.0.0.3", "10.0.0.4"]))
            return lambda model: model.move(host_id, address)
        case 5:
            mode = draw(st.sampled_from(Mode))
            return lambda model: model.switch(host_id, mode)
        case 6:
            return lambda model: model.compact()
        case _:
            return lambda model: (model.commit(TagsChanged(("sg-a",))), None)[1]


@settings(deadline=None)
@given(
    st.lists(st.tuples(steps(), st.sampled_from(["quiet", "wake", "read"])), max_size=15),
    st.sampled_from([1, 2, 1024]),
)
def test_any_changes_add_up_to_the_state(happenings: list[tuple[Step, str]], log_records_max: int) -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model, log_records_max=log_records_max)
        receivers = [Receiver(hub.watch("i-1")), Receiver(hub.watch("i-2"))]
        for receiver in receivers:
            await receiver.next()
        for step, then in happenings:
            step(model)
            if then != "quiet":
                hub.wake(model.revision)
            if then == "read":
                await receivers[0].until(model.revision)
        hub.wake(model.revision)
        for host_id, receiver in zip(["i-1", "i-2"], receivers, strict=True):
            await receiver.until(model.revision)
            assert (receiver.position, receiver.state) == model.load(host_id)

    run(test)


def test_a_cidr_rule_is_passed_on_without_loading_the_state() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model)
        receiver = Receiver(hub.watch("i-1"))
        await receiver.next()
        loads = model.loads
        model.add(RULE)
        hub.wake(model.revision)
        assert await receiver.next() == Delta(
            0, Position("store", 1, 1), HostDelta(rules={("sg-a", "sgr-1"): RULE}), committed_at=900.0
        )
        assert model.loads == loads

    run(test)


def test_a_rule_that_names_a_group_brings_its_members_and_takes_them_away() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model)
        receiver = Receiver(hub.watch("i-1"))
        await receiver.next()
        model.add(BY_GROUP)
        hub.wake(model.revision)
        first = await receiver.next()
        assert isinstance(first, Delta)
        assert first.delta.members == {"sg-m": frozenset(["10.0.0.2"])}
        model.remove("sg-a", "sgr-2")
        hub.wake(model.revision)
        second = await receiver.next()
        assert isinstance(second, Delta)
        assert second.delta.members == {"sg-m": None}

    run(test)


def test_members_follow_the_interfaces_that_carry_the_group() -> None:
    async def test() -> None:
        model = Model()
        model.add(BY_GROUP)
        hub = hub_of(model)
        receiver = Receiver(hub.watch("i-1"))
        await receiver.next()
        for happening, members in (
            (lambda: model.enrol("i-3"), {"10.0.0.2", "10.0.0.9"}),
            (lambda: model.move("i-2", "10.0.0.4"), {"10.0.0.4", "10.0.0.9"}),
            (lambda: model.attach("i-2", ("sg-b",)), {"10.0.0.9"}),
            (lambda: model.attach("i-2", ("sg-b", "sg-m")), {"10.0.0.4", "10.0.0.9"}),
            (lambda: model.retire("i-3"), {"10.0.0.4"}),
        ):
            happening()
            hub.wake(model.revision)
            message = await receiver.next()
            assert isinstance(message, Delta)
            assert message.delta == HostDelta(members={"sg-m": frozenset(members)})

    run(test)


def test_a_group_that_was_detached_concerns_the_host_no_longer() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model)
        receiver = Receiver(hub.watch("i-1"))
        await receiver.next()
        model.attach("i-1", ("sg-b",))
        hub.wake(model.revision)
        await receiver.next()
        model.add(RULE)
        hub.wake(model.revision)
        assert isinstance(await receiver.next(), Heartbeat)
        model.add(replace(RULE, group_id="sg-b"))
        hub.wake(model.revision)
        assert isinstance(await receiver.next(), Delta)

    run(test)


def test_a_host_that_a_change_does_not_concern_only_hears_that_it_is_up_to_date() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model)
        receiver = Receiver(hub.watch("i-2"))
        await receiver.next()
        model.add(RULE)
        model.commit(GroupCreated("sg-x"))
        model.commit(GroupDeleted("sg-x"))
        hub.wake(model.revision)
        assert await receiver.next() == Heartbeat(Position("store", 1, 3))

    run(test)


def test_a_dropped_log_leads_to_the_state_by_one_delta() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model, heartbeat_seconds=60)
        receiver = Receiver(hub.watch("i-1"))
        await receiver.next()
        model.add(RULE)
        model.add(BY_GROUP)
        model.compact()
        hub.wake(model.revision)
        await receiver.next()
        assert (receiver.position, receiver.state) == model.load("i-1")

    run(test)


def test_a_slow_reader_finds_one_message_however_much_happened() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model, log_records_max=4)
        receiver = Receiver(hub.watch("i-1"))
        await receiver.next()
        for number in range(100):
            model.add(replace(RULE, rule_id=f"sgr-{number}"))
            hub.wake(model.revision)
        await receiver.next()
        assert (receiver.position, receiver.state) == model.load("i-1")

    run(test)


def test_the_stream_begins_with_the_state_as_it_is_now_whatever_the_receiver_has() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model)
        model.add(RULE)  # the hub hasn't been woken: the state is ahead of it, and the wake tells nothing new
        receiver = Receiver(hub.watch("i-1", Position("store", 1, 0)))
        loaded = model.load("i-1")
        assert loaded is not None
        assert await receiver.next() == Snapshot(*loaded)
        hub.wake(model.revision)
        assert isinstance(await receiver.next(), Heartbeat)
        assert hub.status("i-1").resumed_from == Position("store", 1, 0)

    run(test)


def test_the_removal_of_the_host_ends_its_stream_and_no_other() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model)
        gone, other = Receiver(hub.watch("i-1")), Receiver(hub.watch("i-2"))
        await gone.next()
        await other.next()
        model.retire("i-1")
        hub.wake(model.revision)
        with pytest.raises(StopAsyncIteration):
            await gone.next()
        assert isinstance(await other.next(), Heartbeat)
        assert hub.status("i-1").connected is False

    run(test)


def test_nobody_watches_as_a_host_that_does_not_exist() -> None:
    async def test() -> None:
        hub = hub_of(Model())
        assert [message async for message in hub.watch("i-3")] == []

    run(test)


def test_a_new_stream_of_a_host_ends_the_old_one() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model, heartbeat_seconds=60)
        old, new = Receiver(hub.watch("i-1")), Receiver(hub.watch("i-1"))
        await old.next()
        await new.next()
        with pytest.raises(StopAsyncIteration):
            await old.next()
        assert hub.status("i-1").connected is True
        model.add(RULE)
        hub.wake(model.revision)
        assert isinstance(await new.next(), Delta)

    run(test)


def test_agents_that_displace_each_other_again_and_again_are_told_from_one_that_reconnects() -> None:
    async def test() -> None:
        hub = hub_of(Model(), heartbeat_seconds=60)
        streams = []
        for displaced in range(4):
            assert not hub.status("i-1").is_contested(1000.0), displaced
            streams.append(Receiver(hub.watch("i-1")))
            await streams[-1].next()
        assert hub.status("i-1").is_contested(1000.0)
        assert not hub.status("i-1").is_contested(1061.0)

    run(test)


def test_closing_ends_every_stream() -> None:
    async def test() -> None:
        hub = hub_of(Model(), heartbeat_seconds=60)
        receiver = Receiver(hub.watch("i-1"))
        await receiver.next()
        hub.close()
        with pytest.raises(StopAsyncIteration):
            await receiver.next()
        assert hub.status("i-1").connected is False

    run(test)


def test_an_agent_that_is_asked_reports_now_and_one_that_is_away_is_not_waited_for() -> None:
    async def test() -> None:
        hub = hub_of(Model(), heartbeat_seconds=60)
        assert await hub.ask("i-1", 60) is None
        receiver = Receiver(hub.watch("i-1"))
        await receiver.next()
        asking = asyncio.create_task(hub.ask("i-1", 60))
        assert isinstance(await receiver.next(), Heartbeat)
        hub.report("i-1", Report(Position("store", 1, 0), "observe", "new", 1.0, 1.0))
        status = await asking
        assert status is not None
        assert status.report is not None
        assert status.report.digest == "new"
        assert await hub.ask("i-1", 0.001) is None

    run(test)


def test_the_status_tells_whether_what_has_an_effect_is_in_the_kernel() -> None:
    async def test() -> None:
        model = Model()
        hub = hub_of(model)
        assert not hub.status("i-1").is_up_to_date
        stream = hub.watch("i-1")
        receiver = Receiver(stream)
        await receiver.next()
        hub.report("i-1", Report(Position("store", 1, 0), "observe", "d", 1.0, 1.0))
        assert hub.status("i-1").is_up_to_date
        model.add(RULE)
        hub.wake(model.revision)
        await receiver.next()
        assert not hub.status("i-1").is_up_to_date
        hub.report("i-1", Report(Position("store", 1, 1), "observe", "d", 1.0, 1.0))
        model.add(replace(RULE, group_id="sg-b"))  # no effect on this host
        hub.wake(model.revision)
        await receiver.next()
        assert hub.status("i-1").is_up_to_date
        assert hub.status("i-1").told == Position("store", 1, 2)
        assert hub.status("i-1").last_seen == 1000.0

    run(test)
