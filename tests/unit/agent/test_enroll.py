"""Enrolment: what the server is told, what it answers, what is refused before anything is sent."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import tiny_server
from ringwall.agent.enroll import enroll
from ringwall.agent.errors import ServerRefused, StreamLost
from ringwall.agent.interfaces import DeviceAddresses
from ringwall.agent.run import interfaces_to_enroll, read_token
from ringwall.agent.server import ServerUrl
from ringwall.config import ConfigurationError
from ringwall.domain.enrolment import EnrolmentToken
from ringwall.domain.local import ControlEndpoint
from tiny_server import run, serving

TOKEN = EnrolmentToken("s" * 43, None)
INTERFACES = (
    DeviceAddresses("up0", "02:00:00:00:00:01", ("10.0.0.5/24", "fe80::1/64")),
    DeviceAddresses("tun0", "00:00:00:00:00:00", ()),
)
ANSWER: dict[str, Any] = {
    "account_id": "123456789012",
    "region": "eu-central-1",
    "instance_id": "i-1",
    "access_key_id": "RWHKEXAMPLE",
    "secret_access_key": "secret",
    "store_id": "store",
    "device": "up0",
    "interface_id": "eni-1",
    "refused_addresses": [{"address": "10.9.9.9", "reason": "is held by eni-2"}],
}


def test_a_host_says_who_it_is_and_learns_who_it_is() -> None:
    async def test() -> None:
        async with serving(lambda _: (201, json.dumps(ANSWER).encode())) as tiny:
            identity, refused = await enroll(ServerUrl("http", "127.0.0.1", tiny.port), TOKEN, INTERFACES)
            assert (identity.instance_id, identity.region, identity.store_id) == ("i-1", "eu-central-1", "store")
            assert identity.endpoints == {ControlEndpoint("127.0.0.1", tiny.port)}
            assert identity.certificate_sha256 is None
            assert refused == ("Address 10.9.9.9 is held by eni-2; it is filtered, but is nobody's source.",)
            (got,) = tiny.got
            assert (got.method, got.path) == ("POST", "/ringwall/v1/enroll")
            sent = json.loads(got.body)
            assert sent["token"] == TOKEN.secret
            assert sent["hostname"]
            assert sent["interfaces"][0] == {
                "device": "up0",
                "mac_address": "02:00:00:00:00:01",
                "addresses": ["10.0.0.5/24", "fe80::1/64"],
            }

    run(test)


def test_the_token_isnt_sent_to_a_server_with_another_certificate(tmp_path: Path) -> None:
    context, digest = tiny_server.certificate(tmp_path, "own")

    async def test() -> None:
        async with serving(lambda _: (201, json.dumps(ANSWER).encode()), context) as tiny:
            url = ServerUrl("https", "127.0.0.1", tiny.port)
            with pytest.raises(StreamLost, match="impostor"):
                await enroll(url, EnrolmentToken(TOKEN.secret, "0" * 64), INTERFACES)
            assert tiny.got == []
            identity, _ = await enroll(url, EnrolmentToken(TOKEN.secret, digest), INTERFACES)
            assert identity.certificate_sha256 == digest

    run(test)


def test_a_token_of_a_server_with_tls_isnt_sent_without() -> None:
    async def test() -> None:
        with pytest.raises(ConfigurationError, match="TLS"):
            await enroll(ServerUrl("http", "127.0.0.1", 1), EnrolmentToken(TOKEN.secret, "0" * 64), INTERFACES)

    run(test)


def test_a_refused_token_is_the_servers_refusal() -> None:
    async def test() -> None:
        body = b'{"error": {"code": "InvalidEnrolmentToken", "message": "The enrolment token is not valid."}}'
        async with serving(lambda _: (400, body)) as tiny:
            with pytest.raises(ServerRefused, match="not valid"):
                await enroll(ServerUrl("http", "127.0.0.1", tiny.port), TOKEN, INTERFACES)

    run(test)


@pytest.mark.parametrize("missing", sorted(ANSWER.keys() - {"refused_addresses"}))
@pytest.mark.parametrize("value", [None, "", 7])
def test_an_answer_that_lacks_something_enrols_nobody(missing: str, value: object) -> None:
    async def test() -> None:
        async with serving(lambda _: (201, json.dumps({**ANSWER, missing: value}).encode())) as tiny:
            with pytest.raises(StreamLost, match=missing):
                await enroll(ServerUrl("http", "127.0.0.1", tiny.port), TOKEN, INTERFACES)

    run(test)


def test_a_token_comes_from_a_file_or_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert read_token(str(tmp_path / "token")) == TOKEN
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
    assert read_token("-") == TOKEN


@pytest.mark.parametrize("content", [None, b"", b"rw1.short.-", b"\xff\xfe", b"x" * 100_000])
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigurationError, match="--token-file"):
        read_token(str(tmp_path / "token"))


def test_the_server_hears_of_interfaces_with_addresses_or_of_the_one_that_was_named() -> None:
    assert interfaces_to_enroll(INTERFACES, None) == INTERFACES[:1]
    assert interfaces_to_enroll(INTERFACES, "tun0") == INTERFACES[1:]
    with pytest.raises(ConfigurationError, match="it has up0, tun0"):
        interfaces_to_enroll(INTERFACES, "eth9")
