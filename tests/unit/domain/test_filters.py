"""Filters: patterns against a plain meaning, and the cost of hostile ones."""

from __future__ import annotations

import fnmatch
import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.domain.errors import FilterLimitExceeded, InvalidParameterValue
from ringwall.domain.filters import FilterTable, pattern, select
from ringwall.domain.wildcards import Pattern


def matches(value: str, text: str) -> bool:
    read = pattern(value)
    return read.matches(text) if isinstance(read, Pattern) else read == text


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("", "", True),
        ("*", "", True),
        ("?", "", False),
        ("?", "a", True),
        ("a*b", "ab", True),
        ("a*b", "aXbYb", True),
        ("a*b", "a", False),
        ("ab*bc", "abc", False),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "acb", False),
        ("**", "anything", True),
        ("*a?c*", "xxabcxx", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        (r"\?", "?", True),
        (r"\\", "\\", True),
        (r"a\\*", "a\\bc", True),
        ("a\\", "a\\", True),
        (r"\a", "a", True),
        ("A", "a", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("*\n*", "a\nb", True),
    ],
)
def test_patterns(value: str, text: str, expected: bool) -> None:
    assert matches(value, text) is expected


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_patterns_mean_what_fnmatch_means(value: str, text: str) -> None:
    assert matches(value, text) is fnmatch.fnmatchcase(text, value)


@given(st.text("a*?\\", max_size=8), st.text("a*?\\", max_size=8))
def test_patterns_with_escapes_mean_what_the_plain_recursion_says(value: str, text: str) -> None:
    @cache
    def fits(at: int, place: int) -> bool:
        if at == len(value):
            return place == len(text)
        if value[at] == "*":
            return fits(at + 1, place) or (place < len(text) and fits(at, place + 1))
        wanted, after = value[at], at + 1
        if wanted == "\\" and after < len(value):
            wanted, after = value[after], after + 1
            return place < len(text) and text[place] == wanted and fits(after, place + 1)
        return place < len(text) and wanted in ("?", text[place]) and fits(after, place + 1)

    assert matches(value, text) is fits(0, 0)


@pytest.mark.parametrize("hostile", ["a*" * 120 + "b", "*" + "a" * 120 + "b*", "*" + "a?" * 60 + "b*"])
def test_a_hostile_pattern_is_cheap(hostile: str) -> None:
    read, text = pattern(hostile), "a" * 255
    assert isinstance(read, Pattern)
    began = time.process_time()
    for _ in range(1_000):  # as many as one request can compare with a handful of groups
        assert not read.matches(text)
    assert time.process_time() - began < 0.8


ITEMS = [{"Name": "web"}, {"Name": "app", "Team": "a"}, {}]
TABLE: FilterTable[dict[str, str]] = FilterTable(
    values={"size": lambda item: (str(len(item)),), "tag-key": lambda item: item.keys()},
    tags_of=lambda item: item,
    barren=frozenset({"image-id"}),
)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], [0, 1, 2]),
        ([("size", ["1", "0"])], [0, 2]),
        ([("size", ["*"]), ("tag:Name", ["w*"])], [0]),
        ([("tag:Team", ["*"])], [1]),
        ([("tag-key", ["Na?e"])], [0, 1]),
        ([("image-id", ["*"])], []),
        ([("tag:Name", ["web"]), ("tag:Name", ["app"])], []),
    ],
)
def test_filters_must_all_hold_and_of_their_values_any(
    filters: list[tuple[str, list[str]]], expected: list[int]
) -> None:
    read = TABLE.read([{"Name": name, "Values": values} for name, values in filters])
    assert select(read, ITEMS) == [ITEMS[index] for index in expected]


def test_a_filter_that_is_not_known() -> None:
    for name in ("Size", "tag", "tags:Name", ""):
        with pytest.raises(InvalidParameterValue, match="is invalid"):
            TABLE.read([{"Name": name, "Values": ["x"]}])


def test_ceilings() -> None:
    TABLE.read([{"Name": "size", "Values": ["x"] * 200}] * 50)
    for filters in ([{"Name": "size", "Values": ["x"] * 201}], [{"Name": "size", "Values": ["x"]}] * 51):
        with pytest.raises(FilterLimitExceeded):
            TABLE.read(filters)
