"""`ringwall log`: what was done and refused last."""

from __future__ import annotations

import argparse
import json
import sys
from urllib.parse import urlencode

from ringwall.config import ConfigurationError

from .client import CallFailed, call
from .endpoint import add_endpoint_arguments, find_endpoint
from .trail_screen import HEAD, event_row, print_columns
from .words.found import Ambiguous, NotFound, group_or_host_id
from .words.session import LostAnswer, Refused, Session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall log`."""
    add_endpoint_arguments(parser)
    parser.add_argument(
        "resource", nargs="?", metavar="THING",
        help="only what names this sg-…, sgr-…, i-… or other id, or the group or host of this name",
    )  # fmt: skip
    parser.add_argument("-n", "--limit", type=int, default=50, metavar="N", help="so many events (default %(default)s)")
    parser.add_argument("--all-accounts", action="store_true", help="of every account; for the server's own account")
    parser.add_argument("--json", action="store_true", help="print the events as JSON, one a line")


def run(options: argparse.Namespace) -> int:
    """Prints the last events, newest first; answers 0 when it could."""
    query = {"limit": str(options.limit)}
    if options.all_accounts:
        query["accounts"] = "all"
    try:
        endpoint = find_endpoint(options)
        if options.resource:
            query["about"] = group_or_host_id(Session(endpoint), options.resource)
        events = call(endpoint, "GET", "/ringwall/v1/trail", query=urlencode(query), is_exact=True)["events"]
    except (ConfigurationError, CallFailed, Refused, LostAnswer, NotFound, Ambiguous) as error:
        print(f"ringwall log: {error}", file=sys.stderr)
        return 1
    if options.json:
        for event in events:
            print(json.dumps(event))
    else:
        print_columns(HEAD, map(event_row, events))
    return 0
