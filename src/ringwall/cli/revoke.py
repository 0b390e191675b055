"""`ringwall revoke`: rules go, named by their ids, by lines of `ringwall list` or in words, and are waited for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ringwall.domain.group import Direction

from .screen import plain
from .words import codes
from .words.changing import (
    Stored,
    add_change_arguments,
    ask_before,
    complain,
    confirmed,
    danger_of_hosts,
    guarded,
    made,
    print_json,
    rule_json,
    settle,
)
from .words.flows import Cut, ask_flows, own_sessions, preview, who_asks
from .words.found import (
    Ambiguous,
    Meant,
    ambiguous_peers,
    carriers,
    hosts_of,
    meant_by,
    names_for,
    near_ids,
    rules_by_id,
    rules_of_groups,
    some_rules,
    what_became_of,
)
from .words.near import Known, explanation, nearest, note_difference
from .words.rules import (
    EVERYBODY,
    EVERYWHERE,
    Names,
    Rule,
    Wanted,
    is_port_for_protocol,
    lines_of,
    parse_arguments,
    port_for_protocol,
    shown,
    sort_key,
    traffic_text,
)
from .words.session import Refused, Session, add_session_arguments, open_session
from .words.table import counted, progress

ASK_SECONDS: Final = 0.5
"""Before a revoke each host has so long to tell which flows it would end; a revoke isn't held up by a silent host."""
PREVIEW_SECONDS: Final = 5.0

VERB: Final = "revoke"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall revoke`."""
    parser.add_argument(
        "rules", nargs="+", metavar="RULE",
        help="sgr-…, or a line of `ringwall list` in quotes, or GROUP PROTOCOL/PORTS from|to PEER; `-` reads lines",
    )  # fmt: skip
    parser.add_argument("--note", metavar="TEXT", help="only if this is its note")
    parser.add_argument(
        "--on-revoke",
        choices=("cut", "keep"),
        help="what becomes of live flows (default: as the group's tag says, else cut)",
    )
    add_change_arguments(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Revokes all of the rules, or none where one of them isn't there."""
    return guarded(VERB, lambda: _run(options), is_json=options.json, changes=True)


def _run(options: argparse.Namespace) -> int:
    arguments = sys.stdin.read().splitlines() if options.rules == ["-"] else options.rules
    wanted = parse_arguments(arguments)
    session = open_session(options)
    with progress("looking for the rules"):
        found = _find(session, wanted, options)
    if isinstance(found, Missing):
        return _explain(session, found, options)
    names = names_for(session, found)
    if options.dry_run:
        return _show(session, found, names, options)
    interfaces = carriers(session, {rule.group_id for rule in found})
    cut = ask_flows(session, found, ASK_SECONDS)
    dangers = [] if options.on_revoke == "keep" else own_sessions(cut, found, interfaces, who_asks(interfaces))
    dangers += danger_of_hosts(hosts_of(interfaces), options)
    if dangers and not options.yes:
        print("\n".join(lines_of(found, names)), file=sys.stderr)
    ask_before(dangers, f"Revoke {'this rule' if len(found) == 1 else 'these rules'}", options)
    return _revoke(session, found, names, cut, options)


# --- Finding ---


@dataclass(frozen=True, slots=True)
class Missing:
    """A rule that is wanted and isn't there. now: the rule that has the id that was said, if one has."""

    wanted: Wanted
    meant: Meant | None = None
    now: Rule | None = None


def _find(session: Session, wanted: Sequence[Wanted], options: argparse.Namespace) -> list[Rule] | Missing:
    """The rules, each once, in the order in which they are shown; or the first that isn't there.

    Raises:
        NotFound, Ambiguous.
    """
    by_id = rules_by_id(session, [each.rule_id for each in wanted if each.rule_id])
    of_group: dict[str, list[Rule]] = {}
    found: dict[str, Rule] = {}
    for each in wanted:
        meant = None if each.group is None else meant_by(session, each, options.vpc)
        if each.rule_id is not None:
            rule = by_id.get(each.rule_id)
            fits = rule is not None and (meant is None or meant.matches(rule))
            matching = [rule] if rule is not None and fits else []
            if not matching:
                return Missing(each, meant, rule)
        else:
            assert meant is not None
            assert meant.group is not None
            group_id = meant.group["GroupId"]
            if group_id not in of_group:
                of_group[group_id] = rules_of_groups(session, [group_id])
            matching = [rule for rule in of_group[group_id] if meant.matches(rule)]
            unclear = ambiguous_peers(matching, names_for(session, matching)) if len(matching) > 1 else None
            if unclear:
                raise Ambiguous(unclear)
        if not matching:
            return Missing(each, meant)
        other = next((rule for rule in matching if options.note not in (None, rule.note)), None)
        if other is not None:
            return Missing(replace(each, note=options.note), meant, other)
        found |= {rule.rule_id: rule for rule in matching}
        _tell_half(each, matching)
    return sorted(found.values(), key=lambda rule: (rule.group_id, sort_key(rule)))


def _tell_half(wanted: Wanted, matching: Sequence[Rule]) -> None:
    """Says so where `any` was in one family only, which is fine: what isn't there needn't go."""
    if (wanted.peer or "").casefold() == EVERYBODY:
        for absent in sorted(set(EVERYWHERE) - {rule.peer.value for rule in matching}):
            print(f"({shown(wanted.group or '')} has no such rule for {absent})", file=sys.stderr)


def _explain(session: Session, missing: Missing, options: argparse.Namespace) -> int:
    """Says why nothing matched: what is there instead, how it differs, and the command that would work."""
    wanted, meant, now = missing.wanted, missing.meant, missing.now
    known = Known(names_for(session, [now]) if now else Names())
    near: list[Any] = []
    if now is not None and (meant is None or meant.matches(now)):
        text = f"The rule is there, but {note_difference(now.note)}."
        lines = [f"  {lines_of([now], known.names)[0]}", f"To revoke it: ringwall revoke {now.rule_id}"]
        near = [now]
    elif now is not None:
        text = f"{now.rule_id} isn't what the line says any more."
        lines = [
            "It is now:",
            f"  {lines_of([now], known.names)[0]}",
            f"To revoke it as it is: ringwall revoke {now.rule_id}",
        ]
        near = [now]
    elif meant is None:
        text, lines, near = _explain_id(session, wanted.rule_id or "")
    else:
        text, lines, near = _explain_near(session, wanted, meant)
    if options.json:
        names = names_for(session, near) if near else Names()
        print_json({"revoked": [], "nearest": [rule_json(rule, names) for rule in near]})
    return complain(VERB, "\n".join([f"{text} Nothing was revoked.", *lines]), codes.NOTHING)


def _explain_id(session: Session, rule_id: str) -> tuple[str, list[str], list[Rule]]:
    """What became of the rule, or the rules that have an id like it."""
    text, lines = f"There is no rule {rule_id}.", what_became_of(session, rule_id)
    near = [] if lines else near_ids(session, rule_id)
    if near:
        shown_lines = lines_of(near, names_for(session, near))
        lines = ["The nearest id is that of:" if len(near) == 1 else "The nearest ids are those of:"]
        lines += [f"  {line}" for line in shown_lines]
    return text, lines or ["No rule has an id like it, and the trail doesn't know it."], near


def _explain_near(session: Session, wanted: Wanted, meant: Meant) -> tuple[str, list[str], list[Rule]]:
    """What is like the rule in the group, and in other groups."""
    with progress("looking for what comes near"):
        rules = some_rules(session)
        own = {rule.rule_id: rule for rule in rules_of_groups(session, [meant.group["GroupId"]] if meant.group else [])}
        rules = [*own.values(), *(rule for rule in rules if rule.rule_id not in own)]
        lists = {rule.peer.value for rule in rules if rule.peer.value.startswith("pl-")}
        entries = {each: _entries(session, each) for each in sorted(lists)[:50]}
        names = names_for(session, [near.rule for near in nearest(meant, rules, Known(Names(), entries))])
    known = Known(names, entries)
    near = nearest(meant, rules, known)
    text = f"No rule is {wanted.said()}."
    if wanted.rule_id:
        text = f"There is no rule {wanted.rule_id}, and none is {wanted.said()}."
    numbers = [port_for_protocol(each.protocol) for each in wanted.traffics if is_port_for_protocol(each.protocol)]
    if not near:
        where = shown(wanted.group or "")
        none = f"{where} has {counted(len(own), 'rule')}, none of them like it: `ringwall list {where}`."
        return text, [*numbers, none], []
    if near[0].cost == 0:
        text = f"There is no rule {wanted.rule_id} any more, but one that is the same."
    lines = [f"The nearest {'is' if len(near) == 1 else 'are'}:", *explanation(near, known)]
    lines[:0] = numbers
    if wanted.rule_id:
        lines[:0] = what_became_of(session, wanted.rule_id)
    if wanted.direction is Direction.INGRESS and wanted.blocks and any(each.is_wider and each.cost for each in near):
        lines.append("A wider rule goes as a whole. To take only this out of it:")
        for traffic in map(traffic_text, wanted.traffics):
            close = f"ringwall close {traffic} --from {wanted.peer} --group {shown(wanted.group or '')} --split"
            lines.append(f"      {close}")
    return text, lines, [each.rule for each in near]


def _entries(session: Session, list_id: str) -> list[str]:
    try:
        return [each["Cidr"] for each in session.every("GetManagedPrefixListEntries", PrefixListId=list_id)]
    except Refused:
        return []


# --- Showing ---


def _show(session: Session, rules: list[Rule], names: Names, options: argparse.Namespace) -> int:
    """What a revoke would do now."""
    with progress("asking the hosts for their flows"):
        cut = ask_flows(session, rules, PREVIEW_SECONDS)
    if options.json:
        told = {"hosts": list(cut.hosts.values()), "flows": list(cut.flows)}
        print_json({"would_revoke": [rule_json(rule, names) for rule in rules], **told})
        return codes.DONE
    print("would revoke:")
    for line in lines_of(rules, names):
        print(f"  {line}")
    others = names_for(session, [*rules, *rules_of_groups(session, {rule.group_id for rule in rules})])
    for line in preview(session, cut, others):
        print(line)
    interfaces = carriers(session, {rule.group_id for rule in rules})
    for danger in own_sessions(cut, rules, interfaces, who_asks(interfaces)):
        print(danger)
    if options.on_revoke == "keep":
        print("With --on-revoke keep nothing ends: the flows go on until they end, and no new ones begin.")
    print("Nothing was revoked (--dry-run).")
    return codes.DONE


# --- Revoking ---


def _revoke(session: Session, rules: list[Rule], names: Names, cut: Cut, options: argparse.Namespace) -> int:
    """Revokes group by group, each group's rules in one transaction; then waits."""
    by_group: dict[str, list[Rule]] = {}
    for rule in rules:
        by_group.setdefault(rule.group_id, []).append(rule)
    stored: list[Stored] = []
    gone: list[Rule] = []
    try:
        for group_id, several in by_group.items():
            stored.append(_revoke_of_group(session, group_id, several, options))
            gone += several
            if not options.json:
                for line in lines_of(several, names):
                    print(f"revoked {line}", flush=True)
    except Exception:
        if gone:
            print(f"{counted(len(gone), 'rule')} of {len(rules)} were revoked before this:", file=sys.stderr)
        raise
    draining = {rule_id for each in stored for rule_id in each.draining}
    fates = cut.fates(keep=bool(draining) or options.on_revoke == "keep")
    result = {
        "revoked": [rule_json(rule, names) for rule in gone],
        "draining": sorted(draining),
        "flows": {host_id: host.get("ending") for host_id, host in cut.hosts.items()},
    }
    return settle(VERB, session, stored, options, result, fates)


def _revoke_of_group(session: Session, group_id: str, rules: list[Rule], options: argparse.Namespace) -> Stored:
    rule_ids = [rule.rule_id for rule in rules]
    directions = {rule.direction.value for rule in rules}

    def by_ec2() -> Stored:
        operation = f"RevokeSecurityGroup{directions.copy().pop().capitalize()}"
        confirmed(session.ec2(operation, GroupId=group_id, SecurityGroupRuleIds=rule_ids))
        return Stored(session.revision)

    def by_own() -> Stored:
        content = {"rule_ids": rule_ids} | ({"on_revoke": options.on_revoke} if options.on_revoke else {})
        answer = session.own("POST", f"/ringwall/v1/groups/{group_id}/revoke", content)
        return Stored(answer["revision"], tuple(answer["draining"]))

    # EC2 knows neither a word on live flows nor both directions in one call.
    send = by_own if options.on_revoke or len(directions) > 1 else by_ec2
    return made(session, send, lambda: not rules_by_id(session, rule_ids), f"ringwall list {plain(group_id)}")
