"""Network interfaces, their addresses, and the instances that have them."""

from __future__ import annotations

from .base import ServiceError


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


class InvalidInstanceID(ServiceError):
    """The operation doesn't know which of the instance's interfaces is meant."""

    code = "InvalidInstanceID"

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            f"There are multiple interfaces attached to instance '{instance_id}'. "
            "Please specify an interface ID for the operation instead."
        )
        self.instance_id = instance_id
