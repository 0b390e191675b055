"""The contract's writes of draining rules."""

from __future__ import annotations

from collections.abc import Sequence

from ringwall.domain.change import DrainEnded, DrainStarted
from ringwall.domain.group import SecurityGroup, SecurityGroupRule

from .codec import encode_rule
from .sqlite_recorder import Recorder


class DrainWrites(Recorder):
    """The part of `base.Transaction` about draining rules."""

    def insert_draining_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule], revoked_at: int) -> None:
        """`Transaction.insert_draining_rules`."""
        for rule in rules:
            self._write(
                "INSERT INTO draining_rules (rule_id, group_id, owner_id, region, rule, revoked_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (rule.rule_id, group.group_id, group.owner_id, group.region, encode_rule(rule), revoked_at),
            )
        if rules:
            started = DrainStarted(group.group_id, tuple(rule.rule_id for rule in rules))
            self._changed(group.owner_id, group.region, started)

    def delete_draining_rules(self, group: SecurityGroup, rule_ids: Sequence[str]) -> None:
        """`Transaction.delete_draining_rules`."""
        for rule_id in rule_ids:
            self._write_one(
                "DELETE FROM draining_rules WHERE owner_id = ? AND region = ? AND rule_id = ? AND group_id = ?",
                (group.owner_id, group.region, rule_id, group.group_id),
            )
        if rule_ids:
            self._changed(group.owner_id, group.region, DrainEnded(group.group_id, tuple(rule_ids)))
