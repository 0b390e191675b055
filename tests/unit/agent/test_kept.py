"""Which flows go on when rules leave, from the kernel's own messages, and what becomes of them afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace

import pytest

from build import cidr, group, host_interface, ingress, routed, tcp, world
from ringwall.agent.interfaces import DeviceAddresses
from ringwall.agent.kept import Kept
from ringwall.agent.tracked import Wanted
from ringwall.compiler.compile import compile_host
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState
from ringwall.nft.objects import Ruleset
from tracked_messages import Entry

HERE, PEER, OTHER, BEHIND = "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.2"
SSH = ingress(tcp(22), cidr("10.0.0.0/8"), "sgr-ssh")
SESSION = Entry(PEER, HERE, number=1)
LINK = DeviceAddresses("up0", "", (f"{HERE}/24",))


def together(story: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    """The test, on an event loop of its own."""
    return lambda: asyncio.run(story())


class Host:
    """A host whose tracked flows are a list."""

    def __init__(self, *flows: Entry, from_disk: HostState | None = None) -> None:
        self.flows: list[Entry] = list(flows)
        self.broken = False
        self.asked: list[Wanted] = []
        self.kept = Kept(self.read, lambda: (LINK,), look_seconds=0.01)
        self.held: Ruleset | None = None
        self.from_disk = from_disk

    def read(self, wanted: Wanted) -> Iterable[bytes]:
        self.asked.append(wanted)
        if self.broken:
            raise OSError(12, "no memory")
        return [each.message() for each in self.flows]

    def commit(self, state: HostState) -> None:
        ruleset = compile_host(state, LocalPolicy()).ruleset
        self.held = self.kept.filled(ruleset, state, self.from_disk, self.held)
        self.kept.committed()

    async def look(self) -> bool:
        """One look; whether there is something to commit."""
        outcome: asyncio.Queue[bool] = asyncio.Queue()
        async with asyncio.timeout(10):
            task = asyncio.create_task(
                self.kept.watch(lambda: outcome.put_nowait(True), lambda: outcome.put_nowait(False))
            )
            changed = await outcome.get()
            task.cancel()
        return changed

    def going_on(self) -> dict[str, dict[int, str]]:
        """The rule by the number of each flow, by set; empty sets left out."""
        assert self.held is not None
        return {
            each.name: {int.from_bytes(element[0], "big"): rule for element, rule in each.comments.items()}
            for each in self.held.sets.values()
            if each.holds_flows and each.elements
        }


def revoked(state: HostState, *rule_ids: str, keep: bool = True) -> HostState:
    """The state without these rules, which drain."""
    groups = {
        group_id: replace(
            each,
            rules={key: rule for key, rule in each.rules.items() if key not in rule_ids},
            draining=each.draining.union(each.rules.keys() & set(rule_ids)) if keep else each.draining,
        )
        for group_id, each in state.groups.items()
    }
    return replace(state, groups=groups)


def own(*rules: SecurityGroupRule) -> HostState:
    return replace(world(*rules), interfaces={"eni-1": host_interface("eni-1", "up0", (HERE,), "sg-1")})


NAME = "eni-1-ingress-kept-flows"


def test_what_only_the_rule_admitted_goes_on() -> None:
    host = Host(
        SESSION,
        Entry(PEER, HERE, destination_port=23, number=2),
        Entry("192.0.2.1", HERE, number=3),
        Entry(HERE, PEER, number=4),
        Entry(PEER, "10.0.0.99", number=5),
        Entry(PEER, HERE, state=7, number=6),  # TIME_WAIT
        Entry(PEER, HERE, protocol=17, number=7),
        Entry(PEER, "192.0.2.80", 6, 41000, 80, reply=(HERE, 22), number=8),  # destination NAT
    )
    host.commit(own(SSH))
    assert host.asked == []
    host.commit(revoked(own(SSH), "sgr-ssh"))
    assert host.going_on() == {NAME: {1: "sgr-ssh", 8: "sgr-ssh"}}
    assert host.asked == [Wanted(6, 22)], "no more than is needed is asked of the kernel"


def test_what_another_rule_admits_or_cuts_does_not() -> None:
    wide = ingress(tcp(20, 30), cidr(f"{PEER}/32"), "sgr-wide")
    other = Entry(OTHER, HERE, number=2)
    host = Host(SESSION, other)
    host.commit(own(SSH, wide))
    host.commit(revoked(own(SSH, wide), "sgr-ssh"))
    assert host.going_on() == {NAME: {2: "sgr-ssh"}}
    host.commit(revoked(revoked(own(SSH, wide), "sgr-ssh"), "sgr-wide", keep=False))
    assert host.going_on() == {NAME: {2: "sgr-ssh"}}
    both = Host(SESSION, other)
    both.commit(own(SSH, wide))
    both.commit(revoked(revoked(own(SSH, wide), "sgr-wide", keep=False), "sgr-ssh"))
    assert both.going_on() == {NAME: {2: "sgr-ssh"}}, "of two that leave at once, one cuts"
    alike = Host(SESSION, other)
    alike.commit(own(SSH, wide))
    alike.commit(revoked(own(SSH, wide), "sgr-ssh", "sgr-wide"))
    assert alike.going_on()[NAME].keys() == {1, 2}


def test_what_a_new_rule_admits_is_that_rules() -> None:
    """It came with the commit that the other left with, and may be cut alone later."""
    host = Host(SESSION)
    host.commit(own(SSH))
    left = revoked(own(SSH), "sgr-ssh")
    wide = {"sgr-wide": ingress(tcp(20, 30), cidr("10.0.0.0/8"), "sgr-wide")}
    host.commit(replace(left, groups={"sg-1": replace(left.groups["sg-1"], rules=wide)}))
    assert host.going_on() == {}


def test_the_members_of_a_peer_count_as_they_were() -> None:
    by_group = ingress(tcp(22), group("sg-app"), "sgr-app")
    state = replace(own(by_group), members={"sg-app": frozenset((PEER,))})
    host = Host(SESSION, Entry(OTHER, HERE, number=2))
    host.commit(state)
    host.commit(replace(revoked(state, "sgr-app"), members={}))
    assert host.going_on() == {NAME: {1: "sgr-app"}}


@pytest.mark.parametrize("source_check", [True, False])
def test_each_end_behind_the_host_is_its_own(source_check: bool) -> None:
    state = replace(
        own(SSH),
        interfaces={
            "eni-1": host_interface("eni-1", "up0", (HERE,), "sg-1"),
            "eni-2": routed("eni-2", "vc1", (BEHIND,), "sg-1", source_check=source_check),
        },
    )
    beyond = Entry(PEER, "10.0.8.8", number=3)
    host = Host(SESSION, Entry(PEER, BEHIND, number=2), beyond)
    host.commit(state)
    host.commit(revoked(state, "sgr-ssh"))
    inside = {2: "sgr-ssh"} if source_check else {2: "sgr-ssh", 3: "sgr-ssh"}
    assert host.going_on() == {NAME: {1: "sgr-ssh"}, "eni-2-ingress-kept-flows": inside}


def test_a_row_that_goes_takes_its_flows_and_so_does_a_group() -> None:
    telnet = ingress(tcp(23), cidr("10.0.0.0/8"), "sgr-telnet")
    gone = revoked(own(SSH, telnet), "sgr-ssh", "sgr-telnet")
    host = Host(SESSION, Entry(PEER, HERE, destination_port=23, number=2))
    host.commit(own(SSH, telnet))
    host.commit(gone)
    assert host.going_on() == {NAME: {1: "sgr-ssh", 2: "sgr-telnet"}}
    one_left = replace(gone.groups["sg-1"], draining=frozenset(["sgr-telnet"]))
    host.commit(replace(gone, groups={"sg-1": one_left}))
    assert host.going_on() == {NAME: {2: "sgr-telnet"}}
    host.commit(replace(gone, interfaces={"eni-1": host_interface("eni-1", "up0", (HERE,))}))
    assert host.going_on() == {}
    host.commit(gone)
    assert host.going_on() == {}, "nothing comes back"


def test_a_new_agent_finds_them_in_the_table_and_adds_none() -> None:
    before, after = own(SSH), revoked(own(SSH), "sgr-ssh")
    first = Host(SESSION)
    first.commit(before)
    first.commit(after)
    second = Host(SESSION, Entry(OTHER, HERE, number=2), from_disk=before)  # the disk is older than the kernel
    second.held = first.held
    second.commit(after)
    assert second.going_on() == {NAME: {1: "sgr-ssh"}}
    third = Host(SESSION, from_disk=before)  # and now the kernel is as the disk
    third.held = compile_host(before, LocalPolicy()).ruleset
    third.commit(after)
    assert third.going_on() == {NAME: {1: "sgr-ssh"}}


@pytest.mark.parametrize("newer", ["rule", "members", "group"])
def test_what_was_cut_after_the_disk_was_written_is_not_kept(newer: str) -> None:
    """An agent that could write no more narrowed something, and died; then the rule is revoked."""
    by_group = ingress(tcp(22), group("sg-app"), "sgr-ssh")
    disk = replace(own(by_group), members={"sg-app": frozenset((PEER, OTHER))})
    kernel = {
        "rule": replace(disk, groups=own(ingress(tcp(22), cidr("10.0.0.2/32"), "sgr-ssh")).groups),
        "members": replace(disk, members={"sg-app": frozenset((PEER,))}),
        "group": replace(disk, interfaces={"eni-1": host_interface("eni-1", "up0", (HERE,))}),
    }[newer]
    host = Host(Entry(OTHER, HERE, number=2), from_disk=disk)
    host.held = compile_host(kernel, LocalPolicy()).ruleset
    host.commit(revoked(disk, "sgr-ssh"))
    assert host.going_on() == {}


def test_what_the_table_lost_is_put_back() -> None:
    host = Host(SESSION)
    host.commit(own(SSH))
    host.commit(revoked(own(SSH), "sgr-ssh"))
    host.held = None
    host.commit(revoked(own(SSH), "sgr-ssh"))
    assert host.going_on() == {NAME: {1: "sgr-ssh"}}


@together
async def test_a_flow_that_began_just_before_the_commit_is_found_right_after_it() -> None:
    host = Host(SESSION)
    host.commit(own(SSH))
    host.commit(revoked(own(SSH), "sgr-ssh"))
    assert host.kept.left() == {}, "nobody knows yet"
    host.flows.append(Entry(OTHER, HERE, number=2))
    assert await host.look()
    host.commit(revoked(own(SSH), "sgr-ssh"))
    assert host.going_on() == {NAME: {1: "sgr-ssh", 2: "sgr-ssh"}}
    assert host.kept.left() == {"sgr-ssh": 2}


@together
async def test_what_another_rule_admitted_since_is_not_taken_for_older() -> None:
    """A wider rule comes, a flow begins by it, and it is revoked, all before the flows could be looked at once more."""
    wide = ingress(tcp(20, 30), cidr("10.0.0.0/8"), "sgr-wide")
    host = Host(SESSION)
    host.commit(own(SSH))
    after = revoked(own(SSH), "sgr-ssh")
    wider = replace(after.groups["sg-1"], rules={"sgr-wide": wide})
    host.commit(after)
    host.commit(replace(after, groups={"sg-1": wider}))
    host.flows.append(Entry(OTHER, HERE, number=2))
    host.commit(after)
    assert not await host.look()
    host.commit(after)
    assert host.going_on() == {NAME: {1: "sgr-ssh"}}


@together
async def test_nor_while_the_flows_are_looked_at() -> None:
    wide = ingress(tcp(20, 30), cidr("10.0.0.0/8"), "sgr-wide")
    host = Host(SESSION)
    host.commit(own(SSH))
    after = revoked(own(SSH), "sgr-ssh")
    host.commit(after)
    loop, read = asyncio.get_running_loop(), host.kept._read

    def meanwhile(wanted: Wanted) -> Iterable[bytes]:
        async def admit_and_revoke() -> None:
            host.commit(replace(after, groups={"sg-1": replace(after.groups["sg-1"], rules={"sgr-wide": wide})}))
            host.flows.append(Entry(OTHER, HERE, number=2))
            host.commit(after)

        asyncio.run_coroutine_threadsafe(admit_and_revoke(), loop).result()
        return read(wanted)

    host.kept._read = meanwhile
    assert not await host.look()
    host.commit(after)
    assert host.going_on() == {NAME: {1: "sgr-ssh"}}


@together
async def test_where_nothing_is_refused_no_later_flow_is_taken_for_one_from_before() -> None:
    state = replace(own(SSH), mode=Mode.OBSERVE)
    host = Host(SESSION)
    host.commit(state)
    host.commit(revoked(state, "sgr-ssh"))
    host.flows.append(Entry(OTHER, HERE, number=2))
    assert not await host.look()
    assert host.kept.left() == {"sgr-ssh": 1}


@together
async def test_flows_that_have_ended_go() -> None:
    host = Host(SESSION, Entry(OTHER, HERE, number=2))
    host.commit(own(SSH))
    host.commit(revoked(own(SSH), "sgr-ssh"))
    assert not await host.look()
    host.flows.pop()
    assert await host.look()
    host.commit(revoked(own(SSH), "sgr-ssh"))
    assert host.going_on() == {NAME: {1: "sgr-ssh"}}
    assert host.kept.left() == {"sgr-ssh": 1}


def test_flows_that_cannot_be_read_are_cut_and_it_is_said() -> None:
    host = Host(SESSION)
    host.commit(own(SSH))
    host.broken = True
    host.commit(revoked(own(SSH), "sgr-ssh"))
    assert host.going_on() == {}
    assert "no memory" in host.kept.problem


def test_directions_have_sets_of_their_own() -> None:
    both = [replace(SSH, direction=each, rule_id=f"sgr-{each}") for each in Direction]
    host = Host(SESSION, Entry(HERE, PEER, number=2))
    host.commit(own(*both))
    host.commit(revoked(own(*both), "sgr-ingress", "sgr-egress"))
    assert host.going_on() == {NAME: {1: "sgr-ingress"}, "eni-1-egress-kept-flows": {2: "sgr-egress"}}
