"""Rules of security groups, described one by one.

Without ids, rules come in the order of their own ids: those of the groups that the filter `group-id` names, or a walk
through all. A page ends with a rule's id, so that the next begins right after it, whatever was added or revoked since.

Source: EC2 API Reference, DescribeSecurityGroupRules; ec2-behaviour 3.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

_RULES_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A rule with its tags, as filters see it."""

    rule: SecurityGroupRule
    tags: Mapping[str, str]

    @property
    def key(self) -> Key:
        """Its place among pages."""
        return (self.rule.rule_id,)


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
    Cost: what the named groups hold; else of the region's rules those from where the page begins to where it is full.
    """
    refuse_pages_of_ids(
        request,
        "SecurityGroupRuleIds",
        "The parameter 'securityGroupRuleIds' may not be used in combination with 'maxResults'.",
    )
    filters = FILTERS.read(request.get("Filters"))
    size, after = page_size(request), read_token(request.get("NextToken"))
    rule_ids = request.get("SecurityGroupRuleIds")
    if rule_ids:
        rules = all_found(ids.RULE, context.transaction.rule, context, rule_ids)
        chosen, next_token = select(filters, _with_tags(context, rules)), None
    else:
        found: list[_Tagged] = []
        at_once = _RULES_AT_ONCE if size is None or filters else size + 1
        for some in _candidates(context, request, after, at_once):
            found += select(filters, _with_tags(context, some))
            if size is not None and len(found) > size:
                break
        chosen, next_token = cut(found, lambda each: each.key, size)
    status_of = peering_statuses(context)
    answers = [
        rule_answer(context, each.rule, each.tags, status_of) | {"Tags": as_answered(each.tags)} for each in chosen
    ]
    return {"SecurityGroupRules": answers, "NextToken": next_token}


def _candidates(
    context: Context, request: Request, after: Key | None, at_once: int
) -> Iterator[list[SecurityGroupRule]]:
    """The rules that can be meant, in the order of their ids, from the first that comes after the key."""
    caller, last = context.caller, after[0] if after else ""
    group_ids = _group_ids_of_filters(request)
    if group_ids is not None:
        groups = [context.transaction.group(caller.account_id, caller.region, each) for each in group_ids]
        by_group = context.transaction.rules_of(group.group_id for group in groups if group)
        rules = [rule for rules in by_group.values() for rule in rules if rule.rule_id > last]
        yield sorted(rules, key=lambda rule: rule.rule_id)
        return
    while some := context.transaction.rules_after(caller.account_id, caller.region, last, at_once):
        yield some
        last = some[-1].rule_id


def _group_ids_of_filters(request: Request) -> set[str] | None:
    filters = [each for each in request.get("Filters") or () if each.get("Name") == "group-id"]
    return {value for each in filters for value in each.get("Values") or ()} if filters else None


def _with_tags(context: Context, rules: list[SecurityGroupRule]) -> list[_Tagged]:
    tags = context.transaction.tags(context.caller.account_id, context.caller.region, [rule.rule_id for rule in rules])
    return [_Tagged(rule, tags[rule.rule_id]) for rule in rules]
