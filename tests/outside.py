"""Other people's clients, unmodified, each in an environment of its own: `make clients` installs them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from serving import ROOT, Server

PROGRAMS = ROOT / "tests/clients/programs"
ENVIRONMENTS = ROOT / ".venvs"
TIMEOUT_SECONDS = 280


def needs(path: Path) -> pytest.MarkDecorator:
    """Skips where the client isn't installed."""
    return pytest.mark.skipif(not path.exists(), reason=f"{path.name} isn't installed: `make clients`")


def run(server: Server, *command: str | Path, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The client's run against the server. It knows the server's address and keys, and nothing of the user's."""
    settings = {
        **server.environment,
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": "us-east-1",
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(command[0]).parent), os.environ["PATH"]]),
        **environment,
    }
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        env=settings,
        cwd=home,
        check=False,
    )


def seen(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a program of ours printed: one JSON object on its last line."""
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    value = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(value, dict)
    return value
