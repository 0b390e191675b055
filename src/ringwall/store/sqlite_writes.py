"""The contract's writes, on one SQLite connection, and the record of what they changed.

A write that fails has spoiled the transaction, even if the function that called it goes on: what it wrote before isn't
recorded, and SQLite itself may have rolled back. So the failure is kept, and whoever runs the function looks at it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from ringwall.domain.change import (
    AddressesChanged,
    Change,
    GroupCreated,
    GroupDeleted,
    HostEnrolled,
    HostModeChanged,
    HostRemoved,
    InterfaceGroupsChanged,
    RulesAdded,
    RulesRemoved,
    SubnetCreated,
    TagsChanged,
    VpcCreated,
)
from ringwall.domain.group import SecurityGroup, SecurityGroupRule
from ringwall.domain.interface import Host, Mode, NetworkInterface
from ringwall.domain.vpc import Subnet, Vpc

from .base import Conflict, EnrolmentToken, HostKey, StoreError, Unavailable
from .codec import encode_changes
from .sqlite_reads import Row, SqliteReader, identity


class SqliteTransaction(SqliteReader):
    """`base.Transaction` on the transaction that is open on a connection; used for one request after the other.

    wrote: whether the request has tried to write. failure: the error of its first failed write, or None.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._connection = connection
        self._changes: list[Change] = []
        self._place: tuple[str, str] | None = None
        self._last_revision = 0
        self.start()

    def begin(self) -> None:
        """A database transaction has begun; nobody else gives revisions until it ends."""
        self._last_revision = self.revision()

    def start(self) -> None:
        """Forgets the last request."""
        self._changes.clear()
        self._place = None
        self.wrote = False
        self.failure: StoreError | None = None

    def record(self, committed_at: float) -> int | None:
        """The revision of what the request changed, now in the change log, or None if it changed nothing."""
        if self._place is None:
            return None
        revision = self._last_revision + 1
        self._write(
            "INSERT INTO change_log (revision, account_id, region, committed_at, changes) VALUES (?, ?, ?, ?, ?)",
            (revision, *self._place, committed_at, encode_changes(self._changes)),
        )
        self._last_revision = revision
        return revision

    def create_region(self, account_id: str, region: str) -> None:
        """`Transaction.create_region`."""
        self._write("INSERT INTO regions (account_id, region) VALUES (?, ?)", (account_id, region))

    def insert_vpc(self, vpc: Vpc) -> None:
        """`Transaction.insert_vpc`."""
        self._write(
            "INSERT INTO vpcs (vpc_id, owner_id, region, cidr_block, is_default, dhcp_options_id, cidr_association_id,"
            " instance_tenancy, ipv6_cidr_block, ipv6_association_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                vpc.vpc_id,
                vpc.owner_id,
                vpc.region,
                vpc.cidr_block,
                vpc.is_default,
                vpc.dhcp_options_id,
                vpc.cidr_association_id,
                vpc.instance_tenancy,
                vpc.ipv6_cidr_block,
                vpc.ipv6_association_id,
            ),
        )
        self._changed(vpc.owner_id, vpc.region, VpcCreated(vpc.vpc_id))

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

    def insert_group(self, group: SecurityGroup) -> None:
        """`Transaction.insert_group`."""
        self._write(
            "INSERT INTO security_groups (group_id, owner_id, region, vpc_id, name, description)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (group.group_id, group.owner_id, group.region, group.vpc_id, group.name, group.description),
        )
        self._changed(group.owner_id, group.region, GroupCreated(group.group_id))

    def delete_group(self, group: SecurityGroup) -> None:
        """`Transaction.delete_group`."""
        self._write(
            "DELETE FROM tags WHERE account_id = ? AND region = ?"
            " AND resource_id IN (SELECT ? UNION ALL SELECT rule_id FROM security_group_rules WHERE group_id = ?)",
            (group.owner_id, group.region, group.group_id, group.group_id),
        )
        self._write("DELETE FROM security_group_rules WHERE group_id = ?", (group.group_id,))
        self._write_one("DELETE FROM security_groups WHERE group_id = ?", (group.group_id,))
        self._changed(group.owner_id, group.region, GroupDeleted(group.group_id))

    def insert_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        """`Transaction.insert_rules`."""
        for rule in rules:
            self._write(
                "INSERT INTO security_group_rules (rule_id, group_id, direction, protocol, from_port, to_port,"
                " peer_kind, peer, description) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    rule.rule_id,
                    group.group_id,
                    *identity(rule.direction, rule.traffic, rule.peer),
                    rule.description,
                ),
            )
        if rules:
            self._changed(group.owner_id, group.region, RulesAdded(group.group_id, tuple(rules)))

    def delete_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        """`Transaction.delete_rules`."""
        for rule in rules:
            self._write_one(
                "DELETE FROM security_group_rules WHERE rule_id = ? AND group_id = ?", (rule.rule_id, group.group_id)
            )
            self._delete_all_tags(group.owner_id, group.region, rule.rule_id)
        if rules:
            self._changed(group.owner_id, group.region, RulesRemoved(group.group_id, tuple(rules)))

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
        self._write(
            "INSERT INTO interfaces (interface_id, owner_id, region, subnet_id, vpc_id, availability_zone, instance_id,"
            " attachment_id, device, mac_address, description, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                interface.interface_id,
                interface.owner_id,
                interface.region,
                interface.subnet_id,
                interface.vpc_id,
                interface.availability_zone,
                interface.instance_id,
                interface.attachment_id,
                interface.device,
                interface.mac_address,
                interface.description,
                interface.created_at,
            ),
        )
        self._write_groups(interface.interface_id, interface.group_ids)
        self._write_addresses(interface, interface.private_ips, interface.ipv6_addresses)
        enrolled = HostEnrolled(host.instance_id, interface.interface_id, interface.group_ids)
        self._changed(host.owner_id, host.region, enrolled)

    def delete_host(self, host: Host) -> None:
        """`Transaction.delete_host`."""
        for interface in self.interfaces_of_host(host.instance_id):
            interface_id = interface.interface_id
            self._write("DELETE FROM interface_groups WHERE interface_id = ?", (interface_id,))
            self._write("DELETE FROM interface_addresses WHERE interface_id = ?", (interface_id,))
            self._write_one("DELETE FROM interfaces WHERE interface_id = ?", (interface_id,))
            self._delete_all_tags(host.owner_id, host.region, interface_id)
            removed = HostRemoved(host.instance_id, interface_id, interface.group_ids)
            self._changed(host.owner_id, host.region, removed)
        self._write_one("DELETE FROM hosts WHERE instance_id = ?", (host.instance_id,))
        self._delete_all_tags(host.owner_id, host.region, host.instance_id)

    def set_host_mode(self, host: Host, mode: Mode) -> None:
        """`Transaction.set_host_mode`."""
        query = "UPDATE hosts SET mode = ? WHERE instance_id = ? AND mode <> ?"
        if self._write(query, (mode.value, host.instance_id, mode.value)):
            self._changed(host.owner_id, host.region, HostModeChanged(host.instance_id, mode.value))

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

    def insert_enrolment_token(self, token: EnrolmentToken) -> None:
        """`Transaction.insert_enrolment_token`."""
        self._write(
            "INSERT INTO enrolment_tokens (token_hash, account_id, region, subnet_id, device, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (token.token_hash, token.account_id, token.region, token.subnet_id, token.device, token.expires_at),
        )

    def consume_enrolment_token(self, token_hash: str) -> None:
        """`Transaction.consume_enrolment_token`."""
        self._write_one("DELETE FROM enrolment_tokens WHERE token_hash = ?", (token_hash,))

    def set_tags(self, account_id: str, region: str, resource_id: str, tags: Mapping[str, str]) -> None:
        """`Transaction.set_tags`."""
        written = sum(
            self._write(
                "INSERT INTO tags (account_id, region, resource_id, key, value) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
                (account_id, region, resource_id, key, value),
            )
            for key, value in tags.items()
        )
        if written:
            self._changed(account_id, region, TagsChanged((resource_id,)))

    def delete_tags(self, account_id: str, region: str, resource_id: str, keys: Iterable[str]) -> None:
        """`Transaction.delete_tags`."""
        query = "DELETE FROM tags WHERE account_id = ? AND region = ? AND resource_id = ? AND key = ?"
        if sum(self._write(query, (account_id, region, resource_id, key)) for key in keys):
            self._changed(account_id, region, TagsChanged((resource_id,)))

    def drop_changes(self, before_revision: int) -> int:
        """How many rows of the change log before `before_revision` were dropped; its last row stays."""
        return self._write("DELETE FROM change_log WHERE revision < ?", (min(before_revision, self.revision()),))

    def _write(self, query: str, values: Row) -> int:
        """How many rows the statement wrote."""
        self.wrote = True
        try:
            return self._execute(query, values).rowcount
        except sqlite3.IntegrityError as error:
            self.failure = self.failure or Conflict(str(error))
            raise self.failure from error
        except sqlite3.Error as error:
            self.failure = self.failure or Unavailable(f"the store can't write: {error}")
            raise self.failure from error

    def _write_one(self, query: str, values: Row) -> None:
        """The statement, which must find its row: the caller has read it in this very transaction."""
        if self._write(query, values) != 1:
            raise AssertionError(f"no such row: {query} {values}")

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

    def _delete_all_tags(self, account_id: str, region: str, resource_id: str) -> None:
        query = "DELETE FROM tags WHERE account_id = ? AND region = ? AND resource_id = ?"
        self._write(query, (account_id, region, resource_id))

    def _stored(self, interface: NetworkInterface) -> NetworkInterface:
        """The interface as it is now, whatever the caller knew of it."""
        stored = self.interface(interface.owner_id, interface.region, interface.interface_id)
        assert stored is not None, f"no such interface: {interface.interface_id}"
        return stored

    def _changed(self, account_id: str, region: str, change: Change) -> None:
        if self._place is None:
            self._place = (account_id, region)
        assert self._place == (account_id, region), "one request changes one account's region"
        self._changes.append(change)
