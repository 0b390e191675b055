"""The aws CLI of both major versions as judges of `ringwall ec2`: one process for hundreds of calls.

The same words go to each.

A call of `aws` takes half a second, most of it imports and model files. Each program is imported once here, in an
interpreter of its own, and forks for each call (`clients/programs/forked_cli.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from retelling import Request, Retelling
from serving import KEY_ID, ROOT, SECRET

AWS_1_PYTHON = ROOT / ".venvs/awscli/bin/python"
AWS_1_MODELS = next(ROOT.glob(".venvs/awscli/lib/python*/site-packages/awscli/botocore/data"), Path("/nonexistent"))
AWS_2 = Path("/usr/bin/aws")
AWS_2_MODELS = Path("/usr/lib/python3/dist-packages/awscli/botocore/data")
AWS_2_PYTHON = Path("/usr/bin/python3")
PROGRAM = ROOT / "tests/clients/programs/forked_cli.py"
START_SECONDS = 60
WARM_UP = ("ec2", "describe-vpcs", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1")


@dataclass(frozen=True)
class Outcome:
    """What a call came to. requests: those that reached the endpoint."""

    code: int
    stdout: str
    stderr: str
    requests: tuple[Request, ...] = ()


@dataclass
class Judge:
    """A program that is ready to be called any number of times."""

    name: str
    process: subprocess.Popen[bytes]

    def __call__(
        self, arguments: Sequence[str], environment: Mapping[str, str], stdin: str = "", directory: Path = ROOT
    ) -> Outcome:
        """One call, as if in a process of its own with just this environment."""
        assert self.process.stdin and self.process.stdout
        given = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "stdin": stdin.encode().decode("latin-1"),
            "directory": str(directory),
        }
        self.process.stdin.write(json.dumps(given).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"{self.name} ended"
        done = json.loads(line)
        texts = (done[kind].encode("latin-1").decode(errors="backslashreplace") for kind in ("stdout", "stderr"))
        return Outcome(done["code"], *texts)


def settings(url: str, home: Path | str = "/nonexistent", **changes: str | None) -> dict[str, str]:
    """An environment that points a client at this URL, with keys and a region; None takes a variable out."""
    given: dict[str, str | None] = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_EC2": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_RETRY_MODE": "legacy",
        "AWS_PAGER": "",
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


@contextmanager
def judge(name: str, python: Path | str, entry: str, program: str, *warm_up: str) -> Iterator[Judge]:
    """A program from its imports to its end."""
    command = [str(python), str(PROGRAM), entry, program, *warm_up]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=settings("http://127.0.0.1:1")
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        try:
            yield Judge(name, process)
        finally:
            process.kill()


@contextmanager
def aws_1() -> Iterator[Judge]:
    """The aws CLI 1 as PyPI has it: requests, output and texts."""
    with judge("aws 1", AWS_1_PYTHON, "awscli.clidriver:main", "aws", *WARM_UP) as made:
        yield made


@contextmanager
def aws_2() -> Iterator[Judge]:
    """The aws CLI 2 as Debian packages it: exit statuses, and what only version 2 has."""
    with judge("aws 2", AWS_2_PYTHON, "awscli.clidriver:main", "aws", *WARM_UP) as made:
        yield made


@contextmanager
def ours() -> Iterator[Judge]:
    """`ringwall`, from the interpreter of the tests."""
    with judge("ringwall", sys.executable, "ringwall.cli.main:main", "ringwall") as made:
        yield made


def heard(by: Retelling, outcome: Outcome) -> Outcome:
    """The outcome with the requests that came."""
    return replace(outcome, requests=tuple(by.requests))
