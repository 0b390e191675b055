"""`ringwall`: one program, a verb for each thing it does. Each verb's module is imported only when it is used."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from typing_extensions import override

from ringwall import __version__

_VERBS: Final = {
    "serve": "run the server",
    "env": "print the variables that point AWS clients at the server",
    "account": "accounts: create, list, show, delete",
    "user": "users: create, list, show, delete",
    "key": "access keys of users: create, list, rotate, deactivate, activate, delete",
    "role": "roles: create, list, show, update, delete",
    "policy": "policies: put, list, show, delete, attach, detach, why, decode",
    "host": "hosts: token, list, show, enforce, observe, remove",
    "wait": "wait until a change is in force on every host that it has an effect on",
    "agent": "run the agent on this host",
    "log": "what was done and refused last",
    "blame": "who made each rule of a group what it is",
    "why": "who opened a rule, when, from where and with which words",
    "trail": "the trail of all that was done: verify, head, export",
}

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2


class _Parser(argparse.ArgumentParser):
    """A parser, and parsers below it, that take options by their whole names only.

    `--token SECRET` must not pass for `--token-file`: the secret would be there for everybody to read.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    @override
    def error(self, message: str) -> NoReturn:
        """Ends with a usage error, without an enrolment token that somebody typed: the error may go into a log."""
        super().error(re.sub(r"rw1\.\S+", "rw1.…", message))


def parser() -> argparse.ArgumentParser:
    """The whole command line, every verb's options included."""
    top = _Parser(prog="ringwall", description="EC2 security groups for machines you own.")
    top.add_argument("--version", action="version", version=f"ringwall {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, text in _VERBS.items():
        sub = verbs.add_parser(verb, help=text, description=_sentence(text))
        importlib.import_module(f"ringwall.cli.{verb}").add_arguments(sub)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; the exit status is 0 when it did what it says, 1 when it couldn't, 2 when it wasn't understood."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in _VERBS:  # the usual case: don't import the other verbs
        verb = given[0]
        sub = _Parser(prog=f"ringwall {verb}", description=_sentence(_VERBS[verb]))
        module = importlib.import_module(f"ringwall.cli.{verb}")
        module.add_arguments(sub)
        options = sub.parse_args(given[1:])
    else:
        options = parser().parse_args(given)
        module = importlib.import_module(f"ringwall.cli.{options.verb}")
    try:
        status = int(module.run(options))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Nobody reads any more. What is left goes nowhere, or the interpreter would complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return status


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


if __name__ == "__main__":
    sys.exit(main())
