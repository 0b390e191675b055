"""The agent answers what it knows, in turn, and a question that can't be answered ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from ringwall.agent.questions import Parameters, Questions
from ringwall.agent.server import AgentKey, Server, ServerUrl
from ringwall.watch.encoding import decode_answer
from ringwall.watch.messages import QUESTIONS_MAX, Answer, Position, Question
from tiny_server import Got, TinyServer, run, serving

KEY = AgentKey("RWHKEXAMPLE", "secret", "us-east-1")


def question(number: int, kind: str = "echo") -> Question:
    return Question(Position("store", 1, 7), f"q/{number}", kind, {"n": (str(number),)})


async def echo(parameters: Parameters) -> Mapping[str, Any]:
    return {"n": list(parameters["n"])}


async def fail(_: Parameters) -> Mapping[str, Any]:
    raise OSError("no such thing")


@asynccontextmanager
async def answering(status: int = 200) -> AsyncIterator[tuple[Questions, TinyServer]]:
    async with serving(lambda _: (status, b"{}")) as tiny:
        server = Server(ServerUrl("http", "127.0.0.1", tiny.port))
        questions = Questions(server, KEY, {"echo": echo, "fail": fail})
        running = asyncio.create_task(questions.run())
        try:
            yield questions, tiny
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


def answer(got: Got) -> Answer:
    return decode_answer(got.body)


def test_questions_are_answered_in_turn_each_under_its_own_name() -> None:
    async def test() -> None:
        async with answering() as (questions, tiny):
            assert questions.kinds == {"echo", "fail"}
            for asked in (question(1), question(2, "fail"), question(3, "unheard of"), question(4)):
                questions.put(asked)
            await tiny.until(lambda: len(tiny.got) == 4)
            assert [got.path for got in tiny.got] == [f"/ringwall/v1/answers/q%2F{n}" for n in (1, 2, 3, 4)]
            assert [answer(got).content for got in tiny.got] == [{"n": ["1"]}, {}, {}, {"n": ["4"]}]
            failures = [answer(got).failure for got in tiny.got]
            assert failures[1] == "The agent can't tell: no such thing"
            assert "unheard of" in (failures[2] or "")

    run(test)


def test_too_many_questions_are_left_unanswered_and_a_server_that_refuses_ends_nothing() -> None:
    async def test() -> None:
        async with answering(status=400) as (questions, tiny):
            for number in range(3 * QUESTIONS_MAX):
                questions.put(question(number))
            await tiny.until(lambda: len(tiny.got) == QUESTIONS_MAX)
            questions.put(question(99))
            await tiny.until(lambda: tiny.got[-1].path.endswith("99"))
            assert len(tiny.got) == QUESTIONS_MAX + 1

    run(test)
