"""Managed prefix lists: described. In this version only AWS's own exist.

Source: EC2 API Reference, DescribeManagedPrefixLists; ec2-behaviour 3.14.
"""

from __future__ import annotations

from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import InvalidPrefixListIDNotFound
from ringwall.domain.filters import FilterTable, select
from ringwall.domain.prefix_list import PrefixList, aws_prefix_lists

from .context import Answer, Context, Request
from .lookup import page

_FILTERS: Final[FilterTable[PrefixList]] = FilterTable(
    values={
        "owner-id": lambda each: (each.owner_id,),
        "prefix-list-id": lambda each: (each.prefix_list_id,),
        "prefix-list-name": lambda each: (each.name,),
    },
)


def check_describe(request: Request) -> None:
    """Refuses malformed prefix list ids."""
    ids.PREFIX_LIST.check_all(request.get("PrefixListIds"))


def describe_managed_prefix_lists(context: Context, request: Request) -> Answer:
    """The prefix lists that the request names, or all, of those the ones that its filters let through, page by page.

    Raises:
        InvalidPrefixListIDNotFound: a list that it names doesn't exist.
        InvalidParameterValue, FilterLimitExceeded: what it asks can't be meant; MaxResults may be 1 to 100.
    """
    filters = _FILTERS.read(request.get("Filters"))
    lists = aws_prefix_lists(context.caller.region)
    wanted = list(dict.fromkeys(request.get("PrefixListIds") or lists))
    absent = [each for each in wanted if each not in lists]
    if absent:
        raise InvalidPrefixListIDNotFound(*absent)
    chosen = select(filters, [lists[each] for each in wanted])
    shown, next_token = page(request, chosen, lambda each: (each.prefix_list_id,), smallest=1, largest=100)
    return {"PrefixLists": [_answer(context.caller.region, each) for each in shown], "NextToken": next_token}


def _answer(region: str, each: PrefixList) -> dict[str, Any]:
    # AWS's own lists show neither a version nor a size (observed).
    return {
        "PrefixListId": each.prefix_list_id,
        "AddressFamily": each.address_family,
        "State": "create-complete",
        "PrefixListArn": ids.arn("prefix-list", region, each.owner_id.lower(), each.prefix_list_id),
        "PrefixListName": each.name,
        "Tags": [],
        "OwnerId": each.owner_id,
    }
