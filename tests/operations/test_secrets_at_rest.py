"""Hosts' secrets in a real server's files: encrypted, those of older versions too, of use with the key file only."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest

from enrolled import Host, enrol
from ringwall.store.sqlite import open_sqlite
from serving import RINGWALL, Server, serving
from stores import Driven


def watches(server: Server, host: Host) -> bool:
    """Whether the host's key is taken."""
    return server.api("POST", "/ringwall/v1/addresses", {"interfaces": []}, **host.key).status == 200


def files(data: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(data.iterdir()) if path.is_file())


def refused(data: Path, *options: str) -> str:
    command = [str(RINGWALL), "serve", "--port", "0", "--data", str(data), *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_hosts_secret_is_in_no_file_and_its_key_works_after_a_restart(data: Path) -> None:
    with serving("--data", str(data)) as server:
        host = enrol(server)
        assert watches(server, host)
        assert host.secret.encode() not in files(data)
        assert not any(host.secret in line for line in server.errors)
        server.stop()
    with serving("--data", str(data)) as server:
        assert watches(server, host)
    assert host.secret.encode() not in files(data) + (data.parent / "data.key").read_bytes()


def test_without_its_key_file_the_server_does_not_start(data: Path, tmp_path: Path) -> None:
    key_file = tmp_path / "elsewhere" / "key"
    key_file.parent.mkdir()
    with serving("--data", str(data), "--key-file", str(key_file)) as server:
        host = enrol(server)
        server.stop()
    assert "is missing, and the secrets in" in refused(data)
    assert not (tmp_path / "data.key").exists()
    with serving("--data", str(tmp_path / "other")) as server:
        enrol(server)
        server.stop()
    assert "doesn't open the secrets" in refused(data, "--key-file", str(tmp_path / "other.key"))
    with serving("--data", str(data), "--key-file", str(key_file)) as server:
        assert watches(server, host)


def test_secrets_of_an_older_version_are_encrypted_and_leave_no_trace(data: Path) -> None:
    with serving("--data", str(data)) as server:
        hosts = [enrol(server, f"web{number}") for number in range(3)]
        server.stop()
    with contextlib.closing(Driven(open_sqlite(data / "ringwall.db"))) as store:
        store.write(lambda tx: [tx.reseal_host_key(host.key_id, host.secret) for host in hosts])
    assert all(host.secret.encode() in files(data) for host in hosts)
    with serving("--data", str(data)) as server:
        assert server.says("encrypted the secrets of 3 hosts' keys")
        assert all(watches(server, host) for host in hosts)
        assert not any(host.secret.encode() in files(data) for host in hosts)


def test_an_ephemeral_server_leaves_no_key_file(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path / "data"), "--ephemeral") as server:
        assert watches(server, enrol(server))
    assert not (tmp_path / "data.key").exists()
