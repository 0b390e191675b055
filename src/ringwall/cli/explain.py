"""`ringwall explain`: what a refusal's code means, what is usually behind it, and what to do."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator
from typing import Final

from .screen import plain
from .words import codes
from .words.changing import complain, print_json
from .words.explained import EXPLAINED, Explanation, nearest
from .words.table import screen_of

VERB: Final = "explain"
WIDTH_MAX: Final = 100

_CODE: Final = re.compile(r"[A-Za-z]+(?:\.[A-Za-z]+)*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall explain`."""
    parser.add_argument(
        "code", nargs="*", metavar="CODE", help="such as InvalidPermission.NotFound, or the whole message with it"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, and nothing else on standard output")


def run(options: argparse.Namespace) -> int:
    """Answers 0 when the code is one of the server's, 3 when it isn't; without a code it lists all."""
    if not options.code:
        print_json(sorted(EXPLAINED)) if options.json else print("\n".join(sorted(EXPLAINED)))
        return codes.DONE
    said = " ".join(options.code)
    code = found(said)
    if code is None:
        near = nearest(said)
        hint = f"Did you mean {' or '.join(near)}?" if near else "`ringwall explain` lists all."
        return complain(VERB, f"{plain(said)} is no code of the server's. {hint}", codes.NOTHING)
    page = EXPLAINED[code]
    if options.json:
        print_json({"code": code, "meaning": page.meaning, "causes": page.causes, "steps": page.steps})
    else:
        print("\n".join(lines(code, page)))
    return codes.DONE


def found(said: str) -> str | None:
    """The code that is said: alone, in any letter case, or somewhere in a client's whole message."""
    known = {each.casefold(): each for each in EXPLAINED}
    words = _CODE.findall(said)
    return next((known[word.casefold()] for word in words if word.casefold() in known), None)


def lines(code: str, page: Explanation) -> Iterator[str]:
    """The page, as wide as the screen."""
    screen = screen_of()
    width = min(screen.columns or WIDTH_MAX, WIDTH_MAX)
    yield screen.mark(code, "strong")
    yield from textwrap.wrap(page.meaning, width)
    for heading, items in (("Usual causes", page.causes), ("What to do", page.steps)):
        yield ""
        yield screen.mark(heading, "strong")
        for item in items:
            yield from textwrap.wrap(
                item, width, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False
            )
