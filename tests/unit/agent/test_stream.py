"""The watch stream: lines out of pieces, messages out of lines, and every way in which it ends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.agent.errors import ServerRefused, StreamLost
from ringwall.agent.server import AgentKey, Server, ServerUrl
from ringwall.agent.stream import RETRY_SECONDS_MAX, lines, retry_delays, watch
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostDelta, HostState
from ringwall.watch.encoding import encode
from ringwall.watch.messages import Delta, Heartbeat, Message, Position, Snapshot
from tiny_server import Answer, Got, TinyServer, run, serving

KEY = AgentKey("RWHKEXAMPLE", "secret", "us-east-1")
AT = Position("store/1", 1, 7)
MESSAGES: list[Message] = [
    Snapshot(AT, HostState("i-1", Mode.OBSERVE)),
    Delta(7, AT, HostDelta(mode=Mode.ENFORCE), 12.5),
    Heartbeat(AT),
]


async def pieces(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@given(st.lists(st.binary(max_size=6).map(lambda line: line.replace(b"\n", b"")), max_size=6), st.data())
def test_lines_dont_depend_on_the_pieces(whole: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in whole) + b"the end is missing"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    async def test() -> None:
        assert [line async for line in lines(pieces(chunks))] == whole

    asyncio.run(test())


@pytest.mark.parametrize("chunks", [[b"12345678901\n"], [b"123456", b"78901"], [b"1\n12345678901\n"], [b"x"] * 11])
def test_a_line_that_is_too_long_ends_the_stream(chunks: list[bytes]) -> None:
    async def test() -> None:
        assert [line async for line in lines(pieces([b"1234567890\n"]), bytes_max=10)] == [b"1234567890"]
        with pytest.raises(StreamLost, match="longer"):
            _ = [line async for line in lines(pieces(chunks), bytes_max=10)]

    run(test)


async def heard(tiny: TinyServer, after: Position | None = None, silence: float = 5) -> list[Message]:
    """What comes before the stream is lost; the reason is the last argument of the exception."""
    server = Server(ServerUrl("http", "127.0.0.1", tiny.port))
    return [message async for message in watch(server, KEY, after, silence_seconds_max=silence)]


def answering(*chunks: bytes, then_wait: bool = False) -> Answer:
    async def answer(_: Got) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk
        if then_wait:
            await asyncio.Event().wait()

    return answer


def test_messages_come_as_they_were_sent_and_the_request_says_where_the_host_is() -> None:
    async def test() -> None:
        async with serving(answering(*map(encode, MESSAGES))) as tiny:
            server = Server(ServerUrl("http", "127.0.0.1", tiny.port))
            came: list[Message] = []
            with pytest.raises(StreamLost, match="ended the stream"):
                async for message in watch(server, KEY, AT):
                    came.append(message)  # noqa: PERF401
            assert came == MESSAGES
            (got,) = tiny.got
            assert (got.method, got.path) == ("GET", "/ringwall/v1/watch")
            assert got.query == "epoch=1&revision=7&store_id=store%2F1"
            assert "/us-east-1/ringwall/aws4_request" in got.headers["authorization"]
            with pytest.raises(StreamLost):
                await heard(tiny)
            assert tiny.got[1].query == ""

    run(test)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (answering(encode(MESSAGES[0]), then_wait=True), "said nothing"),
        (answering(encode(MESSAGES[0])[:-5]), "ended the stream"),
        (answering(b"hello\n"), "no message"),
        (answering(b'{"type":"heartbeat"}\n'), "no message"),
    ],
)
def test_a_stream_ends_with_the_reason(answer: Answer, why: str) -> None:
    async def test() -> None:
        async with serving(answer) as tiny:
            with pytest.raises(StreamLost, match=why):
                await heard(tiny, silence=0.05)

    run(test)


def test_a_refusal_is_no_lost_stream() -> None:
    async def test() -> None:
        async with serving(lambda _: (403, b'{"error": {"code": "AuthFailure", "message": ""}}')) as tiny:
            with pytest.raises(ServerRefused):
                await heard(tiny)

    run(test)


def test_attempts_to_connect_grow_apart_and_are_bounded() -> None:
    delays = list(islice(retry_delays(random.Random(1)), 100))
    assert all(0 < delay <= RETRY_SECONDS_MAX for delay in delays)
    assert sum(delays[:3]) < 2 < delays[8]
    assert len(set(delays[20:])) > 50
