"""Requests answered without ASGI: byte for byte what uvicorn writes for an application with the same answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from ringwall.server.body import BodyTooLarge, ClientGone, read_body
from ringwall.server.exchange import Exchange
from ringwall.server.protocol import BoundedProtocol

TURNS = 40
"""Of the loop: more than any answer here takes."""

LONG = b"x" * 300


class Transport(asyncio.Transport):
    """Writes down what happens to it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.is_closed = self.has_ended = self.is_reading_paused = False

    def write(self, data: Any) -> None:
        if not self.is_closed and data:
            self.writes.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.has_ended = True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.is_reading_paused = True

    def resume_reading(self) -> None:
        self.is_reading_paused = False

    def seen(self) -> tuple[Any, ...]:
        return b"".join(self.writes), self.is_closed, self.has_ended, self.is_reading_paused


class Asked:
    """What the application was asked, which it answers once it may; in parts where the query says so."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.calls: list[object] = []
        self.gone = 0

    async def answer(self, scope: Any, body: bytes) -> list[bytes]:
        headers, state = list(scope["headers"]), scope["state"]
        self.calls.append((scope["method"], scope["query_string"], scope["client"], headers, state, body))
        await self.may_answer.wait()
        if b"broken" in scope["query_string"]:
            raise RuntimeError("broken")
        text = b"%d bytes, %d headers" % (len(body), len(headers))
        return [text, LONG, b"end"] if b"parts" in scope["query_string"] else [text]


class OverAsgi(Asked):
    """The application as ASGI has it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status, extra = 200, []
        try:
            body = await read_body(receive)
            parts = await self.answer(scope, body) if scope["path"] == "/" else [b"elsewhere"]
        except BodyTooLarge as error:
            status, parts, extra = 413, [str(error).encode()], [(b"connection", b"close")]
        except ClientGone:
            self.gone += 1
            return
        size = b"%d" % sum(map(len, parts))
        headers = [(b"server", b"s"), (b"content-length", size), *extra]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for part in parts[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": parts[-1]})


class WithEndpoint(OverAsgi):
    """The same with an endpoint."""

    async def endpoint(self, exchange: Exchange) -> None:
        status = 200
        try:
            parts = await self.answer(exchange.scope, await exchange.read_body())
        except BodyTooLarge as error:
            status, parts, exchange.keep_alive = 413, [str(error).encode()], False
        except ClientGone:
            self.gone += 1
            return
        await exchange.answer(status, b"server: s\r\ncontent-length: %d\r\n" % sum(map(len, parts)), parts)


class Connection:
    """A connection of its own to a server of its own."""

    def __init__(self, application: Asked) -> None:
        self.application = application
        options: dict[str, Any] = {"ws": "none", "lifespan": "off", "log_config": None, "proxy_headers": False}
        config = uvicorn.Config(application, access_log=False, **options)  # type: ignore[arg-type]
        config.load()
        self.state = ServerState()
        self.state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
        self.protocol = BoundedProtocol(config=config, server_state=self.state, app_state={})
        self.transport = Transport()
        self.protocol.connection_made(self.transport)
        self.is_lost = False

    async def do(self, step: bytes | str) -> None:
        """Bytes arrive, or something happens; until nothing moves any more."""
        if step == "ask and go":
            self.protocol.data_received(request())
            step = "lost"
        if isinstance(step, bytes):
            if not (self.is_lost or self.transport.is_closed or self.transport.is_reading_paused):
                self.protocol.data_received(step)
        elif step == "answer":
            self.application.may_answer.set()
        elif step == "hold":
            self.application.may_answer.clear()
        elif step == "shutdown":
            self.protocol.shutdown()
        elif step == "lost" and not self.is_lost:
            self.is_lost = True
            self.transport.close()
            self.protocol.connection_lost(None)
        elif step in ("pause_writing", "resume_writing") and not self.is_lost:
            getattr(self.protocol, step)()
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def end(self) -> None:
        for step in ("lost", "answer"):
            await self.do(step)
        assert not self.state.tasks

    def seen(self) -> tuple[Any, ...]:
        return self.transport.seen(), self.application.calls, self.application.gone


def assert_same(steps: Sequence[bytes | str]) -> None:
    """After each step, both applications have said and been asked the same."""

    async def run() -> None:
        both = [Connection(OverAsgi()), Connection(WithEndpoint())]
        try:
            for step in (*steps, "answer"):
                for connection in both:
                    await connection.do(step)
                assert both[0].seen() == both[1].seen(), step
        finally:
            for connection in both:
                await connection.end()
        assert both[0].seen() == both[1].seen()

    asyncio.run(run())


def request(
    method: bytes = b"POST", target: bytes = b"/", version: bytes = b"1.1", headers: bytes = b"", body: bytes = b"abc"
) -> bytes:
    length = b"content-length: %d\r\n" % len(body) if body else b""
    return b"%b %b HTTP/%b\r\nHost: h\r\n%b%b\r\n%b" % (method, target, version, headers, length, body)


TARGETS = [b"/", b"/", b"/?a=b&c", b"/?parts", b"/?", b"/?a#b", b"/#a", b"http://h/?a", b"http://h", b"/other", b"//"]
HEADERS = [
    b"", b"", b"Connection: close\r\n", b"connection: Keep-Alive\r\n", b"Expect: 100-continue\r\n", b"x: \xff\r\n",
    b"Authorization: a\r\nAUTHORIZATION: b\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"junk\r\n",
    b"transfer-encoding: chunked\r\n",
]  # fmt: skip
REQUESTS = st.builds(
    request,
    st.sampled_from([b"POST", b"POST", b"GET", b"HEAD", b"OPTIONS", b"BREW"]),
    st.sampled_from(TARGETS),
    st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0", b"2.0"]),
    st.lists(st.sampled_from(HEADERS), max_size=2).map(b"".join),
    st.sampled_from([b"", b"abc", b"a" * 70_000]),
)
HAPPENINGS = ["answer", "hold", "shutdown", "lost", "pause_writing", "resume_writing"]


@st.composite
def courses(draw: st.DrawFn) -> list[bytes | str]:
    """Requests, cut anywhere, the last one perhaps never whole; between the pieces something may happen."""
    sent = b"".join(draw(st.lists(REQUESTS, min_size=1, max_size=4)))
    cuts = sorted(draw(st.lists(st.integers(0, min(len(sent), 600)), max_size=4)))
    pieces: list[bytes | str] = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True) if a < b]
    for happening in draw(st.lists(st.sampled_from(HAPPENINGS), max_size=5)):
        pieces.insert(draw(st.integers(0, len(pieces))), happening)
    return pieces[: draw(st.integers(1, len(pieces)))] if draw(st.booleans()) else pieces


@settings(max_examples=250, deadline=None)
@given(courses())
def test_an_endpoint_says_what_an_application_says(steps: list[bytes | str]) -> None:
    assert_same(steps)


@pytest.mark.parametrize("target", TARGETS[1:])
@pytest.mark.parametrize("headers", HEADERS[1:])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_each_kind_of_request(target: bytes, headers: bytes, version: bytes) -> None:
    assert_same(["answer", request(b"POST", target, version, headers) + request()])


def test_requests_ahead_of_their_answers_cut_at_every_byte() -> None:
    sent = request() + request(b"HEAD", body=b"") + request(target=b"/?parts") + request(target=b"/other") + request()
    for at in range(1, len(sent), 3):
        assert_same([sent[:at], "answer", sent[at:]])
    assert_same(["answer", *(sent[at : at + 1] for at in range(len(sent)))])


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1])
def test_a_large_body_in_pieces_and_at_once(size: int) -> None:
    sent = request(body=bytes(size))
    assert_same(["answer", *(sent[at : at + 60_000] for at in range(0, len(sent), 60_000)), request()])
    assert_same(["answer", sent + request()])


def course(*steps: bytes | str) -> Connection:
    """A connection with an endpoint, after these steps."""

    async def run() -> Connection:
        connection = Connection(WithEndpoint())
        for step in steps:
            await connection.do(step)
        seen = connection.transport.seen(), list(connection.transport.writes)
        await connection.end()
        assert (connection.transport.seen()[0], connection.transport.writes) == (seen[0][0], seen[1])
        return connection

    return asyncio.run(run())


def test_an_answer_leaves_in_one_write_and_a_long_one_part_by_part() -> None:
    assert [len(course("answer", request(target=target)).transport.writes) for target in (b"/", b"/?parts")] == [1, 3]


def test_an_answer_waits_for_a_client_that_reads_slowly() -> None:
    assert course("answer", "pause_writing", request()).transport.writes == []
    assert len(course("answer", "pause_writing", request(), "resume_writing").transport.writes) == 1


def test_a_request_in_flight_is_answered_before_the_server_ends() -> None:
    (written,) = course(request(), "shutdown", "answer").transport.writes
    assert b"\r\nconnection: close\r\n\r\n3 bytes" in written


def test_a_client_that_is_gone_is_asked_nothing_and_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    for gone in (course(request()[:-1], "lost"), course("ask and go")):
        assert (gone.transport.writes, gone.application.calls, gone.application.gone) == ([], [], 1)
    assert course(request(), "lost", "answer").transport.writes == []
    assert caplog.records == []


def test_an_endpoint_that_breaks_is_told_and_the_next_request_served(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL, "uvicorn.error"):
        assert_same(["answer", request(target=b"/?broken")])
        answer = b"".join(course("answer", request(target=b"/?broken")).transport.writes)
    assert answer.startswith(b"HTTP/1.1 500 ")
