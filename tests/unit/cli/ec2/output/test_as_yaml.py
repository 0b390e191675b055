"""YAML: read back it is the value, and its form is libyaml's in cases that were looked up."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

import answers
from ringwall.cli.ec2.output.as_yaml import as_yaml

ALL_TEXTS = [*answers.TEXTS, *answers.UNPRINTABLE]
TEXT = st.sampled_from(ALL_TEXTS) | st.text("ab \n'\"#:-,é😀\u2028\x00.0123_xo+e~\\", max_size=12)
TEXT |= st.lists(TEXT, max_size=30).map(" ".join)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_reads_back(value: Any) -> None:
    assert YAML(typ="safe", pure=True).load(as_yaml([value])) == [value]


@pytest.mark.parametrize("operation", answers.ANSWERED)
def test_an_answer_reads_back(operation: str) -> None:
    value = answers.answer(operation, Random(operation), ALL_TEXTS)
    assert YAML(typ="safe", pure=True).load(as_yaml(value)) == value


SHARED: dict[str, Any] = {"k": []}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [{"c": None, "d": True}, []]}, "a:\n- c: null\n  d: true\n- []\nb: 1\n"),
        ([["x", ["y"]], {"k": {"l": "z"}}], "- - x\n  - - y\n- k:\n    l: z\n"),
        ({"a": SHARED, "b": [SHARED, SHARED["k"]]}, "a: &id001\n  k: &id002 []\nb:\n- *id001\n- *id002\n"),
        ([SHARED, SHARED], "- &id001\n  k: []\n- *id001\n"),
        ({"a": "no", "b": "true", "c": "1_0", "d": "", "e": "'"}, "a: no\nb: 'true'\nc: '1_0'\nd: ''\ne: ''''\n"),
        ({"a": "x" * 90}, f"a: {'x' * 90}\n"),
        ({"a": "word " * 20 + "."}, f"a: {'word ' * 15}word\n  word word word word .\n"),
        ({"a": "one\ntwo"}, "a: 'one\n\n  two'\n"),
        ({"a": "one\n two"}, 'a: "one\\n two"\n'),
        ({"a": "😀\t"}, 'a: "\\U0001F600\\t"\n'),
        ({"a": [1.5, float("inf"), float("nan")]}, "a:\n- 1.5\n- .inf\n- .nan\n"),
        ([], "[]\n"),
        ("x: y", '"x: y"\n'),
        (None, "null\n"),
    ],
)
def test_a_form(value: Any, text: str) -> None:
    assert as_yaml(value) == text


def test_what_yaml_has_no_form_for_is_an_error() -> None:
    with pytest.raises(TypeError):
        as_yaml([object()])
