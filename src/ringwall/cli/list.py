"""`ringwall list`: the groups and their rules, each rule a line that `ringwall revoke` takes."""

from __future__ import annotations

import argparse
from typing import Final

from ringwall.domain.group import Direction

from .words import codes
from .words.changing import add_json_argument, guarded, print_json, rule_json
from .words.found import (
    Described,
    all_rules,
    describe_group,
    group_named,
    names_for,
    names_of_all,
    rules_of_groups,
)
from .words.rules import Names, Rule, lines_of
from .words.session import Session, add_session_arguments, open_session
from .words.table import progress, screen_of

VERB: Final = "list"

_FIRST: Final = """\
There is no group of your own yet. First:
  ringwall ec2 create-security-group --group-name web --description "web servers"
  ringwall allow web tcp/22 from 192.0.2.0/24
  ringwall host token --subnet subnet-… >token     # `ringwall ec2 describe-subnets` shows them
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall list`."""
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="a name or sg-…; without one, all groups")
    parser.add_argument("--vpc", metavar="vpc-…", help="only groups of this VPC")
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Prints each group, and below it its rules, a line each."""
    return guarded(VERB, lambda: _run(options), is_json=options.json)


def _run(options: argparse.Namespace) -> int:
    session = open_session(options)
    with progress("reading the rules"):
        groups, rules, names = _read(session, options)
    of_group: dict[str, list[Rule]] = {group["GroupId"]: [] for group in groups}
    for rule in rules:
        if rule.group_id in of_group:
            of_group[rule.group_id].append(rule)
    if options.json:
        print_json([_json(group, of_group[group["GroupId"]], names) for group in groups])
        return codes.DONE
    screen = screen_of()
    for number, group in enumerate(groups):
        print("\n" * (number > 0) + screen.mark(describe_group(group), "strong"))
        for line in lines_of(of_group[group["GroupId"]], names):
            print(f"  {line}")
        if not of_group[group["GroupId"]]:
            print("  no rules: nobody gets in, and nothing out")
        elif all(rule.direction is Direction.EGRESS for rule in of_group[group["GroupId"]]):
            print("  no rules `from` anybody: nobody gets in")
    if not options.groups and all(group["GroupName"] == "default" for group in groups):
        print("\n" * bool(groups) + _FIRST, end="")
    return codes.DONE


def _read(session: Session, options: argparse.Namespace) -> tuple[list[Described], list[Rule], Names]:
    if options.groups:
        found = {}
        for word in options.groups:
            group = group_named(session, word, options.vpc)
            found[group["GroupId"]] = group
        rules = rules_of_groups(session, found)
        return list(found.values()), rules, names_for(session, rules, found)
    groups = session.every("DescribeSecurityGroups")
    names = names_of_all(session, groups)
    shown = [group for group in groups if options.vpc in (None, group["VpcId"])]
    return sorted(shown, key=lambda group: (group["VpcId"], group["GroupName"])), all_rules(session), names


def _json(group: Described, rules: list[Rule], names: Names) -> Described:
    return {
        "group_id": group["GroupId"],
        "name": group["GroupName"],
        "vpc_id": group["VpcId"],
        "description": group["Description"],
        "rules": [rule_json(rule, names) for rule in rules],
    }
