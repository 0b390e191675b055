"""Hosts, which EC2's API shows as instances, and their network interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """What a host does with packets that no rule admits: count them, or drop them."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Host:
    """An enrolled host, an instance to EC2's clients.

    hostname: as the host gave it, for people. access_key_id: the key of its agent. enrolled_at: Unix seconds.
    """

    instance_id: str
    owner_id: str
    region: str
    subnet_id: str
    vpc_id: str
    hostname: str
    mode: Mode
    access_key_id: str
    enrolled_at: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """What ties an interface to a host.

    device: the name that the host's kernel gives it; empty for a routed interface, that of a container or virtual
    machine, whose device the host itself knows. device_index: 0 for the one that came with the host, another for each.
    attached_at: Unix seconds. delete_on_termination: whether the interface goes with its host; one of the host's own
    always does.
    """

    attachment_id: str
    instance_id: str
    device: str
    device_index: int = 0
    attached_at: int = 0
    delete_on_termination: bool = True

    @property
    def is_routed(self) -> bool:
        """Whether the interface is that of a container or virtual machine behind the host, and not the host's own."""
        return not self.device


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """A network interface: one of an enrolled host, or one that a client made and that no host has.

    attachment: None where no host has it; its addresses are members of its groups all the same.
    private_ips, ipv6_addresses: of a host's own interface those of the device's addresses that lie in the subnet and
    that nobody else in the VPC holds; of another those that clients assigned. The first IPv4 address is the primary.
    group_ids: at least one, in the order in which they were attached. created_at: Unix seconds.
    """

    interface_id: str
    owner_id: str
    region: str
    subnet_id: str
    vpc_id: str
    availability_zone: str
    attachment: Attachment | None
    mac_address: str
    private_ips: tuple[str, ...]
    ipv6_addresses: tuple[str, ...]
    group_ids: tuple[str, ...]
    description: str
    created_at: int
    source_dest_check: bool = True

    @property
    def is_hosts_own(self) -> bool:
        """Whether it is a device of a host's: what addresses it has is for the host to say."""
        return self.attachment is not None and not self.attachment.is_routed

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses, IPv4 first."""
        return self.private_ips + self.ipv6_addresses
