"""One server to a data directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringwall.store.base import Unavailable
from ringwall.store.directory import DataDirectory

HOLD = """
import sys
from pathlib import Path
from ringwall.store.directory import DataDirectory
held = DataDirectory(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    with DataDirectory(data), pytest.raises(Unavailable) as refused:
        DataDirectory(data)
    assert str(data) in str(refused.value)
    assert f"in use by another ringwall server (process {os.getpid()})" in str(refused.value)
    DataDirectory(data).close()


def test_a_refusal_keeps_no_file_open(tmp_path: Path) -> None:
    def next_descriptor() -> int:
        descriptor = os.open(tmp_path, os.O_RDONLY)
        os.close(descriptor)
        return descriptor

    with DataDirectory(tmp_path):
        before = next_descriptor()
        with pytest.raises(Unavailable):
            DataDirectory(tmp_path)
        assert next_descriptor() == before


def test_only_its_owner_looks_into_it(tmp_path: Path) -> None:
    with DataDirectory(tmp_path / "data") as held:
        assert held.path.stat().st_mode & 0o777 == 0o700
        assert (held.path / "lock").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="can't be used"):
        DataDirectory(tmp_path / "file" / "data")


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Unavailable, match=f"process {other.pid}"):
            DataDirectory(tmp_path)
        other.kill()
        other.wait()
    DataDirectory(tmp_path).close()
