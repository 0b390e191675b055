"""`ringwall doctor`: from the operator's machine to the hosts, each thing broken once."""

from __future__ import annotations

import http.server
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

import certificates
from enrolled import enrol, watching
from ringwall.cli.words import codes
from ringwall.watch.messages import Drift
from serving import RINGWALL, Server, serving


def doctor(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(RINGWALL), "doctor", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def findings(environment: dict[str, str], *arguments: str) -> dict[tuple[str, str], str]:
    """What was found: the sentence and advice, by check and status; of several of one kind, all of them."""
    done = doctor(environment, "--json", *arguments)
    assert done.stderr == ""
    found: dict[tuple[str, str], str] = {}
    for each in json.loads(done.stdout):
        key = (each["check"], each["status"])
        found[key] = f"{found.get(key, '')} {each['sentence']} {each['advice']}".strip()
    assert done.returncode == (codes.FAILED if any(status == "FAIL" for _, status in found) else codes.DONE)
    return found


def statuses(found: dict[tuple[str, str], str]) -> dict[str, str]:
    return dict(found.keys())


def test_a_good_world(server: Server) -> None:
    host = enrol(server)
    with watching(server, host) as agent:
        agent.report(mode="enforce")
        server.api("PUT", f"/ringwall/v1/hosts/{host.instance_id}/mode", {"mode": "enforce", "yes": True})
        agent.next()
        agent.report(mode="enforce")
        found = findings(server.environment)
        text = doctor(server.environment).stdout
    assert statuses(found) == dict.fromkeys(("settings", "server", "clock", "credentials", "region", "hosts"), "OK")
    assert text.endswith("All is well.\n")
    assert "\x1b" not in text


def test_hosts_that_are_silent_changed_and_in_trouble() -> None:
    with serving() as server:
        assert "No host is enrolled" in findings(server.environment)["hosts", "WARN"]
        silent, drifting = enrol(server, "silent1"), enrol(server, "drifts1")
        with watching(server, drifting) as agent:
            agent.report(drift=Drift(time.time() - 120, ("nft",)), problems=("the disk is full\x1b[2J",))
            found = findings(server.environment)
    assert f"silent1 ({silent.instance_id}) hasn't been heard" in found["hosts", "FAIL"]
    assert "`ringwall agent doctor`" in found["hosts", "FAIL"]
    assert "the disk is full" in found["hosts", "WARN"]
    assert "which enforce nothing" in found["hosts", "WARN"]
    assert not any("\x1b" in text for text in found.values())


def test_keys_and_regions(server: Server) -> None:
    wrong = findings(server.environment | {"AWS_SECRET_ACCESS_KEY": "x"})
    assert "`ringwall env`" in wrong["credentials", "FAIL"]
    assert "hosts" not in statuses(wrong), "what needs the key isn't looked at"
    assert "mars-1 isn't served" in findings(server.environment, "--region", "mars-1")["region", "FAIL"]


def test_a_user_who_may_little(server: Server) -> None:
    assert server.api("POST", "/ringwall/v1/users", {"name": "little"}).status == 201
    key = server.api("POST", "/ringwall/v1/users/little/keys").json
    environment = server.environment | {
        "AWS_ACCESS_KEY_ID": key["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
    }
    found = findings(environment)
    assert "user/little" in found["credentials", "OK"]
    assert "UnauthorizedOperation" in found["hosts", "WARN"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AWS_ENDPOINT_URL_EC2": "http://192.0.2.1:1"}, "`aws` in this shell asks http://192.0.2.1:1"),
        ({"AWS_SESSION_TOKEN": "x"}, "unset AWS_SESSION_TOKEN"),
    ],
)
def test_variables_that_mislead(server: Server, variables: dict[str, str], words: str) -> None:
    assert words in findings(server.environment | variables, "--server", server.url)["environment", "WARN"]


def test_no_settings(tmp_path: Path, server: Server) -> None:
    environment = {name: value for name, value in server.environment.items() if not name.startswith("AWS_")}
    found = findings(environment, "--data", str(tmp_path))
    assert list(found) == [("settings", "FAIL")]


# --- Servers that aren't there, or aren't ringwall's ---


@contextmanager
def answering(status: int, body: str, date: float | None) -> Iterator[str]:
    """A server that says this to everything. date: of its clock, or None for no word on it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            if date is not None:
                self.send_header("Date", formatdate(date, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("seconds", "status", "words"),
    [
        (0, "OK", "agree"),
        (-120, "WARN", "ahead of the server's; at 5 minutes"),
        (120, "WARN", "behind the server's; at 5 minutes"),
        (3600, "FAIL", "behind the server's: signatures are refused"),
        (-3600, "FAIL", "ahead of the server's: signatures are refused"),
    ],
)
def test_the_clock(server: Server, seconds: float, status: str, words: str) -> None:
    with answering(200, "ready at revision 1\n", time.time() + seconds) as url:
        found = findings(server.environment, "--server", url)
    assert words in found["clock", status]


def test_a_server_without_a_clock_that_is_not_ready(server: Server) -> None:
    with answering(503, "stopping\n", None) as url:
        found = findings(server.environment, "--server", url)
    assert "stopping" in found["server", "FAIL"]
    assert "can't be compared" in found["clock", "WARN"]


def test_nobody_there(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = findings(server.environment, "--server", f"http://127.0.0.1:{port}")
    assert "Nothing listens at" in found["server", "FAIL"]
    found = findings(server.environment, "--server", "http://nobody.invalid:1")
    assert "has no address" in found["server", "FAIL"]


def test_tls(tmp_path: Path, server: Server) -> None:
    found = findings(server.environment, "--server", server.url.replace("http:", "https:"))
    assert "write http://" in found["tls", "FAIL"]
    certificate = certificates.make_pair(tmp_path, "server")
    options = ("--tls-cert", str(certificate), "--tls-key", str(certificate.with_suffix(".key")))
    with serving(*options, ca=certificate) as secured:
        assert "good until" in findings(secured.environment)["tls", "WARN"], "it ends in two days"
        untrusting = {name: value for name, value in secured.environment.items() if name != "AWS_CA_BUNDLE"}
        assert "isn't trusted" in findings(untrusting)["tls", "FAIL"]
        missing = findings(untrusting, "--ca-bundle", str(tmp_path / "none.pem"))
        assert "can't be read" in missing["tls", "FAIL"]
        plain = findings(secured.environment, "--server", secured.url.replace("https:", "http:"))
        assert "write https://" in plain["server", "FAIL"]
