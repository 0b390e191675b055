"""The question before what is dangerous, on a terminal and without one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from terminal import Terminal

ASK = """
import sys
from ringwall.cli.words.confirm import NotConfirmed, confirm
try:
    confirm("Open tcp/22 to the world?", yes="--yes" in sys.argv)
except NotConfirmed as error:
    sys.exit(str(error))
print("opened")
"""
COMMAND = [sys.executable, "-c", ASK]


@pytest.mark.parametrize("answer", ["y\n", "yes\n", "YES\n"])
def test_a_yes_on_a_terminal(answer: str) -> None:
    with Terminal(COMMAND, os.environ, separate=True) as terminal:
        terminal.expect("Open tcp/22 to the world? [y/N] ")
        terminal.type(answer)
        assert terminal.end() == 0
    assert terminal.output == "opened\n", "the question is on standard error"


@pytest.mark.parametrize("answer", ["\n", "n\n", "yeah\n", "\x04"])
def test_anything_else_is_a_no(answer: str) -> None:
    with Terminal(COMMAND, os.environ) as terminal:
        terminal.expect("[y/N] ")
        terminal.type(answer)
        assert terminal.end() == 1
    assert terminal.text.endswith("\r\nNothing was changed.\r\n")


@pytest.mark.parametrize("given", [b"", b"y\n"])
def test_without_a_terminal_nothing_is_asked(given: bytes) -> None:
    done = subprocess.run(COMMAND, input=given, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"there is no terminal to ask. Give --yes." in done.stderr


def test_yes_was_given_before() -> None:
    done = subprocess.run([*COMMAND, "--yes"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"opened\n", b"")


def test_bytes_that_are_no_text_are_a_no() -> None:
    with Terminal(COMMAND, os.environ) as terminal:
        terminal.expect("[y/N] ")
        os.write(terminal.master, b"\xff\xfey\n")
        assert terminal.end() == 1
    assert terminal.text.endswith("\r\nNothing was changed.\r\n")


def test_what_was_typed_before_is_no_answer() -> None:
    """Such as the lines behind the command that somebody pasted."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as ahead, os.fdopen(writing, "wb", buffering=0) as go:
        waiting = f"import os; print('typed?', flush=True); os.read({ahead.fileno()}, 1)\n{ASK}"
        with Terminal([sys.executable, "-c", waiting], os.environ, pass_fds=[ahead.fileno()]) as terminal:
            terminal.expect("typed?")
            terminal.type("y\n")
            terminal.expect("y")  # the terminal has it
            go.write(b".")
            terminal.expect("[y/N] ")
            terminal.type("\n")
            assert terminal.end() == 1
    assert terminal.text.endswith("\r\nNothing was changed.\r\n")


def test_a_closed_standard_input_is_no_terminal() -> None:
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no terminal to ask. Give --yes." in done.stderr
