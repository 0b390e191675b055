"""Closing an access: what the words mean, the plan in lines, and who reaches it still."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ringwall.domain.address import Block, block, disjoint
from ringwall.domain.closing import Access, GroupChange, Step, Whole, admits_part, still_admitting, without
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.peer import PeerKind

from .found import all_rules, carriers, peers_named, rules_of_groups
from .rules import (
    EVERYBODY,
    EVERYWHERE,
    WORD_OF,
    Names,
    NotUnderstood,
    Rule,
    blocks_of,
    is_port_for_protocol,
    line_of,
    parse_traffic,
    port_for_protocol,
    shown,
    traffic_text,
)
from .session import Session
from .table import counted

HOSTS_SHOWN: Final = 4
PIECES_SHOWN: Final = 4
"""Of a rule that is split around an address, the plan shows one line for all blocks if they are more."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was looked at. rules: all of the groups in scope. entries: of the prefix lists that rules name.

    is_all: whether all groups are in scope; group_ids are those that have rules.
    """

    group_ids: frozenset[str]
    rules: tuple[SecurityGroupRule, ...]
    entries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_all: bool = False


def access_of(session: Session, word: str, direction: Direction, peer: str, excepted: Sequence[str]) -> Access:
    """The access that the words mean. excepted: peers that keep it: blocks, addresses or prefix lists.

    Raises:
        NotUnderstood: a word makes no sense, or stands for several things.
        NotFound: a name names nothing.
    """
    if is_port_for_protocol(word):  # that no rule admits the protocol would be taken for a port that is closed
        raise NotUnderstood(port_for_protocol(word))
    traffics = parse_traffic(word)
    if len(traffics) > 1:
        several = " and ".join(map(traffic_text, traffics))
        raise NotUnderstood(f"{shown(word)} is {several}: close them one after the other.")
    blocks, groups, lists = _source(session, peer)
    kept = [each for one in excepted for each in _source_of_addresses(session, one)]
    if kept and (groups or lists):
        raise NotUnderstood("--except takes addresses out of addresses: it doesn't go with a group or a prefix list.")
    left = [piece for each in blocks for piece in without(each, kept)]
    if blocks and not left:
        raise NotUnderstood("--except takes away all that is to be closed.")
    return Access(direction, traffics[0], tuple(left), groups, lists)


def _source(session: Session, word: str) -> tuple[list[Block], frozenset[str], frozenset[str]]:
    """The addresses, groups and prefix lists that a peer's word means."""
    blocks = blocks_of(word)
    if blocks:
        return list(map(block, blocks)), frozenset(), frozenset()
    found = peers_named(session, word)
    lists = frozenset(each for each in found if each.startswith("pl-"))
    if lists and len(lists) < len(found):
        raise NotUnderstood(
            f"{shown(word)} is a group and a prefix list: say which by its id: {', '.join(sorted(found))}."
        )
    entries = [cidr for each in sorted(lists) for cidr in entries_of(session, each)]
    return disjoint(entries), found - lists, lists


def _source_of_addresses(session: Session, word: str) -> list[Block]:
    blocks, groups, _ = _source(session, word)
    if groups:
        raise NotUnderstood(
            f"--except {shown(word)} is a group; rules of groups aren't closed by an access from addresses."
        )
    return blocks


def entries_of(session: Session, list_id: str) -> list[str]:
    """The blocks of a prefix list."""
    return [str(each["Cidr"]) for each in session.every("GetManagedPrefixListEntries", PrefixListId=list_id)]


def look(session: Session, group_ids: Collection[str] | None) -> Scope:
    """What the groups hold now; None: all groups."""
    found = all_rules(session) if group_ids is None else rules_of_groups(session, group_ids)
    rules = tuple(map(_as_stored, found))
    lists = {rule.peer.value for rule in rules if rule.peer.kind is PeerKind.PREFIX_LIST}
    entries = {each: entries_of(session, each) for each in sorted(lists)}
    held = frozenset(rule.group_id for rule in rules) if group_ids is None else frozenset(group_ids)
    return Scope(held, rules, entries, group_ids is None)


def _as_stored(rule: Rule) -> SecurityGroupRule:
    return SecurityGroupRule(rule.rule_id, rule.group_id, rule.direction, rule.traffic, rule.peer, rule.note or None)


def as_shown(rule: SecurityGroupRule) -> Rule:
    """The rule as words show it."""
    return Rule(rule.rule_id, rule.group_id, rule.direction, rule.traffic, rule.peer, rule.description or "")


# --- The plan ---


def plan_lines(planned: Sequence[Step], changed: Sequence[GroupChange], names: Names, *, split: bool) -> Iterator[str]:
    """The plan, a line a rule: `-` goes, `+` comes in its place, `!` is to be known before one says yes."""
    new = {(each.group_id, each.direction, each.traffic, each.peer) for change in changed for each in change.new}
    for step in planned:
        rule = step.rule
        yield f"- {line_of(as_shown(rule), names).text()}"
        for traffic in dict.fromkeys(traffic for traffic, _ in step.left):
            pieces = [replace(rule, traffic=traffic, peer=peer) for each, peer in step.left if each == traffic]
            coming = [each for each in pieces if (each.group_id, each.direction, traffic, each.peer) in new]
            yield from (f"+ {line}" for line in _folded(coming, names))
            yield from (
                f"  {line}, which is there already"
                for line in _folded([each for each in pieces if each not in coming], names)
            )
        yield from (f"! {sentence}" for sentence in _warnings(step, names, split=split))


def _folded(pieces: Sequence[SecurityGroupRule], names: Names) -> Iterator[str]:
    """Rules of one traffic: a line each, or one for all if they are many blocks."""
    if len(pieces) <= PIECES_SHOWN:
        yield from (line_of(as_shown(each), names).parts for each in pieces)
        return
    first = line_of(as_shown(pieces[0]), names)
    yield f"{first.parts}, {pieces[1].peer.value} … {pieces[-1].peer.value}: {len(pieces)} rules"


def _warnings(step: Step, names: Names, *, split: bool) -> Iterator[str]:
    peer = step.rule.peer
    if peer.kind is PeerKind.PREFIX_LIST:
        meant = (
            f" for its {counted(len(step.entries), 'entry', 'entries')} {_some(step.entries)}" if step.entries else ""
        )
        shared = names.of(peer.value)
        called = shared if shared == peer.value else f"{shared} ({peer.value})"
        yield f"It names the prefix list {called}{meant}: the rule changes, the list doesn't."
    if step.whole is not None:
        yield f"It can't be split: {step.whole.value}."
    elif step.lost and not split:
        yield "It admits more than that, which goes with it; --split keeps the rest."
    elif step.lost:
        yield "Protocols other than tcp, udp, icmp and icmpv6 are no longer admitted by it."


def _some(items: Sequence[str]) -> str:
    return ", ".join(items[:3]) + (", …" if len(items) > 3 else "")


def hint(planned: Sequence[Step], peer: str) -> str | None:
    """How a narrower source is left as it is, where everybody was to be closed out and some have rules of their own."""
    narrower = [
        each.rule.peer.value
        for each in planned
        if each.rule.peer.kind is not PeerKind.GROUP and each.rule.peer.value not in EVERYWHERE
    ]
    if peer.casefold() != EVERYBODY or not narrower:
        return None
    return f"(--except leaves a source as it is: --except {narrower[0]})"


def further_words(planned: Iterable[Step]) -> list[str]:
    """What to say where rules can't be split, in sentences."""
    reasons = {step.whole for step in planned if step.whole is not None}
    if not reasons:
        return []
    words = ["Some of these rules can't be split, and nothing was changed. --remove-whole removes those whole."]
    if Whole.PROTOCOLS in reasons:
        words.append(
            "--name-protocols puts what is left of tcp, udp, icmp and icmpv6 in the place of a rule of all protocols; "
            "the other protocols are then no longer admitted."
        )
    return words


def question(changed: Sequence[GroupChange]) -> str:
    """What is asked before it is done."""
    gone, new = sum(len(each.gone) for each in changed), sum(len(each.new) for each in changed)
    added = f" and add {new}" if new else ""
    return f"Remove {counted(gone, 'rule')} of {counted(len(changed), 'group')}{added}?"


def content_of(changed: Iterable[GroupChange], direction: Direction, on_revoke: str | None) -> dict[str, Any]:
    """The request that does it; it is refused if one of the rules is another one by then."""
    parts = [
        {
            "group_id": each.group_id,
            "direction": direction.value,
            "revoke": [rule.rule_id for rule in each.gone],
            "as_seen": [_seen(rule) for rule in each.gone],
            "authorize": [_described(rule) for rule in each.new],
        }
        for each in changed
    ]
    return {"changes": parts} | ({"on_revoke": on_revoke} if on_revoke else {})


def _seen(rule: SecurityGroupRule) -> dict[str, Any]:
    ports = {"from_port": rule.traffic.from_port, "to_port": rule.traffic.to_port}
    return {"rule_id": rule.rule_id, "protocol": rule.traffic.protocol, **ports, "peer": rule.peer.value}


def _described(rule: SecurityGroupRule) -> dict[str, Any]:
    """A rule that is to be, as /ringwall/v1/changes takes it."""
    traffic = rule.traffic
    ports = {"from_port": traffic.from_port, "to_port": traffic.to_port}
    has_range = traffic.has_ports or traffic.has_icmp_type
    described = {"protocol": traffic.protocol, "peer": rule.peer.value, "description": rule.description}
    return described | (ports if has_range else {})


# --- Who reaches it still ---


@dataclass(frozen=True, slots=True)
class Still:
    """A rule that still admits some of the traffic. is_meant: from the very source that was to be closed.

    hosts: ids of those that carry its group on an interface that is concerned. is_new: it is of a group in scope, so
    that it came, or its prefix list grew, since the plan.
    """

    rule: SecurityGroupRule
    is_meant: bool
    hosts: tuple[str, ...]
    is_new: bool


def still(session: Session, access: Access, before: Scope) -> list[Still]:
    """Who reaches it after all: by other sources, and by the other groups of interfaces that carry one in scope."""
    scope = look(session, None if before.is_all else before.group_ids)
    carried: dict[str, set[str]] = {group_id: set() for group_id in scope.group_ids}
    for interface in carriers(session, scope.group_ids):
        for group in interface.get("Groups", []):
            carried.setdefault(group["GroupId"], set()).add(interface["Attachment"]["InstanceId"])
    found: list[Still] = []
    for each in (scope, look(session, carried.keys() - scope.group_ids)):
        for rule in still_admitting(access.traffic, access.direction, each.rules):
            is_meant = admits_part(access, rule, each.entries)
            found.append(Still(rule, is_meant, tuple(sorted(carried[rule.group_id])), is_meant and each is scope))
    return found


def hosts_text(hosts: Sequence[str], hostnames: Mapping[str, str]) -> str:
    """`web-1, web-2 and 3 more`, or `no host`."""
    if not hosts:
        return "no host"
    named = [hostnames.get(each, each) for each in hosts[:HOSTS_SHOWN]]
    more = f" and {len(hosts) - HOSTS_SHOWN} more" if len(hosts) > HOSTS_SHOWN else ""
    return ", ".join(named) + more


def said(access: Access, peer: str, excepted: Sequence[str]) -> str:
    """The access as it was asked for: `tcp/22 from any except office`."""
    beside = f" except {' and '.join(map(shown, excepted))}" if excepted else ""
    return f"{traffic_text(access.traffic)} {WORD_OF[access.direction]} {shown(peer)}{beside}"
