"""The contract's reads, on one SQLite connection.

A reader doesn't open or close transactions: whoever hands it out has begun one, so that everything read is of one
state. Columns are selected in the order of their value's fields; rows come in the order of `number`, as they were made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from ringwall.domain.change import ChangeRecord
from ringwall.domain.group import Direction, SecurityGroup, SecurityGroupRule
from ringwall.domain.interface import Host, Mode, NetworkInterface
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.vpc import Subnet, Vpc

from .base import Compacted, EnrolmentToken, HostKey, PeerCounts, StoreIdentity
from .codec import decode_changes

VPC: Final = (
    "SELECT vpc_id, owner_id, region, cidr_block, is_default, dhcp_options_id, cidr_association_id, instance_tenancy,"
    " ipv6_cidr_block, ipv6_association_id FROM vpcs WHERE owner_id = ? AND region = ?"
)
SUBNET: Final = (
    "SELECT subnet_id, vpc_id, owner_id, region, cidr_block, availability_zone, default_for_az, ipv6_cidr_block,"
    " ipv6_association_id FROM subnets WHERE owner_id = ? AND region = ?"
)
GROUP: Final = "SELECT group_id, owner_id, region, vpc_id, name, description FROM security_groups"
RULE: Final = (
    "SELECT rule_id, group_id, direction, protocol, from_port, to_port, peer_kind, peer, r.description"
    " FROM security_group_rules AS r"
)
RULE_OF_OWNER: Final = RULE + " JOIN security_groups AS g USING (group_id) WHERE g.owner_id = ? AND g.region = ?"
FIND_RULE: Final = (
    RULE + " WHERE group_id = ? AND direction = ? AND protocol = ? AND from_port = ? AND to_port = ?"
    " AND peer_kind = ? AND peer = ?"
)
# One row for each prefix list, one for each other kind of peer.
COUNT_PEERS: Final = (
    "SELECT peer_kind, CASE peer_kind WHEN 'prefix_list_id' THEN peer END AS prefix_list, count(*)"
    " FROM security_group_rules WHERE group_id = ? AND direction = ? GROUP BY peer_kind, prefix_list"
)
HOST: Final = (
    "SELECT instance_id, owner_id, region, subnet_id, vpc_id, hostname, mode, access_key_id, enrolled_at"
    " FROM hosts WHERE owner_id = ? AND region = ?"
)
INTERFACE_COLUMNS: Final = (
    "interface_id", "owner_id", "region", "subnet_id", "vpc_id", "availability_zone", "instance_id", "attachment_id",
    "device", "mac_address", "description", "created_at",
)  # fmt: skip
INTERFACE: Final = f"SELECT {', '.join(INTERFACE_COLUMNS)} FROM interfaces AS i"
ADDRESSES: Final = (
    "SELECT interface_id, family, address FROM interface_addresses AS a JOIN interfaces AS i USING (interface_id)"
)
GROUPS: Final = "SELECT interface_id, group_id FROM interface_groups AS c JOIN interfaces AS i USING (interface_id)"
# Above this many resources, one scan of all tags is cheaper than a look-up for each.
TAG_LOOK_UPS_MAX: Final = 200

# A dict is several times cheaper than calling the enum.
DIRECTIONS: Final = {direction.value: direction for direction in Direction}
PEER_KINDS: Final = {kind.value: kind for kind in PeerKind}

Row = tuple[Any, ...]
Value = TypeVar("Value")


def _vpc(vpc_id: str, owner_id: str, region: str, cidr_block: str, is_default: int, *others: Any) -> Vpc:
    return Vpc(vpc_id, owner_id, region, cidr_block, bool(is_default), *others)


def _subnet(
    subnet_id: str, vpc_id: str, owner_id: str, region: str, cidr_block: str, zone: str, default: int, *others: Any
) -> Subnet:
    return Subnet(subnet_id, vpc_id, owner_id, region, cidr_block, zone, bool(default), *others)


def _rule(
    rule_id: str,
    group_id: str,
    direction: str,
    protocol: str,
    from_port: int,
    to_port: int,
    kind: str,
    peer: str,
    description: str | None,
) -> SecurityGroupRule:
    traffic = Traffic(protocol, from_port, to_port)
    return SecurityGroupRule(
        rule_id, group_id, DIRECTIONS[direction], traffic, Peer(PEER_KINDS[kind], peer), description
    )


def _host(
    instance_id: str, owner_id: str, region: str, subnet_id: str, vpc_id: str, hostname: str, mode: str, *others: Any
) -> Host:
    return Host(instance_id, owner_id, region, subnet_id, vpc_id, hostname, Mode(mode), *others)


class SqliteReader:
    """`base.Reader` on the transaction that is open on a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def revision(self) -> int:
        """`Reader.revision`."""
        (revision,) = self._execute("SELECT max(revision) FROM change_log").fetchone()
        return revision or 0

    def identity(self) -> StoreIdentity:
        """`Reader.identity`."""
        return StoreIdentity(*self._execute("SELECT store_id, epoch FROM store").fetchone())

    def region_exists(self, account_id: str, region: str) -> bool:
        """`Reader.region_exists`."""
        query = "SELECT 1 FROM regions WHERE account_id = ? AND region = ?"
        return self._one(bool, query, account_id, region) is not None

    def vpc(self, account_id: str, region: str, vpc_id: str) -> Vpc | None:
        """`Reader.vpc`."""
        return self._one(_vpc, VPC + " AND vpc_id = ?", account_id, region, vpc_id)

    def vpcs(self, account_id: str, region: str) -> list[Vpc]:
        """`Reader.vpcs`."""
        return self._all(_vpc, VPC + " ORDER BY number", account_id, region)

    def default_vpc(self, account_id: str, region: str) -> Vpc | None:
        """`Reader.default_vpc`."""
        return self._one(_vpc, VPC + " AND is_default", account_id, region)

    def subnet(self, account_id: str, region: str, subnet_id: str) -> Subnet | None:
        """`Reader.subnet`."""
        return self._one(_subnet, SUBNET + " AND subnet_id = ?", account_id, region, subnet_id)

    def subnets(self, account_id: str, region: str, vpc_id: str | None = None) -> list[Subnet]:
        """`Reader.subnets`."""
        if vpc_id is None:
            return self._all(_subnet, SUBNET + " ORDER BY number", account_id, region)
        return self._all(_subnet, SUBNET + " AND vpc_id = ? ORDER BY number", account_id, region, vpc_id)

    def group(self, account_id: str, region: str, group_id: str) -> SecurityGroup | None:
        """`Reader.group`."""
        return self._one(
            SecurityGroup, GROUP + " WHERE group_id = ? AND owner_id = ? AND region = ?", group_id, account_id, region
        )

    def group_by_name(self, vpc_id: str, name: str) -> SecurityGroup | None:
        """`Reader.group_by_name`."""
        return self._one(SecurityGroup, GROUP + " WHERE vpc_id = ? AND name = ?", vpc_id, name)

    def groups(self, account_id: str, region: str) -> list[SecurityGroup]:
        """`Reader.groups`."""
        query = GROUP + " WHERE owner_id = ? AND region = ? ORDER BY number"
        return self._all(SecurityGroup, query, account_id, region)

    def group_count(self, account_id: str, region: str) -> int:
        """`Reader.group_count`."""
        query = "SELECT count(*) FROM security_groups WHERE owner_id = ? AND region = ?"
        (number,) = self._execute(query, (account_id, region)).fetchone()
        return int(number)

    def rule(self, account_id: str, region: str, rule_id: str) -> SecurityGroupRule | None:
        """`Reader.rule`."""
        return self._one(_rule, RULE_OF_OWNER + " AND rule_id = ?", account_id, region, rule_id)

    def find_rule(self, group_id: str, direction: Direction, traffic: Traffic, peer: Peer) -> SecurityGroupRule | None:
        """`Reader.find_rule`, by the index that makes this identity unique."""
        return self._one(_rule, FIND_RULE, group_id, *identity(direction, traffic, peer))

    def rules_of(self, group_ids: Iterable[str]) -> dict[str, list[SecurityGroupRule]]:
        """`Reader.rules_of`."""
        query = RULE + " WHERE group_id = ? ORDER BY number"
        return {group_id: self._all(_rule, query, group_id) for group_id in group_ids}

    def rules(self, account_id: str, region: str) -> list[SecurityGroupRule]:
        """`Reader.rules`."""
        return self._all(_rule, RULE_OF_OWNER + " ORDER BY r.number", account_id, region)

    def peer_counts(self, group_id: str, direction: Direction) -> PeerCounts:
        """`Reader.peer_counts`. Cost: one scan of the direction's part of an index."""
        counts = dict.fromkeys(PeerKind, 0)
        prefix_lists: dict[str, int] = {}
        for kind, prefix_list, count in self._execute(COUNT_PEERS, (group_id, direction.value)):
            if prefix_list is None:
                counts[PEER_KINDS[kind]] = count
            else:
                prefix_lists[prefix_list] = count
        return PeerCounts(counts[PeerKind.CIDR_IPV4], counts[PeerKind.CIDR_IPV6], counts[PeerKind.GROUP], prefix_lists)

    def groups_referencing(self, group_id: str) -> list[str]:
        """`Reader.groups_referencing`."""
        query = (
            "SELECT DISTINCT group_id FROM security_group_rules"
            " WHERE peer = ? AND peer_kind IS 'referenced_group_id' ORDER BY group_id"
        )
        return self._all(str, query, group_id)

    def interface(self, account_id: str, region: str, interface_id: str) -> NetworkInterface | None:
        """`Reader.interface`."""
        where = " WHERE i.interface_id = ? AND i.owner_id = ? AND i.region = ?"
        found = self._interfaces(where, interface_id, account_id, region)
        return found[0] if found else None

    def interfaces(self, account_id: str, region: str) -> list[NetworkInterface]:
        """`Reader.interfaces`."""
        return self._interfaces(" WHERE i.owner_id = ? AND i.region = ?", account_id, region)

    def interfaces_of_host(self, instance_id: str) -> list[NetworkInterface]:
        """`Reader.interfaces_of_host`. The primary one is the one it enrolled with, the first."""
        return self._interfaces(" WHERE i.instance_id = ?", instance_id)

    def interfaces_of_group(self, group_id: str) -> list[NetworkInterface]:
        """`Reader.interfaces_of_group`."""
        carriers = "SELECT interface_id FROM interface_groups WHERE group_id = ?"
        return self._interfaces(f" WHERE i.interface_id IN ({carriers})", group_id)

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

    def host_key(self, access_key_id: str) -> HostKey | None:
        """`Reader.host_key`."""
        query = "SELECT access_key_id, secret, owner_id, region, instance_id FROM hosts WHERE access_key_id = ?"
        return self._one(HostKey, query, access_key_id)

    def key_of_host(self, instance_id: str) -> HostKey | None:
        """`Reader.key_of_host`."""
        query = "SELECT access_key_id, secret, owner_id, region, instance_id FROM hosts WHERE instance_id = ?"
        return self._one(HostKey, query, instance_id)

    def enrolment_token(self, token_hash: str) -> EnrolmentToken | None:
        """`Reader.enrolment_token`."""
        query = (
            "SELECT token_hash, account_id, region, subnet_id, device, expires_at"
            " FROM enrolment_tokens WHERE token_hash = ?"
        )
        return self._one(EnrolmentToken, query, token_hash)

    def tags(self, account_id: str, region: str, resource_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """`Reader.tags`."""
        resource_ids = list(resource_ids)
        if len(resource_ids) > TAG_LOOK_UPS_MAX:
            tagged = self.all_tags(account_id, region)
            return {resource_id: tagged.get(resource_id, {}) for resource_id in resource_ids}
        query = "SELECT key, value FROM tags WHERE account_id = ? AND region = ? AND resource_id = ? ORDER BY key"
        return {
            resource_id: dict(self._execute(query, (account_id, region, resource_id)).fetchall())
            for resource_id in resource_ids
        }

    def all_tags(self, account_id: str, region: str) -> dict[str, dict[str, str]]:
        """`Reader.all_tags`."""
        query = "SELECT resource_id, key, value FROM tags WHERE account_id = ? AND region = ? ORDER BY resource_id, key"
        tags: dict[str, dict[str, str]] = {}
        for resource_id, key, value in self._execute(query, (account_id, region)):
            tags.setdefault(resource_id, {})[key] = value
        return tags

    def changes_since(self, revision: int, limit: int) -> Sequence[ChangeRecord]:
        """`Reader.changes_since`."""
        (first,) = self._execute("SELECT min(revision) FROM change_log").fetchone()
        if first is not None and revision < first - 1:
            raise Compacted(f"the change log begins with revision {first}, which is not the one after {revision}")
        rows = self._execute(
            "SELECT revision, account_id, region, changes, committed_at FROM change_log"
            " WHERE revision > ? ORDER BY revision LIMIT ?",
            (revision, limit),
        )
        return [
            ChangeRecord(number, account_id, region, decode_changes(text), at)
            for number, account_id, region, text, at in rows
        ]

    def _one(self, make: Callable[..., Value], query: str, *values: object) -> Value | None:
        row = self._execute(query, values).fetchone()
        return None if row is None else make(*row)

    def _all(self, make: Callable[..., Value], query: str, *values: object) -> list[Value]:
        return [make(*row) for row in self._execute(query, values)]

    def _interfaces(self, where: str, *values: object) -> list[NetworkInterface]:
        """The interfaces that the condition selects, in three queries however many they are."""
        addresses: dict[tuple[str, int], list[str]] = {}
        for interface_id, family, address in self._execute(ADDRESSES + where + " ORDER BY a.position", values):
            addresses.setdefault((interface_id, family), []).append(address)
        groups: dict[str, list[str]] = {}
        for interface_id, group_id in self._execute(GROUPS + where + " ORDER BY c.position", values):
            groups.setdefault(interface_id, []).append(group_id)

        def interface(*row: Any) -> NetworkInterface:
            return NetworkInterface(
                **dict(zip(INTERFACE_COLUMNS, row, strict=True)),
                private_ips=tuple(addresses.get((row[0], 4), ())),
                ipv6_addresses=tuple(addresses.get((row[0], 6), ())),
                group_ids=tuple(groups.get(row[0], ())),
            )

        return self._all(interface, INTERFACE + where + " ORDER BY number", *values)


def identity(direction: Direction, traffic: Traffic, peer: Peer) -> Row:
    """What makes a rule unique in its group, in the order of the index's columns.

    Plain text, because sqlite3 looks for an adapter for every value whose type isn't exactly `str`.
    """
    return (
        direction.value,
        traffic.protocol,
        traffic.from_port,
        traffic.to_port,
        peer.kind.value,
        peer.value,
    )
