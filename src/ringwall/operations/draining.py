"""Rules that are revoked with `keep`: flows that only they admitted go on until they end.

Theory of operation. What becomes of live flows is decided when a rule is revoked: by what the call says, which only
ringwall's own API can, else by the group's tag `ringwall:on-revoke`; without either they are cut. A rule revoked with
`keep` drains: it is no rule any more, and a row says that what it left behind goes on. The hosts that have it in force
find the flows which no other rule admits, and tell how many are left.

It concerns rules that are revoked, and nothing else. A rule that is modified, a member that leaves a group, a list that
shrinks, a group that is taken from an interface or deleted: all of these cut, whatever the tag says (chosen; EC2's
documents speak of removed rules only).

A row goes, and with it what is left of the flows: when told to; when the group has the same rule again, which admits
them; with the group; when every host that carries the group has said that none is left; and after DRAIN_SECONDS_MAX
(chosen), so that what was revoked doesn't go on for ever where a host is never heard again.

Source: EC2 User Guide, "Connection tracking": tracked connections aren't interrupted when a rule is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ringwall.domain.group import DrainingRule, SecurityGroup, SecurityGroupRule
from ringwall.domain.tags import ON_REVOKE, OnRevoke
from ringwall.store.base import Reader, Transaction

from .context import Context

DRAIN_SECONDS_MAX: Final = 7 * 86_400
"""So long after the revoke the flows that are left are cut."""


def drain(
    context: Context, group: SecurityGroup, rules: Sequence[SecurityGroupRule], on_revoke: OnRevoke | None = None
) -> tuple[str, ...]:
    """The ids of those of the group's revoked rules that drain: all or none.

    on_revoke: None: as the group's tag says. Where no host carries the group there is nothing to drain.
    """
    transaction = context.transaction
    if on_revoke is None:
        tags = transaction.tags(group.owner_id, group.region, [group.group_id])[group.group_id]
        on_revoke = OnRevoke(tags.get(ON_REVOKE, OnRevoke.CUT))
    if on_revoke is OnRevoke.CUT or not carriers(transaction, group.group_id):
        return ()
    transaction.insert_draining_rules(group, rules, context.now)
    return tuple(rule.rule_id for rule in rules)


def end_same(transaction: Transaction, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
    """Ends the draining of what the group's new rules say again."""
    draining = [each.rule for each in transaction.draining_rules_of(group.group_id)]
    if not draining:
        return
    said = {(each.direction, each.traffic, each.peer) for each in rules}
    same = [each.rule_id for each in draining if (each.direction, each.traffic, each.peer) in said]
    transaction.delete_draining_rules(group, same)


def carriers(reader: Reader, group_id: str) -> frozenset[str]:
    """The ids of the hosts on which flows of the group's rules may go on."""
    interfaces = reader.interfaces_of_group(group_id)
    return frozenset(each.attachment.instance_id for each in interfaces if each.attachment is not None)


@dataclass(frozen=True, slots=True)
class Drain:
    """A rule that drains, with the flows that are left on each host that carries its group; None: it hasn't said."""

    draining: DrainingRule
    flows_left: dict[str, int | None]

    def is_over(self, now: float) -> bool:
        """Whether no flow is left, or it has drained long enough."""
        return now >= self.draining.revoked_at + DRAIN_SECONDS_MAX or all(
            left == 0 for left in self.flows_left.values()
        )


def drains(
    reader: Reader, account_id: str, region: str | None, flows_left: Callable[[str, str], int | None]
) -> list[Drain]:
    """Everything that drains (in the region, when given). flows_left: on a host (its id), of a rule (its id)."""
    return [
        Drain(
            each,
            {host_id: flows_left(host_id, each.rule.rule_id) for host_id in carriers(reader, each.rule.group_id)},
        )
        for each in reader.draining_rules(account_id, region)
    ]


def end_over(
    transaction: Transaction, account_id: str, region: str, now: float, flows_left: Callable[[str, str], int | None]
) -> tuple[str, ...]:
    """The ids of the rules of the region that drain no longer, because nothing is left or for their age."""
    over = [each.draining.rule for each in drains(transaction, account_id, region, flows_left) if each.is_over(now)]
    for rule in over:
        group = transaction.group(account_id, region, rule.group_id)
        assert group is not None, "with a group its draining rules go"
        transaction.delete_draining_rules(group, [rule.rule_id])
    return tuple(rule.rule_id for rule in over)
