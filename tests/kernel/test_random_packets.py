"""The kernel, the tracer and the plain meaning agree: random worlds in a real kernel, random real packets in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from random import Random

import pytest

import netns
import tally
from build import cidr, egress, everything, ingress
from frames import SCTP
from meaning import packets_of
from random_worlds import GROUPS, some_peer, some_traffic
from ringwall.compiler.compile import compile_host
from ringwall.domain.admission import ICMP, ICMPV6, TCP, UDP, Reason, admits
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.peer import PeerKind
from ringwall.domain.world import HostState
from trial import Case, Trial, World
from wire import Wire, wire

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

SEEDS = range(4)
FLOWS = 80
PAIRS, PAIRS_DEEP = 5_000, 25_000
WAYS, WAYS_DEEP = 40, 1_000
KINDS = ("first", "reply", "later", "error")


@pytest.fixture(scope="module")
def net() -> Iterator[Wire]:
    with wire() as made:
        yield made


def play(net: Wire, seed: int, pairs: int) -> Trial:
    """Worlds until there were so many pairs of world and flow."""
    trial = Trial(net, Random(seed), net.kernel.observe())
    while trial.pairs < pairs:
        world = trial.some_world()
        if trial.random.random() < 0.1:
            world = replace(world, state=replace(world.state, mode=Mode.OBSERVE))
        trial.enforce(world)
        trial.forget_flows()
        cases = trial.some_cases(world, FLOWS)
        trial.try_packets(*((kind, [case for case in cases if kind in case.kinds]) for kind in KINDS))
    tally.add("random pairs of world and flow, tried with real packets", trial.pairs)
    return trial


@pytest.fixture(scope="module")
def played(net: Wire) -> Callable[[int], Trial]:
    """The trial with that seed, played once."""
    return cache(lambda seed: play(net, seed, PAIRS))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_kernel_the_tracer_and_the_plain_meaning_agree(played: Callable[[int], Trial], seed: int) -> None:
    trial = played(seed)
    seen = trial.seen
    assert seen[Reason.RULES] > 500
    assert seen[Reason.NO_RULE] > 500
    for reason in set(Reason) - {Reason.LOOPBACK, Reason.KEPT}:
        assert seen[reason], reason
    assert {number for number, _, _ in trial.admitted} == {ICMP, 2, TCP, UDP, 47, 50, ICMPV6, SCTP}
    assert {direction for _, direction, _ in trial.admitted} == set(Direction)
    assert {peer for _, _, peer in trial.admitted} == set(PeerKind)


def test_every_kind_of_rule_has_admitted_packets_of_both_families(played: Callable[[int], Trial]) -> None:
    """Kinds as EC2 has them: in each direction, what traffic can be said in a rule."""
    ports = [f"{name}, {which}" for name in ("tcp", "udp") for which in ("one port", "ports", "all ports")]
    types = ("a type", "a type and code", "all")
    both = [(kind, version) for kind in (*ports, "-1", "2", "47", "50", "132") for version in (4, 6)]
    one = [(f"{name}, {which}", version) for name, version in (("icmp", 4), ("icmpv6", 6)) for which in types]
    kinds = {(kind, direction, version) for kind, version in both + one for direction in Direction}
    assert len(kinds) == 56
    assert set().union(*(played(seed).forms for seed in SEEDS)) == kinds


@pytest.mark.slow
@pytest.mark.deep
@pytest.mark.parametrize("seed", range(100, 104))
def test_they_agree_a_hundred_thousand_times(net: Wire, seed: int) -> None:
    assert play(net, seed, PAIRS_DEEP).pairs >= PAIRS_DEEP


def more_rules(random: Random) -> list[SecurityGroupRule]:
    """Up to three; one of them is often wide, so that many flows live by it alone."""
    made = []
    for n in range(random.randrange(1, 4)):
        side, group_id = random.choice([ingress, egress]), random.choice(GROUPS[:3])
        if random.random() < 0.6:
            made.append(side(everything(), cidr(random.choice(["0.0.0.0/0", "::/0"])), f"sgr-more-{n}", group_id))
        else:
            made.append(side(some_traffic(random), some_peer(random), f"sgr-more-{n}", group_id))
    return made


def with_rules(state: HostState, rules: list[SecurityGroupRule]) -> HostState:
    """The state with these as well, in groups that it has."""
    groups = dict(state.groups)
    for rule in rules:
        if (held := groups.get(rule.group_id)) is not None:
            groups[rule.group_id] = replace(held, rules={**held.rules, rule.rule_id: rule})
    return replace(state, groups=groups)


def go_and_come_back(trial: Trial) -> tuple[int, int]:
    """Rules come, flows begin, the rules go: how many of the flows ended by that, and how many went on.

    Nothing of the rules is left, neither for the flows that they admitted nor for new ones; and what was cut lives
    again as soon as they come back.
    """
    without = trial.some_world()
    with_them = replace(without, state=with_rules(without.state, more_rules(trial.random)))
    trial.enforce(with_them)
    trial.forget_flows()
    begun = trial.some_cases(with_them, FLOWS)
    trial.try_packets(("first", begun), ("reply", [case for case in begun if "reply" in case.kinds]))
    live = [case for case in begun if case.passes and "reply" in case.kinds]

    trial.enforce(without)
    observed = trial.net.kernel.observe()
    assert observed is not None
    assert observed.ruleset == compile_host(without.state, without.local).ruleset
    now = [judged(case, without) for case in live]
    told = [case for case in now if "error" in case.kinds]
    trial.try_packets(("later", now), ("reply", repeatable(now)), ("error", told), ("later", now))
    trial.try_packets(("first", trial.some_cases(without, FLOWS // 2)))

    trial.enforce(with_them)
    trial.try_packets(("later", live), ("reply", repeatable(live)))
    went_on = sum(case.passes for case in now)
    return len(now) - went_on, went_on


def judged(case: Case, world: World) -> Case:
    """The flow in another world, in which it lives already."""
    expected = admits(world.state, world.local, case.of)
    kinds = packets_of(world.state, case.of, world.local, expected)
    return Case(case.of, expected, tuple(kinds), expected.allowed)


def repeatable(cases: list[Case]) -> list[Case]:
    """Those whose reply may come again at any time; TCP and SCTP answer a beginning once."""
    return [case for case in cases if case.of.protocol not in (TCP, SCTP)]


def ways(net: Wire, seed: int, count: int) -> tuple[int, int]:
    trial = Trial(net, Random(seed), net.kernel.observe())
    cut, went_on = (sum(each) for each in zip(*(go_and_come_back(trial) for _ in range(count)), strict=True))
    tally.add("live flows cut by the revoke of a random rule, tried with real packets", cut)
    tally.add("live flows that went on by another rule, tried with real packets", went_on)
    return cut, went_on


@pytest.mark.parametrize("seed", range(2))
def test_a_rule_that_came_and_went_leaves_nothing_to_live_flows_and_new_ones(net: Wire, seed: int) -> None:
    cut, went_on = ways(net, seed, WAYS)
    assert cut > 50
    assert went_on > 100


@pytest.mark.slow
@pytest.mark.deep
def test_a_thousand_rules_leave_nothing(net: Wire) -> None:
    cut, _ = ways(net, 200, WAYS_DEEP)
    assert cut > WAYS_DEEP
