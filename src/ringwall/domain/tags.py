"""Tags: what may be one, and the reserved ones.

Source: ec2-behaviour 3.17; texts marked there as unconfirmed are chosen. Keys that begin with `ringwall:` are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from .errors import InvalidParameterValue, TagLimitExceeded
from .ids import GROUP, IdKind

KEY_LENGTH_MAX: Final = 127
"""In characters. The API's text says 127, the user guide 128; the API's is taken."""

VALUE_LENGTH_MAX: Final = 256
RESERVED_PREFIX: Final = "ringwall:"
ON_REVOKE: Final = "ringwall:on-revoke"
"""On a group: what becomes of flows that only a revoked rule admitted."""


class OnRevoke(StrEnum):
    """What becomes of live flows when the last rule that admits them is revoked: they end, or go on until they end."""

    CUT = "cut"
    KEEP = "keep"


# What XML 1.0 can't carry, not even escaped; an answer with one of these could be read by nobody.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def tags_to_write(given: Iterable[Mapping[str, Any]], kind: IdKind) -> dict[str, str]:
    """The tags that a request gives to a resource of this kind, checked.

    Raises:
        InvalidParameterValue: a key is empty, too long, reserved or given twice; a value is absent or too long; a
            `ringwall:` tag isn't one that this kind can have.
    """
    tags: dict[str, str] = {}
    for tag in given:
        key, value = tag.get("Key") or "", tag.get("Value")
        check_key(key)
        if value is None:
            raise InvalidParameterValue("Tag value cannot be null. Use empty string instead.")
        if len(value) > VALUE_LENGTH_MAX:
            raise InvalidParameterValue(f"Tag value exceeds the maximum length of {VALUE_LENGTH_MAX} characters")
        if _NOT_XML.search(value):
            raise InvalidParameterValue("Tag values may not contain control characters")
        if key in tags:
            raise InvalidParameterValue(f"Duplicate tag key '{key}' specified.")
        _check_reserved(key, value, kind)
        tags[key] = value
    return tags


def check_key(key: str) -> None:
    """Returns if a user may write or delete a tag of this key.

    Raises:
        InvalidParameterValue: it is empty, too long, or begins with `aws:`.
    """
    if not key:
        raise InvalidParameterValue("Tag keys may not be empty")
    if key.lower().startswith("aws:"):
        raise InvalidParameterValue("Tag keys starting with 'aws:' are reserved for internal use")
    if len(key) > KEY_LENGTH_MAX:
        raise InvalidParameterValue(f"Tag key exceeds the maximum length of {KEY_LENGTH_MAX} characters")
    if _NOT_XML.search(key):
        raise InvalidParameterValue("Tag keys may not contain control characters")


def is_reserved(key: str) -> bool:
    """Whether the key is one of ours: in any case, so that none can be made to look like one."""
    return key.lower().startswith(RESERVED_PREFIX)


def _check_reserved(key: str, value: str, kind: IdKind) -> None:
    if not is_reserved(key):
        return
    if key != ON_REVOKE or kind is not GROUP:
        raise InvalidParameterValue(
            f"The tag key '{key}' is reserved. The only one is '{ON_REVOKE}', for security groups."
        )
    if value not in tuple(OnRevoke):
        raise InvalidParameterValue(f"The value of '{ON_REVOKE}' must be 'cut' or 'keep'.")


def tags_of_specifications(specifications: Sequence[Mapping[str, Any]] | None, kind: IdKind) -> dict[str, str]:
    """The tags that a request's TagSpecifications give to what it makes, checked.

    Several specifications for the one type that the operation makes are read as one (chosen).

    Raises:
        InvalidParameterValue: one is for another type of resource, or has no tags, or a tag is refused.
    """
    given: list[Mapping[str, Any]] = []
    for specification in specifications or ():
        resource_type = specification.get("ResourceType")
        if resource_type != kind.resource_type:
            raise InvalidParameterValue(
                f"'{resource_type or 'null'}' is not a valid taggable resource type for this operation."
            )
        if not specification.get("Tags"):
            raise InvalidParameterValue("Tag specification must have at least one tag")
        given += specification["Tags"]
    return tags_to_write(given, kind)


def check_number(tags: Mapping[str, str], tags_max: int | None) -> None:
    """Returns if a resource may have as many tags as these.

    Raises:
        TagLimitExceeded: it may not.
    """
    if tags_max is not None and len(tags) > tags_max:
        raise TagLimitExceeded


def as_answered(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """The tags as EC2's answers list them, by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
