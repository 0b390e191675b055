"""`ringwall completion`: a script that has a shell complete verbs, options, and names that the server has."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Final

from .words import codes
from .words.session import Session, add_session_arguments, open_session

SECONDS: Final = 1.5
"""Whoever presses the Tab key isn't kept waiting longer: then there are no names."""

_NAMES: Final = ("groups", "group-ids", "hosts", "peers", "things")
_SHELLS: Final = ("bash", "zsh", "fish")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+/-]*", re.ASCII)
"""What is one word to every shell, and nothing but a word."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall completion`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("shell", nargs="?", choices=_SHELLS, help="the shell; its script is printed")
    what.add_argument("--names", choices=_NAMES, help="what the scripts ask: names that the server has, one a line")
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Answers 0: names that can't be had are none."""
    if options.names is None:
        from .main import parser
        from .words.completing import script

        print(script(options.shell, parser()), end="")
        return codes.DONE
    signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        named = _named(open_session(options), options.names)
        words = sorted({word for word in (_plain(name, own_id) for name, own_id in named) if _PLAIN.fullmatch(word)})
    except Exception:  # nobody reads an error in the middle of a line
        return codes.DONE
    print("\n".join(words))
    return codes.DONE


def _give_up(_: int, __: FrameType | None) -> None:
    sys.stdout.flush()
    os._exit(codes.DONE)


def _plain(name: str, own_id: str) -> str:
    """The name if it is one plain word, else the id."""
    return name if _PLAIN.fullmatch(name) else own_id


def _named(session: Session, kind: str) -> Iterator[tuple[str, str]]:
    """Names with their ids. A group's name that several groups have is offered by their ids."""
    if kind in ("groups", "group-ids", "peers", "things"):
        groups = session.every("DescribeSecurityGroups", MaxResults=1000)
        names = [str(group["GroupName"]) for group in groups]
        for group, name in zip(groups, names, strict=True):
            is_own = kind != "group-ids" and names.count(name) == 1
            yield (name if is_own else group["GroupId"]), group["GroupId"]
    if kind == "peers":
        yield "any", "any"
        for each in session.every("DescribeManagedPrefixLists"):
            yield each["PrefixListName"], each["PrefixListId"]
    if kind in ("hosts", "things"):
        for host in session.own("GET", "/ringwall/v1/hosts")["hosts"]:
            yield host["instance_id"], host["instance_id"]
            if kind == "things":
                yield host["hostname"], host["instance_id"]
