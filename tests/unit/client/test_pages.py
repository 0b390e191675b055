"""Paging, ours and botocore's, over the same pages."""

from __future__ import annotations

from typing import Any

import botocore.loaders
import botocore.paginate
import pytest
from botocore.exceptions import PaginationError
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from ringwall.client.model import OPERATIONS, PAGINATORS, STRUCTURES
from ringwall.client.pages import BadPaging, Pages

LOADER = botocore.loaders.Loader()
MODEL = ServiceModel(LOADER.load_service_model("ec2", "service-2"), "ec2")
CONFIGURATION = botocore.paginate.PaginatorModel(LOADER.load_service_model("ec2", "paginators-1"))

Call = dict[str, Any]


class Listing:
    """A server that has some items and hands them out in pages; the calls that were made."""

    def __init__(self, sizes: list[int], results: str = "Vpcs") -> None:
        self.calls: list[Call] = []
        self._pages = []
        first = 0
        for size in sizes:
            self._pages.append(list(range(first, first + size)))
            first += size
        self._results = results

    def ask(self, parameters: Call) -> Call:
        self.calls.append(dict(parameters))
        token = parameters.get("NextToken", "0")
        number = int(token) if token.isdecimal() and int(token) < len(self._pages) else 0
        answer: Call = {self._results: list(self._pages[number])} if self._pages else {}
        return answer | ({"NextToken": str(number + 1)} if number + 1 < len(self._pages) else {"NextToken": ""})


def theirs(listing: Listing, parameters: Call, paging: Call, operation: str = "DescribeVpcs") -> Any:
    paginator = botocore.paginate.Paginator(
        lambda **given: listing.ask(given), CONFIGURATION.get_paginator(operation), MODEL.operation_model(operation)
    )
    return paginator.paginate(**parameters, PaginationConfig=dict(paging))


def ours(listing: Listing, parameters: Call, paging: Call, operation: str = "DescribeVpcs") -> Pages:
    names = {"StartingToken": "starting_token", "PageSize": "page_size", "MaxItems": "max_items"}
    return Pages(operation, listing.ask, parameters, **{names[name]: value for name, value in paging.items()})


def same(sizes: list[int], paging: Call, parameters: Call | None = None) -> Call:
    """The merged answer, after both were seen to send the same calls and to give the same pages and answer."""
    their_listing, our_listing = Listing(sizes), Listing(sizes)
    their_pages, our_pages = (
        theirs(their_listing, parameters or {}, paging),
        ours(our_listing, parameters or {}, paging),
    )
    assert list(our_pages) == list(their_pages)
    assert our_pages.resume_token == their_pages.resume_token
    assert [list(call.items()) for call in our_listing.calls] == [list(call.items()) for call in their_listing.calls]
    merged = ours(Listing(sizes), parameters or {}, paging).merged()
    whole = theirs(Listing(sizes), parameters or {}, paging).build_full_result()
    assert list(merged.items()) == list(whole.items())
    return merged


SIZES = st.lists(st.integers(0, 4), max_size=5)
TOKENS = st.one_of(
    st.none(),
    st.just("None"),
    st.sampled_from(["1", "2___1", "None___2", "abc", "YWJj", "e30=", "WzFd", "x___y", "a___b___c"]),
)


@given(
    sizes=SIZES,
    token=TOKENS,
    page_size=st.none() | st.integers(1, 5),
    max_items=st.none() | st.integers(-1, 12),
    parameters=st.sampled_from(
        [{}, {"DryRun": False, "MaxResults": 7, "VpcIds": ["vpc-1"]}, {"NextToken": "1", "DryRun": True}]
    ),
)
def test_pages_and_calls_are_botocores(
    sizes: list[int], token: str | None, page_size: int | None, max_items: int | None, parameters: Call
) -> None:
    wanted = {"StartingToken": token, "PageSize": page_size, "MaxItems": max_items}
    paging = {name: value for name, value in wanted.items() if value is not None}
    try:
        theirs(Listing(sizes), parameters, paging).build_full_result()
    except ValueError as error:
        with pytest.raises(BadPaging) as raised:
            ours(Listing(sizes), parameters, paging).merged()
        assert str(raised.value) == str(error)
    else:
        same(sizes, paging, parameters)


@given(sizes=SIZES, max_items=st.integers(1, 4))
def test_going_on_with_each_token_gives_every_item_once(sizes: list[int], max_items: int) -> None:
    items: list[int] = []
    paging: Call = {"MaxItems": max_items}
    while True:
        answer = same(sizes, paging)
        items += answer.get("Vpcs", [])
        if "NextToken" not in answer:
            break
        paging["StartingToken"] = answer["NextToken"]
    assert items == list(range(sum(sizes)))


def test_every_paginator_is_known_by_its_members() -> None:
    for operation, (token_in, token_out, limit, results) in PAGINATORS.items():
        listing = Listing([2, 2], results)
        assert ours(listing, {}, {"PageSize": 5}, operation).merged() == {results: [0, 1, 2, 3]}
        request, answer, _ = OPERATIONS[operation]
        assert {token_in, limit} <= set(STRUCTURES[request])
        assert {token_out, results} <= set(STRUCTURES[answer or ""])


def test_a_server_that_turns_in_circles_is_left() -> None:
    def ask(_: Call) -> Call:
        return {"Vpcs": [1], "NextToken": "again"}

    with pytest.raises(BadPaging) as raised:
        Pages("DescribeVpcs", ask, {}).merged()
    config = CONFIGURATION.get_paginator("DescribeVpcs")
    with pytest.raises(PaginationError) as judged:
        botocore.paginate.Paginator(lambda **given: ask(given), config, None).paginate().build_full_result()
    assert str(raised.value) == str(judged.value)


@pytest.mark.parametrize("token", ["a___b___3", "1___2___3"])
def test_a_token_of_too_many_parts_is_none(token: str) -> None:
    with pytest.raises(BadPaging, match=f"Bad starting token: {token}"):
        Pages("DescribeVpcs", Listing([1]).ask, {}, starting_token=token).merged()
    with pytest.raises(ValueError, match=f"Bad starting token: {token}"):
        theirs(Listing([1]), {}, {"StartingToken": token}).build_full_result()
