"""All the rest of `ringwall ec2` beside the aws CLI 1: every written line, more drawn ones, every form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aws_cli_judge import AWS_1_PYTHON, Outcome
from ec2_command_cases import Case, drawn, skeletons
from ec2_command_compared import Bench, assert_same, bench, without_suggestion
from ec2_command_lines import written
from outside import needs

pytestmark = [pytest.mark.clients, needs(AWS_1_PYTHON)]

NEWER_FORMS = {
    ("create-default-vpc", "output"), ("create-vpc", "input"), ("create-vpc", "output"),
    ("create-vpc-peering-connection", "input"), ("create-vpc-peering-connection", "output"),
    ("accept-vpc-peering-connection", "output"), ("describe-instances", "output"),
    ("describe-vpc-peering-connections", "output"), ("describe-vpcs", "output"),
}  # fmt: skip
"""Forms with members that aws 1 doesn't know yet: ringwall's model is a few releases younger."""


@pytest.fixture(scope="module")
def both() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.mark.parametrize("case", list(written()), ids=str)
def test_a_line_that_people_type(both: Bench, tmp_path: Path, case: Case) -> None:
    theirs, mine = both.both(case, tmp_path)
    assert_same(theirs, without_suggestion(mine))


@pytest.mark.parametrize("case", list(drawn(6, seed=2)) if AWS_1_PYTHON.exists() else [], ids=str)
def test_a_drawn_line(both: Bench, tmp_path: Path, case: Case) -> None:
    assert_same(*both.both(case, tmp_path))


@pytest.mark.parametrize("case", list(skeletons(["", "input", "output"])), ids=str)
def test_a_form(both: Bench, tmp_path: Path, case: Case) -> None:
    theirs, mine = both.both(case, tmp_path)
    if (case.arguments[1], (*case.arguments, "input")[3]) in NEWER_FORMS and not theirs.code:
        assert len(mine.stdout) > len(theirs.stdout)
    else:
        assert_same(without_choices(theirs), without_choices(mine))


def without_choices(outcome: Outcome) -> Outcome:
    """The form without its texts: where there are several to choose from, aws shows any of them, by chance."""
    return replace(outcome, stdout=re.sub(r'"[^"]*"(,?)$', r'""\1', outcome.stdout, flags=re.MULTILINE))
