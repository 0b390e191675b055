"""Ids: their form, the refusals of those that are malformed or name nothing, and ARNs made of them.

An id is a prefix, a hyphen and up to 17 lower-case hex digits: EC2 gave 8 before 2018 and gives 17 since, and takes
shorter ones (`sg-0`) for well-formed (observed), so that they are absent, not malformed.
Source: ec2-behaviour section 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from . import errors
from .errors import AbsentId, ServiceError


@dataclass(frozen=True, slots=True)
class IdKind:
    """One kind of id. resource_type: its name in tag specifications and ARNs, or None if it is never tagged."""

    prefix: str
    resource_type: str | None
    malformed: Callable[[str, str], ServiceError]
    absent: Callable[..., AbsentId]
    _form: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_form", re.compile(rf"{self.prefix}-[0-9a-f]{{1,17}}"))

    def check(self, text: str) -> None:
        """Returns if `text` has the form of an id of this kind.

        Raises:
            ServiceError: the kind's own code for a malformed id.
        """
        if self._form.fullmatch(text) is None:
            raise self.malformed(text, self.prefix)

    def check_all(self, texts: Iterable[str] | None) -> None:
        """Checks each; None counts as none."""
        for text in texts or ():
            self.check(text)


GROUP: Final = IdKind("sg", "security-group", errors.InvalidGroupIdMalformed, errors.InvalidGroupNotFound)
RULE: Final = IdKind(
    "sgr",
    "security-group-rule",
    errors.InvalidSecurityGroupRuleIdMalformed,
    errors.InvalidSecurityGroupRuleIdNotFound,
)
VPC: Final = IdKind("vpc", "vpc", errors.InvalidVpcIDMalformed, errors.InvalidVpcIDNotFound)
SUBNET: Final = IdKind("subnet", "subnet", errors.InvalidSubnetIDMalformed, errors.InvalidSubnetIDNotFound)
INTERFACE: Final = IdKind(
    "eni", "network-interface", errors.InvalidNetworkInterfaceIdMalformed, errors.InvalidNetworkInterfaceIDNotFound
)
ATTACHMENT: Final = IdKind(
    "eni-attach", None, errors.InvalidNetworkInterfaceAttachmentIdMalformed, errors.InvalidAttachmentIDNotFound
)
INSTANCE: Final = IdKind("i", "instance", errors.InvalidInstanceIDMalformed, errors.InvalidInstanceIDNotFound)
PREFIX_LIST: Final = IdKind(
    "pl", "prefix-list", errors.InvalidPrefixListIdMalformed, errors.InvalidPrefixListIDNotFound
)
PEERING: Final = IdKind(
    "pcx",
    "vpc-peering-connection",
    errors.InvalidVpcPeeringConnectionIdMalformed,
    errors.InvalidVpcPeeringConnectionIDNotFound,
)
CIDR_ASSOCIATION: Final = IdKind(
    "vpc-cidr-assoc",
    None,
    errors.InvalidVpcCidrBlockAssociationIDMalformed,
    errors.InvalidVpcCidrBlockAssociationIDNotFound,
)

TAGGED_KINDS: Final[Mapping[str, IdKind]] = {
    kind.prefix: kind for kind in (GROUP, RULE, VPC, SUBNET, INTERFACE, INSTANCE, PREFIX_LIST, PEERING)
}
"""The kinds that tags are for, by prefix."""


def _not_valid(text: str, _: str) -> ServiceError:
    return errors.InvalidID(text)


FOREIGN_KINDS: Final[Mapping[str, IdKind]] = {
    prefix: IdKind(prefix, None, _not_valid, partial(errors.AbsentForeignId, code, text))
    for prefix, code, text in (
        ("acl", "InvalidNetworkAclID.NotFound", "The networkAcl ID '{}' does not exist"),
        ("ami", "InvalidAMIID.NotFound", "The image id '[{}]' does not exist"),
        ("cgw", "InvalidCustomerGatewayID.NotFound", "The customerGateway ID '{}' does not exist"),
        ("dopt", "InvalidDhcpOptionID.NotFound", "The dhcpOption ID '{}' does not exist"),
        ("eipalloc", "InvalidAllocationID.NotFound", "The allocation ID '{}' does not exist"),
        ("igw", "InvalidInternetGatewayID.NotFound", "The internetGateway ID '{}' does not exist"),
        ("key", "InvalidKeyPair.NotFound", "The key pair '{}' does not exist"),
        ("lt", "InvalidLaunchTemplateId.NotFound", "The launch template ID '{}' does not exist"),
        ("nat", "NatGatewayNotFound", "The natGateway ID '{}' does not exist"),
        ("rtb", "InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
        ("snap", "InvalidSnapshot.NotFound", "The snapshot '{}' does not exist."),
        ("tgw", "InvalidTransitGatewayID.NotFound", "The transitGateway ID '{}' does not exist"),
        ("vgw", "InvalidVpnGatewayID.NotFound", "The vpnGateway ID '{}' does not exist"),
        ("vol", "InvalidVolume.NotFound", "The volume '{}' does not exist."),
        ("vpce", "InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '{}' does not exist"),
        ("vpn", "InvalidVpnConnectionID.NotFound", "The vpnConnection ID '{}' does not exist"),
    )
}
"""Kinds of resources that EC2 tags and that there are none of here, by prefix.

Source: EC2 API Reference, error codes; the texts of ami, igw, rtb, snap, tgw, vol and vpce are reported, the others
follow them. A malformed id of these is answered as one of no kind (chosen).
"""


def kind_of(resource_id: str) -> IdKind:
    """The kind of a resource's id, from its prefix; its form is checked.

    Raises:
        InvalidID: nothing that EC2 tags has this prefix.
        ServiceError: the prefix is right and the rest isn't.
    """
    prefix = resource_id.partition("-")[0]
    kind = TAGGED_KINDS.get(prefix) or FOREIGN_KINDS.get(prefix)
    if kind is None or "-" not in resource_id:
        raise errors.InvalidID(resource_id)
    kind.check(resource_id)
    return kind


def partition(region: str) -> str:
    """The part of AWS's name space that a region belongs to, as ARNs name it: `aws`, `aws-cn`, `aws-us-gov`."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def arn(resource_type: str, region: str, owner_id: str, resource_id: str) -> str:
    """The ARN of an EC2 resource; AWS's own prefix lists have `aws` for their owner.

    >>> arn("security-group", "eu-west-1", "123456789012", "sg-0a")
    'arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0a'
    """
    return f"arn:{partition(region)}:ec2:{region}:{owner_id}:{resource_type}/{resource_id}"
