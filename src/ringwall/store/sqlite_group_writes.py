"""The contract's writes of groups, their rules and prefix lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from ringwall.domain.change import (
    GroupAssociated,
    GroupCreated,
    GroupDeleted,
    GroupDisassociated,
    PrefixListChanged,
    PrefixListCreated,
    PrefixListDeleted,
    RulesAdded,
    RulesRemoved,
)
from ringwall.domain.group import SecurityGroup, SecurityGroupRule, VpcAssociation
from ringwall.domain.prefix_list import PrefixList, PrefixListEntry

from .sqlite_group_reads import identity
from .sqlite_queries import Row
from .sqlite_recorder import Recorder

INSERT_RULE: Final = (
    "INSERT INTO security_group_rules (number, rule_id, group_id, owner_id, region, direction, protocol, from_port,"
    " to_port, peer_kind, peer, description, peer_owner_id, peer_vpc_id, peering_id)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_RULE_BY_KEY: Final = "FROM security_group_rules WHERE owner_id = ? AND region = ? AND rule_id = ? AND group_id = ?"
DELETE_RULE: Final = f"DELETE {_RULE_BY_KEY}"
NUMBER_OF_RULE: Final = f"SELECT number {_RULE_BY_KEY}"
WRITE_VERSION: Final = (
    "INSERT INTO prefix_list_versions (prefix_list_id, version, entries) VALUES (?, ?, ?)"
    " ON CONFLICT DO UPDATE SET entries = excluded.entries"
)


class GroupWrites(Recorder):
    """The part of `base.Transaction` about groups, rules and prefix lists."""

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
        self._write("DELETE FROM draining_rules WHERE group_id = ?", (group.group_id,))
        self._write("DELETE FROM vpc_associations WHERE group_id = ?", (group.group_id,))
        self._write_one("DELETE FROM security_groups WHERE group_id = ?", (group.group_id,))
        self._changed(group.owner_id, group.region, GroupDeleted(group.group_id))

    def insert_vpc_association(self, association: VpcAssociation) -> None:
        """`Transaction.insert_vpc_association`."""
        group_id, vpc_id = association.group_id, association.vpc_id
        self._write(
            "INSERT INTO vpc_associations (group_id, owner_id, region, vpc_id) VALUES (?, ?, ?, ?)",
            (group_id, association.owner_id, association.region, vpc_id),
        )
        self._changed(association.owner_id, association.region, GroupAssociated(group_id, vpc_id))

    def delete_vpc_association(self, association: VpcAssociation) -> None:
        """`Transaction.delete_vpc_association`."""
        group_id, vpc_id = association.group_id, association.vpc_id
        self._write_one("DELETE FROM vpc_associations WHERE group_id = ? AND vpc_id = ?", (group_id, vpc_id))
        self._changed(association.owner_id, association.region, GroupDisassociated(group_id, vpc_id))

    def insert_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        """`Transaction.insert_rules`."""
        for rule in rules:
            self._insert_rule(group, rule)
        if rules:
            self._changed(group.owner_id, group.region, RulesAdded(group.group_id, tuple(rules)))

    def delete_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        """`Transaction.delete_rules`."""
        for rule in rules:
            self._write_one(DELETE_RULE, _key(group, rule))
            self._delete_all_tags(group.owner_id, group.region, rule.rule_id)
        if rules:
            self._changed(group.owner_id, group.region, RulesRemoved(group.group_id, tuple(rules)))

    def replace_rules(
        self, group: SecurityGroup, before: Sequence[SecurityGroupRule], after: Sequence[SecurityGroupRule]
    ) -> None:
        """`Transaction.replace_rules`.

        The old rows go before the new ones come, because SQLite checks what is unique at each row: two rules that
        change places would be in each other's way.
        """
        old = {rule.rule_id: rule for rule in before}
        assert old.keys() == {rule.rule_id for rule in after}, "each rule takes the place of one"
        new = [rule for rule in after if rule != old[rule.rule_id]]
        numbers = [self._one(int, NUMBER_OF_RULE, *_key(group, rule)) for rule in new]
        for rule in new:
            self._write_one(DELETE_RULE, _key(group, rule))
        for number, rule in zip(numbers, new, strict=True):
            self._insert_rule(group, rule, number)
        if new:
            removed = RulesRemoved(group.group_id, tuple(old[rule.rule_id] for rule in new))
            self._changed(group.owner_id, group.region, removed)
            self._changed(group.owner_id, group.region, RulesAdded(group.group_id, tuple(new)))

    def insert_prefix_list(self, prefix_list: PrefixList, entries: Sequence[PrefixListEntry]) -> None:
        """`Transaction.insert_prefix_list`."""
        self._write(
            "INSERT INTO prefix_lists (prefix_list_id, owner_id, region, name, address_family, weight, max_entries,"
            " version, state, state_message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (prefix_list.prefix_list_id, prefix_list.owner_id, prefix_list.region, *_details(prefix_list)),
        )
        self._write_version(prefix_list, entries)
        created = PrefixListCreated(prefix_list.prefix_list_id)
        self._changed(prefix_list.owner_id, prefix_list.region, created)

    def update_prefix_list(self, prefix_list: PrefixList, entries: Sequence[PrefixListEntry] | None = None) -> None:
        """`Transaction.update_prefix_list`."""
        prefix_list_id = prefix_list.prefix_list_id
        stored = self.prefix_list(prefix_list.owner_id, prefix_list.region, prefix_list_id)
        assert stored is not None, f"no such prefix list: {prefix_list_id}"
        assert prefix_list.version is not None, "a list of an account has versions"
        same_entries = entries is None or _in_order(entries) == self.prefix_list_entries(
            prefix_list_id, prefix_list.version
        )
        if stored == prefix_list and same_entries:
            return
        self._write_one(
            "UPDATE prefix_lists SET name = ?, address_family = ?, weight = ?, max_entries = ?, version = ?,"
            " state = ?, state_message = ? WHERE prefix_list_id = ?",
            (*_details(prefix_list), prefix_list_id),
        )
        if entries is not None:
            self._write_version(prefix_list, entries)
        self._changed(prefix_list.owner_id, prefix_list.region, PrefixListChanged(prefix_list_id))

    def drop_prefix_list_versions(self, prefix_list: PrefixList, before_version: int) -> None:
        """`Transaction.drop_prefix_list_versions`."""
        query = "DELETE FROM prefix_list_versions WHERE prefix_list_id = ? AND version < ?"
        self._write(query, (prefix_list.prefix_list_id, before_version))

    def delete_prefix_list(self, prefix_list: PrefixList) -> None:
        """`Transaction.delete_prefix_list`."""
        prefix_list_id = prefix_list.prefix_list_id
        self._write("DELETE FROM prefix_list_versions WHERE prefix_list_id = ?", (prefix_list_id,))
        self._write_one("DELETE FROM prefix_lists WHERE prefix_list_id = ?", (prefix_list_id,))
        self._delete_all_tags(prefix_list.owner_id, prefix_list.region, prefix_list_id)
        self._changed(prefix_list.owner_id, prefix_list.region, PrefixListDeleted(prefix_list_id))

    def _insert_rule(self, group: SecurityGroup, rule: SecurityGroupRule, number: int | None = None) -> None:
        """Adds the row, under this number or else the next one."""
        reference = rule.reference
        self._write(
            INSERT_RULE,
            (
                number,
                rule.rule_id,
                group.group_id,
                group.owner_id,
                group.region,
                *identity(rule.direction, rule.traffic, rule.peer),
                rule.description,
                *((reference.owner_id, reference.vpc_id, reference.peering_id) if reference else (None, None, None)),
            ),
        )

    def _write_version(self, prefix_list: PrefixList, entries: Sequence[PrefixListEntry]) -> None:
        text = json.dumps([(entry.cidr, entry.description) for entry in _in_order(entries)], ensure_ascii=False)
        self._write(WRITE_VERSION, (prefix_list.prefix_list_id, prefix_list.version, text))


def _key(group: SecurityGroup, rule: SecurityGroupRule) -> Row:
    return group.owner_id, group.region, rule.rule_id, group.group_id


def _details(of: PrefixList) -> Row:
    """What can change of a list, in the order of its columns."""
    return of.name, of.address_family, of.weight, of.max_entries, of.version, of.state, of.state_message


def _in_order(entries: Sequence[PrefixListEntry]) -> tuple[PrefixListEntry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.cidr))
