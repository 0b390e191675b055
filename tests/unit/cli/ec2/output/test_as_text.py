"""Text: a line for each dictionary, and what it isn't."""

from __future__ import annotations

from typing import Any

import pytest

from ringwall.cli.ec2.output.as_text import lines


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, ""),
        ([], ""),
        (None, "None\n"),
        (True, "True\n"),
        ("x", "x\n"),
        (["a", 1, None], "a\t1\tNone\n"),
        ({"B": 1, "A": "x"}, "x\t1\n"),
        ({"Return": True, "Rules": [{"To": 2, "From": 1}, {"Id": "r"}]}, "True\nRULES\t1\t\t2\nRULES\t\tr\t\n"),
        ({"Tags": [{"Key": "k", "Value": ""}], "Ids": ["a", "b"]}, "IDS\ta\nIDS\tb\nTAGS\tk\t\n"),
        ([["a", "b"], ["c", ["d"]]], "a\tb\nc\nd\n"),
        ({"Outer": {"Inner": {"K": 1}}}, "INNER\t1\n"),
    ],
)
def test_a_form(value: Any, text: str) -> None:
    assert "".join(lines(value)) == text


def test_scalars_beside_dictionaries_are_an_error() -> None:
    with pytest.raises(AttributeError, match="'int' object has no attribute 'items'"):
        list(lines([1, {"a": 2}]))
