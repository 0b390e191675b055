"""The contract's reads of groups, their rules and what rules name: prefix lists and groups of other VPCs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from ringwall.domain.group import Direction, PeerReference, RuleRow, SecurityGroup, SecurityGroupRule, VpcAssociation
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.prefix_list import PrefixList, PrefixListEntry
from ringwall.domain.traffic import Traffic

from .base import PeerCounts
from .sqlite_queries import Queries, Row

GROUP: Final = "SELECT group_id, owner_id, region, vpc_id, name, description FROM security_groups"
ASSOCIATION: Final = "SELECT group_id, owner_id, region, vpc_id FROM vpc_associations"
SHOWN_COLUMNS: Final = (
    "direction, protocol, from_port, to_port, peer_kind, peer, description, peer_owner_id, peer_vpc_id, peering_id"
)
RULE_COLUMNS: Final = f"rule_id, group_id, {SHOWN_COLUMNS}"
RULE: Final = f"SELECT {RULE_COLUMNS} FROM security_group_rules"
FIND_RULE: Final = (
    RULE + " WHERE group_id = ? AND direction = ? AND protocol = ? AND from_port = ? AND to_port = ?"
    " AND peer_kind = ? AND peer = ?"
)
# One row for each prefix list, one for each other kind of peer.
COUNT_PEERS: Final = (
    "SELECT peer_kind, CASE peer_kind WHEN 'prefix_list_id' THEN peer END AS prefix_list, count(*)"
    " FROM security_group_rules WHERE group_id = ? AND direction = ? GROUP BY peer_kind, prefix_list"
)
PREFIX_LIST: Final = (
    "SELECT prefix_list_id, owner_id, region, name, address_family, weight, max_entries, version, state, state_message"
    " FROM prefix_lists WHERE owner_id = ? AND region = ?"
)

# A dict is several times cheaper than calling the enum.
DIRECTIONS: Final = {direction.value: direction for direction in Direction}
PEER_KINDS: Final = {kind.value: kind for kind in PeerKind}


# Many rules share their traffic or their peer, and finding a value is cheaper than making one.
_traffic: Final = lru_cache(16_384)(Traffic)
_peer: Final = lru_cache(16_384)(lambda kind, value: Peer(PEER_KINDS[kind], value))


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
    peer_owner_id: str | None,
    peer_vpc_id: str | None,
    peering_id: str | None,
) -> SecurityGroupRule:
    return SecurityGroupRule(
        rule_id,
        group_id,
        DIRECTIONS[direction],
        _traffic(protocol, from_port, to_port),
        _peer(kind, peer),
        description,
        PeerReference(peer_owner_id, peer_vpc_id, peering_id) if peer_owner_id and peer_vpc_id else None,
    )


class GroupReads(Queries):
    """The part of `base.Reader` about groups, rules and prefix lists."""

    def group(self, account_id: str, region: str, group_id: str) -> SecurityGroup | None:
        """`Reader.group`."""
        query = GROUP + " WHERE owner_id = ? AND region = ? AND group_id = ?"
        return self._one(SecurityGroup, query, account_id, region, group_id)

    def group_by_name(self, vpc_id: str, name: str) -> SecurityGroup | None:
        """`Reader.group_by_name`."""
        return self._one(SecurityGroup, GROUP + " WHERE vpc_id = ? AND name = ?", vpc_id, name)

    def groups(self, account_id: str, region: str) -> list[SecurityGroup]:
        """`Reader.groups`."""
        query = GROUP + " WHERE owner_id = ? AND region = ? ORDER BY number"
        return self._all(SecurityGroup, query, account_id, region)

    def groups_after(self, account_id: str, region: str, group_id: str, limit: int) -> list[SecurityGroup]:
        """`Reader.groups_after`, a stretch of the index of this order."""
        query = GROUP + " WHERE owner_id = ? AND region = ? AND group_id > ? ORDER BY group_id LIMIT ?"
        return self._all(SecurityGroup, query, account_id, region, group_id, limit)

    def groups_of_vpc(self, vpc_id: str) -> list[SecurityGroup]:
        """`Reader.groups_of_vpc`."""
        return self._all(SecurityGroup, GROUP + " WHERE vpc_id = ? ORDER BY number", vpc_id)

    def vpc_associations(
        self, account_id: str, region: str, *, group_id: str | None = None, vpc_id: str | None = None
    ) -> list[VpcAssociation]:
        """`Reader.vpc_associations`."""
        wanted = {"group_id": group_id, "vpc_id": vpc_id}
        given = {column: value for column, value in wanted.items() if value is not None}
        # The + keeps SQLite from going through all of the region's for the few of a group or VPC.
        owner = " WHERE +owner_id = ? AND +region = ?" if given else " WHERE owner_id = ? AND region = ?"
        query = ASSOCIATION + owner + "".join(f" AND {column} = ?" for column in given) + " ORDER BY number"
        return self._all(VpcAssociation, query, account_id, region, *given.values())

    def group_count(self, account_id: str, region: str) -> int:
        """`Reader.group_count`."""
        query = "SELECT count(*) FROM security_groups WHERE owner_id = ? AND region = ?"
        (number,) = self._execute(query, (account_id, region)).fetchone()
        return int(number)

    def rule(self, account_id: str, region: str, rule_id: str) -> SecurityGroupRule | None:
        """`Reader.rule`."""
        query = RULE + " WHERE owner_id = ? AND region = ? AND rule_id = ?"
        return self._one(_rule, query, account_id, region, rule_id)

    def find_rule(self, group_id: str, direction: Direction, traffic: Traffic, peer: Peer) -> SecurityGroupRule | None:
        """`Reader.find_rule`, by the index that makes this identity unique."""
        return self._one(_rule, FIND_RULE, group_id, *identity(direction, traffic, peer))

    def rules_of(self, group_ids: Iterable[str]) -> dict[str, list[SecurityGroupRule]]:
        """`Reader.rules_of`."""
        rows = self._rows_of(RULE_COLUMNS, group_ids)
        return {group_id: [_rule(*row[1:]) for row in of_group] for group_id, of_group in rows}

    def rule_rows_of(self, group_ids: Iterable[str]) -> dict[str, list[RuleRow]]:
        """`Reader.rule_rows_of`."""
        return {group_id: [row[1:] for row in rows] for group_id, rows in self._rows_of(SHOWN_COLUMNS, group_ids)}

    def _rows_of(self, columns: str, group_ids: Iterable[str]) -> Iterator[tuple[str, list[Row]]]:
        """The rows of each group, with their number in front. For few rows, to sort is several times cheaper here."""
        query = f"SELECT number, {columns} FROM security_group_rules WHERE group_id = ?"
        return ((group_id, sorted(self._execute(query, (group_id,)))) for group_id in group_ids)

    def rules(self, account_id: str, region: str) -> list[SecurityGroupRule]:
        """`Reader.rules`."""
        return self._all(_rule, RULE + " WHERE owner_id = ? AND region = ? ORDER BY number", account_id, region)

    def rules_after(self, account_id: str, region: str, rule_id: str, limit: int) -> list[SecurityGroupRule]:
        """`Reader.rules_after`, a stretch of the index of this order."""
        query = RULE + " WHERE owner_id = ? AND region = ? AND rule_id > ? ORDER BY rule_id LIMIT ?"
        return self._all(_rule, query, account_id, region, rule_id, limit)

    def peer_counts(self, group_id: str, direction: Direction) -> PeerCounts:
        """`Reader.peer_counts`. Cost: one scan of the direction's part of an index."""
        counts: dict[PeerKind, int] = {}
        prefix_lists: dict[str, int] = {}
        for kind, prefix_list, count in self._execute(COUNT_PEERS, (group_id, direction.value)):
            if prefix_list is None:
                counts[PEER_KINDS[kind]] = count
            else:
                prefix_lists[prefix_list] = count
        ipv4, ipv6, groups = [counts.get(kind, 0) for kind in (PeerKind.CIDR_IPV4, PeerKind.CIDR_IPV6, PeerKind.GROUP)]
        return PeerCounts(ipv4, ipv6, groups, prefix_lists)

    def groups_referencing(self, group_id: str) -> list[str]:
        """`Reader.groups_referencing`."""
        query = (
            "SELECT DISTINCT group_id FROM security_group_rules"
            " WHERE peer = ? AND peer_kind IS 'referenced_group_id' ORDER BY group_id"
        )
        return self._all(str, query, group_id)

    def rules_referencing(self, group_id: str) -> list[SecurityGroupRule]:
        """`Reader.rules_referencing`."""
        query = RULE + " WHERE peer = ? AND peer_kind IS 'referenced_group_id' ORDER BY number"
        return self._all(_rule, query, group_id)

    def rules_naming_list(self, prefix_list_id: str) -> list[SecurityGroupRule]:
        """`Reader.rules_naming_list`."""
        query = RULE + " WHERE peer = ? AND peer_kind IS 'prefix_list_id' ORDER BY number"
        return self._all(_rule, query, prefix_list_id)

    def rules_across(self, peering_id: str) -> list[SecurityGroupRule]:
        """`Reader.rules_across`."""
        return self._all(_rule, RULE + " WHERE peering_id = ? ORDER BY number", peering_id)

    def prefix_list(self, account_id: str, region: str, prefix_list_id: str) -> PrefixList | None:
        """`Reader.prefix_list`."""
        return self._one(PrefixList, PREFIX_LIST + " AND prefix_list_id = ?", account_id, region, prefix_list_id)

    def prefix_lists(self, account_id: str, region: str) -> list[PrefixList]:
        """`Reader.prefix_lists`."""
        return self._all(PrefixList, PREFIX_LIST + " ORDER BY number", account_id, region)

    def prefix_list_entries(self, prefix_list_id: str, version: int) -> tuple[PrefixListEntry, ...] | None:
        """`Reader.prefix_list_entries`."""
        query = "SELECT entries FROM prefix_list_versions WHERE prefix_list_id = ? AND version = ?"
        return self._one(_entries, query, prefix_list_id, version)


def _entries(text: str) -> tuple[PrefixListEntry, ...]:
    return tuple([PrefixListEntry(cidr, description) for cidr, description in json.loads(text)])


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
