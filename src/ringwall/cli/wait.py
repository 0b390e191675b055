"""`ringwall wait`: blocks until a change is in force on every host that it has an effect on."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Callable
from typing import Any, Final

from ringwall.config import ConfigurationError

from .client import CallFailed, call
from .endpoint import Endpoint, add_endpoint_arguments, find_endpoint
from .screen import duration, plain
from .words.in_force import done, follow, lacking

TIME_OVER: Final = 3
"""The exit status when time is over before the change is in force everywhere."""

Answer = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall wait`."""
    add_endpoint_arguments(parser)
    parser.add_argument(
        "--revision", type=_revision, metavar="N", help="the change to wait for (default: everything stored so far)"
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="S", help="give up after S seconds (default %(default)g)"
    )
    parser.add_argument("--json", action="store_true", help="print the server's last answer, and nothing else")


def run(options: argparse.Namespace) -> int:
    """Answers 0 when the change is in force everywhere, 3 when time is over, 1 when the server can't tell."""
    try:
        endpoint = find_endpoint(options)
        answer = wait(endpoint, options.revision, options.timeout, (lambda _: None) if options.json else _print)
    except (ConfigurationError, CallFailed) as error:
        print(f"ringwall wait: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(answer, indent=2))
    elif answer["in_force"]:
        print(done(answer, options.revision))
    if answer["in_force"]:
        return 0
    for host in answer["hosts"]:
        if host["state"] != "in-force":
            print(f"ringwall wait: {lacking(host)}", file=sys.stderr)
    print(f"ringwall wait: not in force everywhere after {options.timeout:g} s", file=sys.stderr)
    return TIME_OVER


def wait(endpoint: Endpoint, revision: int | None, seconds: float, tell: Callable[[str], None]) -> Answer:
    """The server's last answer: in force everywhere, or time is over.

    tell: is given a line for each host that the change affects, or that lacked something before it, as it gets there.
    Without a revision the first answer fixes up to which one; what is stored later isn't waited for.

    Raises:
        CallFailed: the server refused, or couldn't be asked.
    """
    path = "/ringwall/v1/changes" if revision is None else f"/ringwall/v1/changes/{revision}"
    return follow(
        lambda query: call(endpoint, "GET", path, query=query),
        revision,
        seconds,
        lambda host: tell(_arrival(host)),
        lambda _: None,
    )


def _arrival(host: Answer) -> str:
    after = "" if host["seconds"] is None else f" after {duration(host['seconds'])}"
    return f"{plain(host['hostname'])} in force{after}"


def _print(line: str) -> None:
    print(line, flush=True)


def _revision(text: str) -> int:
    if re.fullmatch("0*[1-9][0-9]{0,17}", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no revision: a number, as the header Ringwall-Revision gives it")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
