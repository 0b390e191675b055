"""A VPC with a subnet, some groups and one enrolled host, for tests of interfaces, attributes and instances."""

from __future__ import annotations

from typing import Any

from account import Account
from ringwall.domain.interface import Host, NetworkInterface


class World:
    """A host with one interface in a subnet of a VPC that isn't the default one."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.vpc_id = account.vpc()
        self.subnet_id = account.call("CreateSubnet", VpcId=self.vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self.default = account.default_group(self.vpc_id)
        self.web, self.app = account.group("web", VpcId=self.vpc_id), account.group("app", VpcId=self.vpc_id)
        self.elsewhere = account.group("elsewhere")
        self.host: Host
        self.interface: NetworkInterface
        self.host, self.interface = account.enrolled(self.subnet_id, [self.default], addresses=("10.0.1.5", "10.0.1.6"))
        assert self.interface.attachment is not None
        self.attachment_id = self.interface.attachment.attachment_id

    def create(self, **request: Any) -> dict[str, Any]:
        """A new interface in the subnet, as the answer has it."""
        return self.account.call("CreateNetworkInterface", SubnetId=self.subnet_id, **request)["NetworkInterface"]

    def free(self, **request: Any) -> str:
        """The id of a new interface that no host has."""
        return self.create(**request)["NetworkInterfaceId"]

    def shown(self, interface_id: str) -> dict[str, Any]:
        """The interface as Describe shows it."""
        (interface,) = self.account.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])[
            "NetworkInterfaces"
        ]
        return interface

    def groups(self, interface_id: str | None = None) -> list[str]:
        """The groups of the interface, else of the host's."""
        return [group["GroupId"] for group in self.shown(interface_id or self.interface.interface_id)["Groups"]]

    def addresses(self, interface_id: str) -> list[str]:
        """The IPv4 addresses of the interface, primary first."""
        shown = self.shown(interface_id)
        assert [each["Primary"] for each in shown["PrivateIpAddresses"]].index(True) == 0
        assert shown["PrivateIpAddress"] == shown["PrivateIpAddresses"][0]["PrivateIpAddress"]
        return [each["PrivateIpAddress"] for each in shown["PrivateIpAddresses"]]

    def ipv6(self, interface_id: str) -> list[str]:
        """The IPv6 addresses of the interface."""
        return [each["Ipv6Address"] for each in self.shown(interface_id)["Ipv6Addresses"]]

    def named(self, value: Any) -> Any:
        """The value with `{web}` and the like, in any text of it, replaced by the ids they stand for."""
        if isinstance(value, str):
            return value.format(**vars(self), eni=self.interface.interface_id, i=self.host.instance_id)
        if isinstance(value, dict):
            return {name: self.named(each) for name, each in value.items()}
        return [self.named(each) for each in value] if isinstance(value, (list, tuple)) else value
