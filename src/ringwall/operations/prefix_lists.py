"""Prefix lists, AWS's own and those of the account: described, with their entries and what names them.

AWS's own are named and weighed, but which blocks they hold is Amazon's to say: their entries are shown empty.

Source: EC2 API Reference, DescribeManagedPrefixLists, DescribePrefixLists, GetManagedPrefixListEntries,
GetManagedPrefixListAssociations; ec2-behaviour 3.14.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidParameterValue,
    InvalidPrefixListIDNotFound,
    InvalidPrefixListIdNotFound,
)
from ringwall.domain.filters import FilterTable, select
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.prefix_list import PrefixList, PrefixListEntry, aws_prefix_lists
from ringwall.domain.tags import as_answered

from .context import Answer, Context, Request
from .lookup import all_found, find_prefix_list, page

FILTERS: Final[FilterTable[PrefixList]] = FilterTable(
    values={
        "owner-id": lambda each: (each.owner_id,),
        "prefix-list-id": lambda each: (each.prefix_list_id,),
        "prefix-list-name": lambda each: (each.name,),
    },
)
"""The filters of DescribeManagedPrefixLists."""

SERVICE_FILTERS: Final[FilterTable[PrefixList]] = FilterTable(
    values={name: FILTERS.values[name] for name in ("prefix-list-id", "prefix-list-name")},
)
"""The filters of DescribePrefixLists."""


def check_describe(request: Request) -> None:
    """Refuses malformed prefix list ids."""
    ids.PREFIX_LIST.check_all(request.get("PrefixListIds"))


def check_named(request: Request) -> None:
    """Refuses a malformed prefix list id."""
    ids.PREFIX_LIST.check(request["PrefixListId"])


def describe_managed_prefix_lists(context: Context, request: Request) -> Answer:
    """The prefix lists that the request names, or all, of those the ones that its filters let through, page by page.

    The account's own come before AWS's.

    Raises:
        InvalidPrefixListIDNotFound: a list that it names doesn't exist.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 1 to 100, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    filters = FILTERS.read(request.get("Filters"))
    place = (context.caller.account_id, context.caller.region)
    named = request.get("PrefixListIds")
    if named:
        lists = all_found(ids.PREFIX_LIST, partial(find_prefix_list, context), context, named)
    else:
        lists = [*context.transaction.prefix_lists(*place), *aws_prefix_lists(context.caller.region).values()]
    shown, next_token = page(context, request, select(filters, lists), _key, smallest=1, largest=100)
    tags = context.transaction.tags(*place, [each.prefix_list_id for each in shown])
    answers = [answer(context, each, tags[each.prefix_list_id]) for each in shown]
    return {"PrefixLists": answers, "NextToken": next_token}


def describe_prefix_lists(context: Context, request: Request) -> Answer:
    """AWS's own prefix lists that the request names, or all, by id and name, page by page; their blocks are unknown.

    Raises:
        InvalidPrefixListIdNotFound: a list that it names isn't one of AWS's.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 1 to 1,000 (chosen), or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    filters = SERVICE_FILTERS.read(request.get("Filters"))
    lists = aws_prefix_lists(context.caller.region)
    wanted = list(dict.fromkeys(request.get("PrefixListIds") or lists))
    absent = [each for each in wanted if each not in lists]
    if absent:
        raise InvalidPrefixListIdNotFound(*absent)
    shown, next_token = page(context, request, select(filters, [lists[each] for each in wanted]), _key, smallest=1)
    answers = [{"PrefixListId": each.prefix_list_id, "PrefixListName": each.name, "Cidrs": []} for each in shown]
    return {"PrefixLists": answers, "NextToken": next_token}


def get_managed_prefix_list_entries(context: Context, request: Request) -> Answer:
    """The entries of a list as they are, or as they were in TargetVersion, page by page, in the order of their text.

    Raises:
        InvalidPrefixListIDNotFound: the list doesn't exist.
        InvalidParameterValue: the list has no such version, or not any more; MaxResults isn't 1 to 100; or
            NextToken can't be read.
    """
    prefix_list = managed(context, request["PrefixListId"])
    version = request.get("TargetVersion")
    entries = entries_of(context, prefix_list, prefix_list.version if version is None else version)
    shown, next_token = page(context, request, entries, lambda each: (each.cidr,), smallest=1, largest=100)
    return {
        "Entries": [{"Cidr": each.cidr, "Description": each.description} for each in shown],
        "NextToken": next_token,
    }


def get_managed_prefix_list_associations(context: Context, request: Request) -> Answer:
    """The caller's groups that have a rule with the list, each once, page by page.

    Raises:
        InvalidPrefixListIDNotFound: the list doesn't exist.
        InvalidParameterValue: MaxResults isn't 5 to 255, or NextToken can't be read.
    """
    prefix_list = managed(context, request["PrefixListId"])
    group_ids = dict.fromkeys(rule.group_id for rule in rules_naming(context, prefix_list))
    shown, next_token = page(context, request, group_ids, lambda each: (each,), largest=255)
    owner_id = context.caller.account_id
    return {
        "PrefixListAssociations": [{"ResourceId": each, "ResourceOwner": owner_id} for each in shown],
        "NextToken": next_token,
    }


# --- What the operations that change lists need too ---


def managed(context: Context, prefix_list_id: str) -> PrefixList:
    """The caller's prefix list of this id, or AWS's own.

    Raises:
        InvalidPrefixListIDNotFound: there is none; worded as the operations on one list do.
    """
    found = find_prefix_list(context, context.caller.account_id, context.caller.region, prefix_list_id)
    if found is None:
        raise InvalidPrefixListIDNotFound.of_managed(prefix_list_id)
    return found


def entries_of(context: Context, prefix_list: PrefixList, version: int | None) -> tuple[PrefixListEntry, ...]:
    """The entries of one version; of AWS's lists, which have none, nothing for None.

    Raises:
        InvalidParameterValue: below 1 (observed), or not a version that is kept (the text is chosen).
    """
    if version is None:
        return ()
    check_version(version)
    entries = context.transaction.prefix_list_entries(prefix_list.prefix_list_id, version)
    if entries is None:
        raise InvalidParameterValue(
            f"The version ({version}) of the prefix list ({prefix_list.prefix_list_id}) does not exist."
        )
    return entries


def check_version(version: int) -> None:
    """Returns if there can be a version of this number.

    Raises:
        InvalidParameterValue: it is below 1. The text, that of EC2, means "at least".
    """
    if version < 1:
        raise InvalidParameterValue("The specified value for version is not valid. The value must be greater than (1).")


def rules_naming(context: Context, prefix_list: PrefixList) -> list[SecurityGroupRule]:
    """The rules of the caller's groups in the region that name the list; AWS's lists others name too."""
    place = (context.caller.account_id, context.caller.region)
    rules = context.transaction.rules_naming_list(prefix_list.prefix_list_id)
    own = {each for each in {rule.group_id for rule in rules} if context.transaction.group(*place, each)}
    return [rule for rule in rules if rule.group_id in own]


def answer(context: Context, each: PrefixList, tags: Mapping[str, str]) -> dict[str, Any]:
    """The list as EC2 answers it. AWS's own show neither a version nor a size (observed)."""
    return {
        "PrefixListId": each.prefix_list_id,
        "AddressFamily": each.address_family,
        "State": each.state,
        "StateMessage": each.state_message,
        "PrefixListArn": ids.arn("prefix-list", context.caller.region, each.owner_id.lower(), each.prefix_list_id),
        "PrefixListName": each.name,
        "MaxEntries": each.max_entries,
        "Version": each.version,
        "Tags": as_answered(tags),
        "OwnerId": each.owner_id,
    }


def _key(each: PrefixList) -> tuple[str, ...]:
    return (each.prefix_list_id,)
