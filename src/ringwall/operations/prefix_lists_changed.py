"""Managed prefix lists of the account: created, modified, restored, deleted.

Theory of operation. A list's entries have versions: each change of them makes the next, and all that are kept can be
read and restored. Renaming and resizing make none. What EC2 does in the background is done at once here, so an answer
shows the list as EC2 does, in the state `…-in-progress` and with the version that it had (as in AWS's examples), while
what is stored is settled already: `…-complete`, or `…-failed` with a message, where EC2 would find out later that it
can't be done. A change of entries reaches hosts with the same revision.

A rule with a list counts for as many rules as the list has room for, so a list that rules name can't grow beyond what
each of their groups has left.

Source: EC2 API Reference, CreateManagedPrefixList, ModifyManagedPrefixList, RestoreManagedPrefixListVersion,
DeleteManagedPrefixList; VPC user guide, customer-managed prefix lists; ec2-behaviour 3.14.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidRequest,
    MissingParameter,
    PrefixListVersionMismatch,
    ResourceLimitExceeded,
    UnauthorizedOperation,
)
from ringwall.domain.group import Direction
from ringwall.domain.prefix_list import (
    AWS_OWNER,
    ENTRIES_PER_REQUEST_MAX,
    SETTLED_STATES,
    PrefixList,
    PrefixListEntry,
    changed,
    check_family,
    check_fit,
    check_max_entries,
    check_name,
    read_entries,
)
from ringwall.domain.quota import rules_fit
from ringwall.domain.tags import check_number, tags_of_specifications

from . import idempotency
from .context import Answer, Context, Request
from .lookup import prefix_list_by_id
from .prefix_lists import answer, check_version, entries_of, managed, rules_naming

_CREATE: Final = "CreateManagedPrefixList"
_RESOURCES_NAMED_MAX: Final = 10


def check_create(request: Request) -> None:
    """Refuses a client token that can't be one."""
    idempotency.check_client_token(request, length_max=255, ascii_only=False)


def create_managed_prefix_list(context: Context, request: Request) -> Answer:
    """The new list, version 1, in the state `create-in-progress`; the next Describe shows `create-complete`.

    The same request with the same client token makes no second one, and shows the first as it is now.

    Raises:
        InvalidParameterValue: the name, the family, the size, an entry or a tag is refused, or there are over 100
            entries.
        PrefixListMaxEntriesExceeded: there are more entries than MaxEntries.
        ResourceLimitExceeded: the region has as many lists as the quota allows.
        TagLimitExceeded: there are too many tags.
        InvalidClientToken: the client token has more than 255 characters, or control characters.
        IdempotentParameterMismatch: the client token was used for another list.
        InvalidPrefixListIDNotFound: the list that the same request made is gone.
    """
    transaction, caller = context.transaction, context.caller
    made = idempotency.made_before(context, _CREATE, request)
    if made is not None:
        return _shown(context, managed(context, made))
    check_name(request["PrefixListName"])
    family, max_entries = request["AddressFamily"], request["MaxEntries"]
    check_family(family)
    check_max_entries(max_entries, context.quota.entries_per_prefix_list_max)
    given = request.get("Entries") or ()
    if len(given) > ENTRIES_PER_REQUEST_MAX:
        raise InvalidParameterValue(
            f"The number of entries per request cannot exceeds limit ({ENTRIES_PER_REQUEST_MAX})."
        )
    entries = read_entries(given, family)
    check_fit(None, entries, max_entries)
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.PREFIX_LIST)
    check_number(tags, context.quota.tags_per_resource_max)
    most = context.quota.prefix_lists_per_region_max
    if most is not None and len(transaction.prefix_lists(caller.account_id, caller.region)) >= most:
        raise ResourceLimitExceeded("The maximum number of prefix lists has been reached.")

    prefix_list = PrefixList(
        prefix_list_id=context.ids.new("pl"),
        owner_id=caller.account_id,
        region=caller.region,
        name=request["PrefixListName"],
        address_family=family,
        weight=max_entries,
        max_entries=max_entries,
        version=1,
    )
    transaction.insert_prefix_list(prefix_list, entries)
    if tags:
        transaction.set_tags(caller.account_id, caller.region, prefix_list.prefix_list_id, tags)
    idempotency.record(context, _CREATE, request, prefix_list.prefix_list_id)
    return _shown(context, replace(prefix_list, state="create-in-progress"))


def modify_managed_prefix_list(context: Context, request: Request) -> Answer:
    """The list as it was, with the new name, in the state `modify-in-progress`; what is stored is modified already.

    Entries, in which case CurrentVersion is needed, or the size, not both; the name with either or alone. A rename
    alone leaves the state as it is (chosen). An added entry whose block is held under another description replaces it.
    Where a group that names the list hasn't room for a larger one, nothing but the state changes: it is
    `modify-failed`, and its message names up to ten such groups.

    Raises:
        InvalidPrefixListIDNotFound: the list doesn't exist.
        UnauthorizedOperation: it is AWS's (the code is chosen).
        InvalidRequest: nothing is to be changed (chosen; observed for empty lists of entries).
        InvalidParameterCombination: entries and size are to be changed.
        MissingParameter: entries are to be changed, and CurrentVersion isn't given (chosen).
        PrefixListVersionMismatch: CurrentVersion isn't the list's, whatever is to be changed.
        InvalidParameterValue: the version, the name, the size or an entry is refused, a block is both added and
            removed, or more than 100 entries are added or removed.
        InvalidPrefixListModification: an entry to be added is in the list, or one to be removed isn't.
        PrefixListMaxEntriesExceeded: there would be more entries than the list has room for.
    """
    before = _own(context, request["PrefixListId"])
    add, remove, size = request.get("AddEntries") or (), request.get("RemoveEntries") or (), request.get("MaxEntries")
    name = request.get("PrefixListName")
    _check_what_is_asked(before, request, bool(add or remove))
    if name is not None:
        check_name(name)
    renamed = before if name is None else replace(before, name=name)
    if add or remove:
        if max(len(add), len(remove)) > ENTRIES_PER_REQUEST_MAX:
            raise InvalidParameterValue(
                f"The request cannot contain more than {ENTRIES_PER_REQUEST_MAX} entry additions or removals."
            )
        family = before.address_family
        held = entries_of(context, before, before.version)
        _add_version(
            context, renamed, changed(held, read_entries(add, family), read_entries(remove, family)), "modify-complete"
        )
    elif size is not None:
        check_max_entries(size, context.quota.entries_per_prefix_list_max)
        check_fit(before.prefix_list_id, entries_of(context, before, before.version), size)
        context.transaction.update_prefix_list(_resized(context, before, renamed, size))
    else:
        context.transaction.update_prefix_list(renamed)
        return _shown(context, renamed)
    return _shown(context, replace(renamed, state="modify-in-progress", state_message=None))


def restore_managed_prefix_list_version(context: Context, request: Request) -> Answer:
    """The list as it was, in the state `restore-in-progress`; a new version holds what PreviousVersion held.

    The current version may be restored too, and makes a new one (chosen).

    Raises:
        InvalidPrefixListIDNotFound: the list doesn't exist.
        UnauthorizedOperation: it is AWS's (the code is chosen).
        PrefixListVersionMismatch: CurrentVersion isn't the list's.
        InvalidParameterValue: there is no PreviousVersion, or not any more.
        PrefixListMaxEntriesExceeded: it held more entries than the list has room for since.
    """
    before = _own(context, request["PrefixListId"])
    _check_current(before, request["CurrentVersion"])
    _add_version(context, before, entries_of(context, before, request["PreviousVersion"]), "restore-complete")
    return _shown(context, replace(before, state="restore-in-progress", state_message=None))


def delete_managed_prefix_list(context: Context, request: Request) -> Answer:
    """The list as it was, in the state `delete-in-progress`; it is gone, unless a rule names it.

    Then it stays in the state `delete-failed`, as EC2's lists do (observed), with a message that names up to ten of the
    groups (the text is chosen), and can be used, modified and deleted like any other.

    Raises:
        InvalidPrefixListIDNotFound: the list doesn't exist.
        UnauthorizedOperation: it is AWS's (the code is chosen).
    """
    prefix_list = _own(context, request["PrefixListId"])
    shown = _shown(context, replace(prefix_list, state="delete-in-progress", state_message=None))
    group_ids = list(dict.fromkeys(rule.group_id for rule in rules_naming(context, prefix_list)))
    if group_ids:
        message = f"The prefix list is referenced by: {_names(group_ids)}"
        context.transaction.update_prefix_list(replace(prefix_list, state="delete-failed", state_message=message))
    else:
        context.transaction.delete_prefix_list(prefix_list)
    return shown


# --- Checks ---


def _own(context: Context, prefix_list_id: str) -> PrefixList:
    prefix_list = managed(context, prefix_list_id)
    if prefix_list.owner_id == AWS_OWNER:
        raise UnauthorizedOperation
    # EC2 answers IncorrectState while a change is under way; here none ever is between two requests.
    assert prefix_list.state in SETTLED_STATES, prefix_list.state
    return prefix_list


def _check_what_is_asked(before: PrefixList, request: Request, entries: bool) -> None:
    size, current = request.get("MaxEntries"), request.get("CurrentVersion")
    if not entries and size is None and request.get("PrefixListName") is None:
        raise InvalidRequest
    if entries and size is not None:
        raise InvalidParameterCombination(
            "You cannot modify the entries and the maximum entries for the prefix list in the same request."
        )
    if entries and current is None:
        raise MissingParameter("currentVersion")
    if current is not None:
        _check_current(before, current)


def _check_current(before: PrefixList, current: int) -> None:
    check_version(current)
    if current != before.version:
        raise PrefixListVersionMismatch


# --- What becomes of a list ---


def _add_version(context: Context, before: PrefixList, entries: Sequence[PrefixListEntry], state: str) -> None:
    """Stores the list with these entries as its next version, and lets go of the oldest beyond the quota."""
    assert before.version is not None, "the account's own lists have versions"
    assert before.max_entries is not None, "the account's own lists have a size"
    check_fit(before.prefix_list_id, entries, before.max_entries)
    after = replace(before, version=before.version + 1, state=state, state_message=None)
    context.transaction.update_prefix_list(after, entries)
    kept_max = context.quota.versions_per_prefix_list_max
    if kept_max is not None and before.version >= kept_max:
        context.transaction.drop_prefix_list_versions(after, before.version + 2 - kept_max)


def _resized(context: Context, before: PrefixList, renamed: PrefixList, size: int) -> PrefixList:
    """The list with the new name and size, or, where a group hasn't the room, as it was, in the state that says so."""
    group_ids = _without_room(context, before, size)
    if group_ids:
        message = f"The following resources do not support the new maximum size: {_names(group_ids)}"
        return replace(before, state="modify-failed", state_message=message)
    return replace(renamed, weight=size, max_entries=size, state="modify-complete", state_message=None)


def _without_room(context: Context, prefix_list: PrefixList, size: int) -> list[str]:
    """The groups, in the order of their ids, that would hold too many rules if the list were of this size."""
    if context.quota.rules_per_group_max is None or size <= prefix_list.weight:
        return []
    named = {(rule.group_id, rule.direction) for rule in rules_naming(context, prefix_list)}
    return sorted(
        {group_id for group_id, direction in named if not _fits(context, group_id, direction, prefix_list, size)}
    )


def _fits(context: Context, group_id: str, direction: Direction, prefix_list: PrefixList, size: int) -> bool:
    held = context.transaction.peer_counts(group_id, direction)
    weights = {each: prefix_list_by_id(context, each).weight for each in held.prefix_lists}
    weights[prefix_list.prefix_list_id] = size
    references = held.group + sum(number * weights[each] for each, number in held.prefix_lists.items())
    return rules_fit(context.quota, held.cidr_ipv4, held.cidr_ipv6, references)


def _names(group_ids: Iterable[str]) -> str:
    return ", ".join(list(group_ids)[:_RESOURCES_NAMED_MAX])


def _shown(context: Context, prefix_list: PrefixList) -> dict[str, Any]:
    place = (prefix_list.owner_id, prefix_list.region)
    tags = context.transaction.tags(*place, [prefix_list.prefix_list_id])[prefix_list.prefix_list_id]
    return {"PrefixList": answer(context, prefix_list, tags)}
