"""Rules of security groups, described one by one.

Without ids, rules come in the order of their own ids: those of the groups that the filter `group-id` names, or a walk
through all. A page ends with a rule's id, so that the next begins right after it, whatever was added or revoked since.

Source: EC2 API Reference, DescribeSecurityGroupRules; ec2-behaviour 3.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import InvalidGroupIdMalformed
from ringwall.domain.filters import FilterTable, lets_through
from ringwall.domain.group import SecurityGroupRule

from .context import Answer, Context, Request
from .lookup import all_found, page, page_in_order, peering_statuses, refuse_pages_of_ids, stretches
from .rules import rule_answer

_RULES_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A rule with its tags, as filters see it."""

    rule: SecurityGroupRule
    tags: Mapping[str, str]


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
        InvalidParameterCombination: SecurityGroupRuleIds and MaxResults together.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    Cost: what the named groups hold; else of the region's rules those from where the page begins to where it is full.
    """
    refuse_pages_of_ids(
        request,
        "SecurityGroupRuleIds",
        "The parameter 'securityGroupRuleIds' may not be used in combination with 'maxResults'.",
    )
    filters = FILTERS.read(request.get("Filters"))
    transaction, rule_ids = context.transaction, request.get("SecurityGroupRuleIds")
    group_ids = _group_ids_of_filters(request)

    def let_through(rules: Iterable[SecurityGroupRule]) -> Iterator[_Tagged]:
        return (each for each in _with_tags(context, rules) if lets_through(filters, each))

    def rules_after(rule_id: str, number: int) -> Iterator[_Tagged]:
        return let_through(chain.from_iterable(stretches(transaction.rules_after, _id, context, rule_id, number)))

    chosen: Iterable[_Tagged]
    if rule_ids:
        named = let_through(all_found(ids.RULE, transaction.rule, context, rule_ids))
        chosen, next_token = page(context, request, named, lambda each: (each.rule.rule_id,))
    elif group_ids is not None:
        few = let_through(_rules_of(context, group_ids))
        chosen, next_token = page(context, request, few, lambda each: (each.rule.rule_id,))
    else:
        chosen, next_token = page_in_order(context, request, rules_after, lambda each: each.rule.rule_id)
    status_of = peering_statuses(context)
    answers = (_with_tag_set(rule_answer(context, each.rule, each.tags, status_of)) for each in chosen)
    return {"SecurityGroupRules": answers, "NextToken": next_token}


def _rules_of(context: Context, group_ids: Iterable[str]) -> list[SecurityGroupRule]:
    """The rules of those of these groups that there are, in the order of the rules' ids."""
    caller, transaction = context.caller, context.transaction
    groups = [transaction.group(caller.account_id, caller.region, group_id) for group_id in group_ids]
    by_group = transaction.rules_of(group.group_id for group in groups if group is not None)
    return sorted(chain.from_iterable(by_group.values()), key=_id)


def _with_tag_set(answer: dict[str, Any]) -> dict[str, Any]:
    """The rule with an element for its tags even where it has none (observed of Describe alone)."""
    answer["Tags"] = answer["Tags"] or []
    return answer


def _id(rule: SecurityGroupRule) -> str:
    return rule.rule_id


def _group_ids_of_filters(request: Request) -> set[str] | None:
    filters = [each for each in request.get("Filters") or () if each.get("Name") == "group-id"]
    return {value for each in filters for value in each.get("Values") or ()} if filters else None


def _with_tags(context: Context, rules: Iterable[SecurityGroupRule]) -> Iterator[_Tagged]:
    """The rules with their tags, read as they are asked for."""
    coming = iter(rules)
    while some := list(islice(coming, _RULES_AT_ONCE)):
        tags = context.transaction.tags(context.caller.account_id, context.caller.region, map(_id, some))
        for rule in some:
            yield _Tagged(rule, tags[rule.rule_id])
