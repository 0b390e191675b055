"""Rules of security groups, described one by one.

Source: EC2 API Reference, DescribeSecurityGroupRules; ec2-behaviour 3.8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ringwall.domain import ids
from ringwall.domain.errors import InvalidGroupIdMalformed
from ringwall.domain.filters import FilterTable, select
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.tags import as_answered

from .context import Answer, Context, Request
from .lookup import Key, all_found, cut, page_size, peering_statuses, read_token, refuse_pages_of_ids
from .rules import rule_answer

_GROUPS_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A rule with its tags, as filters see it."""

    rule: SecurityGroupRule
    tags: Mapping[str, str]

    @property
    def key(self) -> Key:
        """Its place among pages: rules of one group stand together."""
        return self.rule.group_id, self.rule.rule_id


# `tag-key` isn't documented for this operation, but for every other one that has `tag:` (chosen).
FILTERS: Final[FilterTable[_Tagged]] = FilterTable(
    values={
        "group-id": lambda each: (each.rule.group_id,),
        "security-group-rule-id": lambda each: (each.rule.rule_id,),
        "tag-key": lambda each: each.tags.keys(),
    },
    tags_of=lambda each: each.tags,
)


def check_describe(request: Request) -> None:
    """Refuses malformed rule ids, and malformed group ids in the filter `group-id`, wildcards included (observed)."""
    ids.RULE.check_all(request.get("SecurityGroupRuleIds"))
    for group_id in _group_ids_of_filters(request) or ():
        try:
            ids.GROUP.check(group_id)
        except InvalidGroupIdMalformed as error:
            raise InvalidGroupIdMalformed.in_filter(group_id) from error


def describe_security_group_rules(context: Context, request: Request) -> Answer:
    """The rules that the request names, or all, of those the ones that its filters let through, page by page.

    Raises:
        InvalidSecurityGroupRuleIdNotFound: a rule that it names doesn't exist.
        InvalidParameterValue, InvalidParameterCombination, FilterLimitExceeded: what it asks can't be meant.
    Cost: a page costs what the groups that it spans hold, not what the region holds.
    """
    refuse_pages_of_ids(
        request,
        "SecurityGroupRuleIds",
        "The parameter 'securityGroupRuleIds' may not be used in combination with 'maxResults'.",
    )
    filters = FILTERS.read(request.get("Filters"))
    size, after = page_size(request), read_token(request.get("NextToken"))
    rule_ids = request.get("SecurityGroupRuleIds")

    def let_through(rules: Iterable[SecurityGroupRule]) -> list[_Tagged]:
        return select(filters, _with_tags(context, list(rules)))

    if rule_ids:
        chosen = let_through(all_found(ids.RULE, context.transaction.rule, context, rule_ids))
        next_token = None
    else:
        chosen, next_token = _collect(context, _group_ids(context, request), let_through, size, after)
    status_of = peering_statuses(context)
    answers = [
        rule_answer(context, each.rule, each.tags, status_of) | {"Tags": as_answered(each.tags)} for each in chosen
    ]
    return {"SecurityGroupRules": answers, "NextToken": next_token}


def _collect(
    context: Context,
    group_ids: Sequence[str],
    let_through: Callable[[Iterable[SecurityGroupRule]], list[_Tagged]],
    size: int | None,
    after: Key | None,
) -> tuple[list[_Tagged], str | None]:
    """Rules of these groups, group by group, until the page is full."""
    if after is not None:
        group_ids = [group_id for group_id in group_ids if group_id >= after[0]]
    collected: list[_Tagged] = []
    for start in range(0, len(group_ids), _GROUPS_AT_ONCE):
        by_group = context.transaction.rules_of(group_ids[start : start + _GROUPS_AT_ONCE])
        tagged = let_through(rule for rules in by_group.values() for rule in rules)
        collected += sorted((each for each in tagged if after is None or each.key > after), key=lambda each: each.key)
        if size is not None and len(collected) > size:
            break
    return cut(collected, lambda each: each.key, size)


def _group_ids(context: Context, request: Request) -> list[str]:
    """The groups whose rules are asked for, in the order of their ids."""
    group_ids = [
        group.group_id for group in context.transaction.groups(context.caller.account_id, context.caller.region)
    ]
    wanted = _group_ids_of_filters(request)
    return sorted(group_id for group_id in group_ids if wanted is None or group_id in wanted)


def _group_ids_of_filters(request: Request) -> set[str] | None:
    filters = [each for each in request.get("Filters") or () if each.get("Name") == "group-id"]
    return {value for each in filters for value in each.get("Values") or ()} if filters else None


def _with_tags(context: Context, rules: list[SecurityGroupRule]) -> list[_Tagged]:
    tags = context.transaction.tags(context.caller.account_id, context.caller.region, [rule.rule_id for rule in rules])
    return [_Tagged(rule, tags[rule.rule_id]) for rule in rules]
