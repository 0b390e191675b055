"""The contract's writes of VPCs, subnets, peering connections, network interfaces and hosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

from ringwall.domain.change import (
    AddressesChanged,
    HostEnrolled,
    HostModeChanged,
    HostRemoved,
    InterfaceAttached,
    InterfaceChanged,
    InterfaceCreated,
    InterfaceDeleted,
    InterfaceDetached,
    InterfaceGroupsChanged,
    PeeringChanged,
    PeeringCreated,
    SubnetCreated,
    SubnetDeleted,
    VpcChanged,
    VpcCreated,
    VpcDeleted,
)
from ringwall.domain.interface import Attachment, Host, Mode, NetworkInterface
from ringwall.domain.peering import VpcPeering
from ringwall.domain.vpc import Subnet, Vpc

from .base import HostKey
from .sqlite_queries import Row
from .sqlite_recorder import Recorder

NO_ATTACHMENT: Final[Row] = (None, None, None, 0, 0, True)
"""The columns of an attachment where there is none."""


class NetworkWrites(Recorder):
    """The part of `base.Transaction` about VPCs, subnets, peering connections, interfaces and hosts."""

    def insert_vpc(self, vpc: Vpc) -> None:
        """`Transaction.insert_vpc`."""
        self._write(
            "INSERT INTO vpcs (vpc_id, owner_id, region, is_default, dhcp_options_id, instance_tenancy,"
            " enable_dns_support, enable_dns_hostnames, enable_network_address_usage_metrics)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                vpc.vpc_id,
                vpc.owner_id,
                vpc.region,
                vpc.is_default,
                vpc.dhcp_options_id,
                vpc.instance_tenancy,
                vpc.enable_dns_support,
                vpc.enable_dns_hostnames,
                vpc.enable_network_address_usage_metrics,
            ),
        )
        self._write_blocks(vpc)
        self._changed(vpc.owner_id, vpc.region, VpcCreated(vpc.vpc_id))

    def update_vpc(self, vpc: Vpc) -> None:
        """`Transaction.update_vpc`."""
        if self.vpc(vpc.owner_id, vpc.region, vpc.vpc_id) == vpc:
            return
        self._write_one(
            "UPDATE vpcs SET is_default = ?, dhcp_options_id = ?, instance_tenancy = ?, enable_dns_support = ?,"
            " enable_dns_hostnames = ?, enable_network_address_usage_metrics = ? WHERE vpc_id = ?",
            (
                vpc.is_default,
                vpc.dhcp_options_id,
                vpc.instance_tenancy,
                vpc.enable_dns_support,
                vpc.enable_dns_hostnames,
                vpc.enable_network_address_usage_metrics,
                vpc.vpc_id,
            ),
        )
        self._write("DELETE FROM vpc_cidr_blocks WHERE vpc_id = ?", (vpc.vpc_id,))
        self._write_blocks(vpc)
        self._changed(vpc.owner_id, vpc.region, VpcChanged(vpc.vpc_id))

    def delete_vpc(self, vpc: Vpc) -> None:
        """`Transaction.delete_vpc`."""
        self._write("DELETE FROM vpc_associations WHERE vpc_id = ?", (vpc.vpc_id,))
        self._write("DELETE FROM vpc_cidr_blocks WHERE vpc_id = ?", (vpc.vpc_id,))
        self._write_one("DELETE FROM vpcs WHERE vpc_id = ?", (vpc.vpc_id,))
        self._delete_all_tags(vpc.owner_id, vpc.region, vpc.vpc_id)
        self._changed(vpc.owner_id, vpc.region, VpcDeleted(vpc.vpc_id))

    def insert_subnet(self, subnet: Subnet) -> None:
        """`Transaction.insert_subnet`."""
        self._write(
            "INSERT INTO subnets (subnet_id, vpc_id, owner_id, region, cidr_block, availability_zone, default_for_az,"
            " ipv6_cidr_block, ipv6_association_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                subnet.subnet_id,
                subnet.vpc_id,
                subnet.owner_id,
                subnet.region,
                subnet.cidr_block,
                subnet.availability_zone,
                subnet.default_for_az,
                subnet.ipv6_cidr_block,
                subnet.ipv6_association_id,
            ),
        )
        self._changed(subnet.owner_id, subnet.region, SubnetCreated(subnet.subnet_id))

    def delete_subnet(self, subnet: Subnet) -> None:
        """`Transaction.delete_subnet`."""
        self._write_one("DELETE FROM subnets WHERE subnet_id = ?", (subnet.subnet_id,))
        self._delete_all_tags(subnet.owner_id, subnet.region, subnet.subnet_id)
        self._changed(subnet.owner_id, subnet.region, SubnetDeleted(subnet.subnet_id))

    def insert_peering(self, peering: VpcPeering) -> None:
        """`Transaction.insert_peering`."""
        requester, accepter = peering.requester, peering.accepter
        self._write(
            "INSERT INTO peerings (peering_id, requester_owner_id, requester_region, requester_vpc_id,"
            " accepter_owner_id, accepter_region, accepter_vpc_id, status, created_at, ended_at, ended_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                peering.peering_id,
                requester.owner_id,
                requester.region,
                requester.vpc_id,
                accepter.owner_id,
                accepter.region,
                accepter.vpc_id,
                peering.status.value,
                peering.created_at,
                peering.ended_at,
                peering.ended_by,
            ),
        )
        self._changed(requester.owner_id, requester.region, PeeringCreated(peering.peering_id))

    def update_peering(self, peering: VpcPeering) -> None:
        """`Transaction.update_peering`."""
        peering_id, sides = peering.peering_id, (peering.requester, peering.accepter)
        stored = self.peering(peering.requester.owner_id, peering.requester.region, peering_id)
        if stored == peering:
            return
        self._write_one(
            "UPDATE peerings SET status = ?, ended_at = ?, ended_by = ? WHERE peering_id = ?",
            (peering.status.value, peering.ended_at, peering.ended_by, peering_id),
        )
        group_ids = tuple(sorted({rule.peer.value for rule in self.rules_across(peering_id)}))
        changed = PeeringChanged(peering_id, peering.status.value, group_ids)
        self._changed_in([(side.owner_id, side.region) for side in sides], changed)

    def insert_host(self, host: Host, key: HostKey, interface: NetworkInterface) -> None:
        """`Transaction.insert_host`."""
        self._write(
            "INSERT INTO hosts (instance_id, owner_id, region, subnet_id, vpc_id, hostname, mode, access_key_id,"
            " secret, enrolled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                host.instance_id,
                host.owner_id,
                host.region,
                host.subnet_id,
                host.vpc_id,
                host.hostname,
                host.mode.value,
                key.access_key_id,
                key.secret,
                host.enrolled_at,
            ),
        )
        self._insert_interface(interface)
        enrolled = HostEnrolled(host.instance_id, interface.interface_id, interface.group_ids)
        self._changed(host.owner_id, host.region, enrolled)

    def delete_host(self, host: Host) -> None:
        """`Transaction.delete_host`."""
        for interface in self.interfaces_of_host(host.instance_id):
            assert interface.is_hosts_own, "a routed interface is detached before its host is removed"
            self._delete_interface(interface)
            removed = HostRemoved(host.instance_id, interface.interface_id, interface.group_ids)
            self._changed(host.owner_id, host.region, removed)
        self._write_one("DELETE FROM hosts WHERE instance_id = ?", (host.instance_id,))
        self._delete_all_tags(host.owner_id, host.region, host.instance_id)

    def set_host_mode(self, host: Host, mode: Mode) -> None:
        """`Transaction.set_host_mode`."""
        query = "UPDATE hosts SET mode = ? WHERE instance_id = ? AND mode <> ?"
        if self._write(query, (mode.value, host.instance_id, mode.value)):
            self._changed(host.owner_id, host.region, HostModeChanged(host.instance_id, mode.value))

    def insert_interface(self, interface: NetworkInterface) -> None:
        """`Transaction.insert_interface`."""
        self._insert_interface(interface)
        if interface.attachment is None:
            created = InterfaceCreated(interface.interface_id, interface.group_ids)
            self._changed(interface.owner_id, interface.region, created)
        else:
            self._attached(interface, interface.attachment)

    def delete_interface(self, interface: NetworkInterface) -> None:
        """`Transaction.delete_interface`."""
        stored = self._stored(interface)
        assert stored.attachment is None, "an interface is detached before it is deleted"
        self._delete_interface(stored)
        deleted = InterfaceDeleted(interface.interface_id, stored.group_ids)
        self._changed(interface.owner_id, interface.region, deleted)

    def attach_interface(self, interface: NetworkInterface, attachment: Attachment) -> None:
        """`Transaction.attach_interface`."""
        stored = self._stored(interface)
        assert stored.attachment is None, "an interface has one host"
        self._write_attachment(stored, astuple(attachment))
        self._attached(stored, attachment)

    def detach_interface(self, interface: NetworkInterface) -> None:
        """`Transaction.detach_interface`."""
        stored = self._stored(interface)
        assert stored.attachment is not None, "no host has the interface"
        self._write_attachment(stored, NO_ATTACHMENT)
        detached = InterfaceDetached(stored.interface_id, stored.attachment.instance_id, stored.group_ids)
        self._changed(stored.owner_id, stored.region, detached)

    def set_delete_on_termination(self, interface: NetworkInterface, delete: bool) -> None:
        """`Transaction.set_delete_on_termination`."""
        query = "UPDATE interfaces SET delete_on_termination = ? WHERE interface_id = ? AND delete_on_termination <> ?"
        if self._write(query, (delete, interface.interface_id, delete)):
            self._changed(interface.owner_id, interface.region, InterfaceChanged(interface.interface_id))

    def set_interface_details(self, interface: NetworkInterface, description: str, source_dest_check: bool) -> None:
        """`Transaction.set_interface_details`."""
        stored = self._stored(interface)
        if (stored.description, stored.source_dest_check) == (description, source_dest_check):
            return
        self._write_one(
            "UPDATE interfaces SET description = ?, source_dest_check = ? WHERE interface_id = ?",
            (description, source_dest_check, interface.interface_id),
        )
        changed = InterfaceChanged(interface.interface_id, stored.source_dest_check != source_dest_check)
        self._changed(interface.owner_id, interface.region, changed)

    def set_interface_groups(self, interface: NetworkInterface, group_ids: Sequence[str]) -> None:
        """`Transaction.set_interface_groups`."""
        before, after = self._stored(interface).group_ids, tuple(group_ids)
        if before == after:
            return
        self._write("DELETE FROM interface_groups WHERE interface_id = ?", (interface.interface_id,))
        self._write_groups(interface.interface_id, after)
        change = InterfaceGroupsChanged(interface.interface_id, before, after)
        self._changed(interface.owner_id, interface.region, change)

    def set_interface_addresses(
        self, interface: NetworkInterface, private_ips: Sequence[str], ipv6_addresses: Sequence[str]
    ) -> None:
        """`Transaction.set_interface_addresses`.

        Raises:
            Conflict: another interface of the VPC holds one of them.
        """
        stored = self._stored(interface)
        if (stored.private_ips, stored.ipv6_addresses) == (tuple(private_ips), tuple(ipv6_addresses)):
            return
        self._write("DELETE FROM interface_addresses WHERE interface_id = ?", (interface.interface_id,))
        self._write_addresses(interface, private_ips, ipv6_addresses)
        change = AddressesChanged(interface.interface_id, stored.group_ids)
        self._changed(interface.owner_id, interface.region, change)

    def set_mac_address(self, interface: NetworkInterface, mac_address: str) -> None:
        """`Transaction.set_mac_address`."""
        query = "UPDATE interfaces SET mac_address = ? WHERE interface_id = ? AND mac_address <> ?"
        if self._write(query, (mac_address, interface.interface_id, mac_address)):
            self._changed(interface.owner_id, interface.region, InterfaceChanged(interface.interface_id))

    def _write_blocks(self, vpc: Vpc) -> None:
        for family, blocks in ((4, vpc.ipv4), (6, vpc.ipv6)):
            for position, block in enumerate(blocks):
                self._write(
                    "INSERT INTO vpc_cidr_blocks (association_id, vpc_id, family, position, cidr_block)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (block.association_id, vpc.vpc_id, family, position, block.cidr_block),
                )

    def _insert_interface(self, interface: NetworkInterface) -> None:
        attachment = interface.attachment
        self._write(
            "INSERT INTO interfaces (interface_id, owner_id, region, subnet_id, vpc_id, availability_zone,"
            " attachment_id, instance_id, device, device_index, attached_at, delete_on_termination, mac_address,"
            " description, created_at, source_dest_check) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                interface.interface_id,
                interface.owner_id,
                interface.region,
                interface.subnet_id,
                interface.vpc_id,
                interface.availability_zone,
                *(astuple(attachment) if attachment else NO_ATTACHMENT),
                interface.mac_address,
                interface.description,
                interface.created_at,
                interface.source_dest_check,
            ),
        )
        self._write_groups(interface.interface_id, interface.group_ids)
        self._write_addresses(interface, interface.private_ips, interface.ipv6_addresses)

    def _write_attachment(self, interface: NetworkInterface, columns: Row) -> None:
        self._write_one(
            "UPDATE interfaces SET attachment_id = ?, instance_id = ?, device = ?, device_index = ?, attached_at = ?,"
            " delete_on_termination = ? WHERE interface_id = ?",
            (*columns, interface.interface_id),
        )

    def _attached(self, interface: NetworkInterface, attachment: Attachment) -> None:
        attached = InterfaceAttached(interface.interface_id, attachment.instance_id, interface.group_ids)
        self._changed(interface.owner_id, interface.region, attached)

    def _delete_interface(self, interface: NetworkInterface) -> None:
        interface_id = interface.interface_id
        self._write("DELETE FROM interface_groups WHERE interface_id = ?", (interface_id,))
        self._write("DELETE FROM interface_addresses WHERE interface_id = ?", (interface_id,))
        self._write_one("DELETE FROM interfaces WHERE interface_id = ?", (interface_id,))
        self._delete_all_tags(interface.owner_id, interface.region, interface_id)

    def _write_groups(self, interface_id: str, group_ids: Sequence[str]) -> None:
        for position, group_id in enumerate(group_ids):
            self._write(
                "INSERT INTO interface_groups (interface_id, position, group_id) VALUES (?, ?, ?)",
                (interface_id, position, group_id),
            )

    def _write_addresses(
        self, interface: NetworkInterface, private_ips: Sequence[str], ipv6_addresses: Sequence[str]
    ) -> None:
        for family, addresses in ((4, private_ips), (6, ipv6_addresses)):
            for position, address in enumerate(addresses):
                self._write(
                    "INSERT INTO interface_addresses (interface_id, family, position, vpc_id, address)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (interface.interface_id, family, position, interface.vpc_id, address),
                )

    def _stored(self, interface: NetworkInterface) -> NetworkInterface:
        """The interface as it is now, whatever the caller knew of it."""
        stored = self.interface(interface.owner_id, interface.region, interface.interface_id)
        assert stored is not None, f"no such interface: {interface.interface_id}"
        return stored
