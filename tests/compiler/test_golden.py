"""Whole rulesets, to be read: each world in `golden/` compiles to the text beside it (`make golden` writes it anew)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import netns
from build import LOCAL, world
from ringwall.agent.kernel import Kernel
from ringwall.compiler.compile import compile_host
from ringwall.nft.text import text
from worlds import read_world

CASES = sorted((Path(__file__).parent / "golden").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_world_compiles_to_its_ruleset(case: Path) -> None:
    state, local = read_world(case / "world.toml")
    now = text(compile_host(state, local).ruleset)
    if os.environ.get("RINGWALL_GOLDEN") == "write":
        (case / "ruleset.nft").write_text(now)
    assert now == (case / "ruleset.nft").read_text()


@pytest.mark.kernel
@netns.needs_kernel
def test_the_kernel_takes_each_golden_world_and_the_differences_between_them() -> None:
    previous = compile_host(world(), LOCAL)
    with netns.namespace() as host, host.enter(), Kernel() as kernel:
        applied = kernel.apply(None, previous.ruleset)
        for case in [*CASES, *reversed(CASES)]:
            state, local = read_world(case / "world.toml")
            previous = compile_host(state, local, previous)
            applied = kernel.apply(applied, previous.ruleset)
            observed = kernel.observe()
            assert observed is not None
            assert observed.ruleset == previous.ruleset == applied.ruleset, case.name
            assert not observed.foreign
