"""JSON, ours and the package json's."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import answers
from ringwall.cli.ec2.output.as_json import as_json

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_any_value_is_written_as_the_package_json_writes_it(value: Any) -> None:
    assert as_json(value) == json.dumps(value, indent=4, ensure_ascii=False)


@pytest.mark.parametrize("operation", answers.ANSWERED)
def test_an_answer_is_written_so_too(operation: str) -> None:
    value = answers.answer(operation, Random(operation))
    assert as_json(value) == json.dumps(value, indent=4, ensure_ascii=False)


def test_what_json_has_no_form_for_is_told_in_aws_clis_words() -> None:
    with pytest.raises(TypeError, match=r"^Encountered unrecognized type in JSON encoder\.$"):
        as_json([object()])
