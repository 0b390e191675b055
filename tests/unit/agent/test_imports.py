"""What runs on every host is small: neither the server nor a database is loaded with it."""

from __future__ import annotations

import subprocess
import sys


def test_the_agent_loads_neither_server_nor_database() -> None:
    program = "import ringwall.agent.run, sys; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "ringwall.agent.loop" in loaded
    heavy = {"sqlite3", "uvicorn", "starlette", "uvloop", "botocore", "typing_extensions", "email.utils", "http"}
    ours = {f"ringwall.{each}" for each in ("store", "operations", "server", "wire", "cli")}
    assert not loaded & (heavy | ours)
