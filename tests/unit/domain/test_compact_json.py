"""Texts of `compact_json`: what the standard library's own encoder writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.domain.compact_json import compact

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_it_is_the_text_of_the_standard_library(value: Any) -> None:
    assert compact(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_what_json_lacks_is_refused() -> None:
    with pytest.raises(TypeError):
        compact({"at": object()})


def test_a_tuple_is_a_list() -> None:
    assert compact(("ü", 1)) == '["ü",1]'
