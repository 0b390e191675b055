"""What a person sees on a terminal, of ours and of aws CLI: tables in colour and within the width, and the pager."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from outside import needs
from serving import AWS, Server
from terminal import Terminal

OURS = Path(sys.executable).parent / "ringwall"
AWS_2 = Path("/usr/bin/aws")
VPCS = [
    "ec2",
    "describe-vpcs",
    "--query",
    "Vpcs[].{Id:CidrBlock,State:State,Default:IsDefault,Tenancy:InstanceTenancy}",
]


def shown(server: Server, program: Path, *words: str, columns: int = 80, **environment: str) -> tuple[int, str]:
    """The exit status, and everything that came to the terminal."""
    command = [str(program), *words, *(["--endpoint-url", server.url] if program == AWS_2 else [])]
    with Terminal(command, {**server.environment, **environment}, columns=columns) as terminal:
        return terminal.end(), terminal.text


@needs(AWS)
@pytest.mark.parametrize(
    ("columns", "options"),
    [(30, []), (80, []), (30, ["--color", "off"]), (80, ["--output", "json"]), (80, ["--output", "text"])],
)
def test_a_terminal_shows_what_version_1_shows(server: Server, columns: int, options: list[str]) -> None:
    words = [*VPCS, "--output", "table", *options]
    ours = shown(server, OURS, *words, columns=columns)
    assert ours == shown(server, AWS, *words, columns=columns)
    assert ours[0] == 0
    assert ours[1]


@needs(AWS)
@pytest.mark.parametrize("colour", ["on", "auto"])
def test_a_pipe_gets_what_version_1_gives_it(server: Server, colour: str) -> None:
    words = [*VPCS, "--output", "table", "--color", colour]
    results = []
    for program in (OURS, AWS):
        with Terminal([str(program), *words], server.environment, separate=True) as terminal:
            results.append((terminal.end(), terminal.output))
    assert results[0] == results[1]


def test_colour_stays_away_where_it_is_unwanted(server: Server) -> None:
    status, text = shown(server, OURS, *VPCS, "--output", "table", NO_COLOR="1")
    assert (status, "\x1b" in text) == (0, False)


PAGERS = {
    "marked": {"AWS_PAGER": "cat -A"},
    "of another variable": {"PAGER": "cat -A"},
    "with options for less": {"AWS_PAGER": "sh -c 'cat >/dev/null; echo $LESS'"},
    "with options of its own": {"AWS_PAGER": "sh -c 'cat >/dev/null; echo $LESS'", "LESS": "S"},
    "that leaves": {"AWS_PAGER": "head -1"},
    "away": {"AWS_PAGER": "/nonexistent/pager"},
    "none": {"AWS_PAGER": ""},
}


@pytest.mark.clients
@needs(AWS_2)
@pytest.mark.parametrize(
    ("environment", "options"),
    [
        *((environment, ["--output", "table"]) for environment in PAGERS.values()),
        (PAGERS["marked"], ["--output", "json"]),
        (PAGERS["marked"], ["--no-cli-pager"]),
        (PAGERS["marked"], ["--query", "nope("]),
        (PAGERS["away"], ["--query", "nope("]),
    ],
)
def test_the_pager_is_version_2s(server: Server, environment: dict[str, str], options: list[str]) -> None:
    bare = Server(server.process, server.url)
    settings = {name: value for name, value in bare.environment.items() if name != "AWS_PAGER"} | environment
    results = []
    for program in (OURS, AWS_2):
        command = [str(program), *VPCS, *options, *(["--endpoint-url", server.url] if program == AWS_2 else [])]
        with Terminal(command, settings) as terminal:
            results.append((terminal.end(), _before_advice(terminal.text)))
    assert results[0] == results[1]


def _before_advice(text: str) -> str:
    """Without what a program says about its own help, and without the resets that version 2 adds when it ends."""
    text = text.partition("Learn more about")[0].partition("Set AWS_PAGER to")[0]
    return text.replace("\x1b[0m", "").replace("^[[0m", "")
