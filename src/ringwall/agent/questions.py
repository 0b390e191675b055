"""What the server asks of the host, answered one question after the other. Nothing here changes anything on the host.

The watch stream brings the questions, and waits for none: whoever answers does what takes long in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from ringwall.telemetry import LOG
from ringwall.watch.encoding import encode_answer
from ringwall.watch.messages import QUESTIONS_MAX, Answer, Question

from .errors import AgentError
from .server import AgentKey, Server
from .stream import ANSWERS_PATH

ANSWER_SECONDS_MAX: Final = 30.0
"""Nobody waits longer for an answer."""

Parameters = Mapping[str, tuple[str, ...]]
Respond = Callable[[Parameters], Awaitable[Mapping[str, Any]]]
"""From a question's parameters to the content of the answer. What it raises is told as the failure, in a sentence."""


class Questions:
    """The questions that wait, and who answers those of which kind."""

    def __init__(self, server: Server, key: AgentKey, answers: Mapping[str, Respond]) -> None:
        self._server = server
        self._key = key
        self._answers = answers
        self._waiting: asyncio.Queue[Question] = asyncio.Queue(QUESTIONS_MAX)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that the server may ask."""
        return frozenset(self._answers)

    def put(self, question: Question) -> None:
        """Has the question answered in its turn; with too many before it, it isn't: who asked it waits in vain."""
        try:
            self._waiting.put_nowait(question)
        except asyncio.QueueFull:
            LOG.warning("a %s question is left unanswered: %d others wait", question.kind, QUESTIONS_MAX)

    async def run(self) -> None:
        """Answers until cancelled."""
        while True:
            question = await self._waiting.get()
            answer = encode_answer(await self._answer(question))
            try:
                await self._server.post(f"{ANSWERS_PATH}/{quote(question.question_id, safe='')}", answer, self._key)
            except AgentError as error:
                LOG.warning("the answer to a %s question got lost: %s", question.kind, error)

    async def _answer(self, question: Question) -> Answer:
        respond = self._answers.get(question.kind)
        if respond is None:
            return Answer(failure=f"This agent knows no question of the kind {question.kind!r}.")
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                return Answer(await respond(question.parameters))
        except Exception as error:  # a question must not end the agent, whatever it does to who answers it
            LOG.exception("a %s question can't be answered", question.kind)
            return Answer(failure=f"The agent can't tell: {str(error) or type(error).__name__}")
