"""Managed prefix lists: named sets of CIDR blocks that rules can have for a peer.

A list is of one address family and has versions: each change of its entries makes the next one. `read_entries` and
`changed` say what may be in a list and what a change makes of it; the texts that aren't marked "observed" are chosen.

Source: EC2 API Reference, CreateManagedPrefixList, ModifyManagedPrefixList; VPC user guide, prefix lists; ec2-behaviour
3.14. Observed texts are those that clients report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .address import canonical_cidr, cidr_version
from .errors import InvalidParameterValue, InvalidPrefixListModification, PrefixListMaxEntriesExceeded

AWS_OWNER: Final = "AWS"
"""Who owns AWS's own lists, as answers name it; in their ARNs it is `aws`."""

SETTLED_STATES: Final = frozenset(
    {"create-complete", "modify-complete", "modify-failed", "restore-complete", "delete-failed"}
)
"""The states in which a list can be changed. Changes here are done at once, so every stored list is in one of them."""

FAMILIES: Final[Mapping[str, int]] = {"IPv4": 4, "IPv6": 6}
"""Address families as EC2 names them, and the versions of their blocks."""

TEXT_LENGTH_MAX: Final = 255
"""Characters of a list's name, and of an entry's description."""

ENTRIES_PER_REQUEST_MAX: Final = 100
"""Entries that one request may give to a new list, add to one, or remove from one."""

# No set of characters is documented; control characters, and what XML can't carry, are refused (chosen).
_TEXT: Final = re.compile("[\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
_RESERVED_PREFIX: Final = "com.amazonaws"


@dataclass(frozen=True, slots=True)
class PrefixListEntry:
    """One block of a list, canonical, of the list's family."""

    cidr: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class PrefixList:
    """A prefix list without its entries and tags, which have rows of their own.

    address_family: `IPv4` or `IPv6`. max_entries, version: None for AWS's own, which show neither.
    weight: how many rules one rule with this list counts for: of a customer's list, max_entries, even when it is empty.
    state, state_message: as EC2 names them; the message is there after a failure.
    """

    prefix_list_id: str
    owner_id: str
    region: str
    name: str
    address_family: str
    weight: int
    max_entries: int | None = None
    version: int | None = None
    state: str = "create-complete"
    state_message: str | None = None


def check_name(name: str) -> None:
    """Returns if a list may have this name. Several lists may have the same one.

    Raises:
        InvalidParameterValue: it is empty, too long, holds a control character, or begins like AWS's own (in any case).
    """
    if not name:
        reason = "The name may not be empty."
    elif len(name) > TEXT_LENGTH_MAX:
        reason = f"The name can have at most {TEXT_LENGTH_MAX} characters."
    elif _TEXT.fullmatch(name) is None:
        reason = "The name can't have control characters."
    elif name.lower().startswith(_RESERVED_PREFIX):
        reason = f"The name cannot start with {_RESERVED_PREFIX}."
    else:
        return
    raise InvalidParameterValue.of(name, "prefixListName", reason)


def check_family(family: str) -> None:
    """Returns if it is `IPv4` or `IPv6`; letter case counts (chosen).

    Raises:
        InvalidParameterValue: it is neither.
    """
    if family not in FAMILIES:
        raise InvalidParameterValue.of(family, "addressFamily", "Valid values are IPv4 and IPv6.")


def check_max_entries(max_entries: int, largest: int | None) -> None:
    """Returns if a list may be of this size. largest: the quota.

    Raises:
        InvalidParameterValue: it is out of range (observed).
    """
    if largest is None and max_entries < 1:
        raise InvalidParameterValue("Must specify a max size of at least 1")
    if largest is not None and not 1 <= max_entries <= largest:
        raise InvalidParameterValue(f"Must specify a max size between 1 and {largest}")


def read_entries(given: Sequence[Mapping[str, Any]], family: str) -> tuple[PrefixListEntry, ...]:
    """The entries as a request names them, with canonical blocks. An empty description is none.

    Raises:
        InvalidParameterValue: a block is malformed, of the other family, or given twice; a description is refused.
    """
    entries: dict[str, PrefixListEntry] = {}
    for each in given:
        cidr = _block(each.get("Cidr") or "", family)
        if cidr in entries:
            raise InvalidParameterValue(f"Request cannot contain Cidr {cidr} more than once.")
        entries[cidr] = PrefixListEntry(cidr, _description(each.get("Description")))
    return tuple(entries.values())


def _block(text: str, family: str) -> str:
    cidr = canonical_cidr(text)
    if cidr is None:
        raise InvalidParameterValue.of(text, "cidr", "This is not a valid CIDR block.")
    if cidr_version(cidr) != FAMILIES[family]:
        raise InvalidParameterValue.of(text, "cidr", f"The address family of the prefix list is {family}.")
    return cidr


def _description(text: str | None) -> str | None:
    if text and len(text) > TEXT_LENGTH_MAX:
        raise InvalidParameterValue.of(
            text, "description", f"The description can have at most {TEXT_LENGTH_MAX} characters."
        )
    if text and _TEXT.fullmatch(text) is None:
        raise InvalidParameterValue.of(text, "description", "The description can't have control characters.")
    return text or None


def changed(
    held: Iterable[PrefixListEntry], add: Sequence[PrefixListEntry], remove: Sequence[PrefixListEntry]
) -> tuple[PrefixListEntry, ...]:
    """The entries that were held, without those removed and with those added.

    An entry for a block that is held under another description takes its place: only one that is the same in both is
    refused (observed; that the description is replaced is inferred from it and from what clients do).

    >>> [each.cidr for each in changed([PrefixListEntry("10.0.0.0/8")], [PrefixListEntry("192.0.2.0/24")], [])]
    ['10.0.0.0/8', '192.0.2.0/24']

    Raises:
        InvalidParameterValue: a block is both added and removed (observed).
        InvalidPrefixListModification: one to be removed isn't held, or one to be added is.
    """
    entries = {each.cidr: each for each in held}
    doomed = {each.cidr for each in remove}
    for each in add:
        if each.cidr in doomed:
            raise InvalidParameterValue(
                f"Request cannot contain Cidr {each.cidr} in both AddPrefixListEntries and RemovePrefixListEntries"
            )
        if entries.get(each.cidr) == each:
            raise InvalidPrefixListModification.already_there(each.cidr, each.description)
    for cidr in doomed:
        if cidr not in entries:
            raise InvalidPrefixListModification.absent(cidr)
    kept = {cidr: each for cidr, each in entries.items() if cidr not in doomed}
    return tuple((kept | {each.cidr: each for each in add}).values())


def check_fit(prefix_list_id: str | None, entries: Sequence[PrefixListEntry], max_entries: int) -> None:
    """Returns if a list of this size can hold the entries.

    Raises:
        PrefixListMaxEntriesExceeded: it can't.
    """
    if len(entries) > max_entries:
        raise PrefixListMaxEntriesExceeded(prefix_list_id, len(entries), max_entries)


# --- AWS's own ---


@dataclass(frozen=True, slots=True)
class _AwsList:
    prefix_list_id: str
    name: str
    weight: int
    address_family: str = "IPv4"


# The ids are those of us-east-1, in every region (chosen; ids are nowhere documented, these are what configurations in
# public name). AWS has more lists (Ground Station, Route 53 health checks, S3 Express, VPC Lattice, CloudFront for
# IPv6); their ids aren't known, and none are made up.
_AWS_LISTS: Final = (
    _AwsList("pl-02cd2c6b", "com.amazonaws.{region}.dynamodb", 1),
    _AwsList("pl-09f90e410b133fe9f", "com.amazonaws.{region}.ipv6.ec2-instance-connect", 2, "IPv6"),
    _AwsList("pl-0e4bcff02b13bef1e", "com.amazonaws.{region}.ec2-instance-connect", 2),
    _AwsList("pl-3b927c52", "com.amazonaws.global.cloudfront.origin-facing", 55),
    _AwsList("pl-63a5400a", "com.amazonaws.{region}.s3", 1),
)


def aws_prefix_lists(region: str) -> dict[str, PrefixList]:
    """AWS's own lists of a region, by id, in the order of their ids.

    What blocks they hold is Amazon's to say and isn't known here: a rule that names one of them admits nothing.
    Source: the absence of a version observed; names and weights: VPC user guide, AWS-managed prefix lists.
    """
    return {
        each.prefix_list_id: PrefixList(
            each.prefix_list_id, AWS_OWNER, region, each.name.format(region=region), each.address_family, each.weight
        )
        for each in _AWS_LISTS
    }
