"""The agent's route, with a server on loopback and a kernel of plain values: what reaches the kernel, what is told."""

from __future__ import annotations

import asyncio
import errno
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import tiny_server
from ringwall.agent.commit import COMMIT_ATTEMPTS
from ringwall.agent.conntrack import Prepared
from ringwall.agent.directory import AgentDirectory, Identity
from ringwall.agent.effects import Effects
from ringwall.agent.errors import AgentError, CommitLost, CommitRefused, StreamLost
from ringwall.agent.guard import Guard
from ringwall.agent.interfaces import DeviceAddresses
from ringwall.agent.loop import Agent
from ringwall.agent.server import Server, ServerUrl
from ringwall.compiler.compile import compile_host
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostDelta, HostGroup, HostInterface, HostState, difference, merge
from ringwall.nft.objects import Chain, Ruleset
from ringwall.nft.ruleset import Applied
from ringwall.watch.encoding import decode_report, encode
from ringwall.watch.messages import Delta, Heartbeat, Message, Position, Report, Snapshot, Unadmitted
from tiny_server import Got, TinyServer

IDENTITY = Identity(
    "123456789012", "us-east-1", "i-1", "RWHKEXAMPLE", "secret", "store", "up0", "eni-1",
    endpoints=frozenset((ControlEndpoint("127.0.0.1", 1),)),
)  # fmt: skip
RULE = SecurityGroupRule(
    "sgr-1", "sg-1", Direction.INGRESS, Traffic("tcp", 22, 22), Peer(PeerKind.CIDR_IPV4, "10.0.0.0/8")
)
STATE = HostState(
    host_id="i-1",
    mode=Mode.OBSERVE,
    interfaces={"eni-1": HostInterface("eni-1", "up0", ("10.0.0.5",), ("sg-1",))},
    groups={"sg-1": HostGroup("sg-1", "web", {"sgr-1": RULE})},
)
REVOKED = HostDelta(rules={("sg-1", "sgr-1"): None})
ENFORCED = HostDelta(mode=Mode.ENFORCE)
UNADMITTED = Unadmitted(Direction.INGRESS, "tcp", "10.0.0.5", 23)


def at(revision: int, epoch: int = 1) -> Position:
    return Position("store", epoch, revision)


@dataclass
class PlainKernel:
    """A table that is there or not. `meddle` commits like somebody else; the next commits raise the `refusals`."""

    table: Ruleset | None = None
    counted: int = 1
    commits: int = 0
    observations: int = 0
    refusals: list[Exception] = field(default_factory=list)
    owns: bool = False

    def observe(self) -> Applied | None:
        self.observations += 1
        return None if self.table is None else Applied(self.table, {}, self.counted)

    def is_current(self, applied: Applied) -> bool:
        return applied.generation == self.counted

    def watch(self) -> None:
        """It isn't told who commits."""

    def apply(self, applied: Applied | None, desired: Ruleset) -> Applied:
        if self.refusals:
            raise self.refusals.pop(0)
        if applied is not None and applied.ruleset == desired:
            return applied
        if (applied.generation if applied else None) != (self.counted if self.table is not None else None):
            raise CommitRefused(errno.ERESTART, "someone else committed", None)
        self.commits += 1
        self.counted += 1
        self.table = desired
        return Applied(desired, {}, self.counted)

    def meddle(self, table: Ruleset | None) -> None:
        self.table = table
        self.counted += 1


class Control:
    """The server's side: what each connection is told, and the reports that came."""

    def __init__(self) -> None:
        self.streams: list[asyncio.Queue[Message | None]] = []
        self.reports: list[Report] = []
        self.addresses: list[bytes] = []

    def answer(self, got: Got) -> AsyncIterator[bytes] | tuple[int, bytes]:
        if got.path == "/ringwall/v1/watch":
            return self._stream()
        if got.path == "/ringwall/v1/addresses":
            self.addresses.append(got.body)
            return 200, b'{"refused_addresses": [{"address": "10.9.9.9", "reason": "lies outside subnet-1"}]}'
        self.reports.append(decode_report(got.body))
        return 200, b"{}"

    async def _stream(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self.streams.append(queue)
        while (message := await queue.get()) is not None:
            yield encode(message)

    def say(self, *messages: Message | None) -> None:
        """None ends the connection."""
        for message in messages:
            self.streams[-1].put_nowait(message)


@dataclass
class Stage:
    """An agent that runs, and all that it sees."""

    control: Control
    tiny: TinyServer
    kernel: PlainKernel
    agent: Agent
    directory: AgentDirectory
    prepared: list[float]
    ended: list[frozenset[str]]

    async def until(self, condition: Callable[[], bool]) -> None:
        await self.tiny.until(condition)

    async def reported(self, revision: int) -> Report:
        """The first report of this revision or a later one."""
        await self.until(lambda: any(r.position.revision >= revision for r in self.control.reports))
        return next(r for r in self.control.reports if r.position.revision >= revision)

    async def connected(self, times: int = 1) -> None:
        await self.until(lambda: len(self.control.streams) >= times)

    def expected(self, state: HostState) -> Ruleset:
        control = frozenset((ControlEndpoint("127.0.0.1", self.tiny.port),))
        return compile_host(state, LocalPolicy(control=control)).ruleset


@asynccontextmanager
async def staged(
    path: Path,
    kernel: PlainKernel | None = None,
    drift_seconds: float = 3600.0,
    guard: Callable[[str], Guard] | None = None,
) -> AsyncIterator[Stage]:
    control = Control()
    async with tiny_server.serving(control.answer) as tiny:
        ticks = itertools.count(1000.0)
        directory = AgentDirectory(path)
        prepared: list[float] = []
        ended: list[frozenset[str]] = []

        def prepare() -> Prepared:
            prepared.append(next(ticks))
            return Prepared(end_forwarded=end)

        def end(addresses: Collection[str]) -> int:
            ended.append(frozenset(addresses))
            return 1

        server = Server(ServerUrl("http", "127.0.0.1", tiny.port))
        effects = Effects(
            clock=lambda: next(ticks),
            delays=lambda: itertools.repeat(0.0),
            prepare_tracking=prepare,
            would_end=lambda state, local: (UNADMITTED,),
            read_interfaces=lambda: (
                DeviceAddresses("up0", "02:00:00:00:00:01", ("10.0.0.5/24", "10.9.9.9/24")),
                DeviceAddresses("other0", "02:00:00:00:00:02", ("192.0.2.1/24",)),
            ),
            drift_seconds=drift_seconds,
            guard=guard,
        )
        nftables = kernel or PlainKernel()
        agent = Agent(IDENTITY, server, nftables, directory, effects=effects)
        stage = Stage(control, tiny, nftables, agent, directory, prepared, ended)
        running = asyncio.create_task(stage.agent.run())
        try:
            yield stage
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


def run(
    path: Path,
    test: Callable[[Stage], Awaitable[None]],
    kernel: PlainKernel | None = None,
    drift_seconds: float = 3600.0,
    guard: Callable[[str], Guard] | None = None,
) -> None:
    async def on_stage() -> None:
        async with staged(path, kernel, drift_seconds, guard) as stage:
            await test(stage)

    tiny_server.run(on_stage)


def test_a_snapshot_and_its_changes_reach_the_kernel_and_are_reported(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        first = await stage.reported(5)
        assert stage.kernel.table == stage.expected(STATE)
        assert (first.mode, first.problems) == (
            "observe",
            ("Address 10.9.9.9 lies outside subnet-1; it is filtered, but is nobody's source.",),
        )
        assert first.unadmitted == (UNADMITTED,)
        assert first.received_at < first.in_force_at

        stage.control.say(Delta(5, at(6), REVOKED, committed_at=900.0))
        second = await stage.reported(6)
        assert stage.kernel.table == stage.expected(merge(STATE, REVOKED))
        assert second.committed_at == 900.0
        assert second.digest not in ("", first.digest)
        assert stage.kernel.observations == 2, "at the start, and before the first commit"

    run(tmp_path, test)


def test_only_the_hosts_own_addresses_are_told_and_only_when_they_change(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE), Heartbeat(at(6)))
        await stage.reported(6)
        assert len(stage.control.addresses) == 1
        assert b"up0" in stage.control.addresses[0]
        assert b"other0" not in stage.control.addresses[0]

    run(tmp_path, test)


def test_an_interface_that_isnt_there_is_a_problem_until_it_is(tmp_path: Path) -> None:
    renamed = {name: replace(interface, device="gone0") for name, interface in STATE.interfaces.items()}

    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), replace(STATE, interfaces=renamed)))
        assert any("no interface gone0" in problem for problem in (await stage.reported(5)).problems)
        stage.control.say(Snapshot(at(6), STATE))
        assert not any("no interface" in problem for problem in (await stage.reported(6)).problems)

    run(tmp_path, test)


def test_an_enforcing_host_reports_nothing_unadmitted(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE), Delta(5, at(6), ENFORCED))
        report = await stage.reported(6)
        assert (report.mode, report.unadmitted) == ("enforce", ())

    run(tmp_path, test)


def test_tracking_is_prepared_before_the_first_rules_and_before_enforcement_only(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        assert len(stage.prepared) == 1
        stage.control.say(Delta(5, at(6), REVOKED))
        await stage.reported(6)
        assert len(stage.prepared) == 1
        assert not stage.ended
        stage.control.say(Delta(6, at(7), ENFORCED))
        report = await stage.reported(7)
        assert stage.ended == [frozenset()], "the host has no containers"
        assert len(stage.prepared) == 2
        assert stage.prepared[1] < report.in_force_at
        stage.control.say(Delta(7, at(8), HostDelta(rules={("sg-1", "sgr-1"): RULE})))
        await stage.reported(8)
        assert len(stage.prepared) == 2

    run(tmp_path, test)


def test_a_heartbeat_moves_the_position_and_commits_nothing(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        first = await stage.reported(5)
        stage.control.say(Heartbeat(at(9)))
        second = await stage.reported(9)
        assert (second.in_force_at, second.digest) == (first.in_force_at, first.digest)
        assert stage.kernel.commits == 1

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (Snapshot(at(4), merge(STATE, ENFORCED)), "older"),
        (Snapshot(at(9, epoch=0), merge(STATE, ENFORCED)), "older"),
        (Snapshot(Position("another", 1, 9), merge(STATE, ENFORCED)), "store another"),
        (Snapshot(at(9), HostState("i-2", Mode.ENFORCE)), "i-2"),
        (Delta(4, at(6), ENFORCED), "since revision 4"),
        (Delta(6, at(7), ENFORCED), "since revision 6"),
        (Delta(5, at(6, epoch=2), ENFORCED), "epoch 1 to 2"),
        (Heartbeat(at(6, epoch=2)), "epoch 1 to 2"),
        (Delta(5, at(6), HostDelta(rules={("sg-9", "sgr-1"): None})), "sg-9"),
        (Heartbeat(at(4)), "older"),
        (Heartbeat(Position("another", 1, 9)), "store another"),
    ],
)  # fmt: skip
def test_what_must_not_be_followed_is_refused_and_what_is_in_force_stays(
    tmp_path: Path, message: Message, why: str
) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        before = stage.kernel.table
        stage.control.say(message)
        await stage.connected(times=2)
        await stage.until(lambda: any(why in problem for r in stage.control.reports for problem in r.problems))
        assert stage.kernel.table is before
        assert stage.control.reports[-1].position == at(5)

        stage.control.say(Snapshot(at(6), merge(STATE, REVOKED)))  # the new connection's snapshot puts it right
        report = await stage.reported(6)
        assert not any(why in problem for problem in report.problems)
        assert stage.kernel.table == stage.expected(merge(STATE, REVOKED))

    run(tmp_path, test)


def test_a_change_before_a_snapshot_is_refused(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        for message in (Delta(0, at(1), REVOKED), Heartbeat(at(1))):
            with pytest.raises(StreamLost, match="never sent"):
                stage.agent.receive(message)

    run(tmp_path, test)


def test_a_restored_store_with_a_raised_epoch_may_be_at_a_lower_revision(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        stage.control.say(Snapshot(at(2, epoch=2), merge(STATE, REVOKED)))
        await stage.until(lambda: stage.control.reports[-1].position == at(2, epoch=2))
        assert stage.kernel.table == stage.expected(merge(STATE, REVOKED))

    run(tmp_path, test)


def test_a_lost_connection_is_made_again_and_the_rules_stay(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        stage.control.say(None)
        await stage.connected(times=2)
        assert "revision=5" in stage.tiny.got[-1].query
        assert stage.kernel.commits == 1
        stage.control.say(Snapshot(at(6), merge(STATE, REVOKED)))
        await stage.reported(6)
        assert stage.kernel.table == stage.expected(merge(STATE, REVOKED))

    run(tmp_path, test)


def test_a_refused_commit_is_made_anew_from_what_the_kernel_has(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        stage.kernel.refusals = [CommitLost("the kernel's answer was lost"), CommitRefused(errno.ENOMEM, "", None)]
        stage.control.say(Delta(5, at(6), REVOKED))
        report = await stage.reported(6)
        assert stage.kernel.table == stage.expected(merge(STATE, REVOKED))
        assert not any("not in force" in problem for problem in report.problems)
        assert stage.kernel.observations == 4

    run(tmp_path, test)


def test_a_commit_that_is_refused_for_good_leaves_the_last_one_and_is_tried_again(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        stage.kernel.refusals = [CommitRefused(errno.ENOMEM, "Cannot allocate memory", None)] * 5
        stage.control.say(Delta(5, at(6), REVOKED))
        await stage.until(
            lambda: any("Revision 6 is not in force" in p for r in stage.control.reports for p in r.problems)
        )
        assert stage.control.reports[-1].position == at(5)
        assert stage.kernel.table == stage.expected(STATE)
        stage.control.say(Heartbeat(at(7)))
        report = await stage.reported(7)
        assert not any("not in force" in problem for problem in report.problems)
        assert stage.kernel.table == stage.expected(merge(STATE, REVOKED))

    run(tmp_path, test)


def test_a_state_that_cant_be_compiled_is_a_problem_and_no_end(tmp_path: Path) -> None:
    bad = replace(RULE, rule_id="sgr-2", peer=Peer(PeerKind.CIDR_IPV4, "no address"))

    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        stage.control.say(Delta(5, at(6), HostDelta(rules={("sg-1", "sgr-2"): bad})))
        await stage.until(
            lambda: any("Revision 6 is not in force" in p for r in stage.control.reports for p in r.problems)
        )
        assert stage.kernel.table == stage.expected(STATE)
        stage.control.say(Delta(6, at(7), HostDelta(rules={("sg-1", "sgr-2"): None, ("sg-1", "sgr-1"): None})))
        await stage.reported(7)
        assert stage.kernel.table == stage.expected(merge(STATE, REVOKED))

    run(tmp_path, test)


@pytest.mark.parametrize("foreign", [None, Ruleset(), Ruleset(chains={"other": Chain("other", ())})])
def test_a_foreign_change_is_repaired_with_the_next_heartbeat(tmp_path: Path, foreign: Ruleset | None) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        stage.kernel.meddle(foreign)
        stage.control.say(Heartbeat(at(6)))
        await stage.reported(6)
        assert stage.kernel.table == stage.expected(STATE)

    run(tmp_path, test)


@pytest.mark.parametrize("foreign", [None, Ruleset(chains={"other": Chain("other", ())})])
def test_a_foreign_change_is_repaired_without_a_word_from_the_server_and_reported(
    tmp_path: Path, foreign: Ruleset | None
) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        assert (await stage.reported(5)).problems == stage.control.reports[0].problems
        stage.control.reports.clear()
        stage.kernel.meddle(foreign)
        await stage.until(lambda: any("Somebody else changed" in " ".join(r.problems) for r in stage.control.reports))
        assert stage.kernel.table == stage.expected(STATE)

    run(tmp_path, test, drift_seconds=0.001)


def test_a_foreign_change_that_is_not_ours_is_no_drift(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        stage.kernel.meddle(stage.expected(STATE))  # another table's commit raises the generation and no more
        stage.control.say(Heartbeat(at(6)))
        assert not any("Somebody else" in problem for problem in (await stage.reported(6)).problems)

    run(tmp_path, test)


def test_a_commit_that_was_refused_is_tried_again_without_a_word_from_the_server(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.kernel.refusals = [CommitRefused(errno.ENOMEM, "no memory", None)] * COMMIT_ATTEMPTS
        stage.control.say(Snapshot(at(5), STATE))
        await stage.until(lambda: stage.kernel.table == stage.expected(STATE))
        await stage.until(
            lambda: any(r.digest and "not in force" not in str(r.problems) for r in stage.control.reports)
        )

    run(tmp_path, test, drift_seconds=0.001)


def test_what_enforces_already_has_its_tracking(tmp_path: Path) -> None:
    """Who opened a connection was known then; its socket and its listener may tell less now."""

    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.kernel.table = stage.expected(replace(STATE, mode=Mode.ENFORCE))
        stage.control.say(Snapshot(at(5), merge(replace(STATE, mode=Mode.ENFORCE), REVOKED)))
        await stage.reported(5)
        assert stage.kernel.commits == 1
        assert stage.prepared == []

    run(tmp_path, test)


def test_a_full_disk_doesnt_end_the_agent_when_the_server_moves(tmp_path: Path) -> None:
    (tmp_path / ".agent.json.new").mkdir()  # nothing can be written there

    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        assert any("can't be kept on disk" in problem for problem in (await stage.reported(5)).problems)
        assert stage.kernel.table == stage.expected(STATE)

    run(tmp_path, test)


def test_a_new_agent_finds_the_table_and_commits_only_the_difference(tmp_path: Path) -> None:
    kernel = PlainKernel()

    async def first(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)

    async def second(stage: Stage) -> None:
        await stage.connected()
        kernel.table = stage.expected(STATE)  # the port, and so the control channel, differs in every test
        commits = kernel.commits
        stage.control.say(Snapshot(at(5), STATE))
        await stage.reported(5)
        assert kernel.commits == commits

    run(tmp_path / "first", first, kernel)
    run(tmp_path / "second", second, kernel)


def test_after_a_boot_the_last_state_is_loaded_before_the_server_speaks(tmp_path: Path) -> None:
    async def before(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), merge(STATE, ENFORCED)))
        await stage.until(lambda: stage.directory.last_state() is not None)

    async def after(stage: Stage) -> None:
        await stage.connected()
        assert stage.kernel.table == stage.expected(merge(STATE, ENFORCED))
        stage.control.say(Snapshot(at(4), STATE))  # and the server can't take it back to what was before
        await stage.connected(times=2)
        assert stage.kernel.table == stage.expected(merge(STATE, ENFORCED))

    run(tmp_path, before)
    run(tmp_path, after)


def test_what_is_in_force_at_an_orderly_end_is_on_disk_however_short_it_was(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.until(lambda: stage.directory.last_state() is not None)  # and the keeper rests
        stage.control.say(Delta(5, at(6), REVOKED))
        await stage.reported(6)

    run(tmp_path, test)
    kept = AgentDirectory(tmp_path).last_state()
    assert kept is not None
    assert kept[0] == Snapshot(at(6), merge(STATE, REVOKED))


def test_a_full_disk_doesnt_hinder_an_orderly_end(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        (tmp_path / ".state.json.new").mkdir()
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.until(
            lambda: "state can't be kept on disk" in str([each.problems for each in stage.control.reports])
        )

    run(tmp_path, test)
    assert AgentDirectory(tmp_path).last_state() is None


def test_a_table_that_differs_from_the_last_state_waits_for_the_server(tmp_path: Path) -> None:
    kernel = PlainKernel()
    newer = merge(STATE, REVOKED)

    async def before(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.until(lambda: stage.directory.last_state() is not None)

    async def after(stage: Stage) -> None:
        await stage.connected()
        assert kernel.table is table
        assert kernel.commits == commits
        stage.control.say(Snapshot(at(6), newer))
        await stage.reported(6)
        assert kernel.table == stage.expected(newer)

    run(tmp_path, before, kernel)
    # The agent died after a commit and before the disk had it.
    table, commits = compile_host(newer, LocalPolicy()).ruleset, kernel.commits
    kernel.meddle(table)
    run(tmp_path, after, kernel)


def test_another_device_is_guarded_also_where_the_table_is_newer_than_the_last_state(tmp_path: Path) -> None:
    """Then nothing is in force by this agent yet, and the kernel tells which devices were judged."""
    kernel = PlainKernel()
    enforced = merge(STATE, ENFORCED)
    newer = merge(enforced, REVOKED)
    other = HostDelta(interfaces={"eni-2": HostInterface("eni-2", "other0", ("10.0.1.5",), ("sg-1",))})
    changes: list[str] = []

    def nobody(change: str) -> Guard:
        changes.append(change)
        raise AgentError("nobody stands by")

    async def before(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), enforced))
        await stage.until(lambda: stage.directory.last_state() is not None)

    async def after(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(7), merge(newer, other)))
        report = await stage.reported(7)
        assert "Revision 7 is not in force: nobody stands by" in report.problems
        assert (kernel.table, len(changes)) == (table, 1)
        stage.control.say(Delta(7, at(8), difference(merge(newer, other), newer)))
        assert not (await stage.reported(8)).problems[1:], "the same devices, other rules: nobody needs to"
        assert len(changes) == 1

    run(tmp_path, before, kernel)
    table = compile_host(newer, LocalPolicy()).ruleset
    kernel.meddle(table)
    run(tmp_path, after, kernel, guard=nobody)


def test_a_new_agent_applies_its_own_options_without_a_server(tmp_path: Path) -> None:
    kernel = PlainKernel()

    async def before(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(5), STATE))
        await stage.until(lambda: stage.directory.last_state() is not None)

    async def after(stage: Stage) -> None:
        await stage.connected()
        assert kernel.table == stage.expected(STATE)  # its port, and so the control channel, is another one now

    run(tmp_path, before, kernel)
    run(tmp_path, after, kernel)


def test_the_way_to_a_state_doesnt_show(tmp_path: Path) -> None:
    states = [
        STATE,
        merge(STATE, ENFORCED),
        merge(STATE, REVOKED),
        STATE,
        merge(STATE, replace(REVOKED, mode=Mode.ENFORCE)),
    ]

    async def test(stage: Stage) -> None:
        await stage.connected()
        stage.control.say(Snapshot(at(0), STATE))
        for revision, (old, new) in enumerate(itertools.pairwise([STATE, *states]), start=1):
            stage.control.say(Delta(revision - 1, at(revision), difference(old, new)))
        await stage.reported(len(states))
        assert stage.kernel.table == stage.expected(states[-1])

    run(tmp_path, test)
