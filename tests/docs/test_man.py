"""The manual pages and the examples: current, readable, and every line of them one that the program understands."""

from __future__ import annotations

import argparse
import importlib.util
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from ringwall.cli.main import VERBS, parser
from ringwall.cli.words.examples import EXAMPLES, command_of, examples_of
from serving import RINGWALL, ROOT

PAGES = ROOT / "docs/man"


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate_man", ROOT / "scripts/generate_man.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_current() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.1")}
    assert there == generator().pages(), "run `make docs`"
    assert {f"ringwall-{verb}.1" for verb in VERBS} | {"ringwall.1"} == set(there)


@pytest.mark.skipif(shutil.which("man") is None, reason="man isn't installed")
@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.1")))
def test_man_reads_them_without_a_warning(page: str) -> None:
    done = subprocess.run(
        ["man", "--warnings=w", "-E", "UTF-8", "-l", str(PAGES / page)],
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    for section in ("NAME", "SYNOPSIS", "SEE ALSO"):
        assert f"\n{section}\n" in done.stdout
    before, _, after = done.stdout.partition("\nEXAMPLES\n")
    assert after, "examples"
    assert "OPTIONS\n" not in before, "examples come first"


def leaves(of: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every verb that does something."""
    below = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    if words and not any(action.required for action in below):
        yield words
    for action in below:
        for name, each in action.choices.items():
            yield from leaves(each, (*words, name))


@pytest.mark.parametrize("words", list(leaves(parser())), ids=" ".join)
def test_every_verb_has_an_example(words: tuple[str, ...]) -> None:
    assert examples_of(words)


@pytest.mark.parametrize("line", [line for line, _ in EXAMPLES])
def test_an_example_is_understood(line: str) -> None:
    words = shlex.split(line.partition("ringwall ")[2].partition(" > ")[0].rstrip(')"'))
    assert words[: len(command_of(line))][0] in VERBS
    if words[0] != "ec2":
        parser().parse_args(words)


def test_help_begins_with_examples() -> None:
    done = subprocess.run([str(RINGWALL), "close", "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("examples:\n  # ")
    assert done.stdout.index("ringwall close ssh --from any") < done.stdout.index("usage: ringwall close")
    top = subprocess.run([str(RINGWALL), "--help"], capture_output=True, text=True, check=True)
    assert top.stdout.startswith("examples:\n")
