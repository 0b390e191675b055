"""However a state was come to, the same is enforced: deltas in any order, repeated, split, merged or taken back.

A machine changes the state at random. One follower takes each change as it comes, split into its parts in any order and
some of them twice; another sleeps and takes all it has missed as one delta. Both keep a table by differences. After
each step the tables are what is compiled from the state alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from build import (
    HOST4,
    HOST6,
    LOCAL,
    beside,
    cidr,
    egress,
    everything,
    group,
    host_interface,
    icmp,
    icmpv6,
    ingress,
    prefix_list,
    protocol,
    routed,
    tcp,
    udp,
    world,
)
from ringwall.compiler.compile import Compiled, compile_host
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostDelta, HostGroup, HostState, difference, merge
from ringwall.nft import diff
from ringwall.nft.fake import Fake
from ringwall.nft.ruleset import Applied, advance

GROUPS = ("sg-1", "sg-2", "sg-3")
LISTS = ("pl-1", "pl-2")
BLOCKS = ("10.0.0.0/8", "10.0.0.0/24", "192.0.2.0/28", "fd00::/64", "2001:db8::/48")
ADDRESSES = ("10.0.0.2", "10.0.0.3", "10.0.1.2", "fd00::2", "fd00::3")
INTERFACES = {
    "eni-1": host_interface("eni-1", "up0", (HOST4, HOST6)),
    "eni-2": host_interface("eni-2", "up1", ("10.0.0.4", "fd00::4")),
    "eni-3": routed("eni-3", "vc1", ("10.0.1.2", "fd00:0:0:1::2")),
    "eni-4": routed("eni-4", "vc2", ("10.0.1.3",)),
    "eni-5": routed("eni-5", "", ("10.0.1.4",)),
}
PORTS = (tcp(22), tcp(1030, 1040), tcp(1000, 5000), tcp(0, 65535), udp(53))
traffics = st.sampled_from([*PORTS, icmp(8), icmp(3, 4), icmpv6(), protocol(47), everything()])
peers = st.one_of(
    st.integers(0, 60).map(lambda n: cidr(f"10.0.0.{n * 4}/30")),
    st.integers(0, 60).map(lambda n: cidr(f"10.0.{n % 3}.{n}/32")),
    st.integers(0, 9).map(lambda n: cidr(f"fd00:0:0:{n}::/64")),
    st.sampled_from(["0.0.0.0/0", "::/0"]).map(cidr),
    st.sampled_from([*GROUPS, "sg-other"]).map(group),
    st.sampled_from(LISTS).map(prefix_list),
)
group_ids = st.sampled_from(GROUPS)
seeds = st.integers(0, 999)


class Follower:
    """A host: its state, and a table that is kept by differences."""

    def __init__(self, state: HostState) -> None:
        self.state, self.fake = state, Fake()
        self.compiled: Compiled | None = None
        self.applied: Applied | None = None
        self.enforce(state)

    def take(self, delta: HostDelta) -> None:
        self.enforce(merge(self.state, delta))

    def enforce(self, state: HostState) -> None:
        self.state = state
        self.compiled = compile_host(state, LOCAL, self.compiled)
        desired = self.compiled.ruleset
        transaction = diff.difference(self.applied, desired)
        if transaction:
            done = self.fake.commit(transaction, self.fake.generation())
            self.applied = advance(self.applied, transaction, desired, done.handles, done.generation)


def parts(delta: HostDelta) -> Iterator[HostDelta]:
    """The delta in pieces of one change each."""
    for each in fields(delta):
        value = getattr(delta, each.name)
        if isinstance(value, Mapping):
            for key, change in value.items():
                part: dict[str, Any] = {each.name: {key: change}}
                yield HostDelta(**part)
        elif value is not None:
            yield HostDelta(mode=value)


class AnyWay(RuleBasedStateMachine):
    """state: what is to be enforced. awake, asleep: who follows at once, and who from time to time."""

    def __init__(self) -> None:
        super().__init__()
        start = world(members={"sg-1": ADDRESSES[:1]}, prefix_lists={"pl-1": BLOCKS[:1]}, groups=GROUPS[:2])
        self.state = start
        self.awake, self.asleep = Follower(start), Follower(start)
        self.ids = count()

    def change(self, target: HostState, seed: int) -> None:
        delta = difference(self.state, target)
        self.state = target
        pieces, random = list(parts(delta)), Random(seed)
        random.shuffle(pieces)
        for piece in pieces + random.sample(pieces, min(2, len(pieces))):
            self.awake.take(piece)
        if seed % 3 == 0:
            self.awake.take(delta)

    def with_group(self, group_id: str) -> HostState:
        if group_id in self.state.groups:
            return self.state
        return replace(self.state, groups={**self.state.groups, group_id: HostGroup(group_id, "new", {})})

    def granted(self, group_id: str, side: Any, traffic: Any, peer: Any) -> HostState:
        """The state with one more rule; the same where the group says it already."""
        state = self.with_group(group_id)
        held = state.groups[group_id]
        new = side(traffic, peer, f"sgr-{next(self.ids)}", group_id)
        if any((old.direction, old.traffic, old.peer) == (new.direction, traffic, peer) for old in held.rules.values()):
            return state
        changed = replace(held, rules={**held.rules, new.rule_id: new})
        return replace(state, groups={**state.groups, group_id: changed})

    @rule(group_id=group_ids, side=st.sampled_from([ingress, egress]), traffic=traffics, peer=peers, seed=seeds)
    def authorize(self, group_id: str, side: Any, traffic: Any, peer: Any, seed: int) -> None:
        self.change(self.granted(group_id, side, traffic, peer), seed)

    @rule(side=st.sampled_from([ingress, egress]), traffic=traffics, first=st.integers(0, 200), seed=seeds)
    def authorize_many(self, side: Any, traffic: Any, first: int, seed: int) -> None:
        """So many that they become a tree."""
        before, target = self.state, self.state
        for n in range(first, first + 18):
            self.state = target
            target = self.granted("sg-1", side, traffic, cidr(f"10.1.{n}.0/24"))
        self.state = before
        self.change(target, seed)

    @rule(group_id=group_ids, seed=seeds)
    def revoke(self, group_id: str, seed: int) -> None:
        held = self.state.groups.get(group_id)
        if held is not None and held.rules:
            gone = Random(seed).sample(sorted(held.rules), min(len(held.rules), 1 + seed % 9))
            rules = {rule_id: each for rule_id, each in held.rules.items() if rule_id not in gone}
            self.change(replace(self.state, groups={**self.state.groups, group_id: replace(held, rules=rules)}), seed)

    @rule(group_id=group_ids, side=st.sampled_from([ingress, egress]), traffic=traffics, peer=peers)
    def authorize_and_revoke(self, group_id: str, side: Any, traffic: Any, peer: Any) -> None:
        """What it leaves is what was there: the same table, not only the same meaning."""
        self.change(self.with_group(group_id), 0)
        before, was = self.state, self.awake.fake.observe()
        self.change(self.granted(group_id, side, traffic, peer), 1)
        self.change(before, 1)
        now = self.awake.fake.observe()
        assert was is not None
        assert now is not None
        assert now.ruleset == was.ruleset

    @rule(group_id=st.sampled_from([*GROUPS, "sg-other"]), members=st.sets(st.sampled_from(ADDRESSES)), seed=seeds)
    def members_change(self, group_id: str, members: set[str], seed: int) -> None:
        self.change(replace(self.state, members={**self.state.members, group_id: frozenset(members)}), seed)

    @rule(list_id=st.sampled_from(LISTS), blocks=st.sets(st.sampled_from(BLOCKS)), seed=seeds)
    def list_changes(self, list_id: str, blocks: set[str], seed: int) -> None:
        self.change(replace(self.state, prefix_lists={**self.state.prefix_lists, list_id: frozenset(blocks)}), seed)

    @rule(
        interface_id=st.sampled_from(sorted(INTERFACES)),
        groups=st.lists(group_ids, unique=True),
        source_check=st.booleans(),
        seed=seeds,
    )
    def interface_changes(self, interface_id: str, groups: list[str], source_check: bool, seed: int) -> None:
        """It comes, or other groups are attached to it, in any order."""
        changed = replace(INTERFACES[interface_id], group_ids=tuple(groups), source_check=source_check)
        self.change(beside(self.state, changed), seed)

    @rule(interface_id=st.sampled_from(sorted(INTERFACES)), seed=seeds)
    def interface_goes(self, interface_id: str, seed: int) -> None:
        left = {key: each for key, each in self.state.interfaces.items() if key != interface_id}
        self.change(replace(self.state, interfaces=left), seed)

    @rule(group_id=group_ids, seed=seeds)
    def group_goes(self, group_id: str, seed: int) -> None:
        self.change(replace(self.state, groups={k: v for k, v in self.state.groups.items() if k != group_id}), seed)

    @rule(mode=st.sampled_from(Mode), seed=seeds)
    def mode_changes(self, mode: Mode, seed: int) -> None:
        self.change(replace(self.state, mode=mode), seed)

    @rule()
    def wake(self) -> None:
        """All that was missed, in one delta: what came and went in between isn't in it."""
        self.asleep.take(difference(self.asleep.state, self.state))
        self.same(self.asleep)

    @invariant()
    def the_way_does_not_show(self) -> None:
        self.same(self.awake)

    def same(self, follower: Follower) -> None:
        fresh, observed = compile_host(self.state, LOCAL), follower.fake.observe()
        assert observed is not None
        assert follower.compiled is not None
        assert observed.ruleset == follower.compiled.ruleset == fresh.ruleset
        assert follower.compiled.digest == fresh.digest


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        AnyWay,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def test_any_way_to_a_state_ends_in_the_same_table() -> None:
    run(examples=20, steps=20)


@pytest.mark.slow
@pytest.mark.deep
def test_any_of_thousands_of_ways_ends_in_the_same_table() -> None:
    run(examples=500, steps=40)
