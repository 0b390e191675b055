"""Requests are what botocore's serializer makes of the same parameters, order included."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import botocore_judge as judge
from ringwall.client.model import OPERATIONS, STRUCTURES, TOKENS
from ringwall.client.query import body, encode, new_token, quoted


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_form_is_botocores(operation: str, data: st.DataObject) -> None:
    parameters = data.draw(judge.requests(operation))
    token = TOKENS.get(OPERATIONS[operation][0])
    if token is not None:
        parameters.setdefault(token, "a token")
    pairs = judge.flat(operation, parameters)
    assert encode(operation, parameters) == [(name, str(value)) for name, value in pairs.items()]
    assert body(encode(operation, parameters)) == judge.form(pairs)


def test_an_empty_list_is_not_sent() -> None:
    parameters: dict[str, Any] = {"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp", "IpRanges": []}]}
    pairs = encode("RevokeSecurityGroupIngress", parameters)
    assert dict(pairs) == judge.flat("RevokeSecurityGroupIngress", parameters)
    assert not any("IpRanges" in name for name, _ in pairs)


@pytest.mark.parametrize("request_structure", sorted(TOKENS))
def test_a_token_is_made_where_none_is_given_and_comes_last(request_structure: str) -> None:
    operation = next(name for name, (request, *_) in OPERATIONS.items() if request == request_structure)
    first, second = encode(operation, {"DryRun": True}), encode(operation, {"DryRun": True})
    assert first[-1][0] == STRUCTURES[request_structure][TOKENS[request_structure]][1] == "ClientToken"
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


def test_tokens_are_uuids_of_version_4() -> None:
    for _ in range(100):
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", new_token())


@given(st.text())
def test_texts_are_quoted_as_forms_quote_them(text: str) -> None:
    assert quoted(text) == quote_plus(text)
