"""The groups that an interface carries: which may be, and how many.

A group is carried in the VPC that it was made in, or in one that it is associated with.

Source: EC2 API Reference, CreateNetworkInterface and ModifyNetworkInterfaceAttribute (Groups); ec2-behaviour 3.16. EC2
has two codes for too many groups and two texts for groups of another network; each operation answers as it was
observed, CreateNetworkInterface in the words of its own family (chosen).
"""

from __future__ import annotations

from collections.abc import Sequence

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidGroupNotFound,
    InvalidParameter,
    InvalidParameterValue,
    SecurityGroupsPerInterfaceLimitExceeded,
)
from ringwall.domain.interface import NetworkInterface
from ringwall.domain.vpc import Subnet

from .associations import is_usable_in
from .context import Context
from .lookup import all_found


def groups_of_new(context: Context, subnet: Subnet, group_ids: Sequence[str]) -> tuple[str, ...]:
    """The groups of a new interface in the subnet, each once, in this order; the VPC's default group if none is named.

    Raises:
        InvalidGroupNotFound: a group doesn't exist.
        InvalidParameter: a group is of another network.
        InvalidParameterValue: there are too many.
    """
    if not group_ids:
        default = context.transaction.group_by_name(subnet.vpc_id, "default")
        assert default is not None, "every VPC has a default group"
        return (default.group_id,)
    wanted, stranger = _carried(context, subnet.vpc_id, group_ids)
    if stranger is not None:
        raise InvalidParameter(stranger, subnet.subnet_id)
    if _too_many(context, wanted):
        raise InvalidParameterValue(
            f"user {context.caller.account_id} exceeded limit {context.quota.groups_per_interface_max} on the number "
            "of interface security group memberships"
        )
    return wanted


def set_groups(context: Context, interface: NetworkInterface, group_ids: Sequence[str]) -> None:
    """Has the interface carry these groups, in this order, each once; at least one.

    Raises:
        InvalidGroupNotFound: a group doesn't exist, or is of another network.
        SecurityGroupsPerInterfaceLimitExceeded: there are too many.
    """
    wanted, stranger = _carried(context, interface.vpc_id, group_ids)
    if stranger is not None:
        raise InvalidGroupNotFound.in_other_network(stranger)
    if _too_many(context, wanted):
        raise SecurityGroupsPerInterfaceLimitExceeded
    if wanted != interface.group_ids:
        context.transaction.set_interface_groups(interface, wanted)


def _carried(context: Context, vpc_id: str, group_ids: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """The groups, each once, and the first of them that can't be carried in the VPC."""
    groups = all_found(ids.GROUP, context.transaction.group, context, group_ids)
    strangers = (group.group_id for group in groups if not is_usable_in(context.transaction, group, vpc_id))
    return tuple(group.group_id for group in groups), next(strangers, None)


def _too_many(context: Context, group_ids: Sequence[str]) -> bool:
    most = context.quota.groups_per_interface_max
    return most is not None and len(group_ids) > most
