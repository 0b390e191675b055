"""Ids: a malformed one, and one that names nothing the caller has in this region. Source: ec2-behaviour 2."""

from __future__ import annotations

from .base import AbsentId, MalformedId, ServiceError


class AbsentForeignId(AbsentId):
    """A well-formed id of a kind of resource that EC2 has and ringwall hasn't, so that none of it exists.

    Each kind has its own code and text; `{}` stands for the id.
    """

    noun = "resource"

    def __init__(self, code: str, text: str, *ids: str) -> None:
        super().__init__(*ids)
        self.code = code
        self.args = (text.format(", ".join(ids)),)


class InvalidGroupIdMalformed(MalformedId):
    """Not the id of a security group."""

    code = "InvalidGroupId.Malformed"

    def __init__(self, text: str, prefix: str = "sg") -> None:
        super().__init__(text, prefix)
        if not text:
            self.args = ("The security-group ID '' is malformed",)

    @classmethod
    def in_filter(cls, text: str) -> InvalidGroupIdMalformed:
        """As DescribeSecurityGroupRules words it for its filter `group-id`."""
        error = cls(text)
        error.args = (f"The security group ID '{text}' is malformed",)
        return error

    @classmethod
    def to_modify(cls, text: str) -> InvalidGroupIdMalformed:
        """As ModifySecurityGroupRules words it for its group: without a hint, whatever the prefix (observed)."""
        error = cls(text)
        error.args = (f'Invalid id: "{text}"',)
        return error


class InvalidGroupNotFound(AbsentId):
    """No such group, or none that may be named here."""

    code = "InvalidGroup.NotFound"
    noun = "security group"

    @classmethod
    def in_default_vpc(cls, name: str, vpc_id: str | None) -> InvalidGroupNotFound:
        """A name that isn't in the default VPC; `vpc_id` is None where there is none."""
        error = cls(name)
        error.args = (f"The security group '{name}' does not exist in default VPC '{vpc_id or 'none'}'",)
        return error

    @classmethod
    def in_other_network(cls, group_id: str) -> InvalidGroupNotFound:
        """A group of another VPC, where one of the same VPC is needed."""
        error = cls(group_id)
        error.args = ("You have specified two resources that belong to different networks.",)
        return error


class InvalidSecurityGroupRuleIdMalformed(ServiceError):
    """Not the id of a security group rule."""

    code = "InvalidSecurityGroupRuleId.Malformed"

    def __init__(self, text: str, prefix: str = "sgr") -> None:
        super().__init__(f"The security group rule ID '{text}' is malformed")
        self.prefix = prefix


class InvalidSecurityGroupRuleIdNotFound(AbsentId):
    """No such rule, or none of the group and direction given."""

    code = "InvalidSecurityGroupRuleId.NotFound"
    noun = "security group rule ID"


class InvalidVpcIDMalformed(MalformedId):
    """Not the id of a VPC."""

    code = "InvalidVpcID.Malformed"


class InvalidVpcIDNotFound(AbsentId):
    """No such VPC."""

    code = "InvalidVpcID.NotFound"
    noun = "vpc ID"


class InvalidSubnetIDMalformed(MalformedId):
    """Not the id of a subnet."""

    code = "InvalidSubnetID.Malformed"


class InvalidSubnetIDNotFound(AbsentId):
    """No such subnet."""

    code = "InvalidSubnetID.NotFound"
    noun = "subnet ID"


class InvalidNetworkInterfaceIdMalformed(MalformedId):
    """Not the id of a network interface."""

    code = "InvalidNetworkInterfaceId.Malformed"


class InvalidNetworkInterfaceIDNotFound(AbsentId):
    """No such network interface."""

    code = "InvalidNetworkInterfaceID.NotFound"
    noun = "networkInterface ID"


class InvalidNetworkInterfaceAttachmentIdMalformed(MalformedId):
    """Not the id of an attachment of a network interface."""

    code = "InvalidNetworkInterfaceAttachmentId.Malformed"


class InvalidAttachmentIDNotFound(AbsentId):
    """No such attachment of this network interface."""

    code = "InvalidAttachmentID.NotFound"
    noun = "attachment ID"


class InvalidInstanceIDMalformed(MalformedId):
    """Not the id of an instance."""

    code = "InvalidInstanceID.Malformed"


class InvalidInstanceIDNotFound(AbsentId):
    """No such instance."""

    code = "InvalidInstanceID.NotFound"
    noun = "instance ID"


class InvalidPrefixListIdMalformed(MalformedId):
    """Not the id of a prefix list."""

    code = "InvalidPrefixListId.Malformed"


class InvalidPrefixListIDNotFound(AbsentId):
    """No such prefix list."""

    code = "InvalidPrefixListID.NotFound"
    noun = "prefix list ID"

    @classmethod
    def of_managed(cls, prefix_list_id: str) -> InvalidPrefixListIDNotFound:
        """As the operations on one managed prefix list word it (observed: GetManagedPrefixListEntries)."""
        error = cls(prefix_list_id)
        error.args = (f"The prefix list ({prefix_list_id}) does not exist.",)
        return error


class InvalidPrefixListIdNotFound(AbsentId):
    """No such prefix list among AWS's own; DescribePrefixLists spells the code so, alone."""

    code = "InvalidPrefixListId.NotFound"
    noun = "prefix list ID"


class InvalidVpcPeeringConnectionIdMalformed(MalformedId):
    """Not the id of a peering connection."""

    code = "InvalidVpcPeeringConnectionId.Malformed"


class InvalidVpcPeeringConnectionIDNotFound(AbsentId):
    """No such peering connection."""

    code = "InvalidVpcPeeringConnectionID.NotFound"
    noun = "vpcPeeringConnection ID"


class InvalidVpcCidrBlockAssociationIDMalformed(MalformedId):
    """Not the id of a block's association with a VPC."""

    code = "InvalidVpcCidrBlockAssociationID.Malformed"


class InvalidVpcCidrBlockAssociationIDNotFound(AbsentId):
    """No such association of a block with a VPC."""

    code = "InvalidVpcCidrBlockAssociationID.NotFound"
    noun = "vpc CIDR block association ID"


class InvalidID(ServiceError):
    """An id of a kind that isn't known at all."""

    code = "InvalidID"

    def __init__(self, text: str) -> None:
        super().__init__(f"The ID '{text}' is not valid")
        self.text = text
