"""Managed prefix lists: named sets of CIDR blocks that rules can have for a peer. Here: the ones that AWS owns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AWS_OWNER: Final = "AWS"
"""Who owns AWS's own lists, as answers name it; in their ARNs it is `aws`."""

_SERVICES: Final = {"pl-02cd2c6b": "dynamodb", "pl-63a5400a": "s3"}


@dataclass(frozen=True, slots=True)
class PrefixList:
    """A prefix list. weight: how many rules one rule with this list counts for."""

    prefix_list_id: str
    name: str
    owner_id: str
    address_family: str = "IPv4"
    weight: int = 1


def aws_prefix_lists(region: str) -> dict[str, PrefixList]:
    """AWS's own lists of a region, by id: S3 and DynamoDB, in the order of their ids.

    The ids are those of us-east-1, in every region (chosen; others aren't recorded). What blocks they hold is Amazon's
    to say and isn't known here: a rule that names one of them admits nothing.
    Source: ids, names and the absence of a version observed; weight: VPC user guide, AWS-managed prefix lists.
    """
    return {
        prefix_list_id: PrefixList(prefix_list_id, f"com.amazonaws.{region}.{service}", AWS_OWNER)
        for prefix_list_id, service in _SERVICES.items()
    }


def prefix_list(prefix_list_id: str, region: str) -> PrefixList | None:
    """The list with this id, if the region has it."""
    return aws_prefix_lists(region).get(prefix_list_id)


def entries(prefix_list_id: str) -> frozenset[str]:
    """The CIDR blocks of a list. Nothing for AWS's own: a missing entry is an address that isn't admitted."""
    return frozenset()
