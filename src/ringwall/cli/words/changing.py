"""What words that change rules have in common: options, the question before, the call itself, and the wait after it.

Never a doubt whether a change was made. A call whose answer got lost is followed by a question: what is so now? If it
isn't as was asked, the call is made once more, which is safe: a rule's id is never given again, and a rule that is
there isn't made twice. Only if nobody answers that either it is said that it isn't known, and how to find out.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ringwall.cli.screen import plain
from ringwall.config import ConfigurationError

from . import codes
from .confirm import NotConfirmed, confirm
from .found import Ambiguous, NotFound
from .in_force import TIMEOUT_SECONDS, Answer, done, lacking, wait_in_force
from .rules import Names, NotUnderstood, Rule, line_of, traffic_text
from .session import NO_ANSWER, LostAnswer, Refused, Session
from .table import counted, progress

HOSTS_LIMIT: Final = 20
"""A change of more hosts wants a yes, unless `--hosts-limit` says otherwise."""

ENCODED: Final = "Encoded authorization failure message:"

Result = TypeVar("Result")

_NEXT: Final = {
    "UnauthorizedOperation": "Your key may not do this: ask whoever manages the policies (`ringwall policy why`).",
    "AuthFailure": "The server doesn't know the key, or not with this secret: `ringwall env` prints the right one.",
    "SignatureDoesNotMatch": "The secret isn't that of the key: `ringwall env` prints the right one.",
    "RequestExpired": "Is the clock of this machine right?",
    "RequestLimitExceeded": "The server is asked too much: try again in a few seconds.",
    "RulesPerSecurityGroupLimitExceeded": "Revoke what isn't needed (`ringwall list`), or have the quota raised.",
    "InvalidPermission.NotFound": "Somebody else was faster: `ringwall list` shows what there is now.",
    "InvalidSecurityGroupRuleId.NotFound": "Somebody else was faster: `ringwall list` shows what there is now.",
    "InvalidPermission.Duplicate": "Somebody else was faster: `ringwall list` shows what there is now.",
}
"""What to do after a refusal; of every other code `ringwall explain` tells."""


def add_change_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every word that changes rules."""
    parser.add_argument("--vpc", metavar="vpc-…", help="the VPC of a group's name that several VPCs have")
    parser.add_argument("--dry-run", action="store_true", help="show what it would do, and change nothing")
    parser.add_argument("--yes", action="store_true", help="the answer to the question before what is dangerous")
    parser.add_argument(
        "--hosts-limit", type=_count, default=HOSTS_LIMIT, metavar="N",
        help="ask before more than N hosts are changed (default %(default)s)",
    )  # fmt: skip
    waits = parser.add_mutually_exclusive_group()
    waits.add_argument(
        "--wait", action="store_true", default=True, help="come back when it is in force on every host (the default)"
    )
    waits.add_argument("--no-wait", dest="wait", action="store_false", help="come back when it is stored")
    parser.add_argument(
        "--timeout", type=_seconds, default=TIMEOUT_SECONDS, metavar="S",
        help="wait at most S seconds; then exit with 4 and name the silent hosts (default %(default)g)",
    )  # fmt: skip
    add_json_argument(parser)


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """The option `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON, and nothing else on standard output")


def guarded(verb: str, act: Callable[[], int], *, is_json: bool, changes: bool = False) -> int:
    """What `act` answers; anything that went wrong as a sentence on standard error and an exit status.

    is_json: the sentence is for a program too, and keeps what nobody can read. changes: the word changes rules, so
    that whoever reads that a name isn't known is told that it didn't; what is refused may be a question after it.
    """
    unchanged = " Nothing was changed." if changes else ""
    try:
        return act()
    except (NotUnderstood, Ambiguous) as error:
        return complain(verb, str(error), codes.USAGE)
    except NotFound as error:
        return complain(verb, f"{error}{unchanged}", codes.NOTHING)
    except Refused as error:
        return complain(verb, f"{refusal(error, is_json=is_json)}\n{next_step(error.code)}", codes.REFUSED)
    except (ConfigurationError, NotConfirmed, LostAnswer) as error:
        return complain(verb, plain_lines(str(error)), codes.FAILED)
    except NO_ANSWER as error:
        return complain(verb, not_understood(error), codes.FAILED)


def complain(verb: str, text: str, code: int) -> int:
    """Says it on standard error, and comes back with the exit status."""
    print(f"ringwall {verb}: {text}", file=sys.stderr)
    return code


def refusal(error: Refused, *, is_json: bool) -> str:
    """A refusal in a sentence; its encoded message, some hundred characters that nobody can read, is for programs."""
    told = plain(str(error))
    if is_json or ENCODED not in told:
        return told
    return f"{told.partition(ENCODED)[0].rstrip()} (--json tells the message that `ringwall policy decode` takes.)"


def plain_lines(text: str) -> str:
    """The text made plain, its line ends kept."""
    return "\n".join(map(plain, text.split("\n")))


def not_understood(error: Exception) -> str:
    """That what came back is no answer, in a sentence."""
    return f"The server's answer isn't understood ({type(error).__name__}: {plain(str(error))}). Is it ringwall's?"


def next_step(code: str) -> str:
    """What to do after a refusal."""
    return _NEXT.get(code, f"`ringwall explain {plain(code)}` says what it means.")


def ask_before(dangers: list[str], what: str, options: argparse.Namespace) -> None:
    """Comes back if there is no danger, or whoever asked says yes. what: `Revoke 2 rules`.

    Raises:
        NotConfirmed: with the dangers on standard error.
    """
    if not dangers or options.yes:
        return
    for danger in dangers:
        print(danger, file=sys.stderr)
    confirm(f"{what} nevertheless?", yes=False)


def danger_of_hosts(hosts: set[str], options: argparse.Namespace) -> list[str]:
    """A sentence where more hosts are concerned than may be without a question."""
    if len(hosts) <= options.hosts_limit:
        return []
    return [f"It changes {counted(len(hosts), 'host')}; more than {options.hosts_limit} want a yes (--hosts-limit)."]


@dataclass(frozen=True, slots=True)
class Stored:
    """A change that is stored. revision: None where the answer got lost: then everything so far is waited for."""

    revision: int | None
    draining: tuple[str, ...] = ()


def made(session: Session, send: Callable[[], Stored], is_so: Callable[[], bool], look: str) -> Stored:
    """The change, stored. send: makes the call. is_so: asks the server whether it is as was asked for.

    look: the command that shows it, for whoever can't be told.

    Raises:
        Refused: it wasn't made.
        LostAnswer: it wasn't made; or nobody can tell, and the text says so.
    """
    try:
        return _sent(send, look)
    except LostAnswer as lost:
        if not lost.was_sent:
            raise LostAnswer(f"{lost}\nNothing was changed: the server wasn't reached.", was_sent=False) from lost
        print(f"{plain(str(lost))}\nThe answer got lost; the server is asked what is so.", file=sys.stderr)
        try:
            if _answered(is_so):
                print("It was made.", file=sys.stderr)
                return Stored(None)
            print("It wasn't made; once more.", file=sys.stderr)
            try:
                return _sent(send, look)
            except Refused as refused:  # because the first one was at work yet?
                if not _answered(is_so):
                    raise refused from lost
                print("It was made.", file=sys.stderr)
                return Stored(None)
        except LostAnswer as again:
            unknown = f"Whether it was made isn't known: {again}\n`{look}` shows it once the server answers."
            raise LostAnswer(unknown, was_sent=True) from again


def _answered(ask: Callable[[], bool]) -> bool:
    """What the question for the change is answered; a refusal of it says nothing of the change.

    Raises:
        LostAnswer.
    """
    try:
        return ask()
    except Refused as refused:
        raise LostAnswer(str(refused), was_sent=True) from refused
    except NO_ANSWER as error:
        raise LostAnswer(not_understood(error), was_sent=True) from error


def _sent(send: Callable[[], Stored], look: str) -> Stored:
    try:
        with progress("the server is at it"):
            return send()
    except NO_ANSWER as error:
        raise LostAnswer(not_understood(error), was_sent=True) from error
    except KeyboardInterrupt:
        print(f"\nInterrupted before the server answered: `{look}` shows whether it was made.", file=sys.stderr)
        raise


def confirmed(answer: Answer) -> Answer:
    """The answer of a call that changes rules, which says that it did.

    Raises:
        LostAnswer: it doesn't: it isn't an answer to that.
    """
    if answer.get("Return") is not True:
        raise LostAnswer(
            "What answered isn't understood: it says neither that it was done nor that not.", was_sent=True
        )
    return answer


def settle(
    verb: str,
    session: Session,
    stored: list[Stored],
    options: argparse.Namespace,
    result: Answer,
    fates: dict[str, str],
) -> int:
    """Waits until what is stored is in force, host by host, as the options want it; prints the result as JSON.

    result: what was changed; how the wait ended is added to it.
    """
    revision = None if any(each.revision is None for each in stored) else max(each.revision or 0 for each in stored)
    known = f"revision {revision}" if revision is not None else "all that is stored"
    code, answer = codes.DONE, None
    if options.wait:
        try:
            answer = wait_in_force(
                session, revision, options.timeout,
                (lambda _: None) if options.json else _say, lambda text: print(text, file=sys.stderr), fates,
            )  # fmt: skip
        except KeyboardInterrupt:
            again = "ringwall wait" + ("" if revision is None else f" --revision {revision}")
            print(f"\nInterrupted. It is stored ({known}); `{again}` waits on.", file=sys.stderr)
            return codes.INTERRUPTED
        except (Refused, LostAnswer, *NO_ANSWER) as error:
            told = not_understood(error) if isinstance(error, NO_ANSWER) else plain(str(error))
            print(f"ringwall {verb}: {told}\nIt is stored ({known}); ", end="", file=sys.stderr)
            print("whether it is in force isn't known.", file=sys.stderr)
            code = codes.PARTLY
        else:
            code = _judge(verb, answer, revision, options)
    elif not options.json:
        print(f"stored as {known}; not waited for")
    if options.json:
        hosts = answer["hosts"] if answer else None
        print_json({**result, "revision": revision, "in_force": answer["in_force"] if answer else None, "hosts": hosts})
    return code


def _judge(verb: str, answer: Answer, revision: int | None, options: argparse.Namespace) -> int:
    """How the wait ended, in words."""
    if answer["in_force"]:
        if not options.json:
            print(done(answer, revision))
        return codes.DONE
    late = [host for host in answer["hosts"] if host["state"] != "in-force"]
    for host in late:
        print(f"ringwall {verb}: {lacking(host)}", file=sys.stderr)
    again = "ringwall wait" + ("" if revision is None else f" --revision {revision}")
    print(
        f"ringwall {verb}: it is stored, and not in force on {counted(len(late), 'host')} after {options.timeout:g} s; "
        f"`{again}` waits on",
        file=sys.stderr,
    )
    return codes.PARTLY


def _say(line: str) -> None:
    print(line, flush=True)


def rule_json(rule: Rule, names: Names) -> Answer:
    """A rule for `--json`: its parts as the server has them, and its line."""
    return {
        "rule_id": rule.rule_id,
        "group_id": rule.group_id,
        "direction": rule.direction.value,
        "traffic": traffic_text(rule.traffic),
        "protocol": rule.traffic.protocol,
        "from_port": rule.traffic.from_port,
        "to_port": rule.traffic.to_port,
        "peer": rule.peer.value,
        "note": rule.note,
        "line": line_of(rule, names).text(),
    }


def print_json(value: Any) -> None:
    """Writes it to standard output."""
    print(json.dumps(value, indent=2))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of hosts")
    return int(text)
