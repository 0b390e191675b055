"""`ringwall why sgr-…`: who opened a rule, when, from where and with which words; and what became of it since."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any
from urllib.parse import urlencode

from ringwall.config import ConfigurationError

from .client import CallFailed, call
from .endpoint import add_endpoint_arguments, find_endpoint
from .screen import plain
from .trail_screen import result, who, words

EVENTS_MAX = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall why`."""
    add_endpoint_arguments(parser)
    parser.add_argument("rule", metavar="sgr-…", help="the rule, also one that is gone")
    parser.add_argument("--json", action="store_true", help="print the events as JSON, oldest first")


def run(options: argparse.Namespace) -> int:
    """Prints the rule's story; answers 1 when the trail has none."""
    query = urlencode({"about": options.rule, "limit": EVENTS_MAX})
    try:
        endpoint = find_endpoint(options)
        events = call(endpoint, "GET", "/ringwall/v1/trail", query=query, is_exact=True)["events"][::-1]
    except (ConfigurationError, CallFailed) as error:
        print(f"ringwall why: {error}", file=sys.stderr)
        return 1
    if not events:
        print(f"ringwall why: the trail has nothing about {options.rule}.", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(events))
    else:
        for event in events:
            _tell(event, options.rule)
    return 0


def _tell(event: dict[str, Any], rule_id: str) -> None:
    told = event.get("ringwall", {})
    before, after = (
        [each for each in told.get(side, []) if each.get("ruleId") == rule_id] for side in ("before", "after")
    )
    happened = {(False, True): "opened", (True, True): "changed", (True, False): "closed"}
    what = happened.get((bool(before), bool(after)), f"named, {result(event)}")
    print(f"{event['eventTime']}  {what} by {plain(who(event))} from {plain(event['sourceIPAddress'])}")
    for sign, side in (("-", before), ("+", after)):
        for each in side:
            print(f"    {sign} {plain(words(each))}")
    print(f"    {event['eventName']}, request {event['requestID']}, {plain(event['userAgent'])}")
    print(f"    with {plain(json.dumps(event['requestParameters'], ensure_ascii=False))}")
