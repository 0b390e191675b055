"""Another certificate takes the place of a running server's: nobody is refused, and nothing that is open ends."""

from __future__ import annotations

import http.client
import re
import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from certificates import blind_context, make_pair, pin_of, put, shown_by
from enrolled import Host, enrol, new_token
from ringwall.sigv4.sign import sign
from ringwall.watch.encoding import decode
from ringwall.watch.messages import Delta, Snapshot
from serving import Server, serving

SECONDS = 20.0


def until(condition: Callable[[], bool]) -> None:
    """Returns once the condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def with_tls(directory: Path, *options: str) -> Iterator[tuple[Server, Path]]:
    """A server whose certificate is in `server.pem`, with `server.key`; clients believe `old.pem`."""
    old = make_pair(directory, "old")
    there = directory / "server.pem"
    put(old, there)
    with serving("--tls-cert", str(there), "--tls-key", str(there.with_suffix(".key")), *options, ca=old) as server:
        yield server, there


def renew(server: Server, source: Path, there: Path) -> None:
    """The server shows this certificate."""
    put(source, there)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: shown_by(server.port) == pin_of(source))
    server.ca = source


def stream(server: Server, host: Host) -> tuple[http.client.HTTPSConnection, http.client.HTTPResponse]:
    """The host's watch stream."""
    path = "/ringwall/v1/watch"
    headers = sign(
        "GET", f"127.0.0.1:{server.port}", path, "", {}, b"", host.key_id, host.secret, "us-east-1", "ringwall",
        time.time(),
    )  # fmt: skip
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=SECONDS, context=blind_context())
    connection.request("GET", path, headers=headers)
    return connection, connection.getresponse()


def measured(server: Server, name: str) -> float:
    """A gauge's value."""
    found = re.search(rf"^{name} (\S+)$", server.api("GET", "/metrics").text, re.MULTILINE)
    assert found
    return float(found.group(1))


@pytest.mark.parametrize("is_rsa", [False, True], ids=["ec", "rsa"])
def test_streams_and_connections_stay_open_and_nobody_is_refused(tmp_path: Path, is_rsa: bool) -> None:
    new = make_pair(tmp_path, "new", is_rsa=is_rsa)
    with with_tls(tmp_path) as (server, there):
        host = enrol(server)
        watching, received = stream(server, host)
        assert isinstance(decode(received.readline()), Snapshot)
        kept = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=SECONDS, context=blind_context())
        kept.request("GET", "/healthz")
        assert kept.getresponse().read() == b"ok\n"

        seen, failures, is_over = set(), [], threading.Event()

        def connect_on_and_on() -> None:
            while not is_over.is_set():
                try:
                    seen.add(shown_by(server.port))
                except OSError as error:
                    failures.append(error)

        connecting = threading.Thread(target=connect_on_and_on, daemon=True)
        connecting.start()
        until(lambda: bool(seen))
        renew(server, new, there)
        until(lambda: len(seen) == 2)
        is_over.set()
        connecting.join(SECONDS)
        assert failures == []
        assert seen == {pin_of(tmp_path / "old.pem"), pin_of(new)}

        assert (
            server.api("PUT", f"/ringwall/v1/hosts/{host.instance_id}/mode", {"mode": "enforce", "yes": True}).status
            == 200
        )
        while not isinstance(told := decode(received.readline()), Delta):
            pass
        assert told.delta.mode is not None
        kept.request("GET", "/healthz")
        assert kept.getresponse().read() == b"ok\n"
        assert len(server.client().describe_vpcs()["Vpcs"]) == 1, "a client that believes the new certificate"
        kept.close()
        watching.close()


def test_new_tokens_pin_the_new_certificate(tmp_path: Path) -> None:
    new = make_pair(tmp_path, "new")
    with with_tls(tmp_path) as (server, there):
        assert new_token(server).endswith(f".{pin_of(tmp_path / 'old.pem')}")
        renew(server, new, there)
        assert new_token(server).endswith(f".{pin_of(new)}")
        assert measured(server, "ringwall_tls_certificate_ends_at_seconds") > time.time()


def test_files_that_change_are_noticed_without_a_signal(tmp_path: Path) -> None:
    new = make_pair(tmp_path, "new")
    with with_tls(tmp_path) as (server, there):
        put(new, there)
        until(lambda: shown_by(server.port) == pin_of(new))
        assert server.says(f"the certificate {pin_of(new)} is in use, valid until")


def test_agents_that_are_too_old_to_be_told_are_counted(tmp_path: Path) -> None:
    new = make_pair(tmp_path, "new")
    upcoming = tmp_path / "next.pem"
    with with_tls(tmp_path, "--tls-next-cert", str(upcoming)) as (server, there):
        host = enrol(server)
        watching, received = stream(server, host)
        received.readline()
        assert measured(server, "ringwall_agents_lacking_pins") == 0
        upcoming.write_bytes(new.read_bytes())
        server.process.send_signal(signal.SIGHUP)
        until(lambda: measured(server, "ringwall_agents_lacking_pins") == 1)
        assert server.api("GET", f"/ringwall/v1/hosts/{host.instance_id}").json["knows_next_certificate"] is False
        renew(server, new, there)
        assert server.says(f"weren't told of the new certificate and will refuse it: {host.instance_id}")
        watching.close()


def _other_key(there: Path, new: Path) -> None:
    there.with_suffix(".key").write_bytes(new.with_suffix(".key").read_bytes())


def _junk(there: Path, new: Path) -> None:
    there.write_bytes(b"\xff junk")


def _gone(there: Path, new: Path) -> None:
    there.unlink()


def _half(there: Path, new: Path) -> None:
    there.write_bytes(new.read_bytes()[: new.stat().st_size // 2])


def _passphrase(there: Path, new: Path) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )  # fmt: skip

    key = load_pem_private_key(new.with_suffix(".key").read_bytes(), None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    there.with_suffix(".key").write_bytes(sealed)
    there.write_bytes(new.read_bytes())


@pytest.mark.parametrize("spoil", [_other_key, _junk, _gone, _half, _passphrase])
def test_a_pair_that_cannot_be_used_leaves_the_old_one_and_is_told(
    tmp_path: Path, spoil: Callable[[Path, Path], None]
) -> None:
    new = make_pair(tmp_path, "new")
    with with_tls(tmp_path) as (server, there):
        assert measured(server, "ringwall_tls_certificate_broken") == 0
        assert "certificate" not in server.send("GET", "/readyz", {}).text
        spoil(there, new)
        server.process.send_signal(signal.SIGHUP)
        assert server.says("are not used")
        assert shown_by(server.port) == pin_of(tmp_path / "old.pem")
        assert measured(server, "ringwall_tls_certificate_broken") == 1
        ready = server.send("GET", "/readyz", {})
        assert (ready.status, "can't be used, the old ones are" in ready.text) == (200, True)

        renew(server, new, there)
        assert measured(server, "ringwall_tls_certificate_broken") == 0
        assert "certificate" not in server.send("GET", "/readyz", {}).text
        assert "Traceback" not in "".join(server.errors)


def test_older_protocols_are_refused(tmp_path: Path) -> None:
    new = make_pair(tmp_path, "new")
    with with_tls(tmp_path) as (server, there):
        renew(server, new, there)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = blind_context()
            context.minimum_version = context.maximum_version = version
            connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=SECONDS, context=context)
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 200
            connection.close()
        context = blind_context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=SECONDS, context=context)
        with pytest.raises(ssl.SSLError):
            connection.request("GET", "/healthz")
        connection.close()


def test_a_server_without_tls_takes_the_signal_too(tmp_path: Path) -> None:
    with serving() as server:
        server.process.send_signal(signal.SIGHUP)
        assert server.send("GET", "/readyz", {}).status == 200
        assert server.stop() == 0
