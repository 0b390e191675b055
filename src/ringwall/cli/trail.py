"""`ringwall trail`: whether the trail is whole, its head, and the trail itself in CloudTrail's form."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from ringwall.config import ConfigurationError

from .client import CallFailed, call
from .endpoint import Endpoint, add_endpoint_arguments, find_endpoint

PAGE: Final = 1_000
BROKEN: Final = 1

Ask = Callable[[dict[str, str]], dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of `ringwall trail` and their options."""
    common = argparse.ArgumentParser(add_help=False)
    add_endpoint_arguments(common)
    verbs = parser.add_subparsers(dest="trail_verb", metavar="VERB", required=True)
    verify = verbs.add_parser(
        "verify", parents=[common], help="follow the chain of events, and name each place where it is broken"
    )
    verify.add_argument(
        "--head", metavar="NUMBER:CODE", help="a former head (`ringwall trail head`), that the trail must still have"
    )
    verify.add_argument("--store", type=Path, metavar="FILE", help="a copy of the store's file, instead of a server's")
    verify.add_argument("--key-file", type=Path, metavar="FILE", help="the server's key file; required with --store")
    verbs.add_parser("head", parents=[common], help="print the last event's number and code, to keep them elsewhere")
    export = verbs.add_parser("export", parents=[common], help="write the events as CloudTrail's files have them")
    export.add_argument("--since", metavar="TIME", help="those from this time on, such as 2026-05-21T07:02:38Z")
    export.add_argument("--until", metavar="TIME", help="those before this time")
    export.add_argument("--output", type=Path, metavar="FILE", help="a file instead of standard output")
    export.add_argument("--gzip", action="store_true", help="compress it; needs --output")
    export.add_argument("--all-accounts", action="store_true", help="of every account; for the server's own account")


def run(options: argparse.Namespace) -> int:
    """Runs one verb; answers 0 when it did what it says, 1 too where the chain is broken."""
    verbs = {"verify": verify, "head": head, "export": export}
    try:
        return verbs[options.trail_verb](options)
    except (ConfigurationError, CallFailed, OSError) as error:
        print(f"ringwall trail {options.trail_verb}: {error}", file=sys.stderr)
        return 1


def verify(options: argparse.Namespace) -> int:
    """Follows the chain to its end; prints what is wrong, or how much is right and the head."""
    if options.store is not None:
        if options.key_file is None:
            raise ConfigurationError("give --key-file too: without it nothing can be checked.")
        from .trail_copy import verify_copy  # the store's and the server's modules: not needed to ask a server

        return _tell(verify_copy(options.store, options.key_file, options.head))
    endpoint = _endpoint(options)

    def ask(query: dict[str, str]) -> dict[str, Any]:
        return call(endpoint, "GET", "/ringwall/v1/trail/verification", query=urlencode(query), is_exact=True)

    return _tell(_parts(ask, options.head))


def _parts(ask: Ask, kept: str | None) -> Iterator[dict[str, Any]]:
    """What the server says of one part of the chain after the other."""
    query = {"head": kept} if kept else {}
    while True:
        part = ask(query)
        yield part
        if part["end"]:
            return
        query |= {"after": str(part["through"]), "vouched": "true" if part["vouched"] else "false"}


def _tell(parts: Iterator[dict[str, Any]]) -> int:
    checked, problems, head_now = 0, 0, ""
    for part in parts:
        checked += part["checked"]
        problems += len(part["problems"])
        head_now = part["head"]
        for problem in part["problems"]:
            print(problem)
    if problems:
        print(f"The trail is broken: {problems} places in {checked} events.", file=sys.stderr)
        return BROKEN
    print(f"{checked} events, none changed, none missing. Head {head_now}")
    return 0


def head(options: argparse.Namespace) -> int:
    """Prints the head, and nothing else."""
    print(call(_endpoint(options), "GET", "/ringwall/v1/trail/head")["head"])
    return 0


def export(options: argparse.Namespace) -> int:
    """Writes `{"Records": […]}`, page by page."""
    if options.gzip and options.output is None:
        raise ConfigurationError("--gzip needs --output.")
    until = _time(options.until) if options.until else None
    query = {"limit": str(PAGE), **({"accounts": "all"} if options.all_accounts else {})}
    query |= {"since": options.since} if options.since else {"after": "0"}
    events = _events(_endpoint(options), query)
    with _output(options) as file:
        file.write('{"Records": [')
        separator = "\n"
        for event in events:
            if until is not None and _time(event["eventTime"]) >= until:
                break
            file.write(separator + json.dumps(event))
            separator = ",\n"
        file.write("\n]}\n")
    return 0


def _events(endpoint: Endpoint, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    while True:
        events = call(endpoint, "GET", "/ringwall/v1/trail", query=urlencode(query), is_exact=True)["events"]
        yield from events
        if len(events) < PAGE:
            return
        query = {**query, "after": str(events[-1]["ringwall"]["number"])}


def _output(options: argparse.Namespace) -> Any:
    if options.output is None:
        return nullcontext(sys.stdout)
    if options.gzip:
        return gzip.open(options.output, "wt", encoding="utf-8")
    return options.output.open("w", encoding="utf-8")


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no time such as 2026-05-21T07:02:38Z.") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _endpoint(options: argparse.Namespace) -> Endpoint:
    return find_endpoint(options)
