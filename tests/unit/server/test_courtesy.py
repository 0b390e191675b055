"""A long answer lets short ones pass, and still comes to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat

import pytest

from ringwall.server.courtesy import WAIT_FOR_WORK, WAIT_SECONDS_MAX, Courtesy


class Times:
    """A clock that goes on when somebody works or pauses."""

    def __init__(self, when_pausing: Callable[[], None] = lambda: None) -> None:
        self.now = self.worked = self.paused = 0.0
        self.when_pausing = when_pausing

    def work(self, seconds: float) -> None:
        self.now += seconds
        self.worked += seconds

    def pause(self, seconds: float) -> None:
        self.now += seconds
        self.paused += seconds
        self.when_pausing()

    def items(self, number: int, seconds: float) -> Iterator[int]:
        for item in range(number):
            self.work(seconds)
            yield item


def in_a_thread(courtesy: Courtesy, items: Iterator[int]) -> list[int]:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: list(courtesy.between(items))).result()


def polite(times: Times) -> Courtesy:
    return Courtesy(lambda: times.now, times.pause)


def test_alone_it_never_waits() -> None:
    times = Times()
    courtesy = polite(times)
    with courtesy:  # itself
        assert in_a_thread(courtesy, times.items(100, 0.01)) == list(range(100))
    assert times.paused == 0


def test_it_waits_while_another_is_answered_and_no_longer() -> None:
    courtesy: Courtesy

    def answered() -> None:
        if times.paused > 0.02 and not left:
            left.append(times.paused)
            courtesy.__exit__()

    left: list[float] = []
    times = Times(answered)
    courtesy = polite(times)
    with courtesy:
        courtesy.__enter__()
        assert len(in_a_thread(courtesy, times.items(100, 0.01))) == 100
    assert times.paused == pytest.approx(left[0])


def test_beside_others_without_a_pause_it_still_has_its_part() -> None:
    times = Times()
    courtesy = polite(times)
    with courtesy, courtesy:
        assert len(in_a_thread(courtesy, times.items(1_000, 0.001))) == 1_000
    assert 0.9 * WAIT_FOR_WORK < times.paused / times.worked < 1.1 * WAIT_FOR_WORK


def test_it_never_stands_still_for_long() -> None:
    times = Times()
    courtesy = polite(times)
    with courtesy, courtesy:
        in_a_thread(courtesy, chain(times.items(1, 1_000.0), times.items(1, 0.0)))
    assert 0 < times.paused < WAIT_SECONDS_MAX + 0.01


def test_an_answer_on_the_loop_is_written_as_it_is() -> None:
    courtesy = Courtesy(lambda: 0.0, pytest.fail)
    items = iter(repeat(1, 5))
    with courtesy, courtesy:
        assert courtesy.between(items) is items
