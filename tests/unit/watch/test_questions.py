"""A question finds its host's stream, after what changed, and its answer finds whoever asked; never anybody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from ringwall.domain.change import ChangeRecord, HostModeChanged
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostState
from ringwall.watch.encoding import MalformedMessage, decode_answer, encode_answer
from ringwall.watch.hub import Hub
from ringwall.watch.messages import (
    ANSWER_BYTES_MAX,
    QUESTIONS_MAX,
    Answer,
    Delta,
    Heartbeat,
    Position,
    Question,
    Snapshot,
)

ANSWERS = frozenset({"flows"})
ASKED = {"rule_ids": ("sgr-1",)}


class Log:
    """A store of two hosts, whose mode alone changes."""

    def __init__(self) -> None:
        self.records: list[ChangeRecord] = []
        self.mode = Mode.OBSERVE

    def load(self, host_id: str) -> tuple[Position, HostState]:
        return Position("store", 1, len(self.records)), HostState(host_id, self.mode)

    def switch(self) -> int:
        self.mode = Mode.ENFORCE
        self.records.append(ChangeRecord(1, "123456789012", "us-east-1", (HostModeChanged("i-1", self.mode),)))
        return len(self.records)


def hub_of(log: Log, heartbeat_seconds: float = 60) -> Hub:
    def since(revision: int) -> list[ChangeRecord]:
        return log.records[revision:]

    return Hub(log.load, since, LookupError, 0, heartbeat_seconds=heartbeat_seconds)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(bounded())


def test_an_answer_comes_to_who_asked_and_only_from_the_host_that_was_asked() -> None:
    async def test() -> None:
        hub = hub_of(Log())
        async with aclosing(hub.watch("i-1", None, ANSWERS)) as stream:
            assert isinstance(await anext(stream), Snapshot)
            asking = asyncio.create_task(hub.inquire("i-1", "flows", ASKED, 20))
            question = await anext(stream)
            assert isinstance(question, Question)
            assert (question.kind, question.parameters) == ("flows", ASKED)
            assert question.position == Position("store", 1, 0)
            assert not hub.answer("i-2", question.question_id, Answer({"of": "another"}))
            assert not hub.answer("i-1", "another question", Answer())
            assert hub.answer("i-1", question.question_id, Answer({"flows": 3}))
            assert not hub.answer("i-1", question.question_id, Answer({"flows": 4})), "it is answered"
            assert await asking == Answer({"flows": 3})
            assert not hub.answer("i-1", question.question_id, Answer()), "nobody waits any more"

    run(test)


def test_an_agent_that_doesnt_know_the_kind_is_never_sent_the_question() -> None:
    """To an older agent it would be no message, and end its stream."""

    async def test() -> None:
        hub = hub_of(Log(), heartbeat_seconds=0.01)
        async with aclosing(hub.watch("i-1")) as stream:
            await anext(stream)
            answer = await hub.inquire("i-1", "flows", ASKED, 20)
            assert answer is not None
            assert "older" in (answer.failure or "")
            assert isinstance(await anext(stream), Heartbeat)

    run(test)


def test_who_is_away_or_silent_answers_nothing() -> None:
    async def test() -> None:
        hub = hub_of(Log())
        assert await hub.inquire("i-1", "flows", ASKED, 20) is None
        async with aclosing(hub.watch("i-1", None, ANSWERS)) as stream:
            await anext(stream)
            assert await hub.inquire("i-1", "flows", ASKED, 0.01) is None
            asking = asyncio.create_task(hub.inquire("i-1", "flows", {}, 20))
            while not isinstance(message := await anext(stream), Question):
                pass
            assert message.parameters == {}, "the first is forgotten"
            hub.close()
            assert await asking is None

    run(test)


def test_what_changed_goes_before_a_question_and_a_heartbeat_isnt_forgotten() -> None:
    async def test() -> None:
        log = Log()
        hub = hub_of(log)
        async with aclosing(hub.watch("i-1", None, ANSWERS)) as stream:
            await anext(stream)
            asking = [asyncio.create_task(hub.inquire("i-1", "flows", {}, 20)) for _ in range(2)]
            reporting = asyncio.create_task(hub.ask("i-1", 20))
            await asyncio.sleep(0)
            hub.wake(log.switch())
            kinds = [type(await anext(stream)) for _ in range(3)]
            assert kinds == [Delta, Question, Question]
            reporting.cancel()
            asked = asyncio.create_task(hub.ask("i-1", 20))
            asking.append(asyncio.create_task(hub.inquire("i-1", "flows", {}, 20)))
            await asyncio.sleep(0)
            assert [type(await anext(stream)) for _ in range(2)] == [Heartbeat, Question]
            for task in (*asking, asked):
                task.cancel()

    run(test)


def test_questions_dont_crowd_out_heartbeats() -> None:
    async def test() -> None:
        hub = hub_of(Log(), heartbeat_seconds=0.02)
        async with aclosing(hub.watch("i-1", None, ANSWERS)) as stream:
            await anext(stream)
            while True:
                asking = asyncio.create_task(hub.inquire("i-1", "flows", {}, 20))
                await asyncio.sleep(0)
                message = await anext(stream)
                asking.cancel()
                if isinstance(message, Heartbeat):
                    break

    run(test)


def test_a_new_stream_is_asked_what_the_old_one_may_have_lost() -> None:
    async def test() -> None:
        hub = hub_of(Log())
        async with aclosing(hub.watch("i-1", None, ANSWERS)) as old, aclosing(hub.watch("i-1", None, ANSWERS)) as new:
            await anext(old)
            asking = asyncio.create_task(hub.inquire("i-1", "flows", ASKED, 20))
            lost = await anext(old)
            await anext(new)
            again = await anext(new)
            assert isinstance(again, Question)
            assert again == replace(again, question_id=lost.question_id)  # type: ignore[union-attr]
            hub.answer("i-1", again.question_id, Answer())
            assert await asking == Answer()

    run(test)


def test_a_host_is_asked_so_much_at_once_and_no_more() -> None:
    async def test() -> None:
        hub = hub_of(Log())
        async with aclosing(hub.watch("i-1", None, ANSWERS)) as stream:
            await anext(stream)
            asking = [asyncio.create_task(hub.inquire("i-1", "flows", ASKED, 20)) for _ in range(QUESTIONS_MAX)]
            await asyncio.sleep(0)
            refused = await hub.inquire("i-1", "flows", ASKED, 20)
            assert refused is not None
            assert refused.failure is not None
            for task in asking:
                task.cancel()

    run(test)


@pytest.mark.parametrize("answer", [Answer({"flows": [1, {"a": None}]}), Answer(), Answer(failure="It can't tell.")])
def test_an_answer_comes_out_as_it_went_in(answer: Answer) -> None:
    assert decode_answer(encode_answer(answer)) == answer


def test_an_answer_that_is_too_long_says_so() -> None:
    failure = decode_answer(encode_answer(Answer({"flows": "x" * ANSWER_BYTES_MAX}))).failure
    assert failure is not None
    assert "longer" in failure


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"answer": 1}', b'{"failure": {}}', b'{"answer": {}, "failure": "x"}', b'{"answer": NaN}',
     b'{"answer": {"x": "' + b"x" * ANSWER_BYTES_MAX + b'"}}', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_answer(body)
