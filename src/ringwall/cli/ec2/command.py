"""`ringwall ec2 OPERATION …`: the documented command. The same requests as the AWS CLI's, the same output and texts.

The way of a call: (1) the global options, wherever they are in the line; (2) the operation; (3) its options, to
parameters; (4) settings, credentials and endpoint; (5) the request, or as many as there are pages; (6) the output.
Everything that isn't needed for every call is imported where it is needed.
"""

from __future__ import annotations

import os
import sys

from ringwall.client.model import COMMANDS, WAITERS

from . import arguments
from .check import check
from .messages import DONE, FAILED, INTERRUPTED, INVALID, Misused, Stop, unknown_options
from .parser import OPTIONAL, Option, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TextIO

    from ringwall.client.call import Client
    from ringwall.client.pages import Pages
    from ringwall.client.settings import Settings

    Query = Callable[[Any], Any]


class Told:
    """A line that asks for words about the program. what: `version` or `help`; command: of one operation, or `wait`."""

    __slots__ = ("command", "what")

    def __init__(self, what: str, command: str | None = None) -> None:
        self.what = what
        self.command = command


class Asked:
    """A line that asks a server, or for a form of what it would be asked."""

    __slots__ = ("operation", "paging", "parameters", "skeleton", "waiter")

    def __init__(
        self,
        operation: str,
        parameters: dict[str, Any],
        *,
        paging: dict[str, Any] | None,
        skeleton: str | None,
        waiter: str | None,
    ) -> None:
        self.operation = operation
        self.parameters = parameters
        self.paging = paging
        """What was said about pages; None: ask once."""
        self.skeleton = skeleton
        """Which form to print instead of asking."""
        self.waiter = waiter


def run(words: Sequence[str]) -> int:
    """Does what the words behind `ringwall ec2` say; the exit status, as version 2 of the AWS CLI has them."""
    try:
        return _run(words)
    except Stop as stop:
        text, status = str(stop), stop.status
    except KeyboardInterrupt:
        sys.stdout.write("\n")
        return INTERRUPTED
    except BrokenPipeError:
        raise  # nobody reads any more: the program's own business
    except Exception as error:
        # A line can be odd in more ways than are worth a sentence each: half a character, a hundred thousand brackets.
        if "--debug" in words:
            raise
        text, status = str(error) or type(error).__name__, FAILED
    sys.stdout.flush()
    sys.stderr.write(f"\n{text}\n")
    return status


def read(words: Sequence[str]) -> tuple[dict[str, Any], Query | None, Asked | Told]:
    """The global options, the query among them once more as a function, and what the line asks for.

    Raises:
        Stop: the words don't follow the grammar, or a value can't be read.
    """
    if "--help" in words:
        words = [*(word for word in words[:1] if word[:1] != "-" and word != "help"), "help"]
    given, rest = parse(arguments.GLOBAL_OPTIONS, words)
    if "version" in given:
        return given, None, Told("version")
    query = _prepared(given)
    choices = [*COMMANDS, "wait", "help"]
    chosen, rest = parse((), rest, Option("operation", "operation", choices=choices, required=True))
    if chosen["operation"] == "help":
        return given, query, Told("help")
    return given, query, _asked(chosen["operation"], rest, is_paged="no_paginate" not in given)


def _run(words: Sequence[str]) -> int:
    given, query, asked = read(words)
    if isinstance(asked, Asked):
        return _done(asked, given, query)
    if asked.what == "version":
        from ringwall import __version__

        sys.stdout.write(f"ringwall/{__version__} Python/{sys.version.partition(' ')[0]}\n")
    else:
        from .help import show

        show(asked.command)
    return DONE


def _prepared(given: dict[str, Any]) -> Query | None:
    """The query, compiled; what else the global options say is looked over before the operation's are."""
    query = None
    if "query" in given:
        from .output.query import BadQuery, compile_query

        try:
            query = compile_query(given["query"])
        except BadQuery as error:
            raise Stop(str(error), INVALID) from error
    url = given.get("endpoint_url")
    if url is not None and not _has_scheme(url):
        raise Stop(
            f'Bad value for --endpoint-url "{url}": scheme is missing.  '
            "Must be of the form http://<hostname>/ or https://<hostname>/",
            INVALID,
        )
    for name in ("cli_read_timeout", "cli_connect_timeout"):
        try:
            int(given.get(name, 0))
        except ValueError as error:
            raise Stop(str(error)) from error
    return query


def _has_scheme(url: str) -> bool:
    scheme, colon, _ = url.partition(":")
    return bool(colon) and scheme[:1].isalpha() and all(each.isalnum() or each in "+-." for each in scheme)


def _asked(command: str, words: Sequence[str], *, is_paged: bool) -> Asked | Told:
    """What the operation's words ask for."""
    waiter = None
    if command == "wait":
        if list(words) == ["help"]:
            return Told("help", command)
        chosen, words = parse((), words, Option("subcommand", "subcommand", OPTIONAL, choices=list(WAITERS)))
        waiter = chosen.get("subcommand")
        if waiter is None and words:
            raise unknown_options(list(words), [])
        if waiter is None:
            raise Misused("too few arguments")
    operation = COMMANDS[command] if waiter is None else WAITERS[waiter][1]
    if list(words) == ["help"]:
        return Told("help", command)
    options = arguments.options(operation, words, is_waiter=waiter is not None)
    values, rest = parse(options, words, Option("help", "help", OPTIONAL))
    helped = values.pop("help", None)
    if helped == "help":
        return Told("help", command)
    if helped or rest:
        raise unknown_options([*rest, *([helped] if helped else [])], [each.name for each in options])
    arguments.check_together(operation, values)
    paged = arguments.is_paged(operation, values, is_wanted=is_paged)
    parameters, paging = arguments.parameters(operation, values, is_waiter=waiter is not None)
    _warn_of_no_items(paging)
    if waiter is not None and paging:
        parameters["PaginationConfig"] = paging
    return Asked(
        operation,
        parameters,
        paging=paging if paged and waiter is None else None,
        skeleton=values.get("generate-cli-skeleton"),
        waiter=waiter,
    )


def _warn_of_no_items(paging: dict[str, Any]) -> None:
    if paging.get("MaxItems", 1) <= 0:
        sys.stderr.write("warning: Non-positive values for --max-items may result in undefined behavior.\n")


def _done(asked: Asked, given: dict[str, Any], query: Query | None) -> int:
    """Prints the form that was asked for, or calls the server and prints its answer."""
    if asked.skeleton in ("input", "yaml-input"):
        from . import skeleton
        from .output.as_json import as_json

        is_json = asked.skeleton == "input"
        sys.stdout.write(
            as_json(skeleton.request(asked.operation)) + "\n" if is_json else skeleton.yaml(asked.operation)
        )
        return DONE
    from ringwall.client.errors import ClientError
    from ringwall.client.pages import BadPaging
    from ringwall.client.settings import read_settings

    from .output import OutputFailed

    try:
        settings = read_settings(given, os.environ)
        return _called(asked, given, settings, query)
    except ClientError as error:
        raise Stop(str(error), error.exit_status) from error
    except (BadPaging, OutputFailed) as error:
        raise Stop(str(error), FAILED) from error


def _called(asked: Asked, given: dict[str, Any], settings: Settings, query: Query | None) -> int:
    from .output import write

    if (
        settings.output not in arguments.FORMATS
    ):  # by the environment or the profile; found out before anything is changed
        raise Stop(f"Unknown output type: {settings.output}")
    if asked.skeleton == "output":
        from . import skeleton

        check(asked.operation, asked.parameters)
        answer: dict[str, Any] | Pages = skeleton.answer(asked.operation)
    else:
        from ringwall.client.call import Client

        client = Client(settings)
        if asked.waiter is not None:
            return _waited(asked, client, asked.waiter)
        answer = _answer(asked, client, is_iso=_is_iso(settings))
    from .stream import stream_for

    with stream_for(settings, is_paged=not given.get("no_cli_pager")) as stream:
        write(settings.output, asked.operation, answer, stream, query=query, colour=_colour(given, stream))
    return DONE


def _answer(asked: Asked, client: Client, *, is_iso: bool) -> dict[str, Any] | Pages:
    """The answer, or its pages, which are asked for while they are printed."""

    def ask(parameters: dict[str, Any]) -> dict[str, Any]:
        check(asked.operation, parameters)
        return client.call(asked.operation, parameters, iso_timestamps=is_iso).value

    if asked.paging is None:
        return ask(asked.parameters)
    from ringwall.client.pages import Pages

    return Pages(
        asked.operation,
        ask,
        asked.parameters,
        starting_token=asked.paging.get("StartingToken"),
        page_size=asked.paging.get("PageSize"),
        max_items=asked.paging.get("MaxItems"),
    )


def _is_iso(settings: Settings) -> bool:
    """Whether points in time are rewritten, `2026-01-02T03:04:05+00:00`; otherwise they stay as they came."""
    form = str(settings.scoped.get("cli_timestamp_format", "wire"))
    if form not in ("wire", "none", "iso8601"):
        raise Stop(f'Unknown cli_timestamp_format value: {form}, valid values are "none", "wire" or "iso8601"')
    return form == "iso8601"


def _waited(asked: Asked, client: Client, waiter: str) -> int:
    from ringwall.client.waiters import wait

    def ask() -> tuple[int, dict[str, Any]]:
        check(asked.operation, asked.parameters)
        answer = client.call(asked.operation, asked.parameters)
        return answer.status, answer.value

    wait(waiter, ask)
    return DONE


def _colour(given: dict[str, Any], stream: TextIO) -> str:
    """How a table is coloured: on a terminal, unless `--color` or NO_COLOR say otherwise."""
    wanted = given.get("color", "auto")
    if wanted == "auto":
        wanted = "on" if stream.isatty() and "NO_COLOR" not in os.environ else "off"
    return "off" if wanted == "off" else "each" if stream is sys.stdout else "on"
