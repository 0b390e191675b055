"""Refusals: one class for each code that EC2's API answers, its data in fields, its message derived.

Only `wire/fault.py` knows the HTTP status of a code.
"""

from __future__ import annotations

TYPE_CHECKING = False  # the command line imports a class from here, and would pay for `typing`
if TYPE_CHECKING:
    from typing import ClassVar


class ServiceError(Exception):
    """A request refused for a reason that the client can read. Nothing was changed."""

    code: str

    @property
    def message(self) -> str:
        """The text that the client sees, as EC2 words it."""
        return str(self.args[0]) if self.args else ""


# --- The request itself: its form, its parameters, its version, EC2's common errors ---


class MissingParameter(ServiceError):
    """A parameter that must be there is absent; `name` is EC2's internal name, e.g. `groupId`, `resourceIdSet`."""

    code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}")
        self.name = name

    @classmethod
    def worded(cls, name: str, text: str) -> MissingParameter:
        """The few that EC2 words otherwise, with the whole text."""
        error = cls(name)
        error.args = (text,)
        return error


class UnknownParameter(ServiceError):
    """A parameter that the operation doesn't have; `name` is the part of the wire name that isn't known."""

    code = "UnknownParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The parameter {name} is not recognized")
        self.name = name


class InvalidParameterValue(ServiceError):
    """A value that isn't valid, with the whole text; `InvalidParameterValue.of` words EC2's common shape."""

    code = "InvalidParameterValue"

    @classmethod
    def of(cls, value: str, name: str, reason: str) -> InvalidParameterValue:
        """`Value (<value>) for parameter <name> is invalid. <reason>`"""
        return cls(f"Value ({value}) for parameter {name} is invalid. {reason}")


class InvalidParameterCombination(ServiceError):
    """Parameters that don't go together, with the whole text."""

    code = "InvalidParameterCombination"


class IdempotentParameterMismatch(ServiceError):
    """A client token that was used before, with other parameters. The text is chosen."""

    code = "IdempotentParameterMismatch"

    def __init__(self) -> None:
        super().__init__(
            "The client token you have provided is associated with a resource that was created with different "
            "parameters."
        )


class InvalidClientToken(ServiceError):
    """A client token that can't be one. The text is chosen."""

    code = "InvalidClientToken"

    def __init__(self, length_max: int) -> None:
        super().__init__(f"The client token is not valid: it may have at most {length_max} printable characters.")
        self.length_max = length_max


class MalformedQueryString(ServiceError):
    """A query or form that can't be read: broken percent-encoding, text that isn't UTF-8, too many parameters."""

    code = "MalformedQueryString"


class MissingAction(ServiceError):
    """No operation is named."""

    code = "MissingAction"

    def __init__(self) -> None:
        super().__init__("The request must contain the parameter Action")


class InvalidAction(ServiceError):
    """An operation that EC2 doesn't have, at least not in the version asked for."""

    code = "InvalidAction"

    def __init__(self, action: str) -> None:
        super().__init__(f"The action {action} is not valid for this web service.")
        self.action = action


class UnsupportedOperation(ServiceError):
    """An operation that EC2 has and ringwall hasn't, or one that can't be done here, with the whole text."""

    code = "UnsupportedOperation"


class NoSuchVersion(ServiceError):
    """A version of the API that was never published."""

    code = "NoSuchVersion"

    def __init__(self, version: str) -> None:
        super().__init__(f"The requested version ({version}) of service AmazonEC2 does not exist")
        self.version = version


# --- Who asks, and whether they may ---


class AuthFailure(ServiceError):
    """The signature doesn't verify: an unknown key, a wrong secret, anything tampered with, one text for all."""

    code = "AuthFailure"
    TEXT: ClassVar[str] = "AWS was not able to validate the provided access credentials"

    def __init__(self, text: str = TEXT) -> None:
        super().__init__(text)


class MissingAuthenticationToken(ServiceError):
    """The request carries no signature at all; EC2's endpoint alone asks for the parameter AWSAccessKeyId instead."""

    code = "MissingAuthenticationToken"

    def __init__(self) -> None:
        super().__init__("Request is missing Authentication Token")


class IncompleteSignature(ServiceError):
    """A signature that lacks a part or can't be read, with the whole text."""

    code = "IncompleteSignature"


class InvalidClientTokenId(ServiceError):
    """A session token that isn't one. STS says so of every key or signature that it doesn't take, too."""

    code = "InvalidClientTokenId"

    def __init__(self, text: str = "The security token included in the request is invalid.") -> None:
        super().__init__(text)


class ExpiredToken(ServiceError):
    """Temporary credentials whose time is over; the signature is good. EC2 says RequestExpired."""

    code = "ExpiredToken"

    def __init__(self) -> None:
        super().__init__("The security token included in the request is expired")


class RequestExpired(ServiceError):
    """A presigned request whose time is over; its signature is good."""

    code = "RequestExpired"

    def __init__(self, text: str = "Request has expired.") -> None:
        super().__init__(text)


class RequestLimitExceeded(ServiceError):
    """More requests of a kind than the account may make for now (text: cdk-github-runners #946), or, without naming
    either, more from an address than may fail."""

    code = "RequestLimitExceeded"

    def __init__(self, account_id: str | None = None, operation: str = "", service: str = "ec2") -> None:
        because = (
            f" Account {account_id} has been throttled on {service}:{operation} because it exceeded its request rate "
            "limit."
        )
        super().__init__(f"Request limit exceeded.{because if account_id else ''}")


class UnauthorizedOperation(ServiceError):
    """The caller is known and may not do this."""

    code = "UnauthorizedOperation"

    def __init__(self, text: str = "You are not authorized to perform this operation.") -> None:
        super().__init__(text)


class AccessDenied(ServiceError):
    """The caller is known and may not do this, in STS's words, with the whole text."""

    code = "AccessDenied"


class DryRunOperation(ServiceError):
    """Not a failure: the request would have been done, had DryRun not been asked for."""

    code = "DryRunOperation"

    def __init__(self) -> None:
        super().__init__("Request would have succeeded, but DryRun flag is set.")


class ServiceUnavailable(ServiceError):
    """The service can't answer now and the same request may succeed later: the store is busy or closing."""

    code = "Unavailable"

    def __init__(self, text: str = "The server is overloaded and can't handle the request.") -> None:
        super().__init__(text)


class InternalError(ServiceError):
    """Something unforeseen went wrong; the log has it under the request id."""

    code = "InternalError"

    def __init__(self) -> None:
        super().__init__("An internal error has occurred")


# --- Ids (ec2-behaviour 2): a malformed one, and one that names nothing the caller has in this region ---


class MalformedId(ServiceError):
    """An id that can't be one of its kind. `prefix` is the right one, without the hyphen."""

    def __init__(self, text: str, prefix: str) -> None:
        # The hint is given only where even the prefix is wrong.
        hint = "" if text.startswith(f"{prefix}-") else f' (expecting "{prefix}-...")'
        super().__init__(f'Invalid id: "{text}"{hint}')


class AbsentId(ServiceError):
    """Well-formed ids of which nothing exists. `noun` is what EC2 calls them."""

    noun: ClassVar[str]

    def __init__(self, *ids: str) -> None:
        if len(ids) == 1:
            super().__init__(f"The {self.noun} '{ids[0]}' does not exist")
        else:
            super().__init__(f"The {self.noun}s '{', '.join(ids)}' do not exist")
        self.ids = ids


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


# --- Groups and rules (ec2-behaviour 3.1 to 3.8, 4) ---


class InvalidGroupDuplicate(ServiceError):
    """The VPC has a group of that name, letter case aside."""

    code = "InvalidGroup.Duplicate"

    def __init__(self, name: str, vpc_id: str) -> None:
        super().__init__(f"The security group '{name}' already exists for VPC '{vpc_id}'")
        self.name, self.vpc_id = name, vpc_id


class CannotDelete(ServiceError):
    """The default group of a VPC lives as long as the VPC."""

    code = "CannotDelete"

    def __init__(self, group_id: str, name: str) -> None:
        super().__init__(f'the specified group: "{group_id}" name: "{name}" cannot be deleted by a user')
        self.group_id, self.name = group_id, name


class DependencyViolation(ServiceError):
    """Something that exists still needs the resource."""

    code = "DependencyViolation"

    def __init__(self, resource_id: str) -> None:
        super().__init__(f"resource {resource_id} has a dependent object")
        self.resource_id = resource_id

    @classmethod
    def of(cls, noun: str, resource_id: str) -> DependencyViolation:
        """As EC2 words it for VPCs (`vpc`), subnets (`subnet`) and the like."""
        error = cls(resource_id)
        error.args = (f"The {noun} '{resource_id}' has dependencies and cannot be deleted.",)
        return error


class InvalidPermissionNotFound(ServiceError):
    """A rule that was to be revoked isn't in the group, so nothing was revoked."""

    code = "InvalidPermission.NotFound"

    def __init__(self) -> None:
        super().__init__("The specified rule does not exist in this security group.")


class InvalidPermissionDuplicate(ServiceError):
    """The group has the rule already; `rule` is EC2's description of it, from the word `peer`."""

    code = "InvalidPermission.Duplicate"

    def __init__(self, rule: str) -> None:
        super().__init__(f'the specified rule "{rule}" already exists')
        self.rule = rule


class RulesPerSecurityGroupLimitExceeded(ServiceError):
    """One of the group's four ledgers (direction by address family) would be over the quota."""

    code = "RulesPerSecurityGroupLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of rules per security group has been reached.")


class ResourceLimitExceeded(ServiceError):
    """A quota that has no code of its own, with the whole text. Which code EC2 answers isn't recorded; chosen."""

    code = "ResourceLimitExceeded"


class SecurityGroupLimitExceeded(ServiceError):
    """The region has as many groups as the quota allows. The text is chosen; EC2's isn't recorded."""

    code = "SecurityGroupLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of security groups has been reached.")


class SecurityGroupsPerInterfaceLimitExceeded(ServiceError):
    """An interface would carry more groups than the quota allows."""

    code = "SecurityGroupsPerInterfaceLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of security groups per interface has been reached.")


# --- Managed prefix lists (ec2-behaviour 3.14) ---


class PrefixListVersionMismatch(ServiceError):
    """The version that the request takes for the current one isn't."""

    code = "PrefixListVersionMismatch"

    def __init__(self) -> None:
        super().__init__("The prefix list has the incorrect version number.")


class PrefixListMaxEntriesExceeded(ServiceError):
    """A list would hold more entries than it has room for. The text is chosen."""

    code = "PrefixListMaxEntriesExceeded"

    def __init__(self, prefix_list_id: str | None, entries: int, max_entries: int) -> None:
        name = f" ({prefix_list_id})" if prefix_list_id else ""
        super().__init__(
            f"The number of entries ({entries}) exceeds the maximum number of entries ({max_entries}) of the prefix "
            f"list{name}."
        )
        self.prefix_list_id, self.entries, self.max_entries = prefix_list_id, entries, max_entries


class InvalidPrefixListModification(ServiceError):
    """An entry to be added is in the list, or one to be removed isn't, with the whole text."""

    code = "InvalidPrefixListModification"

    @classmethod
    def already_there(cls, cidr: str, description: str | None) -> InvalidPrefixListModification:
        """The list has this very entry (observed; the word for no description is chosen)."""
        shown = "null" if description is None else description
        return cls(f"An entry with the CIDR ({cidr}) and description ({shown}) already exists.")

    @classmethod
    def absent(cls, cidr: str) -> InvalidPrefixListModification:
        """The list has no entry of this block (of the text, its end is observed)."""
        return cls(f"An entry with the CIDR ({cidr}) does not exist.")


class InvalidRequest(ServiceError):
    """A request that asks for nothing, where something is needed."""

    code = "InvalidRequest"

    def __init__(self) -> None:
        super().__init__("The request received was invalid.")


# --- VPCs, subnets, instances, tags, filters (ec2-behaviour 3.15 to 3.17, 1.6) ---


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


class OperationNotPermitted(ServiceError):
    """What may never be done to the resource, whatever else is changed first, with the whole text."""

    code = "OperationNotPermitted"


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


class InvalidParameter(ServiceError):
    """A group that an interface in this subnet can't carry, because it is of another network."""

    code = "InvalidParameter"

    def __init__(self, group_id: str, subnet_id: str) -> None:
        super().__init__(f"Security group {group_id} and subnet {subnet_id} belong to different networks.")
        self.group_id, self.subnet_id = group_id, subnet_id


class InvalidIPAddressInUse(ServiceError):
    """An address that another interface of the VPC holds."""

    code = "InvalidIPAddress.InUse"

    def __init__(self) -> None:
        super().__init__("The specified address is already in use.")


class InsufficientFreeAddressesInSubnet(ServiceError):
    """The subnet has fewer free addresses than are to be chosen from it."""

    code = "InsufficientFreeAddressesInSubnet"

    def __init__(self) -> None:
        super().__init__("The specified subnet does not have enough free addresses to satisfy the request.")


class PrivateIpAddressLimitExceeded(ServiceError):
    """An interface would have more addresses than one may have."""

    code = "PrivateIpAddressLimitExceeded"

    def __init__(self) -> None:
        super().__init__("Number of private addresses will exceed limit.")


class NetworkInterfaceLimitExceeded(ServiceError):
    """The region has as many network interfaces as the quota allows. The text is chosen; EC2's isn't recorded."""

    code = "NetworkInterfaceLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of network interfaces has been reached.")


class InvalidNetworkInterfaceInUse(ServiceError):
    """An interface that a host has already. The text is reported from an account, for another operation."""

    code = "InvalidNetworkInterface.InUse"

    def __init__(self, interface_id: str) -> None:
        super().__init__(f"Interface: [{interface_id}] in use.")
        self.interface_id = interface_id


class AttachmentLimitExceeded(ServiceError):
    """A host would have more interfaces than it may. EC2's text speaks of the instance's type."""

    code = "AttachmentLimitExceeded"

    def __init__(self, count: int, instance_id: str) -> None:
        super().__init__(f"Interface count {count} exceeds the limit for {instance_id}")
        self.count = count


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


class ResourceAlreadyAssociated(ServiceError):
    """A group that is associated with the VPC already. EC2's answer isn't recorded; code and text are chosen."""

    code = "Resource.AlreadyAssociated"

    def __init__(self, group_id: str, vpc_id: str) -> None:
        super().__init__(f"The security group '{group_id}' is already associated with the vpc '{vpc_id}'")
        self.group_id, self.vpc_id = group_id, vpc_id


class InvalidAssociationIDNotFound(ServiceError):
    """A group that isn't associated with the VPC. EC2's answer isn't recorded; code and text are chosen."""

    code = "InvalidAssociationID.NotFound"

    def __init__(self, group_id: str, vpc_id: str) -> None:
        super().__init__(f"The security group '{group_id}' is not associated with the vpc '{vpc_id}'")
        self.group_id, self.vpc_id = group_id, vpc_id


class InvalidInstanceID(ServiceError):
    """The operation doesn't know which of the instance's interfaces is meant."""

    code = "InvalidInstanceID"

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            f"There are multiple interfaces attached to instance '{instance_id}'. "
            "Please specify an interface ID for the operation instead."
        )
        self.instance_id = instance_id


class TagLimitExceeded(ServiceError):
    """A resource would have more tags than the quota allows."""

    code = "TagLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of Tags for a resource has been reached.")


class FilterLimitExceeded(ServiceError):
    """More filters, or more values of one filter, than a request may have. The text is chosen."""

    code = "FilterLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of filters or filter values has been exceeded.")


# --- Accounts, users, roles, keys and policy documents, in IAM's codes and words ---


class NoSuchEntity(ServiceError):
    """No such account, user, role, access key or policy document in this account."""

    code = "NoSuchEntity"

    @classmethod
    def named(cls, kind: str, name: str) -> NoSuchEntity:
        """A `user`, a `role` or a `policy` of this name."""
        return cls(f"The {kind} with name {name} cannot be found.")

    @classmethod
    def with_id(cls, kind: str, identifier: str) -> NoSuchEntity:
        """An `Access Key` or an `account` of this id."""
        return cls(f"The {kind} with id {identifier} cannot be found.")


class EntityAlreadyExists(ServiceError):
    """The name is taken; names differ in more than letter case."""

    code = "EntityAlreadyExists"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} with name {name} already exists.")


class LimitExceeded(ServiceError):
    """The account or the principal has as many of these as it may have."""

    code = "LimitExceeded"

    def __init__(self, quota: str, limit: int) -> None:
        super().__init__(f"Cannot exceed quota for {quota}: {limit}")


class DeleteConflict(ServiceError):
    """It is in use, or something is left in it that goes first; with the whole text."""

    code = "DeleteConflict"


class PackedPolicyTooLarge(ServiceError):
    """A session's own policy is larger than a token carries. percent: of what it may be."""

    code = "PackedPolicyTooLarge"

    def __init__(self, percent: int) -> None:
        super().__init__(f"Packed policy consumes {percent}% of allotted space, please use smaller policy.")
        self.percent = percent


class InvalidAuthorizationMessage(ServiceError):
    """A message to decode that no refusal of this account told."""

    code = "InvalidAuthorizationMessageException"

    def __init__(self) -> None:
        super().__init__("Message is invalid")


class ValidationError(ServiceError):
    """A value that IAM or STS doesn't take, with the whole text."""

    code = "ValidationError"
