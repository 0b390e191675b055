"""`ringwall`: one program, a verb for each thing it does. Each verb's module is imported only when it is used.

This file is on the way of `ringwall ec2`, whose whole call is a few times `python -c pass`: it imports nothing itself.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Final

VERBS: Final = {
    "list": ("groups and their rules, each a line that `revoke` takes", "list"),
    "allow": ("add a rule in words, and wait until it is in force", "allow"),
    "revoke": ("take rules away, by id, line or words, and wait until they are gone everywhere", "revoke"),
    "close": ("close a port, or any access, in all groups at once, by whichever rules it is open", "close"),
    "show": ("one group, rule, host or interface, and what hangs together with it", "show"),
    "hosts": ("the hosts, what they do and what is in force on them", "hosts"),
    "status": ("the server, the last revision and who is behind", "status"),
    "wait": ("wait until a change is in force on every host that it has an effect on", "wait"),
    "log": ("what was done and refused last", "log"),
    "why": ("who opened a rule, when, from where and with which words", "why"),
    "blame": ("who made each rule of a group what it is", "blame"),
    "explain": ("what a refusal's code means, and what to do", "explain"),
    "doctor": ("look for what keeps ringwall from working, seen from here; change nothing", "doctor"),
    "env": ("print the variables that point AWS clients at the server", "env"),
    "host": ("hosts: token, list, show, enforce, observe, remove", "host"),
    "account": ("accounts: create, list, show, delete", "account"),
    "user": ("users: create, list, show, delete", "user"),
    "key": ("access keys of users: create, list, rotate, deactivate, activate, delete", "key"),
    "role": ("roles: create, list, show, update, delete", "role"),
    "policy": ("policies: put, list, show, delete, attach, detach, why, decode", "policy"),
    "trail": ("the trail of all that was done: verify, head, export", "trail"),
    "completion": ("a script for bash, zsh or fish that completes verbs, options and live names", "completion"),
    "ec2": ("what `aws ec2` does, with the same words", "ec2"),
    "serve": ("run the server", "serve"),
    "agent": ("run the agent on this host", "agent"),
}
"""Name: what it does, and the module of this package with `add_arguments(parser)` and `run(options) -> int`.

What people use every day comes first: help and the manual keep this order.
"""

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; the exit status is 0 when it did what it says, 1 when it couldn't, 2 when it wasn't understood.

    `ringwall ec2` has aws's own exit statuses.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None or sys.stderr is None:  # closed, as by `>&-`: nothing on this way imports pathlib
        import os

        sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    try:
        return _run(given)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        import os

        # Nobody reads any more. What is left goes nowhere, or the interpreter would complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def parser() -> argparse.ArgumentParser:
    """The whole command line, every verb's options included."""
    from .grammar import whole

    return whole(VERBS)


def _run(given: list[str]) -> int:
    """What the first word asks for: `ec2` has a grammar of its own, the others have argparse's."""
    if given and given[0] == "ec2":
        from .ec2.command import run

        status = run(given[1:])
        sys.stdout.flush()
        return status
    from .grammar import understood
    from .output import with_output

    def act() -> int:
        verb, options = understood(VERBS, given)
        return int(verb(options))

    return with_output(given[0] if given else "", act)


if __name__ == "__main__":
    sys.exit(main())
