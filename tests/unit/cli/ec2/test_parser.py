"""Lines are read as argparse reads them."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwall.cli.ec2.messages import Misused
from ringwall.cli.ec2.parser import MANY, NOTHING, ONE, OPTIONAL, Option, parse

NARGS: dict[str, Any] = {ONE: None, OPTIONAL: "?", MANY: "*"}
NAMES = ("--group-id", "--group-ids", "--group", "--port", "--no-port", "--dry-run", "--max", "--f")
WORDS = (*NAMES, "--gro", "--p", "--no", "--d", "--m=3", "--group-id=", "--port=a b", "--dry-run=x", "--unknown", "-x",
         "-1", "-1-8", "-.5", "-", "--", "a", "b c", "-a b", "", "3", "help", "--=x", "--max=x")  # fmt: skip


class Refused(Exception):
    pass


class Judge(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise Refused(message)


def judged(options: list[Option], words: list[str], place: Option | None) -> tuple[dict[str, Any], list[str]]:
    parser = Judge(add_help=False, argument_default=argparse.SUPPRESS)
    for each in options:
        if each.takes == NOTHING:
            parser.add_argument(
                each.name, dest=each.key, action="store_const", const=each.gives, required=each.required
            )
        else:
            parser.add_argument(
                each.name, dest=each.key, nargs=NARGS[each.takes], type=each.convert or str,
                const=each.gives if each.takes == OPTIONAL else None, required=each.required,
            )  # fmt: skip
    if place is not None:
        parser.add_argument(place.name, nargs=NARGS[place.takes])
    values, rest = parser.parse_known_args(words)
    return vars(values), rest


@st.composite
def tables(draw: st.DrawFn) -> list[Option]:
    found = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5)):
        takes = draw(st.sampled_from((ONE, OPTIONAL, MANY, NOTHING)))
        convert = int if takes in (ONE, MANY) and draw(st.booleans()) else None
        gives = "given" if takes in (OPTIONAL, NOTHING) else None
        found.append(Option(name, name[2:], takes, gives=gives, convert=convert, required=draw(st.booleans())))
    return found


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="later versions of argparse read some words differently")
@settings(max_examples=1000, deadline=None)
@given(
    options=tables(),
    words=st.lists(st.sampled_from(WORDS), max_size=8),
    place=st.sampled_from(
        (None, Option("operation", "operation", ONE, required=True), Option("help", "help", OPTIONAL))
    ),
)
def test_as_argparse_does(options: list[Option], words: list[str], place: Option | None) -> None:
    try:
        expected: object = judged(options, words, place)
    except Refused as refusal:
        expected = str(refusal)
    try:
        found: object = parse(options, words, place)
    except Misused as refusal:
        found = str(refusal).partition("error: ")[2].rstrip("\n")
    assert found == expected
