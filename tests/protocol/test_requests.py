"""botocore writes requests, we read the same values: as GET and as POST, in any order, with any indices."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import botocore_judge as judge
from ringwall.domain.errors import ServiceError
from ringwall.wire.request import ParsedRequest, parse, parse_query

QUICK = settings(max_examples=30, deadline=None)


def parsed(pairs: dict[str, Any]) -> ParsedRequest:
    return parse(parse_query(judge.form(pairs)))


@pytest.mark.parametrize("operation", judge.OPERATIONS)
def test_we_read_what_botocore_writes(operation: str) -> None:
    @QUICK
    @given(judge.requests(operation))
    def check(request: dict[str, Any]) -> None:
        pairs = judge.flat(operation, request)
        expected = ParsedRequest(
            operation,
            judge.version_of(operation),
            judge.service_of(operation),
            request,
            request.get("DryRun", False),
        )
        assert parsed(pairs) == expected
        assert parse(parse_query(judge.query(pairs))) == expected

    check()


@pytest.mark.parametrize("operation", judge.OPERATIONS)
def test_neither_order_nor_indices_matter(operation: str) -> None:
    @QUICK
    @given(judge.requests(operation), st.randoms(use_true_random=False), st.integers(0, 2), st.integers(1, 10**8))
    def check(request: dict[str, Any], shuffler: random.Random, first: int, step: int) -> None:
        renumbered = [
            (".".join(str(first + int(part) * step) if part.isdigit() else part for part in name.split(".")), value)
            for name, value in judge.flat(operation, request).items()
        ]
        shuffler.shuffle(renumbered)
        assert parsed(dict(renumbered)).request == request

    check()


@given(
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from(
                    ["IpPermissions", "GroupId", "Groups", "IpRanges", "1", "0", "", "Item", "DryRun", "é"]
                ),
                min_size=1,
                max_size=10,
            ).map(".".join),
            st.text(max_size=5),
        ),
        max_size=6,
    )
)
@settings(max_examples=300, deadline=None)
def test_junk_keys_raise_nothing_but_service_errors(pairs: list[tuple[str, str]]) -> None:
    named = [("Action", "RevokeSecurityGroupIngress"), ("Version", "2016-11-15"), *pairs]
    try:
        request = parse(named).request
    except ServiceError as error:
        assert error.message
    else:
        assert set(request) <= {"IpPermissions", "GroupId", "DryRun"}


@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_random_bytes_raise_nothing_but_service_errors(text: bytes) -> None:
    for each in (text, b"Action=CreateTags&Version=2016-11-15&" + text):
        try:
            parse(parse_query(each))
        except ServiceError as error:
            assert error.message


@given(st.lists(st.sampled_from([b"%", b"+", b"&", b"=", b".", b"1", b"Tag", b"Key", b"\xff", b"%C3", b"%A9", b"%0"])))
@settings(max_examples=500, deadline=None)
def test_pieces_of_queries_raise_nothing_but_service_errors(pieces: list[bytes]) -> None:
    try:
        parse([("Action", "CreateTags"), ("Version", "2016-11-15"), *parse_query(b"".join(pieces))])
    except ServiceError as error:
        assert error.message
