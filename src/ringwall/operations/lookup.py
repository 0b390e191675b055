"""Finding what a request names: resources by id, groups by name, regions and pages of a list."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Final, TypeVar

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidGroupNotFound,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from ringwall.domain.group import SecurityGroup
from ringwall.domain.ids import IdKind
from ringwall.domain.interface import NetworkInterface
from ringwall.domain.peering import PeeringStatus
from ringwall.domain.permission import StatusOf
from ringwall.domain.prefix_list import PrefixList, aws_prefix_lists
from ringwall.domain.vpc import Vpc

from .context import Context, Request
from .idempotency import fingerprint

Item = TypeVar("Item")
Key = tuple[str, ...]

RESULTS_MAX: Final = 1000

_AT_ONCE: Final = 100
_OF_PAGES: Final = frozenset({"MaxResults", "NextToken"})
_MARK_LENGTH: Final = 16


def check_group_named(request: Request) -> None:
    """Returns if the request names one group, by a well-formed GroupId or by GroupName.

    Raises:
        MissingParameter: it names none.
        InvalidParameterCombination: it names one by both (chosen; EC2's answer isn't recorded).
        InvalidGroupIdMalformed: the id is malformed; an empty one is.
    """
    group_id, name = request.get("GroupId"), request.get("GroupName")
    if group_id is None and not name:
        raise MissingParameter("groupName or groupId")
    if group_id and name:
        raise InvalidParameterCombination("The parameter groupId cannot be used with the parameter groupName")
    if not name:
        ids.GROUP.check(group_id or "")


def named_group(context: Context, request: Request) -> SecurityGroup:
    """The group that GroupId, or else GroupName in the default VPC, names.

    Raises:
        InvalidGroupNotFound: there is none.
    """
    name = request.get("GroupName")
    return group_by_name(context, name) if name else group_by_id(context, request["GroupId"])


def group_by_id(context: Context, group_id: str) -> SecurityGroup:
    """The caller's group of this id in the region.

    Raises:
        InvalidGroupNotFound: there is none.
    """
    group = context.transaction.group(context.caller.account_id, context.caller.region, group_id)
    if group is None:
        raise InvalidGroupNotFound(group_id)
    return group


def group_by_name(context: Context, name: str) -> SecurityGroup:
    """The group of this name in the default VPC, the only one where names count.

    Raises:
        InvalidGroupNotFound: there is none, or no default VPC.
    """
    vpc = context.transaction.default_vpc(context.caller.account_id, context.caller.region)
    group = context.transaction.group_by_name(vpc.vpc_id, name) if vpc else None
    if group is None:
        raise InvalidGroupNotFound.in_default_vpc(name, vpc.vpc_id if vpc else None)
    return group


def vpc_by_id(context: Context, vpc_id: str) -> Vpc:
    """The caller's VPC of this id in the region.

    Raises:
        InvalidVpcIDNotFound: there is none.
    """
    return found(ids.VPC, context.transaction.vpc, context, vpc_id)


def prefix_list_by_id(context: Context, prefix_list_id: str) -> PrefixList:
    """The caller's prefix list of this id, or AWS's own, in the region.

    Raises:
        InvalidPrefixListIDNotFound: there is none.
    """
    return found(ids.PREFIX_LIST, partial(find_prefix_list, context), context, prefix_list_id)


def find_prefix_list(context: Context, account_id: str, region: str, prefix_list_id: str) -> PrefixList | None:
    """The account's prefix list of this id, or AWS's own, in the region."""
    return context.transaction.prefix_list(account_id, region, prefix_list_id) or aws_prefix_lists(region).get(
        prefix_list_id
    )


def peering_statuses(context: Context) -> StatusOf:
    """What tells the status of a peering connection, each looked up once in the request; nothing until it is asked.

    A connection that isn't kept any more counts as deleted.
    """
    known: dict[str, str] = {}  # `functools.cache` costs more to set up than most requests have to ask

    def status_of(peering_id: str) -> str:
        if peering_id not in known:
            peering = context.transaction.peering(context.caller.account_id, context.caller.region, peering_id)
            known[peering_id] = PeeringStatus.DELETED if peering is None else peering.status
        return known[peering_id]

    return status_of


def interface_by_id(context: Context, interface_id: str) -> NetworkInterface:
    """The caller's network interface of this id in the region.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is none.
    """
    return found(ids.INTERFACE, context.transaction.interface, context, interface_id)


def found(kind: IdKind, find: Callable[[str, str, str], Item | None], context: Context, resource_id: str) -> Item:
    """What `find` has for (account, region, id).

    Raises:
        AbsentId: nothing; the kind's own code.
    """
    item = find(context.caller.account_id, context.caller.region, resource_id)
    if item is None:
        raise kind.absent(resource_id)
    return item


def all_found(
    kind: IdKind, find: Callable[[str, str, str], Item | None], context: Context, resource_ids: Iterable[str]
) -> list[Item]:
    """What `find` has for each id; an id given twice counts once.

    Raises:
        AbsentId: for one or more of them nothing; all of those are named.
    """
    wanted = list(dict.fromkeys(resource_ids))
    items = [find(context.caller.account_id, context.caller.region, resource_id) for resource_id in wanted]
    absent = [resource_id for resource_id, item in zip(wanted, items, strict=True) if item is None]
    if absent:
        raise kind.absent(*absent)
    return [item for item in items if item is not None]


def arn(context: Context, kind: IdKind, resource_id: str) -> str:
    """The ARN of a resource of the caller's account and region."""
    return ids.arn(kind.resource_type or "", context.caller.region, context.caller.account_id, resource_id)


# --- Pages ---
#
# A page is in the order of the items' keys, which are ids, and the token holds the key of the page's last item. So an
# item that is there all the time is on exactly one page, whatever is added or deleted meanwhile, that last one too.
# The token holds a mark of the operation and of what was asked of it too: it goes on with that alone.


def page_size(request: Request, smallest: int = 5, largest: int = RESULTS_MAX) -> int | None:
    """MaxResults, or None for everything.

    Raises:
        InvalidParameterValue: it is out of range. EC2's texts aren't recorded; these are what others report.
    """
    size: int | None = request.get("MaxResults")
    if size is not None and size < smallest:
        raise InvalidParameterValue(
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value greater than {smallest}."
        )
    if size is not None and size > largest:
        raise InvalidParameterValue(
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value less than {largest}."
        )
    return size


def page(
    context: Context,
    request: Request,
    items: Iterable[Item],
    key: Callable[[Item], Key],
    smallest: int = 5,
    largest: int = RESULTS_MAX,
) -> tuple[list[Item], str | None]:
    """One page of the items, and the token for the next, or None after the last.

    Without MaxResults and NextToken all items, in their own order.

    Raises:
        InvalidParameterValue: MaxResults is out of range, or NextToken isn't one that this request got.
    """
    size = page_size(request, smallest, largest)
    after = read_token(context, request)
    if size is None and after is None:
        return list(items), None
    ordered = sorted((item for item in items if after is None or key(item) > after), key=key)
    return cut(context, request, ordered, key, size)


def page_in_order(
    context: Context, request: Request, items_after: Callable[[str, int], Iterable[Item]], key: Callable[[Item], str]
) -> tuple[Iterable[Item], str | None]:
    """`page` of items that come in the order of their ids: no more are asked for than the page needs.

    items_after: the items whose ids come after this one, read so many at a time. Without MaxResults they are the page,
        as they come.

    Raises:
        InvalidParameterValue: as `page`.
    """
    size = page_size(request)
    after, *_ = read_token(context, request) or ("",)
    if size is None:
        return items_after(after, _AT_ONCE), None
    found = list(islice(items_after(after, size + 1), size + 1))
    return cut(context, request, found, lambda item: (key(item),), size)


def stretches(
    items_after: Callable[[str, str, str, int], list[Item]], key: Callable[[Item], str], context: Context, after: str,
    number: int,
) -> Iterator[list[Item]]:  # fmt: skip
    """All items of the caller's region whose ids come after this one, so many at a time, but not very few.

    items_after: one of a reader's methods of that form. Cost: of what is taken.
    """
    number = max(number, _AT_ONCE)
    while items := items_after(context.caller.account_id, context.caller.region, after, number):
        yield items
        if len(items) < number:
            return
        after = key(items[-1])


def cut(
    context: Context, request: Request, ordered: Sequence[Item], key: Callable[[Item], Key], size: int | None
) -> tuple[list[Item], str | None]:
    """The first `size` of the items, and the token for what follows them, if something does."""
    if size is None or len(ordered) <= size:
        return list(ordered), None
    return list(ordered[:size]), token(context, request, key(ordered[size - 1]))


def token(context: Context, request: Request, key: Key) -> str:
    """The NextToken with which the same request continues after the item of this key."""
    return base64.urlsafe_b64encode("\0".join((_mark(context, request), *key)).encode()).decode()


def read_token(context: Context, request: Request) -> Key | None:
    """The key in the request's NextToken; None for no token.

    Raises:
        InvalidParameterValue: `token` didn't make it, or for another operation, or for one that asked for something
            else. EC2's text isn't recorded; this one is chosen.
    """
    text: str | None = request.get("NextToken")
    if not text:
        return None
    try:
        mark, *key = base64.b64decode(text, altchars=b"-_", validate=True).decode().split("\0")
    except ValueError as error:
        raise InvalidParameterValue("Unable to parse pagination token") from error
    if mark != _mark(context, request) or not key:
        raise InvalidParameterValue("Unable to parse pagination token")
    return tuple(key)


def _mark(context: Context, request: Request) -> str:
    """The same text for the same operation asked for the same, whatever the pages' size."""
    asked = {name: value for name, value in request.items() if name not in _OF_PAGES}
    return sha256(f"{context.operation} {fingerprint(asked)}".encode()).hexdigest()[:_MARK_LENGTH]


def refuse_pages_of_ids(request: Request, ids_member: str, text: str) -> None:
    """Returns unless the request asks for pages of resources that it names by id.

    Raises:
        InvalidParameterCombination: it does; `text` is the operation's own wording.
    """
    if request.get(ids_member) and request.get("MaxResults") is not None:
        raise InvalidParameterCombination(text)
