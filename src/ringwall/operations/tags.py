"""Tags of VPCs, subnets, groups, rules, interfaces and instances: written, deleted, described.

Source: EC2 API Reference, CreateTags, DeleteTags, DescribeTags; ec2-behaviour 3.17.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import InvalidParameterValue, MissingParameter, UnauthorizedOperation
from ringwall.domain.filters import FilterTable, select
from ringwall.domain.ids import IdKind
from ringwall.domain.prefix_list import AWS_OWNER
from ringwall.domain.tags import check_key, check_number, is_reserved, tags_to_write
from ringwall.store.base import Transaction

from .context import Answer, Context, Request
from .lookup import found, page, prefix_list_by_id
from .peerings import known_peering

_RESOURCES_MAX: Final = 1000
_TAGS_MAX: Final = 1000


def check_create(request: Request) -> None:
    """Refuses missing resources or tags, and ids of no known kind or form."""
    check_delete(request)
    if not request.get("Tags"):
        raise MissingParameter("tagSet")


def check_delete(request: Request) -> None:
    """Refuses missing resources, and ids of no known kind or form."""
    resource_ids = request.get("Resources")
    if not resource_ids:
        raise MissingParameter("resourceIdSet")
    for resource_id in resource_ids:
        ids.kind_of(resource_id)


def create_tags(context: Context, request: Request) -> Answer:
    """The tags written over those that the resources have, on all of them or none.

    Raises:
        AbsentId: a resource doesn't exist, by its own kind's code.
        InvalidParameterValue: there are over 1,000 resources; or a tag's key is empty, longer than 127 characters,
            begins with `aws:` or is given twice; or its value is absent or longer than 256 characters; or one of them
            has control characters; or the key begins with `ringwall:` and this kind of resource has no such tag.
        TagLimitExceeded: a resource would have too many.
        UnauthorizedOperation: a prefix list is AWS's.
    """
    transaction, caller = context.transaction, context.caller
    resources = _resources(context, request)
    given: Sequence[Mapping[str, Any]] = request["Tags"]
    tags = {resource_id: tags_to_write(given, kind) for resource_id, kind in resources.items()}
    present = transaction.tags(caller.account_id, caller.region, resources)
    for resource_id in resources:
        check_number(present[resource_id] | tags[resource_id], context.quota.tags_per_resource_max)
    for resource_id in resources:
        _note(transaction, resource_id, present[resource_id], present[resource_id] | tags[resource_id])
        transaction.set_tags(caller.account_id, caller.region, resource_id, tags[resource_id])
    return {}


def delete_tags(context: Context, request: Request) -> Answer:
    """The tags gone: by key, or by key and value where one is given; without Tags all.

    "All" leaves the reserved ones (`ringwall:`), as EC2 leaves its `aws:` ones: how a group revokes isn't changed
    by a call that doesn't say so. What isn't there is no error.

    Raises:
        AbsentId: a resource doesn't exist, by its own kind's code.
        InvalidParameterValue: a key can't be one, or there are over 1,000 resources or tags.
        UnauthorizedOperation: a prefix list is AWS's.
    """
    transaction, caller = context.transaction, context.caller
    resources = _resources(context, request)
    given = request.get("Tags") or ()
    if len(given) > _TAGS_MAX:
        raise InvalidParameterValue(f"The number of tags exceeds the limit ({_TAGS_MAX}).")
    for tag in given:
        check_key(tag.get("Key") or "")
    present = transaction.tags(caller.account_id, caller.region, resources)
    doomed = {resource_id: _doomed(present[resource_id], given) for resource_id in resources}
    for resource_id, keys in doomed.items():
        if keys:
            there = present[resource_id]
            _note(transaction, resource_id, there, {key: there[key] for key in there if key not in keys})
            transaction.delete_tags(caller.account_id, caller.region, resource_id, keys)
    return {}


def _note(transaction: Transaction, resource_id: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Tells the trail of the tags that differ."""
    transaction.note(
        before=_noted(resource_id, {key: value for key, value in before.items() if after.get(key) != value}),
        after=_noted(resource_id, {key: value for key, value in after.items() if before.get(key) != value}),
    )


def _noted(resource_id: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"resourceId": resource_id, "tags": tags}] if tags else []


def _doomed(present: Mapping[str, str], given: Sequence[Mapping[str, Any]]) -> list[str]:
    if not given:
        return [key for key in present if not is_reserved(key)]
    return [tag["Key"] for tag in given if present.get(tag["Key"]) == tag.get("Value", present.get(tag["Key"]))]


def _resources(context: Context, request: Request) -> dict[str, IdKind]:
    """The resources that the request names, each once, with their kinds; all exist."""
    resource_ids = dict.fromkeys(request["Resources"])
    if len(resource_ids) > _RESOURCES_MAX:
        raise InvalidParameterValue(f"The number of resources exceeds the limit ({_RESOURCES_MAX}).")
    kinds = {resource_id: ids.kind_of(resource_id) for resource_id in resource_ids}
    for resource_id, kind in kinds.items():
        _check_exists(context, kind, resource_id)
    return kinds


def _check_exists(context: Context, kind: IdKind, resource_id: str) -> None:
    transaction = context.transaction
    if kind is ids.PREFIX_LIST:
        if prefix_list_by_id(context, resource_id).owner_id == AWS_OWNER:
            raise UnauthorizedOperation
        return
    find: Mapping[IdKind, Callable[[str, str, str], object]] = {
        ids.GROUP: transaction.group,
        ids.RULE: transaction.rule,
        ids.VPC: transaction.vpc,
        ids.SUBNET: transaction.subnet,
        ids.INTERFACE: transaction.interface,
        ids.INSTANCE: transaction.host,
        ids.PEERING: partial(known_peering, context),
    }
    found(kind, find.get(kind, _nothing), context, resource_id)


def _nothing(*_: str) -> None:
    """What there is of EC2's other kinds of resources."""


# --- DescribeTags ---


@dataclass(frozen=True, slots=True, order=True)
class _Tag:
    """One tag of one resource."""

    resource_id: str
    key: str
    value: str

    @property
    def resource_type(self) -> str:
        """As tag specifications name it."""
        return ids.kind_of(self.resource_id).resource_type or ""


FILTERS: Final[FilterTable[_Tag]] = FilterTable(
    values={
        "key": lambda each: (each.key,),
        "resource-id": lambda each: (each.resource_id,),
        "resource-type": lambda each: (each.resource_type,),
        "value": lambda each: (each.value,),
    },
    tags_of=lambda each: {each.key: each.value},
)
"""The filters of DescribeTags."""


def describe_tags(context: Context, request: Request) -> Answer:
    """The tags of all resources, those that the filters let through, page by page.

    Raises:
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    filters = FILTERS.read(request.get("Filters"))
    all_tags = context.transaction.all_tags(context.caller.account_id, context.caller.region)
    tags = [
        _Tag(resource_id, key, value)
        for resource_id, tags in all_tags.items()
        if _is_shown(context, resource_id)
        for key, value in tags.items()
    ]
    shown, next_token = page(context, request, select(filters, tags), lambda each: (each.resource_id, each.key))
    return {"Tags": [_answer(each) for each in shown], "NextToken": next_token}


def _is_shown(context: Context, resource_id: str) -> bool:
    """False for a peering connection that ended some time ago; what else is gone took its tags along."""
    if ids.kind_of(resource_id) is not ids.PEERING:
        return True
    return known_peering(context, context.caller.account_id, context.caller.region, resource_id) is not None


def _answer(tag: _Tag) -> dict[str, str]:
    return {
        "ResourceId": tag.resource_id,
        "ResourceType": tag.resource_type,
        "Key": tag.key,
        "Value": tag.value,
    }
