"""Names to a tree, with limits that hold whatever the names are."""

from __future__ import annotations

import tracemalloc

import pytest

from ringwall.domain.errors import InvalidParameterCombination, MalformedQueryString
from ringwall.wire.keytree import DEPTH_MAX, NAME_LENGTH_MAX, Tree, nest
from ringwall.wire.request import PARAMETERS_MAX


@pytest.mark.parametrize(
    ("params", "tree"),
    [
        ([], {}),
        ([("GroupId", "sg-1")], {"GroupId": "sg-1"}),
        ([("A.2.B", "x"), ("A.1", "y"), ("A.2.C", "")], {"A": {"2": {"B": "x", "C": ""}, "1": "y"}}),
        ([("A..B", "x"), (".", "y")], {"A": {"": {"B": "x"}}, "": {"": "y"}}),
    ],
)
def test_nest(params: list[tuple[str, str]], tree: Tree) -> None:
    assert nest(params) == tree


@pytest.mark.parametrize(
    "names",
    [["A", "A"], ["A.1", "A.1"], ["A.1.B", "A.1.B"], ["A", "A.1"], ["A.1", "A"], ["A.1.B", "A.1"], ["A.1", "A.1.B.C"]],
)
def test_a_name_is_given_once(names: list[str]) -> None:
    with pytest.raises(InvalidParameterCombination) as refused:
        nest((name, "x") for name in names)
    assert refused.value.message == f"The parameter {names[1]} may only be specified once."


def test_a_name_has_a_greatest_length_and_depth() -> None:
    longest, deepest = "A" * NAME_LENGTH_MAX, ".".join("A" * DEPTH_MAX)
    assert nest([(longest, ""), (deepest, "")])
    for name in (longest + "A", deepest + ".A", "." * 200, "A." * 127 + "A"):
        with pytest.raises(MalformedQueryString):
            nest([(name, "")])


def test_the_largest_request_takes_bounded_memory() -> None:
    """Every name as deep as can be and unlike all others, indices up to 10^9."""
    params = [(f"A{index}" + f".{10**9 - index}" * (DEPTH_MAX - 1), "") for index in range(PARAMETERS_MAX)]
    tracemalloc.start()
    try:
        nest(params)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 64 * 1024 * 1024
