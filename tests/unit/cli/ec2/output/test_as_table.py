"""Tables: their form in cases that were looked up, and what holds for all."""

from __future__ import annotations

from random import Random

import pytest

import answers
from ringwall.cli.ec2.output import RESET
from ringwall.cli.ec2.output.as_table import as_table, cells_of

RULES = """\
-------------------------------------------
|       RevokeSecurityGroupIngress        |
+----------------------+------------------+
|  Return              |  True            |
+----------------------+------------------+
||       RevokedSecurityGroupRules       ||
|+----------+---------------+------------+|
|| CidrIpv4 |  Description  | FromPort   ||
|+----------+---------------+------------+|
||  ::/0    |  日本         |  22        ||
||          |               |  443       ||
|+----------+---------------+------------+|
"""

ON_ITS_SIDE = """\
-------------------------------------------------------------
|                             X                             |
+------+----------------------------------------------------+
|  A   |  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa   |
|  Name|  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb       |
+------+----------------------------------------------------+
"""


def test_an_answer() -> None:
    rules = [{"FromPort": 22, "CidrIpv4": "::/0", "Description": "日本"}, {"FromPort": 443}]
    table = as_table("RevokeSecurityGroupIngress", {"Return": True, "RevokedSecurityGroupRules": rules})
    assert table == RULES


def test_nothing_is_no_table() -> None:
    for nothing in ({}, [], None, "", 0, False):
        assert as_table("X", nothing) == ""


def test_what_is_too_wide_lies_on_its_side() -> None:
    value = {"A": "a" * 47, "Name": "b" * 43}
    assert as_table("X", value, terminal_width=80) == ON_ITS_SIDE
    assert as_table("X", value, terminal_width=200).count("\n") == 7


def test_rows_of_different_lengths_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"^Row should have 2 elements, instead it has 1$"):
        as_table("X", [[1, 2], [3]])


@pytest.mark.parametrize("operation", answers.ANSWERED)
def test_every_line_is_as_wide_as_the_first(operation: str) -> None:
    random = Random(operation)
    texts = [each for each in answers.TEXTS if "\n" not in each and "\t" not in each]
    for _ in range(5):
        lines = as_table(operation, answers.answer(operation, random, texts)).splitlines()
        assert len({cells_of(line) for line in lines}) <= 1


def test_colour_changes_nothing_but_colour() -> None:
    value = answers.answer("DescribeVpcs", Random(3)) or {"Vpcs": []}
    plain, coloured, each = (as_table("DescribeVpcs", value, colour) for colour in ("off", "on", "each"))
    assert coloured != plain
    for code in ("\x1b[1m", "\x1b[34m", "\x1b[2m", "\x1b[33m", RESET):
        coloured, each = coloured.replace(code, ""), each.replace(code, "")
    assert coloured == each == plain
