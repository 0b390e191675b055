"""The contract's reads of VPCs, subnets, peering connections, network interfaces and hosts."""

from __future__ import annotations

from typing import Any, Final

from ringwall.domain.interface import Attachment, Host, Mode, NetworkInterface
from ringwall.domain.peering import PeeringSide, PeeringStatus, VpcPeering
from ringwall.domain.vpc import CidrAssociation, Subnet, Vpc

from .base import HostKey
from .sqlite_queries import Queries

VPC: Final = (
    "SELECT vpc_id, owner_id, region, is_default, dhcp_options_id, instance_tenancy, enable_dns_support,"
    " enable_dns_hostnames, enable_network_address_usage_metrics FROM vpcs AS v"
)
BLOCKS: Final = (
    "SELECT vpc_id, family, association_id, cidr_block FROM vpc_cidr_blocks AS b JOIN vpcs AS v USING (vpc_id)"
)
SUBNET: Final = (
    "SELECT subnet_id, vpc_id, owner_id, region, cidr_block, availability_zone, default_for_az, ipv6_cidr_block,"
    " ipv6_association_id FROM subnets WHERE owner_id = ? AND region = ?"
)
HOSTS: Final = (
    "SELECT instance_id, owner_id, region, subnet_id, vpc_id, hostname, mode, access_key_id, enrolled_at"
    " FROM hosts WHERE owner_id = ?"
)
HOST: Final = HOSTS + " AND region = ?"
HOST_KEY: Final = "SELECT access_key_id, secret, owner_id, region, instance_id FROM hosts"
INTERFACE_COLUMNS: Final = (
    "interface_id", "owner_id", "region", "subnet_id", "vpc_id", "availability_zone", "mac_address", "description",
    "created_at",
)  # fmt: skip
INTERFACE: Final = (
    "SELECT source_dest_check, attachment_id, instance_id, device, device_index, attached_at, delete_on_termination,"
    f" {', '.join(INTERFACE_COLUMNS)} FROM interfaces AS i"
)
ADDRESSES: Final = (
    "SELECT interface_id, family, address FROM interface_addresses AS a JOIN interfaces AS i USING (interface_id)"
)
GROUPS: Final = "SELECT interface_id, group_id FROM interface_groups AS c JOIN interfaces AS i USING (interface_id)"
PEERING: Final = (
    "SELECT peering_id, requester_owner_id, requester_region, requester_vpc_id, accepter_owner_id, accepter_region,"
    " accepter_vpc_id, status, created_at, ended_at, ended_by FROM peerings"
)
LIVING: Final = f"status IN ('{PeeringStatus.PENDING_ACCEPTANCE.value}', '{PeeringStatus.ACTIVE.value}')"
OF_EITHER_SIDE: Final = (
    " WHERE ((requester_owner_id = ? AND requester_region = ?) OR (accepter_owner_id = ? AND accepter_region = ?))"
)


def _subnet(
    subnet_id: str, vpc_id: str, owner_id: str, region: str, cidr_block: str, zone: str, default: int, *others: Any
) -> Subnet:
    return Subnet(subnet_id, vpc_id, owner_id, region, cidr_block, zone, bool(default), *others)


def _attachment(
    attachment_id: str, instance_id: str, device: str, device_index: int, attached_at: int, deleted: int
) -> Attachment:
    return Attachment(attachment_id, instance_id, device, device_index, attached_at, bool(deleted))


def _host(
    instance_id: str, owner_id: str, region: str, subnet_id: str, vpc_id: str, hostname: str, mode: str, *others: Any
) -> Host:
    return Host(instance_id, owner_id, region, subnet_id, vpc_id, hostname, Mode(mode), *others)


def _peering(
    peering_id: str, r_owner: str, r_region: str, r_vpc: str, a_owner: str, a_region: str, a_vpc: str, *others: Any
) -> VpcPeering:
    requester, accepter = PeeringSide(r_owner, r_region, r_vpc), PeeringSide(a_owner, a_region, a_vpc)
    status, *times = others
    return VpcPeering(peering_id, requester, accepter, PeeringStatus(status), *times)


class NetworkReads(Queries):
    """The part of `base.Reader` about VPCs, subnets, peering connections, interfaces and hosts."""

    def vpc(self, account_id: str, region: str, vpc_id: str) -> Vpc | None:
        """`Reader.vpc`."""
        found = self._vpcs(" WHERE v.owner_id = ? AND v.region = ? AND v.vpc_id = ?", account_id, region, vpc_id)
        return found[0] if found else None

    def vpcs(self, account_id: str, region: str) -> list[Vpc]:
        """`Reader.vpcs`."""
        return self._vpcs(" WHERE v.owner_id = ? AND v.region = ?", account_id, region)

    def default_vpc(self, account_id: str, region: str) -> Vpc | None:
        """`Reader.default_vpc`."""
        found = self._vpcs(" WHERE v.owner_id = ? AND v.region = ? AND v.is_default", account_id, region)
        return found[0] if found else None

    def subnet(self, account_id: str, region: str, subnet_id: str) -> Subnet | None:
        """`Reader.subnet`."""
        return self._one(_subnet, SUBNET + " AND subnet_id = ?", account_id, region, subnet_id)

    def subnets(self, account_id: str, region: str, vpc_id: str | None = None) -> list[Subnet]:
        """`Reader.subnets`."""
        if vpc_id is None:
            return self._all(_subnet, SUBNET + " ORDER BY number", account_id, region)
        return self._all(_subnet, SUBNET + " AND vpc_id = ? ORDER BY number", account_id, region, vpc_id)

    def peering(self, account_id: str, region: str, peering_id: str) -> VpcPeering | None:
        """`Reader.peering`."""
        query = PEERING + OF_EITHER_SIDE + " AND peering_id = ?"
        return self._one(_peering, query, account_id, region, account_id, region, peering_id)

    def peerings(self, account_id: str, region: str) -> list[VpcPeering]:
        """`Reader.peerings`."""
        query = PEERING + OF_EITHER_SIDE + " ORDER BY number"
        return self._all(_peering, query, account_id, region, account_id, region)

    def peerings_of_vpc(self, vpc_id: str) -> list[VpcPeering]:
        """`Reader.peerings_of_vpc`."""
        query = (
            PEERING + f" WHERE requester_vpc_id = ? AND {LIVING} OR accepter_vpc_id = ? AND {LIVING} ORDER BY number"
        )
        return self._all(_peering, query, vpc_id, vpc_id)

    def interface(self, account_id: str, region: str, interface_id: str) -> NetworkInterface | None:
        """`Reader.interface`."""
        where = " WHERE i.interface_id = ? AND i.owner_id = ? AND i.region = ?"
        found = self._interfaces(where, interface_id, account_id, region)
        return found[0] if found else None

    def interfaces(self, account_id: str, region: str) -> list[NetworkInterface]:
        """`Reader.interfaces`."""
        return self._interfaces(" WHERE i.owner_id = ? AND i.region = ?", account_id, region)

    def interface_count(self, account_id: str, region: str) -> int:
        """`Reader.interface_count`."""
        query = "SELECT count(*) FROM interfaces WHERE owner_id = ? AND region = ?"
        (number,) = self._execute(query, (account_id, region)).fetchone()
        return int(number)

    def interfaces_of_host(self, instance_id: str) -> list[NetworkInterface]:
        """`Reader.interfaces_of_host`."""
        return self._interfaces(" WHERE i.instance_id = ?", instance_id, order="device_index")

    def interface_of_attachment(self, account_id: str, region: str, attachment_id: str) -> NetworkInterface | None:
        """`Reader.interface_of_attachment`."""
        where = " WHERE i.attachment_id = ? AND i.owner_id = ? AND i.region = ?"
        found = self._interfaces(where, attachment_id, account_id, region)
        return found[0] if found else None

    def subnet_has_interfaces(self, subnet_id: str) -> bool:
        """`Reader.subnet_has_interfaces`."""
        return self._exists("SELECT 1 FROM interfaces WHERE subnet_id = ?", subnet_id)

    def addresses_of_subnet(self, subnet_id: str) -> set[str]:
        """`Reader.addresses_of_subnet`."""
        inside = "SELECT interface_id FROM interfaces WHERE subnet_id = ?"
        query = f"SELECT address FROM interface_addresses WHERE interface_id IN ({inside})"
        return {address for (address,) in self._execute(query, (subnet_id,))}

    def interfaces_of_group(self, group_id: str) -> list[NetworkInterface]:
        """`Reader.interfaces_of_group`."""
        carriers = "SELECT interface_id FROM interface_groups WHERE group_id = ?"
        return self._interfaces(f" WHERE i.interface_id IN ({carriers})", group_id)

    def group_has_interfaces(self, group_id: str, vpc_id: str | None = None) -> bool:
        """`Reader.group_has_interfaces`."""
        carried = "SELECT 1 FROM interface_groups AS c"
        if vpc_id is None:
            return self._exists(f"{carried} WHERE c.group_id = ?", group_id)
        joined = f"{carried} JOIN interfaces AS i USING (interface_id)"
        return self._exists(f"{joined} WHERE c.group_id = ? AND i.vpc_id = ?", group_id, vpc_id)

    def address_holder(self, vpc_id: str, address: str) -> str | None:
        """`Reader.address_holder`."""
        query = "SELECT interface_id FROM interface_addresses WHERE vpc_id = ? AND address = ?"
        return self._one(str, query, vpc_id, address)

    def host(self, account_id: str, region: str, instance_id: str) -> Host | None:
        """`Reader.host`."""
        return self._one(_host, HOST + " AND instance_id = ?", account_id, region, instance_id)

    def hosts(self, account_id: str, region: str) -> list[Host]:
        """`Reader.hosts`."""
        return self._all(_host, HOST + " ORDER BY number", account_id, region)

    def hosts_of_account(self, account_id: str) -> list[Host]:
        """`Reader.hosts_of_account`."""
        return self._all(_host, HOSTS + " ORDER BY number", account_id)

    def host_key(self, access_key_id: str) -> HostKey | None:
        """`Reader.host_key`."""
        return self._one(HostKey, HOST_KEY + " WHERE access_key_id = ?", access_key_id)

    def key_of_host(self, instance_id: str) -> HostKey | None:
        """`Reader.key_of_host`."""
        return self._one(HostKey, HOST_KEY + " WHERE instance_id = ?", instance_id)

    def _vpcs(self, where: str, *values: object) -> list[Vpc]:
        """The VPCs that the condition selects, in two queries however many they are."""
        blocks: dict[tuple[str, int], list[CidrAssociation]] = {}
        for vpc_id, family, *block in self._execute(BLOCKS + where + " ORDER BY b.position", values):
            blocks.setdefault((vpc_id, family), []).append(CidrAssociation(*block))

        def vpc(vpc_id: str, owner_id: str, region: str, default: int, options: str, tenancy: str, *flags: int) -> Vpc:
            ipv4, ipv6 = (tuple(blocks.get((vpc_id, family), ())) for family in (4, 6))
            return Vpc(vpc_id, owner_id, region, bool(default), options, ipv4, ipv6, tenancy, *map(bool, flags))

        return self._all(vpc, VPC + where + " ORDER BY number", *values)

    def _interfaces(self, where: str, *values: object, order: str = "number") -> list[NetworkInterface]:
        """The interfaces that the condition selects, in three queries however many they are."""
        addresses: dict[tuple[str, int], list[str]] = {}
        for interface_id, family, address in self._execute(ADDRESSES + where + " ORDER BY a.position", values):
            addresses.setdefault((interface_id, family), []).append(address)
        groups: dict[str, list[str]] = {}
        for interface_id, group_id in self._execute(GROUPS + where + " ORDER BY c.position", values):
            groups.setdefault(interface_id, []).append(group_id)

        def interface(check: int, *columns: Any) -> NetworkInterface:
            held, row = columns[:6], columns[6:]
            return NetworkInterface(
                **dict(zip(INTERFACE_COLUMNS, row, strict=True)),
                attachment=None if held[0] is None else _attachment(*held),
                private_ips=tuple(addresses.get((row[0], 4), ())),
                ipv6_addresses=tuple(addresses.get((row[0], 6), ())),
                group_ids=tuple(groups.get(row[0], ())),
                source_dest_check=bool(check),
            )

        return self._all(interface, f"{INTERFACE}{where} ORDER BY {order}", *values)
