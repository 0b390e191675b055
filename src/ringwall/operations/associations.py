"""Groups that are used in further VPCs of their account's, besides the one that they were made in.

An association takes effect with the request that makes or ends it; the answers say `associating` and `disassociating`,
as EC2's do, and the next description shows the end of that: `associated`, or nothing.

Source: EC2 API Reference, AssociateSecurityGroupVpc, DisassociateSecurityGroupVpc and
DescribeSecurityGroupVpcAssociations; VPC user guide, "Associate security groups with multiple VPCs";
ec2-behaviour 3.12.
"""

from __future__ import annotations

from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    DependencyViolation,
    InvalidAssociationIDNotFound,
    InvalidParameterValue,
    MissingParameter,
    OperationNotPermitted,
    ResourceAlreadyAssociated,
)
from ringwall.domain.filters import FilterTable, select
from ringwall.domain.group import SecurityGroup, VpcAssociation
from ringwall.store.base import Reader

from .context import Answer, Context, Request
from .groups import DEFAULT_NAME
from .lookup import group_by_id, page, vpc_by_id


def is_usable_in(reader: Reader, group: SecurityGroup, vpc_id: str) -> bool:
    """Whether interfaces of the VPC may carry the group: it was made there, or is associated with it."""
    return group.vpc_id == vpc_id or association(reader, group, vpc_id) is not None


def association(reader: Reader, group: SecurityGroup, vpc_id: str) -> VpcAssociation | None:
    """The association of the group with the VPC, if there is one."""
    found = reader.vpc_associations(group.owner_id, group.region, group_id=group.group_id, vpc_id=vpc_id)
    return found[0] if found else None


def check_named(request: Request) -> None:
    """Refuses a missing or malformed id of the group or the VPC."""
    for member, name, kind in (("GroupId", "groupId", ids.GROUP), ("VpcId", "vpcId", ids.VPC)):
        if not request.get(member):
            raise MissingParameter(name)
        kind.check(request[member])


def associate_security_group_vpc(context: Context, request: Request) -> Answer:
    """`associating`: interfaces of the VPC may carry the group, and rules of its groups may name it.

    The restrictions are documented, their codes and texts chosen.

    Raises:
        InvalidGroupNotFound: the account has no such group in the region.
        InvalidVpcIDNotFound: the account has no such VPC in the region.
        OperationNotPermitted: the group is a default one, or one of the VPCs is the default VPC.
        InvalidParameterValue: the group was made in the VPC.
        ResourceAlreadyAssociated: it is associated with it already.
    """
    group, vpc = group_by_id(context, request["GroupId"]), vpc_by_id(context, request["VpcId"])
    if group.name == DEFAULT_NAME:
        raise OperationNotPermitted(f"The default security group '{group.group_id}' cannot be associated with a VPC.")
    home = context.transaction.default_vpc(group.owner_id, group.region)
    if home is not None and home.vpc_id in (vpc.vpc_id, group.vpc_id):
        raise OperationNotPermitted(
            f"Security groups cannot be associated from or with the default VPC '{home.vpc_id}'."
        )
    if group.vpc_id == vpc.vpc_id:
        raise InvalidParameterValue.of(vpc.vpc_id, "vpcId", "The security group was created in this VPC.")
    if association(context.transaction, group, vpc.vpc_id) is not None:
        raise ResourceAlreadyAssociated(group.group_id, vpc.vpc_id)
    context.transaction.insert_vpc_association(VpcAssociation(group.group_id, group.owner_id, group.region, vpc.vpc_id))
    return {"State": "associating"}


def disassociate_security_group_vpc(context: Context, request: Request) -> Answer:
    """`disassociating`: the group can be used in the VPC no longer; rules there that name it are stale.

    Raises:
        InvalidGroupNotFound: the account has no such group in the region.
        InvalidVpcIDNotFound: the account has no such VPC in the region.
        InvalidAssociationIDNotFound: the group isn't associated with the VPC (chosen).
        DependencyViolation: an interface of the VPC carries the group.
    """
    group, vpc = group_by_id(context, request["GroupId"]), vpc_by_id(context, request["VpcId"])
    ended = association(context.transaction, group, vpc.vpc_id)
    if ended is None:
        raise InvalidAssociationIDNotFound(group.group_id, vpc.vpc_id)
    if context.transaction.group_has_interfaces(group.group_id, vpc.vpc_id):
        raise DependencyViolation(group.group_id)
    context.transaction.delete_vpc_association(ended)
    return {"State": "disassociating"}


# A group is associated only with VPCs of its own account, so both owners are one.
FILTERS: Final[FilterTable[VpcAssociation]] = FilterTable(
    values={
        "group-id": lambda each: (each.group_id,),
        "group-owner-id": lambda each: (each.owner_id,),
        "state": lambda each: ("associated",),
        "vpc-id": lambda each: (each.vpc_id,),
        "vpc-owner-id": lambda each: (each.owner_id,),
    },
)


def describe_security_group_vpc_associations(context: Context, request: Request) -> Answer:
    """The associations that the filters let through, in the order in which they were made, page by page.

    Raises:
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    caller = context.caller
    filters = FILTERS.read(request.get("Filters"))
    chosen = select(filters, context.transaction.vpc_associations(caller.account_id, caller.region))
    shown, next_token = page(context, request, chosen, lambda each: (each.group_id, each.vpc_id))
    return {"SecurityGroupVpcAssociations": [_answer(each) for each in shown], "NextToken": next_token}


def _answer(each: VpcAssociation) -> dict[str, Any]:
    return {
        "GroupId": each.group_id,
        "VpcId": each.vpc_id,
        "VpcOwnerId": each.owner_id,
        "State": "associated",
        "GroupOwnerId": each.owner_id,
    }
