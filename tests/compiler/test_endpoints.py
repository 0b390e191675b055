"""Containers and virtual machines behind a host: the plain meaning and the compiled ruleset agree about both ends."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from meaning import agrees
from random_worlds import BREAKING, LOCAL, some_path, some_world_with_endpoints
from ringwall.compiler.compile import compile_host
from ringwall.domain.admission import Flow, Reason
from ringwall.domain.world import HostState, InterfaceKind

WORLDS = 300
FLOWS = 60
WORLDS_DEEP = 17_000


def path_of(state: HostState, of: Flow) -> str:
    """`vc -> vc`, `vc -> host`, `- -> vc` and so on: what is at the two ends."""
    behind = {each.device for each in state.interfaces.values() if each.kind is InterfaceKind.ROUTED}
    here, there = ("vc" if each in behind else "-" for each in (of.device, of.onward))
    if of.onward is not None:
        return f"{here} -> {there}"
    return f"{here} -> host" if of.direction == "ingress" else f"host -> {here}"


def play(seed: int, worlds: int) -> Counter[tuple[str, Reason]]:
    """Random flows through random worlds; how often each path and verdict came."""
    random = Random(seed)
    seen: Counter[tuple[str, Reason]] = Counter()
    for _ in range(worlds):
        state, local = some_world_with_endpoints(random), random.choice([LOCAL, LOCAL, BREAKING])
        ruleset = compile_host(state, local).ruleset
        for _ in range(FLOWS):
            of = some_path(random, state)
            seen[path_of(state, of), agrees(state, of, ruleset, local).reason] += 1
    return seen


@pytest.mark.parametrize("seed", range(5))
def test_the_tracer_and_the_plain_meaning_agree_about_endpoints(seed: int) -> None:
    seen = play(seed, WORLDS // 5)
    for path in ("vc -> vc", "vc -> host", "host -> vc", "vc -> -", "- -> vc", "- -> host", "host -> -"):
        assert seen[path, Reason.RULES] > 3, path
        assert seen[path, Reason.NO_RULE] > 30, path
    for path in ("vc -> vc", "vc -> host", "vc -> -"):
        assert seen[path, Reason.FOREIGN_SOURCE], path
    assert seen["- -> vc", Reason.OWN_ADDRESS]
    assert seen["- -> -", Reason.FORWARDED]
    assert seen["- -> -", Reason.ELSEWHERE]
    assert seen["vc -> host", Reason.BREAK_GLASS] + seen["- -> host", Reason.BREAK_GLASS]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_they_agree_a_million_times(seed: int) -> None:
    assert sum(play(seed, WORLDS_DEEP // 10).values()) == WORLDS_DEEP // 10 * FLOWS
