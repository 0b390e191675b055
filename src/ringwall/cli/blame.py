"""`ringwall blame GROUP`: who made each rule of a group what it is."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any
from urllib.parse import quote

from ringwall.config import ConfigurationError

from .client import CallFailed, call
from .endpoint import Endpoint, add_endpoint_arguments, find_endpoint
from .trail_screen import print_columns, who
from .words.found import Ambiguous, NotFound, group_named
from .words.session import LostAnswer, Refused, Session

HEAD = ("RULE", "WHAT", "SINCE", "WHO", "FROM", "BY", "DESCRIPTION")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall blame`."""
    add_endpoint_arguments(parser)
    parser.add_argument("group", metavar="GROUP", help="the group, by its name or sg-…")
    parser.add_argument("--json", action="store_true", help="print the rules with their events as JSON")


def run(options: argparse.Namespace) -> int:
    """Prints a line for each rule; answers 0 when it could."""
    try:
        answer = _blame(find_endpoint(options), options.group)
    except (ConfigurationError, CallFailed, Refused, LostAnswer, NotFound, Ambiguous) as error:
        print(f"ringwall blame: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(answer))
    else:
        print_columns(HEAD, map(_row, answer["rules"]))
    return 0


def _blame(endpoint: Endpoint, word: str) -> dict[str, Any]:
    """The rules of the group of that name or id, with their events.

    Raises:
        CallFailed, Refused, LostAnswer, NotFound, Ambiguous: a group that isn't there isn't one without rules.
    """
    group_id = word if word.startswith("sg-") else group_named(Session(endpoint), word)["GroupId"]
    answer = call(endpoint, "GET", f"/ringwall/v1/groups/{quote(group_id, safe='')}/blame", is_exact=True)
    if not answer["rules"]:
        group_named(Session(endpoint), group_id)
    return answer


def _row(rule: dict[str, Any]) -> tuple[str, ...]:
    event = rule["event"]
    if event is None:
        made = ("-", "older than the trail", "-", "-")
    else:
        made = (event["eventTime"], who(event), event["sourceIPAddress"], event["eventName"])
    return (rule["ruleId"], rule["rule"], *made, rule.get("description", ""))
