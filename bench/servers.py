"""Servers to measure: started, ready, filled, and what the kernel knows of them."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.http_load import Target
from bench.store_bench import RULES_PER_GROUP, fill
from ringwall.server.credentials import read_root_key
from ringwall.store.sqlite import open_sqlite

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venvs/peers/bin"


@contextlib.contextmanager
def process(command: list[str], ready: Callable[[], bool], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server, from ready to stopped."""
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment}
    )
    try:
        end = time.monotonic() + 60
        while not ready():
            if child.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{command[0]} didn't become ready")
            time.sleep(0.005)
        yield child
    finally:
        child.terminate()
        child.wait(20)


@contextlib.contextmanager
def ringwall(directory: Path, *options: str) -> Iterator[Target]:
    """Our server on this directory."""
    port = free_port()
    command = [str(ROOT / ".venv/bin/ringwall"), "serve", "--data", str(directory), "--port", str(port), *options]
    ready = directory / "endpoint.json"  # Written last; the socket is there before the key is.
    ready.unlink(missing_ok=True)
    with process(command, ready.exists) as child:
        key = read_root_key(directory)
        assert key is not None
        yield Target("ringwall", port, key.access_key_id, key.secret, child.pid)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


async def seed(path: Path, rules: int, rules_each: int = RULES_PER_GROUP) -> None:
    """A store with this many rules, so many in each group."""
    store = open_sqlite(path)
    await fill(store, rules, rules_each)
    store.close()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int, line: str = "VmRSS") -> float:
    """Resident memory of a process now, or with `VmHWM` the most it ever was."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(rf"{line}:\s+(\d+) kB", status)[0]) / 1024
