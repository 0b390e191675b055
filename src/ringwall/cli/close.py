"""`ringwall close`: nothing of an access is admitted any more, by whichever rules it was."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from ringwall.domain.admission import covers
from ringwall.domain.closing import Access, GroupChange, Step, changes, steps, still_admitting
from ringwall.domain.group import Direction
from ringwall.domain.traffic import PROTOCOL_NUMBERS

from .screen import plain
from .words import codes
from .words.changing import (
    Stored,
    add_change_arguments,
    complain,
    danger_of_hosts,
    guarded,
    made,
    print_json,
    rule_json,
    settle,
)
from .words.closing import (
    Scope,
    Still,
    access_of,
    as_shown,
    content_of,
    further_words,
    hint,
    hosts_text,
    look,
    plan_lines,
    question,
    said,
    still,
)
from .words.confirm import confirm
from .words.flows import Cut, ask_flows, own_sessions, who_asks
from .words.found import Described, carriers, group_named, hosts_of, names_of_all, rules_by_id
from .words.rules import Names, line_of, traffic_text
from .words.session import NO_ANSWER, LostAnswer, Refused, Session, add_session_arguments, open_session
from .words.table import counted, print_table, progress, screen_of

VERB: Final = "close"
RULES_MAX: Final = 1_000
"""So many rules go and come in one transaction of the server's."""
FLOWS_SECONDS: Final = 0.5
"""Hosts have so long to tell of live flows before the question is asked."""

_MARKS: Final = {"-": "bad", "+": "good", "!": "warn"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and in whose words."""

    access: Access
    words: str
    scope: Scope
    steps: Sequence[Step]
    changes: Sequence[GroupChange]
    names: Names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall close`."""
    parser.add_argument("traffic", metavar="PROTO/PORTS", help="tcp/22, udp/1000-2000, icmp/8, all, ssh …")
    side = parser.add_mutually_exclusive_group(required=True)
    peer = "any, an address, a CIDR block, a group or a prefix list"
    side.add_argument("--from", dest="source", metavar="PEER", help=f"who may no longer come in: {peer}")
    side.add_argument("--to", dest="target", metavar="PEER", help=f"where nothing may go any more: {peer}")
    parser.add_argument(
        "--except", dest="excepted", action="append", default=[], metavar="PEER",
        help="addresses, or a prefix list, that keep it; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--group", action="append", default=[], metavar="GROUP", help="only in this group (default: all groups)"
    )
    parser.add_argument("--split", action="store_true", help="leave what else a wide rule admits, in rules of its own")
    parser.add_argument("--remove-whole", action="store_true", help="with --split: remove whole what can't be split")
    parser.add_argument(
        "--name-protocols", action="store_true",
        help="with --split: put tcp, udp, icmp and icmpv6 in the place of a rule of all protocols",
    )  # fmt: skip
    parser.add_argument(
        "--on-revoke",
        choices=("cut", "keep"),
        help="what becomes of live flows (default: as each group's tag says, else cut)",
    )
    add_change_arguments(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Closes the access in all groups in scope, or changes nothing."""
    return guarded(VERB, lambda: _run(options), is_json=options.json, changes=True)


def _run(options: argparse.Namespace) -> int:
    """First the plan, then the question, then one transaction, then who reaches it still."""
    session = open_session(options)
    direction = Direction.INGRESS if options.source is not None else Direction.EGRESS
    with progress("reading the rules"):
        plan = _planned(session, options, direction)
    if not plan.steps:
        return _nothing(session, plan, options)
    _show(plan, options)
    if options.split and not options.remove_whole and (sentences := further_words(plan.steps)):
        return complain(VERB, "\n".join(sentences), codes.FAILED)
    if sum(len(each.gone) + len(each.new) for each in plan.changes) > RULES_MAX:
        text = f"These are more than {RULES_MAX} rules, too many for one transaction."
        return complain(VERB, f"{text} Nothing was changed; name some of the groups with --group.", codes.FAILED)
    if options.dry_run:
        return _not_done(session, plan, options)
    cut = _ask(session, plan, options)
    stored = _close(session, plan, options)
    _say(f"closed {plan.words}", to_errors=options.json)
    with progress("reading what is left"):
        left, hostnames = _left_if_told(session, plan)
    fates = {} if options.split else cut.fates(keep=bool(stored.draining))
    result = {
        **_plan_json(plan),
        "draining": list(stored.draining),
        "still": None if left is None else [_still_json(each, plan) for each in left],
    }
    code = settle(VERB, session, [stored], options, result, fates)
    if left is None:
        return complain(VERB, "Who reaches it still isn't known; the same command with --dry-run tells.", code)
    if not options.json:
        _tell_left(plan, left, hostnames)
    if any(each.is_new for each in left):
        return complain(VERB, "Somebody opened it anew meanwhile: close it once more.", codes.PARTLY)
    return code


# --- The plan ---


def _planned(session: Session, options: argparse.Namespace, direction: Direction) -> Plan:
    """What is to be done.

    Raises:
        NotUnderstood, NotFound, Ambiguous.
    """
    peer = options.source if direction is Direction.INGRESS else options.target
    access = access_of(session, options.traffic, direction, peer, options.excepted)
    groups = session.every("DescribeSecurityGroups", MaxResults=1000)
    scope = look(session, _in_scope(session, options, groups))
    planned = steps(access, scope.rules, scope.entries, split=options.split, name_protocols=options.name_protocols)
    words = said(access, peer, options.excepted)
    return Plan(access, words, scope, planned, changes(planned, scope.rules), names_of_all(session, groups))


def _in_scope(session: Session, options: argparse.Namespace, groups: Sequence[Described]) -> list[str] | None:
    """The ids of the groups in scope; None: all."""
    if options.group:
        return [group_named(session, each, options.vpc)["GroupId"] for each in options.group]
    return [each["GroupId"] for each in groups if each["VpcId"] == options.vpc] if options.vpc else None


def _show(plan: Plan, options: argparse.Namespace) -> None:
    """The plan, on standard error where standard output is for JSON."""
    rules, groups = counted(len(plan.steps), "rule"), counted(len(plan.changes), "group")
    _say(f"{plan.words} is admitted by {rules} of {groups}:", to_errors=options.json)
    for line in plan_lines(plan.steps, plan.changes, plan.names, split=options.split):
        _say(line, to_errors=options.json)
    if sentence := hint(plan.steps, options.source or options.target):
        _say(sentence, to_errors=options.json)


def _say(line: str, *, to_errors: bool = False) -> None:
    stream = sys.stderr if to_errors else sys.stdout
    kind = _MARKS.get(line[:1])
    print(screen_of(stream).mark(line, kind) if kind else line, file=stream, flush=True)


def _not_done(session: Session, plan: Plan, options: argparse.Namespace) -> int:
    """What would be left: what admits it now and isn't of the plan, and what comes in its place."""
    now, hostnames = _left(session, plan)
    gone = {rule.rule_id for change in plan.changes for rule in change.gone}
    hosts = {each.rule.group_id: each.hosts for each in now}
    coming = still_admitting(plan.access.traffic, plan.access.direction, [r for c in plan.changes for r in c.new])
    left = [each for each in now if each.rule.rule_id not in gone]
    left += [Still(rule, is_meant=False, hosts=hosts.get(rule.group_id, ()), is_new=False) for rule in coming]
    if options.json:
        print_json({**_plan_json(plan), "still": [_still_json(each, plan) for each in left]})
    else:
        _tell_left(plan, left, hostnames)
        print("Nothing was changed (--dry-run).")
    return codes.DONE


def _plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "access": plan.words,
        "removed": [
            {**rule_json(as_shown(step.rule), plan.names), "whole": step.whole and step.whole.value}
            for step in plan.steps
        ],
        "added": [
            rule_json(as_shown(rule), plan.names) | {"line": line_of(as_shown(rule), plan.names).parts}
            for change in plan.changes
            for rule in change.new
        ],
    }


# --- The question ---


def _ask(session: Session, plan: Plan, options: argparse.Namespace) -> Cut:
    """The live flows that would end, once somebody has said yes.

    Raises:
        NotConfirmed.
    """
    interfaces = carriers(session, [each.group_id for each in plan.changes])
    rules = [as_shown(step.rule) for step in plan.steps]
    cut = ask_flows(session, rules, FLOWS_SECONDS)
    meant = replace(cut, flows=tuple(flow for flow in cut.flows if _is_meant(plan.access, flow)))
    dangers = [] if options.on_revoke == "keep" else own_sessions(meant, rules, interfaces, who_asks(interfaces))
    for danger in [*dangers, *danger_of_hosts(hosts_of(interfaces), options)]:
        _say(f"! {danger}", to_errors=True)
    confirm(question(plan.changes), yes=options.yes)
    return cut


def _is_meant(access: Access, flow: Described) -> bool:
    """Whether the flow is of the traffic that is closed: of a rule that is split the others go on."""
    number = PROTOCOL_NUMBERS.get(str(flow["protocol"]))
    kind = (flow.get("icmp_type") or 0, flow.get("icmp_code") or 0)
    return number is None or covers(access.traffic, number, flow.get("destination_port") or 0, *kind)


# --- The change ---


def _close(session: Session, plan: Plan, options: argparse.Namespace) -> Stored:
    """The change, stored: all of it, in one transaction.

    Raises:
        Refused, LostAnswer: as `made`.
    """
    content = content_of(plan.changes, plan.access.direction, options.on_revoke)
    rule_ids = [step.rule.rule_id for step in plan.steps]

    def send() -> Stored:
        answer = session.own("POST", "/ringwall/v1/changes", content)
        return Stored(answer["revision"], tuple(each for part in answer["changes"] for each in part["draining"]))

    # All of them go, or none.
    return made(session, send, lambda: not rules_by_id(session, rule_ids), "ringwall close … --dry-run")


# --- What is left ---


def _left(session: Session, plan: Plan) -> tuple[list[Still], dict[str, str]]:
    """Who reaches it still, and the names of hosts where the caller may see them."""
    found = still(session, plan.access, plan.scope)
    hostnames: dict[str, str] = {}
    with suppress(Refused, LostAnswer):
        hosts = session.own("GET", "/ringwall/v1/hosts")["hosts"] if any(each.hosts for each in found) else []
        hostnames = {each["instance_id"]: plain(each["hostname"]) for each in hosts}
    return found, hostnames


def _left_if_told(session: Session, plan: Plan) -> tuple[list[Still] | None, dict[str, str]]:
    """The same, or None where the server doesn't tell: it is closed all the same."""
    try:
        return _left(session, plan)
    except (Refused, LostAnswer, *NO_ANSWER):
        return None, {}


def _tell_left(plan: Plan, left: Sequence[Still], hostnames: dict[str, str]) -> None:
    what = traffic_text(plan.access.traffic)
    if not left:
        print(f"No rule of these groups, nor of another group on their interfaces, admits {what} from anybody.")
        return
    print(f"Still admitted, {what} or a part of it:")
    rows = [
        (
            "as was closed" if each.is_meant else "others",
            hosts_text(each.hosts, hostnames),
            line_of(as_shown(each.rule), plan.names).text().rstrip(),
        )
        for each in left
    ]
    rows.sort(key=lambda row: (row[0], row[2]))
    print_table(("WHO", "ON", "BY THE RULE"), rows, marks={"as was closed": "bad"})
    if any(each.is_meant and not each.is_new for each in left):
        print("Other groups of the same interfaces admit what was closed: name them too, or leave --group out.")


def _nothing(session: Session, plan: Plan, options: argparse.Namespace) -> int:
    left, hostnames = _left(session, plan)
    if options.json:
        print_json({**_plan_json(plan), "still": [_still_json(each, plan) for each in left]})
    else:
        _tell_left(plan, left, hostnames)
    return complain(VERB, f"No rule admits {plan.words}. Nothing was changed.", codes.NOTHING)


def _still_json(each: Still, plan: Plan) -> dict[str, Any]:
    return {**rule_json(as_shown(each.rule), plan.names), "as_closed": each.is_meant, "hosts": list(each.hosts)}
