"""`ringwall hosts`: the hosts, what they do and which revision is in force on them."""

from __future__ import annotations

import argparse
from typing import Final

from .words import codes
from .words.changing import add_json_argument, guarded, print_json
from .words.found import Described
from .words.session import add_session_arguments, open_session
from .words.table import ago, print_table, progress

VERB: Final = "hosts"

_HEADINGS: Final = ("NAME", "HOST", "MODE", "IN FORCE", "AGENT", "HEARD", "INTERFACES")
_MARKS: Final = {"away": "bad", "connected": "good", "behind": "warn"}

_FIRST: Final = """\
There is no host yet. First, with a subnet of `ringwall ec2 describe-subnets`:
  ringwall host token --subnet subnet-… >token
and on the host, as root, the command that this prints.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall hosts`."""
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Prints a line for each host."""
    return guarded(VERB, lambda: _run(options), is_json=options.json)


def _run(options: argparse.Namespace) -> int:
    session = open_session(options)
    with progress("asking the server"):
        answer = session.own("GET", "/ringwall/v1/hosts")
    if options.json:
        print_json(answer["hosts"])
    elif answer["hosts"]:
        print_table(_HEADINGS, map(host_row, answer["hosts"]), marks=_MARKS)
    else:
        print(_FIRST, end="")
    return codes.DONE


def host_row(host: Described) -> tuple[str, ...]:
    """The cells of a host."""
    problems = len(host["problems"])
    agent = "connected" if host["connected"] else "away"
    return (
        host["hostname"],
        host["instance_id"],
        host["mode"],
        in_force(host),
        f"{agent}, {problems} problem{'s' if problems > 1 else ''}" if problems else agent,
        "never" if host["last_seen"] is None else ago(host["last_seen"]),
        ", ".join(f"{each['device'] or '-'} {' '.join(each['addresses'])}".strip() for each in host["interfaces"]),
    )


def in_force(host: Described) -> str:
    """Whether everything that has an effect on the host is in its kernel, as far as the server has heard."""
    if host["revision"] is None:
        return "not reported"
    return "all" if host["up_to_date"] else f"revision {host['revision']}"
