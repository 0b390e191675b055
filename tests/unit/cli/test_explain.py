"""`ringwall explain`: every code of the server's has a page, and every command on a page is one that there is."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import re
import subprocess

import pytest

import ringwall
from ringwall.cli.main import VERBS, parser
from ringwall.cli.words import codes
from ringwall.cli.words.explained import EXPLAINED, nearest
from ringwall.domain.errors import ServiceError
from ringwall.domain.ids import FOREIGN_KINDS
from ringwall.operations.table import OPERATIONS
from serving import RINGWALL


def explain(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(RINGWALL), "explain", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def served_codes() -> set[str]:
    """The codes of all classes of refusal, wherever they are defined, and of kinds of ids that are foreign here."""
    for module in pkgutil.walk_packages(ringwall.__path__, "ringwall."):
        importlib.import_module(module.name)
    found, waiting = {kind.absent("x").code for kind in FOREIGN_KINDS.values()}, [ServiceError]
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        if "code" in vars(each) and each.__module__.startswith("ringwall."):
            found.add(each.code)
    return found


def test_every_code_has_a_page_and_no_page_is_left_over() -> None:
    assert set(EXPLAINED) == served_codes()


def test_pages_are_sentences() -> None:
    for code, page in EXPLAINED.items():
        assert page.causes, code
        assert page.steps, code
        assert page.meaning.endswith("."), code
        assert all(re.search(r"[.`…]$", step) for step in (*page.causes, *page.steps)), code


def commands() -> list[str]:
    """Every command that a page names."""
    steps = (step for page in EXPLAINED.values() for step in page.steps)
    return sorted({found for step in steps for found in re.findall(r"`ringwall ([^`]+)`", step)})


def test_commands_on_pages_are_there() -> None:
    below = next(action for action in parser()._actions if action.dest == "verb").choices
    assert isinstance(below, dict)
    for command in commands():
        verb, *words = command.split()
        assert verb in VERBS, command
        if verb == "ec2":
            operation = "".join(part.capitalize() for part in words[0].split("-"))
            assert words[0].isupper() or words[0] == "help" or operation in OPERATIONS, command
            continue
        known = set(below[verb]._option_string_actions)
        for action in below[verb]._actions:
            if isinstance(action, argparse._SubParsersAction):
                assert words[0] in action.choices, command
                known |= set(action.choices[words[0]]._option_string_actions)
        assert {word for word in words if word.startswith("--")} <= known, command


@pytest.mark.parametrize(
    "said",
    [
        ("InvalidPermission.NotFound",),
        ("invalidpermission.notfound",),
        ("An error occurred (InvalidPermission.NotFound) when calling the RevokeSecurityGroupIngress operation: The",),
        ("InvalidPermission.NotFound:", "The", "specified", "rule"),
    ],
)
def test_a_code_alone_or_in_a_message(said: tuple[str, ...]) -> None:
    done = explain(*said)
    assert done.returncode == codes.DONE, done.stderr
    assert done.stdout.startswith("InvalidPermission.NotFound\nA rule that was to be revoked isn't in the group")
    assert "Usual causes\n" in done.stdout
    assert "What to do\n" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("said", "near"),
    [
        ("InvalidPermision.NotFound", "InvalidPermission.NotFound"),
        ("AuthFail", "AuthFailure"),
        ("Duplicate", "InvalidGroup.Duplicate"),
    ],
)
def test_the_nearest_is_suggested(said: str, near: str) -> None:
    done = explain(said)
    assert done.returncode == codes.NOTHING
    assert near in done.stderr
    assert near in nearest(said)


def test_what_is_like_nothing() -> None:
    done = explain("\x1b[2Jxyzzy")
    assert done.returncode == codes.NOTHING
    assert "\x1b" not in done.stderr
    assert "`ringwall explain` lists all." in done.stderr


def test_all_and_as_json() -> None:
    assert explain().stdout.split() == sorted(EXPLAINED)
    assert json.loads(explain("--json").stdout) == sorted(EXPLAINED)
    page = json.loads(explain("--json", "AuthFailure").stdout)
    assert page["code"] == "AuthFailure"
    assert page["steps"]
