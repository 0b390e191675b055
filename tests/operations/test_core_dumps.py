"""A server that crashes leaves its keys nowhere."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serving import serving

UNLIMITED = "import resource, sys; resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2); "
PATTERN = Path("/proc/sys/kernel/core_pattern")
leaves_files = pytest.mark.skipif(
    not PATTERN.exists()
    or "/" in PATTERN.read_text()
    or PATTERN.read_text().startswith("|")
    or resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY,
    reason="a crash here leaves no file beside the process, whatever the process does",
)


def crash(directory: Path, before: str) -> set[str]:
    """What is in the directory after a Python process, which may dump as much as it likes, has aborted there."""
    done = subprocess.run(
        [sys.executable, "-c", f"{UNLIMITED}{before}; import os; os.abort()"], cwd=directory, timeout=20, check=False
    )
    assert done.returncode == -signal.SIGABRT
    return {path.name for path in directory.iterdir()}


@leaves_files
def test_any_other_process_leaves_a_core(tmp_path: Path) -> None:
    assert [name for name in crash(tmp_path, "pass") if name.startswith("core")]


@leaves_files
def test_not_being_dumpable_is_enough_where_the_limit_does_not_hold(tmp_path: Path) -> None:
    forbid = "import ringwall.core_dumps as c; c.resource.setrlimit = lambda *_: None; c.forbid_core_dumps()"
    assert crash(tmp_path, forbid) == set()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_server_that_crashes_leaves_no_core(
    tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "here"
    there.mkdir()
    monkeypatch.chdir(there)
    with serving("--data", str(tmp_path / "data")) as server:
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()
        (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert line.split()[4:6] == ["0", "0"]
        if os.geteuid() != 0:  # /proc/PID belongs to root while the process can't be dumped
            assert Path(f"/proc/{server.process.pid}/environ").stat().st_uid == 0
        server.process.send_signal(number)
        assert server.process.wait(20) == -number
    assert list(there.iterdir()) == []
