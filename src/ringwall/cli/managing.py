"""What the verbs that manage accounts, users, keys, roles and policies have in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ringwall.config import ConfigurationError

from .client import CallFailed, call
from .endpoint import Endpoint, add_endpoint_arguments, find_endpoint
from .screen import plain

DOCUMENT_BYTES_MAX: Final = 64 * 1024
Verb = Callable[[Endpoint, argparse.Namespace], int]


class Managed:
    """The verbs below one verb, as `ringwall user`: their parsers, and running the one that was named."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._common = argparse.ArgumentParser(add_help=False)
        add_endpoint_arguments(self._common)
        self._verbs = parser.add_subparsers(dest="verb_below", metavar="VERB", required=True)

    def add(self, verb: str, text: str, /, **arguments: str) -> argparse.ArgumentParser:
        """A verb; each argument by its name, with what it is."""
        parser = self._verbs.add_parser(verb, parents=[self._common], help=text)
        for argument, meaning in arguments.items():
            parser.add_argument(argument, metavar=argument.upper(), help=meaning)
        return parser


def run_verb(noun: str, verbs: Mapping[str, Verb], options: argparse.Namespace) -> int:
    """Runs the verb that was named; answers 1, with a sentence, when it couldn't."""
    try:
        return verbs[options.verb_below](find_endpoint(options), options)
    except (ConfigurationError, CallFailed) as error:
        print(f"ringwall {noun} {options.verb_below}: {error}", file=sys.stderr)
        return 1


def ask(endpoint: Endpoint, method: str, *parts: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    """One call of /ringwall/v1; parts: of its path, as they are meant."""
    return call(endpoint, method, "/ringwall/v1/" + "/".join(quote(part, safe="") for part in parts), content)


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under their head, in columns."""
    table = [list(head), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_key(profile: str, answer: Mapping[str, Any]) -> None:
    """A new key as a profile of ~/.aws/credentials on standard output; what to know about it on standard error."""
    print(f"[{profile}]")
    print(f"aws_access_key_id = {answer['access_key_id']}")
    print(f"aws_secret_access_key = {answer['secret_access_key']}")
    print("The secret is shown only now: the server keeps it encrypted and tells it to nobody.", file=sys.stderr)


def read_document(file: str) -> str:
    """The text of a policy document: of this file, or of standard input for `-`.

    Raises:
        ConfigurationError: it can't be read, isn't text, or is far too long.
    """
    try:
        if file == "-":
            text = sys.stdin.read(DOCUMENT_BYTES_MAX + 1)
        else:
            with Path(file).open(encoding="utf-8") as opened:
                text = opened.read(DOCUMENT_BYTES_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} can't be read: {error}") from error
    if len(text) > DOCUMENT_BYTES_MAX:
        raise ConfigurationError(f"{file} is longer than {DOCUMENT_BYTES_MAX} characters: no policy document is.")
    return text


def moment(seconds: int | None) -> str:
    """A time for a table; `-` for never."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
