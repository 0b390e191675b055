"""VPCs, their blocks, subnets and peering connections. Source: ec2-behaviour 3.15 to 3.17."""

from __future__ import annotations

from .base import ServiceError


class VPCIdNotSpecified(ServiceError):
    """No VPC is named, and the region has no default VPC to take."""

    code = "VPCIdNotSpecified"

    def __init__(self) -> None:
        super().__init__("No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.")


class VpcLimitExceeded(ServiceError):
    """The region has as many VPCs as the quota allows."""

    code = "VpcLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of VPCs has been reached.")


class SubnetLimitExceeded(ServiceError):
    """The VPC has as many subnets as the quota allows. The text is chosen; EC2's isn't recorded."""

    code = "SubnetLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of subnets has been reached.")


class InvalidVpcRange(ServiceError):
    """A CIDR block that a VPC can't have: of a wrong size, or one that overlaps."""

    code = "InvalidVpc.Range"

    def __init__(self, cidr: str) -> None:
        super().__init__(f"The CIDR '{cidr}' is invalid.")
        self.cidr = cidr

    @classmethod
    def overlapping(cls, cidr: str, vpc_id: str) -> InvalidVpcRange:
        """A block that shares addresses with one that the VPC, or one that it is peered with, has (text chosen)."""
        error = cls(cidr)
        error.args = (f"The CIDR '{cidr}' conflicts with another CIDR block of the vpc '{vpc_id}'.",)
        return error


class CidrLimitExceeded(ServiceError):
    """The VPC has as many blocks of one family as the quota allows."""

    code = "CidrLimitExceeded"

    def __init__(self, vpc_id: str, most: int) -> None:
        super().__init__(f"This network {vpc_id} has met its maximum number of allowed CIDRs: {most}")
        self.vpc_id, self.most = vpc_id, most


class InvalidCidrBlockInUse(ServiceError):
    """A block that can't be taken away from its VPC, because a subnet lies in it."""

    code = "InvalidCidrBlock.InUse"

    def __init__(self, vpc_id: str, cidr: str) -> None:
        super().__init__(f"The vpc {vpc_id} currently has a subnet within CIDR block {cidr}")
        self.vpc_id, self.cidr = vpc_id, cidr


class DefaultVpcAlreadyExists(ServiceError):
    """The region has a default VPC, and can't have two."""

    code = "DefaultVpcAlreadyExists"

    def __init__(self) -> None:
        super().__init__("A Default VPC already exists for this account in this region.")


class DefaultVpcDoesNotExist(ServiceError):
    """The region's default VPC was deleted. The text is chosen; EC2's isn't recorded."""

    code = "DefaultVpcDoesNotExist"

    def __init__(self) -> None:
        super().__init__("No default VPC exists for this account in this region.")


class DefaultSubnetAlreadyExistsInAvailabilityZone(ServiceError):
    """The zone has a default subnet, and can't have two. The text is chosen; EC2's isn't recorded."""

    code = "DefaultSubnetAlreadyExistsInAvailabilityZone"

    def __init__(self, subnet_id: str, zone: str) -> None:
        super().__init__(f"'{subnet_id}' is already the default subnet in {zone}.")
        self.subnet_id, self.zone = subnet_id, zone


class InvalidSubnetRange(ServiceError):
    """A CIDR block that a subnet of this VPC can't have: outside the VPC's block, or of a wrong size."""

    code = "InvalidSubnet.Range"

    def __init__(self, cidr: str) -> None:
        super().__init__(f"The CIDR '{cidr}' is invalid.")
        self.cidr = cidr


class InvalidSubnetConflict(ServiceError):
    """A CIDR block that shares addresses with a subnet of the VPC."""

    code = "InvalidSubnet.Conflict"

    def __init__(self, cidr: str) -> None:
        super().__init__(f"The CIDR '{cidr}' conflicts with another subnet")
        self.cidr = cidr


class InvalidStateTransition(ServiceError):
    """A peering connection that isn't in a state from which this can be done.

    Text observed for `deleting`; for `provisioning` and `rejected` chosen by analogy.
    """

    code = "InvalidStateTransition"

    def __init__(self, peering_id: str, status: str, wanted: str) -> None:
        super().__init__(
            f"Invalid state transition for {peering_id}, attempted to transition from {status} to {wanted}"
        )
        self.peering_id, self.status, self.wanted = peering_id, status, wanted


class VpcPeeringConnectionAlreadyExists(ServiceError):
    """A request that can't be accepted, because another connection of the two VPCs is active. The text is chosen."""

    code = "VpcPeeringConnectionAlreadyExists"

    def __init__(self, peering_id: str) -> None:
        super().__init__(f"A VPC peering connection between the VPCs already exists: '{peering_id}'")
        self.peering_id = peering_id


class PendingVpcPeeringConnectionLimitExceeded(ServiceError):
    """The VPC waits for as many acceptances as the quota allows."""

    code = "PendingVpcPeeringConnectionLimitExceeded"

    def __init__(self) -> None:
        super().__init__("Vpc peering connection request limit exceeded.")


class ActiveVpcPeeringConnectionPerVpcLimitExceeded(ServiceError):
    """The VPC has as many active peering connections as the quota allows. The text is chosen."""

    code = "ActiveVpcPeeringConnectionPerVpcLimitExceeded"

    def __init__(self, vpc_id: str) -> None:
        super().__init__(f"The maximum number of active peering connections of the vpc '{vpc_id}' has been reached.")
        self.vpc_id = vpc_id
