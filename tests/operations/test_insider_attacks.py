"""What somebody may try who has a key, and would like more: it gets nothing done, and leaves the trail as it was."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from enrolled import Host, enrol
from ringwall.sigv4.sign import sign
from serving import Answer, Server, serving

GROUP = "sg-0123456789abcdef0"


@dataclass(frozen=True)
class Holder:
    """A key and who has it, as `Server.call` and `Server.api` take it."""

    key_id: str
    secret: str

    @property
    def key(self) -> dict[str, str]:
        return {"key_id": self.key_id, "secret": self.secret}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def host(server: Server) -> Host:
    return enrol(server)


@pytest.fixture(scope="module")
def responder(server: Server) -> Holder:
    """A user who may close, and nothing else."""
    assert server.api("POST", "/ringwall/v1/users", {"name": "responder"}).status == 201
    assert server.api("PUT", "/ringwall/v1/users/responder/policies/RevokeOnly").status == 200
    made = server.api("POST", "/ringwall/v1/users/responder/keys").json
    return Holder(made["access_key_id"], made["secret_access_key"])


def send(server: Server, holder: Host | Holder, path: str, body: bytes) -> Answer:
    """A signed POST of this body, byte for byte."""
    headers = sign(
        "POST", f"127.0.0.1:{server.port}", path, "", {}, body, holder.key_id, holder.secret, "us-east-1", "ringwall",
        time.time(),
    )  # fmt: skip
    return server.send("POST", path, headers, body)


def told(server: Server, code: str) -> list[str]:
    """The request ids of the trail's last refusals of this code, once they are written."""
    marker = server.api("DELETE", "/ringwall/v1/users/nobody").headers["x-amzn-requestid"]
    deadline = time.monotonic() + 20
    while True:
        answer = server.api("GET", "/ringwall/v1/trail?limit=1000")
        assert answer.status == 200, answer.text
        json.loads(answer.text, parse_constant=_refuse)
        events = answer.json["events"]
        if marker in {event["requestID"] for event in events}:
            return [event["requestID"] for event in events if event.get("errorCode") == code]
        assert time.monotonic() < deadline, "the refusal was never written"


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


# --- The trail ---

NO_JSON = {
    "no number": b'{"rule_ids": ["sgr-0123456789abcdef0"], "x": NaN}',
    "infinity": b'{"x": -Infinity}',
    "a number that is too large": b'{"x": 1e999}',
    "half of a pair, escaped": b'{"x": "\\ud800"}',
    "half of a pair": b'{"x": "\xed\xa0\x80"}',
    "half of a pair in another encoding": '{"x": "\\ud800"}'.encode("utf-16"),
    "another encoding": '{"x": "y"}'.encode("utf-32"),
    "bytes that are no text": b'{"x": "\xff"}',
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
def test_nothing_that_others_can_not_read_gets_into_the_trail(
    server: Server, host: Host, responder: Holder, body: bytes
) -> None:
    """A refusal that can't be written would be in no trail, and one that can't be read would close the trail."""
    answers = [
        send(server, responder, f"/ringwall/v1/groups/{GROUP}/revoke", body),
        send(server, responder, "/ringwall/v1/users", body),
        send(server, host, "/ringwall/v1/report", body),
    ]
    assert [(answer.status, answer.json["error"]["code"]) for answer in answers] == [(400, "InvalidParameterValue")] * 3
    refusals = told(server, "InvalidParameterValue")
    assert {answer.headers["x-amzn-requestid"] for answer in answers} <= set(refusals)


@pytest.mark.parametrize("depth", [100, 900, 960, 970, 990, 100_000])
def test_a_body_that_is_nested_deeply_is_told_like_any_other(server: Server, responder: Holder, depth: int) -> None:
    answer = send(server, responder, "/ringwall/v1/users", b'{"name": ' + b"[" * depth + b"]" * depth + b"}")
    assert answer.status in (400, 403), answer.text
    assert answer.headers["x-amzn-requestid"] in told(server, answer.json["error"]["code"])


# --- Other accounts ---


@pytest.fixture(scope="module")
def other(server: Server) -> Holder:
    """The root of another account."""
    made = server.api("POST", "/ringwall/v1/accounts", {"name": "other"}).json
    return Holder(made["access_key_id"], made["secret_access_key"])


def make_group(server: Server, name: str, **key: str) -> int:
    """The revision of a new group."""
    form = {"Action": "CreateSecurityGroup", "Version": "2016-11-15", "GroupName": name, "GroupDescription": "d"}
    answer = server.call(form, **key)
    assert answer.status == 200, answer.text
    return int(answer.headers["ringwall-revision"])


def test_what_another_account_changes_keeps_nobody_from_learning_what_is_in_force(
    server: Server, host: Host, other: Holder
) -> None:
    make_group(server, "ours")
    revision = make_group(server, "theirs", **other.key)
    ours = server.api("GET", "/ringwall/v1/changes").json
    assert (ours["revision"], ours["stored_at"]) == (revision, None)
    assert [(row["instance_id"], row["affected"]) for row in ours["hosts"]] == [(host.instance_id, False)]
    through = server.api("GET", f"/ringwall/v1/changes?through={revision}").json
    assert through["hosts"] == ours["hosts"]
    make_group(server, "ours too")
    assert server.api("GET", "/ringwall/v1/changes", **other.key).json["hosts"] == []
    answer = server.api("GET", f"/ringwall/v1/changes/{revision}")
    assert (answer.status, answer.json["error"]["code"]) == (400, "InvalidRevision.NotFound")


def test_metrics_which_count_all_accounts_are_for_the_server_s_own(server: Server, other: Holder) -> None:
    assert server.api("GET", "/metrics").status == 200
    assert server.api("GET", "/metrics", **other.key).status == 403
