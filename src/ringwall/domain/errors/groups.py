"""Security groups, their rules, and the VPCs that they are associated with. Source: ec2-behaviour 3.1 to 3.8, 4."""

from __future__ import annotations

from .base import ServiceError


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
