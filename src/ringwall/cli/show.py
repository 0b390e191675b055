"""`ringwall show`: a group, a rule, a host or an interface, by id or name, with what hangs together with it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, Final

from .screen import plain
from .words import codes
from .words.changing import add_json_argument, guarded, print_json, rule_json
from .words.flows import addresses_of, ask_flows, preview
from .words.found import (
    Ambiguous,
    Described,
    NotFound,
    carriers,
    describe_group,
    group_named,
    names_for,
    near_ids,
    rules_by_id,
    rules_of_groups,
    what_became_of,
)
from .words.hosts_shown import host_lines
from .words.rules import Rule, is_rule_id, lines_of, parse_line, shown
from .words.session import Refused, Session, add_session_arguments, open_session
from .words.table import moment, progress

VERB: Final = "show"
ASK_SECONDS: Final = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall show`."""
    parser.add_argument(
        "thing", metavar="THING", help="a group, sg-… or sgr-…, a host, i-… or eni-…, or a line of `list`"
    )
    parser.add_argument("--vpc", metavar="vpc-…", help="the VPC of a group's name that several VPCs have")
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Prints what the word names."""
    return guarded(VERB, lambda: _run(options), is_json=options.json)


def _run(options: argparse.Namespace) -> int:
    session = open_session(options)
    word = options.thing
    if " sgr-" in word:  # a whole line
        word = parse_line(word).rule_id or word
    kinds: tuple[tuple[str, Callable[[Session, str, argparse.Namespace], Any]], ...] = (
        ("sgr-[0-9a-f]+", _rule),
        ("eni-[0-9a-f]+", _interface),
        ("i-[0-9a-f]+", _host),
    )
    show = next((each for form, each in kinds if re.fullmatch(form, word)), _group_or_host)
    with progress("asking the server"):
        told = show(session, word, options)
    if options.json:
        print_json(told[0])
        return codes.DONE
    for line in told[1]:
        print(line)
    return codes.DONE


Told = tuple[Any, list[str]]
"""For `--json`, and as lines."""


def _group_or_host(session: Session, word: str, options: argparse.Namespace) -> Told:
    """A group of that name; else a host of that name."""
    try:
        return _group(session, group_named(session, word, options.vpc))
    except NotFound as missing:
        named = [each for each in session.own("GET", "/ringwall/v1/hosts")["hosts"] if each["hostname"] == word]
        if len(named) > 1:
            raise Ambiguous(
                f"{len(named)} hosts are called {shown(word)}: give the id, as `ringwall hosts` lists it."
            ) from missing
        if not named:
            _, _, near = str(missing).partition(". ")
            raise NotFound(f"No group, rule, host or interface is called {shown(word)}. {near}") from missing
        return _host(session, named[0]["instance_id"], options)


def _group(session: Session, group: Described) -> Told:
    group_id = group["GroupId"]
    rules = rules_of_groups(session, [group_id])
    naming = _rules_naming(session, group_id)
    interfaces = carriers(session, [group_id])
    names = names_for(session, [*rules, *naming], [group_id])
    hosts = _hostnames(session)
    lines = [describe_group(group)]
    lines += [f"  tag {plain(each['Key'])}={plain(each['Value'])}" for each in group.get("Tags", [])]
    lines += [f"  {line}" for line in lines_of(rules, names)] or ["  no rules: nobody gets in, and nothing out"]
    lines += [f"carried by {_interface_text(each, hosts)}" for each in interfaces] or ["no host carries it"]
    lines += [f"named by {line}" for line in lines_of(naming, names)]
    told = {
        "group": group,
        "rules": [rule_json(rule, names) for rule in rules],
        "interfaces": interfaces,
        "named_by": [rule_json(rule, names) for rule in naming],
    }
    return told, lines


def _rules_naming(session: Session, group_id: str) -> list[Rule]:
    """The rules of other groups whose peer is this one."""
    filters = [{"Name": "ip-permission.group-id", "Values": [group_id]}]
    filters_egress = [{"Name": "egress.ip-permission.group-id", "Values": [group_id]}]
    groups = {
        each["GroupId"]
        for several in (filters, filters_egress)
        for each in session.every("DescribeSecurityGroups", Filters=several)
    }
    rules = rules_of_groups(session, groups - {group_id})
    return [rule for rule in rules if rule.peer.value == group_id]


def _rule(session: Session, rule_id: str, _: argparse.Namespace) -> Told:
    assert is_rule_id(rule_id)
    found = rules_by_id(session, [rule_id])
    if not found:
        became = what_became_of(session, rule_id)
        near = [] if became else near_ids(session, rule_id)
        meant = [f"Did you mean {' or '.join(rule.rule_id for rule in near)}?"] if near else []
        raise NotFound(" ".join([f"There is no rule {rule_id}.", *became, *meant]))
    rule = found[rule_id]
    others = rules_of_groups(session, [rule.group_id])
    names = names_for(session, others)
    cut = ask_flows(session, [rule], ASK_SECONDS, limit=20)
    lines = [lines_of([rule], names)[0]]
    usage = _usage(session, rule_id)
    if usage:
        lines.append(_usage_text(usage))
    lines += ["If it were revoked now:", *(f"  {line}" for line in preview(session, cut, names))]
    told = {"rule": rule_json(rule, names), "usage": usage, "hosts": list(cut.hosts.values()), "flows": list(cut.flows)}
    return told, [*lines, f"who opened it: ringwall why {rule_id}"]


def _usage(session: Session, rule_id: str) -> Described | None:
    """None where whoever asks may not ask."""
    try:
        return session.own("GET", f"/ringwall/v1/rules/{rule_id}/usage", query=f"wait={ASK_SECONDS}")
    except Refused:
        return None


def _usage_text(usage: Described) -> str:
    partly = "" if usage["complete"] else " (not every host has told)"
    if usage["last_used"] is not None:
        return (
            f"last used {moment(usage['last_used'])}; {usage['packets']} packets, {usage['bytes']} bytes so far{partly}"
        )
    if usage["unused_since"] is not None:
        return f"never used since {moment(usage['unused_since'])}{partly}"
    return f"not used as far as is known{partly}"


def _host(session: Session, host_id: str, _: argparse.Namespace) -> Told:
    host = session.own("GET", f"/ringwall/v1/hosts/{host_id}")
    groups = {group_id for each in host["interfaces"] for group_id in each["group_ids"]}
    rules = rules_of_groups(session, groups)
    names = names_for(session, rules, groups)
    return host, [*host_lines(host, names), *(f"  {line}" for line in lines_of(rules, names))]


def _interface(session: Session, interface_id: str, _: argparse.Namespace) -> Told:
    (interface,) = session.ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    groups = [each["GroupId"] for each in interface.get("Groups", [])]
    rules = rules_of_groups(session, groups)
    names = names_for(session, rules, groups)
    lines = [
        f"{_interface_text(interface, _hostnames(session))}, in {interface['SubnetId']} of {interface['VpcId']}",
        f"groups: {', '.join(f'{names.of(each)} ({each})' for each in groups)}",
        *(f"  {line}" for line in lines_of(rules, names)),
    ]
    return {"interface": interface, "rules": [rule_json(rule, names) for rule in rules]}, lines


def _hostnames(session: Session) -> dict[str, str]:
    """The hosts' names, by id; none where whoever asks may not list them."""
    try:
        return {each["instance_id"]: each["hostname"] for each in session.own("GET", "/ringwall/v1/hosts")["hosts"]}
    except Refused:
        return {}


def _interface_text(interface: Described, hosts: dict[str, str]) -> str:
    host_id = interface.get("Attachment", {}).get("InstanceId")
    who = "no host" if host_id is None else f"{shown(hosts.get(host_id, host_id))}"
    return f"{who}: {interface['NetworkInterfaceId']} {' '.join(addresses_of(interface))}"
