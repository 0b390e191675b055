"""The agent's way to its server: which URLs it takes, whom it trusts, what it signs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import h11
import pytest

import tiny_server
from ringwall.agent.errors import ServerRefused, StreamLost
from ringwall.agent.server import AgentKey, Server, ServerUrl, _date, parse_server_url
from ringwall.config import ConfigurationError
from ringwall.domain.local import ControlEndpoint
from tiny_server import Got, run, serving

KEY = AgentKey("RWHKEXAMPLE", "secret", "eu-central-1")


def ok(_: Got) -> tuple[int, bytes]:
    return 200, b'{"fine": true}'


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://127.0.0.1:4580", ServerUrl("http", "127.0.0.1", 4580)),
        ("http://localhost:4580/", ServerUrl("http", "localhost", 4580)),
        ("http://[::1]:4580", ServerUrl("http", "::1", 4580)),
        ("https://ringwall.example", ServerUrl("https", "ringwall.example", 443)),
        ("HTTPS://Ringwall.example:4580", ServerUrl("https", "ringwall.example", 4580)),
    ],
)
def test_a_url_is_taken_apart(url: str, parts: ServerUrl) -> None:
    assert parse_server_url(url) == parts


@pytest.mark.parametrize(
    "url",
    ["", "ringwall.example", "ftp://ringwall.example", "https://", "https://a:b", "https://a:99999", "https://a/ec2",
     "https://a?x", "https://u:p@a", "http://192.0.2.1:4580", "http://ringwall.example", "http://[fd00::1]"],
)  # fmt: skip
def test_a_url_that_is_none_or_is_unsafe_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="--server"):
        parse_server_url(url)


def test_plain_http_to_another_machine_is_for_those_who_insist() -> None:
    assert parse_server_url("http://192.0.2.1:4580", insecure_http=True) == ServerUrl("http", "192.0.2.1", 4580)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        (ServerUrl("https", "a.example", 443), "a.example"),
        (ServerUrl("http", "127.0.0.1", 4580), "127.0.0.1:4580"),
        (ServerUrl("http", "::1", 4580), "[::1]:4580"),
    ],
)
def test_the_host_header_names_the_port_only_where_it_must(url: ServerUrl, authority: str) -> None:
    assert url.authority == authority


def test_a_request_is_signed_with_the_hosts_key_for_its_region() -> None:
    async def test() -> None:
        async with serving(ok) as tiny:
            server = Server(ServerUrl("http", "127.0.0.1", tiny.port), clock=lambda: 0.0)
            assert await server.post("/ringwall/v1/report", b"{}", KEY) == {"fine": True}
            (got,) = tiny.got
            assert (got.method, got.path, got.body) == ("POST", "/ringwall/v1/report", b"{}")
            assert got.headers["host"] == f"127.0.0.1:{tiny.port}"
            assert got.headers["x-amz-date"] == "19700101T000000Z"
            scope = "Credential=RWHKEXAMPLE/19700101/eu-central-1/ringwall/aws4_request"
            assert scope in got.headers["authorization"]
            await server.post("/ringwall/v1/enroll", b"{}", None)
            assert "authorization" not in tiny.got[1].headers

    run(test)


def test_a_refusal_carries_the_servers_words() -> None:
    def refuse(_: Got) -> tuple[int, bytes]:
        return 403, b'{"error": {"code": "AuthFailure", "message": "No such key."}, "request_id": "1"}'

    async def test() -> None:
        async with serving(refuse) as tiny:
            with pytest.raises(ServerRefused, match=r"AuthFailure: No such key\.") as refused:
                await Server(ServerUrl("http", "127.0.0.1", tiny.port)).post("/ringwall/v1/report", b"{}", KEY)
            assert (refused.value.status, refused.value.code) == (403, "AuthFailure")

    run(test)


@pytest.mark.parametrize(
    "answered", [(502, b"<html>"), (500, b""), (404, b"[]"), (400, b'{"error": "no"}')], ids=lambda each: str(each[0])
)
def test_an_error_that_isnt_the_servers_own_is_a_refusal_too(answered: tuple[int, bytes]) -> None:
    async def test() -> None:
        async with serving(lambda _: answered) as tiny:
            with pytest.raises(ServerRefused) as refused:
                await Server(ServerUrl("http", "127.0.0.1", tiny.port)).post("/", b"", KEY)
            assert refused.value.status == answered[0]

    run(test)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff", b"[" * 100_000, b" " * 2_000_000])
def test_an_answer_that_cant_be_read_is_no_answer(body: bytes) -> None:
    async def test() -> None:
        async with serving(lambda _: (200, body)) as tiny:
            with pytest.raises(StreamLost):
                await Server(ServerUrl("http", "127.0.0.1", tiny.port)).post("/", b"", KEY)

    run(test)


def test_a_port_where_nobody_listens_and_a_server_that_isnt_http() -> None:
    async def test() -> None:
        async with serving(ok) as tiny:
            port = tiny.port
        with pytest.raises(StreamLost, match="no connection"):
            await Server(ServerUrl("http", "127.0.0.1", port)).post("/", b"", KEY)

        async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
            await reader.read()
            writer.close()

        async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(StreamLost, match="broke"):
                await Server(ServerUrl("http", "127.0.0.1", port)).post("/", b"", KEY)

    run(test)


def test_a_pinned_certificate_is_enough_and_no_other_will_do(tmp_path: Path) -> None:
    own, digest = tiny_server.certificate(tmp_path, "own")
    impostor, _ = tiny_server.certificate(tmp_path, "impostor")

    async def test() -> None:
        async with serving(ok, own) as tiny:
            server = Server(ServerUrl("https", "127.0.0.1", tiny.port), digest)
            assert await server.post("/", b"secret", KEY) == {"fine": True}
        async with serving(ok, impostor) as tiny:
            server = Server(ServerUrl("https", "127.0.0.1", tiny.port), digest)
            with pytest.raises(StreamLost, match="impostor"):
                await server.post("/", b"secret", KEY)
            await tiny.until(lambda: tiny.connections == 1)
            assert tiny.got == []

    run(test)


# The server's side of asyncio (Python 3.11) forgets to close a connection whose handshake the client broke off.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_without_a_pin_a_ca_must_vouch_for_the_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, _ = tiny_server.certificate(tmp_path, "own")

    async def test() -> None:
        async with serving(ok, context) as tiny:
            server = Server(ServerUrl("https", "127.0.0.1", tiny.port))
            with pytest.raises(StreamLost, match="certificate verify failed"):
                await server.post("/", b"secret", KEY)
            assert tiny.got == []
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
            assert await server.post("/", b"secret", KEY) == {"fine": True}

    run(test)


def test_a_server_is_found_by_its_name_and_not_forgotten_when_names_fail() -> None:
    async def test() -> None:
        known = frozenset((ControlEndpoint("192.0.2.7", 4580),))
        assert await Server(ServerUrl("http", "127.0.0.1", 1)).locate() == {ControlEndpoint("127.0.0.1", 1)}
        named = await Server(ServerUrl("http", "localhost", 1)).locate()
        assert ControlEndpoint("127.0.0.1", 1) in named
        lost = Server(ServerUrl("https", "no-such-host.invalid", 4580), endpoints=known)
        assert await lost.locate() == known
        with pytest.raises(StreamLost, match="resolved"):
            await Server(ServerUrl("https", "no-such-host.invalid", 4580)).locate()

    run(test)


def test_silence_ends_an_exchange() -> None:
    async def forever(_: Got) -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async def test() -> None:
        async with serving(forever) as tiny:
            server = Server(ServerUrl("http", "127.0.0.1", tiny.port))
            began = time.monotonic()
            with pytest.raises(StreamLost, match="said nothing"):
                async with server.exchange("GET", "/", "", {}, b"", KEY, 0.05) as chunks:
                    assert [chunk async for chunk in chunks] == [b"{"]
            assert time.monotonic() - began < 5

    run(test)


def test_the_next_certificate_takes_the_place_of_the_old_one_when_it_is_seen(tmp_path: Path) -> None:
    (old, old_pin), (new, new_pin) = (tiny_server.certificate(tmp_path, name) for name in ("old", "new"))

    async def test() -> None:
        async with serving(ok, old) as before, serving(ok, new) as after:
            agents = Server(ServerUrl("https", "127.0.0.1", before.port), old_pin, next_certificate_sha256=new_pin)
            assert agents.pins == (old_pin, new_pin)
            await agents.post("/", b"", KEY)
            assert agents.pins == (old_pin, new_pin), "until the next one is seen, both are accepted"
            agents.url, agents.endpoints = ServerUrl("https", "127.0.0.1", after.port), frozenset()
            await agents.post("/", b"", KEY)
            assert agents.pins == (new_pin,)
            agents.url, agents.endpoints = ServerUrl("https", "127.0.0.1", before.port), frozenset()
            with pytest.raises(StreamLost, match="impostor"):
                await agents.post("/", b"", KEY)
            assert agents.pins == (new_pin,)
            assert len(before.got) == 1, "nothing was sent to it"

    run(test)


def test_nothing_is_pinned_without_tls_or_where_a_ca_vouches() -> None:
    assert Server(ServerUrl("http", "127.0.0.1", 1), "a" * 64, next_certificate_sha256="b" * 64).pins == ()
    assert Server(ServerUrl("https", "127.0.0.1", 1)).pins == ()


@pytest.mark.parametrize(
    ("said", "at"),
    [
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", None),
        (b"Sun, 06 Nov 1994 08:49:61 GMT", None),
        (b"Sun, 99 Nov 1994 08:49:37 GMT", None),
        (b"Sun, 06 nov 1994 08:49:37 GMT", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_the_servers_time_is_read_from_its_answer_or_not_at_all(said: bytes, at: float | None) -> None:
    assert _date(h11.Response(status_code=200, headers=[(b"Date", said)])) == at
    assert _date(h11.Response(status_code=200, headers=[])) is None
