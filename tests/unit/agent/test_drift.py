"""Others' commits take the applied table to their generation, or have it looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringwall.agent.drift import Lookout
from ringwall.agent.events import ForeignCommit
from ringwall.nft.objects import Ruleset
from ringwall.nft.ruleset import Applied

APPLIED = Applied(Ruleset(), {}, 10)


def beside(generation: int) -> ForeignCommit:
    return ForeignCommit(generation, "docker", 12, touches=False)


def touching(generation: int, process: str = "nft", pid: int = 4711) -> ForeignCommit:
    return ForeignCommit(generation, process, pid, touches=True)


class Told:
    """Events that are told in these portions."""

    def __init__(self, *portions: tuple[ForeignCommit, ...] | None) -> None:
        self.portions = list(portions)

    def fileno(self) -> int:
        raise AssertionError("nobody waits here")

    def read(self) -> tuple[ForeignCommit, ...] | None:
        return self.portions.pop(0) if self.portions else ()

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("portion", "generation", "must_look"),
    [
        ((), 10, False),
        ((beside(11), beside(12)), 12, False),
        ((beside(9), beside(10)), 10, False),
        ((beside(12),), 10, False),  # 11 wasn't told: the kernel's generation differs, and the table is listed
        ((beside(11), touching(12), beside(13)), 11, True),
        ((touching(10),), 10, False),  # told late: the table was listed since
        (None, 10, True),
    ],
)
def test_only_an_unbroken_row_of_commits_beside_us_moves_the_generation(
    portion: tuple[ForeignCommit, ...] | None, generation: int, must_look: bool
) -> None:
    lookout = Lookout(Told(portion))
    assert lookout.catch_up(APPLIED) == replace(APPLIED, generation=generation)
    assert lookout.must_look is must_look


def test_the_kernels_generation_begins_anew_at_one() -> None:
    last = replace(APPLIED, generation=0xFFFFFFFF)
    assert Lookout(Told((beside(1),))).catch_up(last) == replace(last, generation=1)


def test_suspects_are_named_once_and_forgotten_after_the_look() -> None:
    lookout = Lookout(
        Told((touching(11), touching(12), touching(13, "sh", 5)), tuple(touching(20 + n, "x", n) for n in range(12)))
    )
    lookout.catch_up(None)
    assert lookout.looked() == ("nft (pid 4711)", "sh (pid 5)")
    assert not lookout.must_look
    lookout.catch_up(APPLIED)
    assert lookout.looked()[-1] == "2 more"


def test_without_events_nothing_is_told() -> None:
    lookout = Lookout(None)
    assert lookout.catch_up(APPLIED) is APPLIED
    assert not lookout.must_look


def test_a_processs_name_is_shown_harmless() -> None:
    assert touching(1, "a\nb\x1b[2J").who == "a?b?[2J (pid 4711)"
    assert touching(1, "").who == "a process without a name (pid 4711)"
