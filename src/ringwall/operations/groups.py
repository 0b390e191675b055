"""Security groups themselves: made and deleted.

Source: EC2 API Reference, CreateSecurityGroup, DeleteSecurityGroup; ec2-behaviour 3.1 and 3.2.
"""

from __future__ import annotations

from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    CannotDelete,
    DependencyViolation,
    InvalidGroupDuplicate,
    InvalidParameterValue,
    MissingParameter,
    SecurityGroupLimitExceeded,
    VPCIdNotSpecified,
)
from ringwall.domain.group import Direction, SecurityGroup, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.permission import DESCRIPTION_CHARACTERS, is_plain_text
from ringwall.domain.tags import as_answered, check_number, tags_of_specifications
from ringwall.domain.traffic import ALL_PROTOCOLS, Traffic
from ringwall.domain.vpc import Vpc

from .context import Answer, Context, Request
from .lookup import arn, check_group_named, named_group, vpc_by_id
from .trail import group_told

DEFAULT_NAME: Final = "default"
DEFAULT_DESCRIPTION: Final = "default VPC security group"
ALL_TRAFFIC: Final = Traffic(ALL_PROTOCOLS)
ANYWHERE_IPV4: Final = Peer(PeerKind.CIDR_IPV4, "0.0.0.0/0")
ANYWHERE_IPV6: Final = Peer(PeerKind.CIDR_IPV6, "::/0")


# --- CreateSecurityGroup ---


def check_create(request: Request) -> None:
    """Refuses a missing name or description and a malformed VPC id. An empty VpcId counts as absent (observed)."""
    if not (request.get("GroupName") or "").rstrip(" "):
        raise MissingParameter("GroupName")
    if not request.get("Description"):
        raise MissingParameter("GroupDescription")
    if request.get("VpcId"):
        ids.VPC.check(request["VpcId"])


def create_security_group(context: Context, request: Request) -> Answer:
    """A new group in VpcId, or else the default VPC, with EC2's first egress rules.

    Raises:
        InvalidParameterValue: the name or description holds other characters than EC2 allows, or is too long; the name
            is `default` or begins with `sg-`; a tag is refused.
        InvalidVpcIDNotFound: VpcId doesn't exist.
        VPCIdNotSpecified: none is given, and there is no default VPC.
        InvalidGroupDuplicate: the VPC has a group of that name.
        SecurityGroupLimitExceeded: the region has as many groups as the quota allows.
        TagLimitExceeded: there are too many tags.
    """
    transaction, caller = context.transaction, context.caller
    name = checked_name(request["GroupName"])
    description = checked_description(request["Description"])
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.GROUP)
    check_number(tags, context.quota.tags_per_resource_max)
    vpc = _vpc_of(context, request.get("VpcId"))
    if transaction.group_by_name(vpc.vpc_id, name) is not None:
        raise InvalidGroupDuplicate(name, vpc.vpc_id)
    most = context.quota.groups_per_region_max
    if most is not None and transaction.group_count(caller.account_id, caller.region) >= most:
        raise SecurityGroupLimitExceeded
    group = SecurityGroup(context.ids.new("sg"), caller.account_id, caller.region, vpc.vpc_id, name, description)
    transaction.insert_group(group)
    transaction.insert_rules(group, first_egress_rules(context, group, vpc))
    if tags:
        transaction.set_tags(caller.account_id, caller.region, group.group_id, tags)
    answer: dict[str, Any] = {
        "GroupId": group.group_id,
        "SecurityGroupArn": arn(context, ids.GROUP, group.group_id),
    }
    return answer | ({"Tags": as_answered(tags)} if tags else {})


def checked_name(text: str) -> str:
    """The name as it is stored: without trailing blanks.

    Raises:
        InvalidParameterValue: EC2 doesn't allow it.
    """
    name = text.rstrip(" ")
    if not name.isascii():
        raise InvalidParameterValue.of(text, "GroupName", "Character sets beyond ASCII are not supported.")
    if name.lower().startswith("sg-"):
        raise InvalidParameterValue.of(text, "GroupName", "Group names may not be in the format sg-*.")
    if not is_plain_text(name):
        raise InvalidParameterValue(
            "Invalid security group name. Valid names are strings less than 256 characters from the following set:  "
            f"{DESCRIPTION_CHARACTERS}"
        )
    if name.lower() == DEFAULT_NAME:
        raise InvalidParameterValue(f"Cannot use reserved security group name: {name}")
    return name


def checked_description(text: str) -> str:
    """The description, which is stored as it is.

    Raises:
        InvalidParameterValue: EC2 doesn't allow it.
    """
    if not text.isascii():
        raise InvalidParameterValue.of(text, "GroupDescription", "Character sets beyond ASCII are not supported.")
    if not is_plain_text(text):
        raise InvalidParameterValue(
            "Invalid security group description. Valid descriptions are strings less than 256 characters from the "
            f"following set:  {DESCRIPTION_CHARACTERS}"
        )
    return text


def _vpc_of(context: Context, vpc_id: str | None) -> Vpc:
    if vpc_id:
        return vpc_by_id(context, vpc_id)
    vpc = context.transaction.default_vpc(context.caller.account_id, context.caller.region)
    if vpc is None:
        raise VPCIdNotSpecified
    return vpc


def first_egress_rules(context: Context, group: SecurityGroup, vpc: Vpc) -> list[SecurityGroupRule]:
    """What every new group begins with: all traffic out, over IPv6 too if the VPC has a block (observed)."""
    peers = [ANYWHERE_IPV4] + ([ANYWHERE_IPV6] if vpc.ipv6 else [])
    return [
        SecurityGroupRule(context.ids.new("sgr"), group.group_id, Direction.EGRESS, ALL_TRAFFIC, peer) for peer in peers
    ]


def insert_default_group(context: Context, vpc: Vpc) -> SecurityGroup:
    """The group that a new VPC comes with: everything in from its own members, everything out (observed)."""
    group = SecurityGroup(
        context.ids.new("sg"), vpc.owner_id, vpc.region, vpc.vpc_id, DEFAULT_NAME, DEFAULT_DESCRIPTION
    )
    itself = Peer(PeerKind.GROUP, group.group_id)
    ingress = SecurityGroupRule(context.ids.new("sgr"), group.group_id, Direction.INGRESS, ALL_TRAFFIC, itself)
    context.transaction.insert_group(group)
    context.transaction.insert_rules(group, [ingress, *first_egress_rules(context, group, vpc)])
    return group


# --- DeleteSecurityGroup ---


def delete_security_group(context: Context, request: Request) -> Answer:
    """The group, its rules and its tags are gone.

    Raises:
        InvalidGroupNotFound: there is no such group.
        CannotDelete: it is the default group of its VPC.
        DependencyViolation: an interface carries it, it is associated with another VPC, or another group's rule names
            it in its own VPC. Its own rules may (observed; the user guide says otherwise), and so may rules of other
            VPCs, which go stale (observed).
    """
    transaction = context.transaction
    group = named_group(context, request)
    if group.name == DEFAULT_NAME:
        raise CannotDelete(group.group_id, group.name)
    if (
        transaction.group_has_interfaces(group.group_id)
        or transaction.vpc_associations(group.owner_id, group.region, group_id=group.group_id)
        or any(
            rule.reference is None and rule.group_id != group.group_id
            for rule in transaction.rules_referencing(group.group_id)
        )
    ):
        raise DependencyViolation(group.group_id)
    transaction.note(before=group_told(group, transaction.rules_of([group.group_id])[group.group_id]))
    transaction.delete_group(group)
    return {"Return": True, "GroupId": group.group_id}


check_delete = check_group_named
