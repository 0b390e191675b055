"""What the trail is asked: pages of it, who opened the rules of a group, whether its chain holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ringwall.domain.group import SecurityGroupRule
from ringwall.store.base import Reader
from ringwall.store.principals_base import TrailEvent, TrailHead

from .trail import Chain, IsMac, in_words, rule_told, shown

Content = dict[str, Any]

PAGE_MAX: Final = 1_000
ABOUT_MAX: Final = 5_000
"""Events about one group that are looked through for who opened its rules, the newest."""
FOLLOWED_MAX: Final = 20_000
"""Events whose codes are checked in one call."""
FOLLOWED_AT_ONCE: Final = 1_000


def page(reader: Reader, account_id: str | None, after: int, limit: int) -> list[Content]:
    """Events of an account (None: of all), oldest first, after the one of this number."""
    return [shown(event) for event in reader.trail_after(after, limit, account_id)]


def last(reader: Reader, account_id: str | None, before: int | None, limit: int) -> list[Content]:
    """The last events, newest first; those before the one of this number, when given."""
    number = reader.trail_head().number + 1 if before is None else before
    return [shown(event) for event in reader.trail_before(number, limit, account_id)]


def about(reader: Reader, account_id: str, resource_id: str, limit: int) -> list[Content]:
    """The account's last events that name a resource, newest first. Cost: O(the account's events)."""
    return [shown(event) for event in reader.trail_about(account_id, resource_id, limit)]


def before_time(reader: Reader, at: float) -> int:
    """The number of the last event that is older than this (Unix seconds), so that a page can begin after it.

    Cost: one read for each halving; where a clock was set back, some events more or fewer count as older.
    """
    low, high = reader.trail_start().number, reader.trail_head().number
    while low < high:
        middle = (low + high + 1) // 2
        (event,) = reader.trail_after(middle - 1, 1)
        if event.at < at:
            low = middle
        else:
            high = middle - 1
    return low


def blame(reader: Reader, account_id: str, region: str, group_id: str) -> list[Content]:
    """The rules that a group has, each with the event that made it what it is; None where the trail has none."""
    rules = reader.rules_of([group_id])[group_id] if reader.group(account_id, region, group_id) else []
    made = _made_by(reader.trail_about(account_id, group_id, ABOUT_MAX), {rule.rule_id for rule in rules})
    return [_blamed(rule, made.get(rule.rule_id)) for rule in rules]


def _made_by(events: Sequence[TrailEvent], rule_ids: set[str]) -> dict[str, TrailEvent]:
    """The newest event after which each rule was there."""
    made: dict[str, TrailEvent] = {}
    for event in events:
        for rule_id in rule_ids.intersection(event.resources) - made.keys():
            told = in_words(event.event).get("ringwall", {}).get("after", [])
            if any(each.get("ruleId") == rule_id for each in told):
                made[rule_id] = event
    return made


def _blamed(rule: SecurityGroupRule, event: TrailEvent | None) -> Content:
    return {**rule_told(rule), "event": shown(event) if event else None}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What following a part of the chain has shown. head: where it ended; is_end: whether that is the trail's end."""

    checked: int
    head: TrailHead
    is_end: bool
    vouched: bool
    problems: list[str]


def follow(
    reader: Reader, is_mac: IsMac, after: int | None = None, kept: Sequence[TrailHead] = (), *, vouched: bool = False
) -> Verdict:
    """Follows the chain, for at most FOLLOWED_MAX events.

    after: the number of an event that was followed before, so that its code can be relied on; None from the start.
    kept: heads of former times. vouched: whether an event in a part that was followed before says that those before the
    start were dropped.
    """
    first, start = reader.trail_start(), None
    if after is not None and after > first.number:
        found = reader.trail_after(after - 1, 1)
        if found and found[0].number == after:
            start = TrailHead(after, found[0].mac)
    chain = Chain(first, is_mac, start=start, kept=kept)
    chain.vouched |= vouched
    checked = 0
    while checked < FOLLOWED_MAX:
        events = reader.trail_after(chain.head.number, FOLLOWED_AT_ONCE)
        chain.follow(events)
        checked += len(events)
        if len(events) < FOLLOWED_AT_ONCE:
            chain.end()
            return Verdict(checked, chain.head, True, chain.vouched, chain.problems)
    return Verdict(checked, chain.head, False, chain.vouched, chain.problems)
