"""`ringwall wait`: blocks until a change is in force on every host that it has an effect on."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from ringwall.config import ConfigurationError

from .client import CallFailed, call
from .endpoint import Endpoint, add_endpoint_arguments, find_endpoint
from .screen import duration, plain

CALL_SECONDS: Final = 15.0
"""One call waits so long at the server; the next one goes on from there."""
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
        endpoint = find_endpoint(options.data, options.server, options.region, options.ca_bundle)
        answer = wait(endpoint, options.revision, options.timeout, (lambda _: None) if options.json else _print)
    except (ConfigurationError, CallFailed) as error:
        print(f"ringwall wait: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(answer, indent=2))
    elif answer["in_force"]:
        print(_done(answer, options.revision))
    if answer["in_force"]:
        return 0
    for host in answer["hosts"]:
        if host["state"] != "in-force":
            print(f"ringwall wait: {_lacking(host)}", file=sys.stderr)
    print(f"ringwall wait: not in force everywhere after {options.timeout:g} s", file=sys.stderr)
    return TIME_OVER


def wait(endpoint: Endpoint, revision: int | None, seconds: float, tell: Callable[[str], None]) -> Answer:
    """The server's last answer: in force everywhere, or time is over.

    tell: is given a line for each host that the change affects, or that lacked something before it, as it gets there.
    Without a revision the first answer fixes up to which one; what is stored later isn't waited for.

    Raises:
        CallFailed: the server refused, or couldn't be asked.
    """
    path, query = "/ringwall/v1/changes", ""
    if revision is not None:
        path += f"/{revision}"
    ends = time.monotonic() + seconds
    answer = call(endpoint, "GET", path)
    if revision is None:
        query = f"&through={answer['revision']}"
    awaited = {host["instance_id"] for host in answer["hosts"] if host["affected"]}
    while True:
        lacking = {host["instance_id"] for host in answer["hosts"] if host["state"] != "in-force"}
        awaited |= lacking
        for host in answer["hosts"]:
            if host["instance_id"] in awaited - lacking:
                tell(_arrival(host))
        awaited &= lacking
        left = ends - time.monotonic()
        if answer["in_force"] or left <= 0:
            return answer
        # Names in the order of the alphabet, as the signature wants them.
        known = f"in_force={answer['counts']['in-force']}"
        answer = call(endpoint, "GET", path, query=f"{known}{query}&wait={min(left, CALL_SECONDS):.3f}")


def _arrival(host: Answer) -> str:
    after = "" if host["seconds"] is None else f" after {duration(host['seconds'])}"
    return f"{plain(host['hostname'])} in force{after}"


def _done(answer: Answer, revision: int | None) -> str:
    count = answer["counts"]["in-force"]
    what = f"everything up to revision {answer['revision']}" if revision is None else f"revision {answer['revision']}"
    if revision is not None and not count:
        return f"{what} has no effect on any host"
    return f"{what} is in force on {count} host{'' if count == 1 else 's'}"


def _lacking(host: Answer) -> str:
    """One host that hasn't got it, and what is known of it."""
    who = f"{plain(host['hostname'])} ({host['instance_id']})"
    if host["state"] == "silent":
        if host["last_seen"] is None:
            return f"{who} silent, not heard since the server started"
        moment = datetime.fromtimestamp(host["last_seen"], UTC)
        return f"{who} silent since {moment:%Y-%m-%d %H:%M:%S} UTC"
    has = "nothing" if host["revision"] is None else f"revision {host['revision']}"
    problems = "".join(f"; problem: {plain(problem)}" for problem in host["problems"])
    return f"{who} pending, it has {has}{problems}"


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
