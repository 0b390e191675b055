"""Rules revoked with a word on their live flows, and what is left of them cut: ringwall's own, under /ringwall/v1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ringwall.domain import ids
from ringwall.domain.errors import InvalidSecurityGroupRuleIdNotFound, MissingParameter
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.tags import OnRevoke

from .context import Context
from .draining import drain
from .lookup import named_group
from .rules import rules_by_id


@dataclass(frozen=True, slots=True)
class Revoked:
    """Rules that were revoked in one call, and the ids of those that drain."""

    rules: tuple[SecurityGroupRule, ...]
    draining: tuple[str, ...]


def revoke(context: Context, group_id: str, rule_ids: Sequence[str], on_revoke: OnRevoke | None) -> Revoked:
    """The rules of the group that were revoked, of both directions; all of them or none.

    on_revoke: None: as the group's tag says.

    Raises:
        InvalidGroupNotFound: there is no such group.
        InvalidSecurityGroupRuleIdNotFound: an id isn't one of the group's rules.
        InvalidParameterValue: an id is given twice.
        MissingParameter: none is given.
        ServiceError: an id is malformed.
    """
    if not rule_ids:
        raise MissingParameter("rule_ids")
    ids.GROUP.check(group_id)
    ids.RULE.check_all(list(rule_ids))
    group = named_group(context, {"GroupId": group_id})
    rules = rules_by_id(context, group, None, rule_ids)
    context.transaction.delete_rules(group, rules)
    return Revoked(tuple(rules), drain(context, group, rules, on_revoke))


def end(context: Context, rule_id: str) -> SecurityGroupRule:
    """The rule that drains no longer: what is left of its flows is cut.

    Raises:
        InvalidSecurityGroupRuleIdNotFound: no such rule drains.
    """
    transaction, caller = context.transaction, context.caller
    for each in transaction.draining_rules(caller.account_id, caller.region):
        if each.rule.rule_id == rule_id:
            group = transaction.group(caller.account_id, caller.region, each.rule.group_id)
            assert group is not None, "with a group its draining rules go"
            transaction.delete_draining_rules(group, [rule_id])
            return each.rule
    raise InvalidSecurityGroupRuleIdNotFound(rule_id)
