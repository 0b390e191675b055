"""What a whole call of the command line costs: `python -m bench cli`.

The same revoke, of a rule that is there: by `ringwall ec2` over HTTP and over HTTPS, and by the aws CLI 1. Beside them
`python -c pass`, the floor of every program in Python. Rounds are interleaved; before each call the rule is authorized
anew, outside of what is timed. The server is asked over loopback, so its answer is a part of each call, the same for
all.
"""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.http_load import Target
from bench.servers import ROOT, ringwall

RINGWALL = ROOT / ".venv/bin/ringwall"
AWS = ROOT / ".venvs/awscli/bin/aws"
ROUNDS_EACH = 15
"""Calls of each in one round of the other benchmarks."""
GOAL_AWS, GOAL_PYTHON = 1 / 8, 6.0
PERMISSION = ("--protocol", "tcp", "--port", "22", "--cidr", "203.0.113.0/24")


def cli(rounds: int, _: float) -> None:
    """The whole call of a revoke, beside aws 1 and beside an interpreter that does nothing."""
    print("## The whole call of `revoke-security-group-ingress`: ms\n")
    if not AWS.exists():
        raise SystemExit("the aws CLI isn't installed: `make awscli`")
    with contextlib.ExitStack() as stack:
        plain, group = stack.enter_context(_served(is_tls=False))
        tls, tls_group = stack.enter_context(_served(is_tls=True))
        calls = {
            "`python -c pass`": ([sys.executable, "-c", "pass"], plain, ""),
            "`ringwall ec2`, HTTP": (_revoke(RINGWALL, group), plain, group),
            "`ringwall ec2`, HTTPS": (_revoke(RINGWALL, tls_group), tls, tls_group),
            "`aws ec2` 1, HTTP": (_revoke(AWS, group), plain, group),
        }
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(rounds * ROUNDS_EACH + 1):
            for name, (command, environment, revoked_from) in calls.items():
                if revoked_from:
                    _run([str(RINGWALL), "ec2", "authorize-security-group-ingress", *_rule(revoked_from)], environment)
                seconds = _run(command, environment)
                if number:  # the first round warms the disk's cache, and writes bytecode
                    taken[name].append(seconds)
    _print(taken)


@contextlib.contextmanager
def _served(*, is_tls: bool) -> Iterator[tuple[dict[str, str], str]]:
    """The environment that points at a server, and a group there."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=ROOT) as name:
        directory = Path(name)
        options, ca = (), ""
        if is_tls:
            ca = str(_certificate(directory))
            options = ("--tls-cert", ca, "--tls-key", str(directory / "key.pem"))
        (directory / "data").mkdir()
        with ringwall(directory / "data", *options, "--throttle", "none") as target:
            environment = _environment(target, directory, ca)
            command = [str(RINGWALL), "ec2", "create-security-group", "--group-name", "bench", "--description", "bench"]
            made = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            yield environment, re.findall("sg-[0-9a-f]+", made.stdout)[0]


def _certificate(directory: Path) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key beside it."""
    path = directory / "ca.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(directory / "key.pem"), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def _environment(target: Target, home: Path, ca: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": target.access_key_id,
        "AWS_SECRET_ACCESS_KEY": target.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"{'https' if ca else 'http'}://127.0.0.1:{target.port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        **({"AWS_CA_BUNDLE": ca} if ca else {}),
    }


def _revoke(program: Path, group: str) -> list[str]:
    return [str(program), "ec2", "revoke-security-group-ingress", *_rule(group)]


def _rule(group: str) -> list[str]:
    return ["--group-id", group, *PERMISSION]


def _run(command: list[str], environment: dict[str, str]) -> float:
    """Seconds from start to end."""
    began = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _print(taken: dict[str, list[float]]) -> None:
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    least = {name: min(seconds) for name, seconds in taken.items()}
    floor, aws = "`python -c pass`", "`aws ec2` 1, HTTP"
    print(
        "| call | p50 | min | ÷ `python -c pass` (p50, min) | ÷ `aws ec2` (p50, min) |\n| --- | --- | --- | --- | --- |"
    )
    for name in taken:
        ratios = [f"{of[name] / of[other]:.3g}" for other in (floor, aws) for of in (medians, least)]
        cells = [
            f"{medians[name] * 1000:.1f}",
            f"{least[name] * 1000:.1f}",
            ", ".join(ratios[:2]),
            ", ".join(ratios[2:]),
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    ours = medians["`ringwall ec2`, HTTP"]
    print(f"\nGoals over HTTP, p50: at most {GOAL_AWS:.3f} of aws ({_met(ours / medians[aws], GOAL_AWS)}), ", end="")
    print(f"at most {GOAL_PYTHON:.0f} times `python -c pass` ({_met(ours / medians[floor], GOAL_PYTHON)}).\n")


def _met(ratio: float, goal: float) -> str:
    return f"{ratio:.3g}, {'met' if ratio <= goal else 'missed'}"
