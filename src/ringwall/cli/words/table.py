"""How the human words look on a screen, and in a file: tables, marks, times, and what is being waited for.

On a terminal a table fits the terminal: what doesn't goes on below, in its own column. Into a file or a pipe go the
same columns, aligned with spaces, one line a row. No control code is written to what isn't a terminal, nor to one that
is dumb; a colour only repeats what a word says. NO_COLOR (no-color.org): any value but the empty one turns colours off.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TextIO

from ringwall.cli.screen import plain

GAP: Final = "  "
LAST_COLUMN_MIN: Final = 20
"""A last column that would be narrower than this isn't wrapped by us: the terminal does it, at any place."""
PATIENCE_SECONDS: Final = 1.0
"""What takes longer than this shows that it is going on."""

_COLOURS: Final = {"good": "32", "bad": "31", "warn": "33", "faint": "2", "strong": "1"}
_UNITS: Final = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Screen:
    """Where words go. columns: its width in cells, or None for a file or a pipe, which have none."""

    is_terminal: bool = False
    has_colour: bool = False
    has_controls: bool = False
    columns: int | None = None

    def mark(self, text: str, kind: str) -> str:
        """The text as it is, and in the colour of its kind (good, bad, warn, faint, strong) where there are colours."""
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.has_colour and text else text


def screen_of(stream: TextIO | None = None, environment: Mapping[str, str] = os.environ) -> Screen:
    """What the stream (by default standard output) can show."""
    stream = sys.stdout if stream is None else stream
    if not stream.isatty():
        return Screen()
    controls = environment.get("TERM", "dumb") not in ("", "dumb")
    return Screen(True, controls and not environment.get("NO_COLOR"), controls, shutil.get_terminal_size().columns)


def cells(text: str) -> int:
    """The width of a text on a terminal: wide characters take two cells, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def padded(text: str, width: int, *, is_right: bool = False) -> str:
    """The text with spaces to its width in cells; longer text stays as it is."""
    space = " " * max(width - cells(text), 0)
    return space + text if is_right else text + space


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    screen: Screen | None = None,
    right: Iterable[int] = (),
    marks: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """The lines of a table, without their ends. Cells are made plain here; an empty one, or None, is shown as `-`.

    right: the columns whose cells stand at the right. marks: the kind of colour of a cell that says just this word.
    """
    screen = screen or screen_of()
    shown = [[_cell(cell) for cell in row] for row in rows]
    lines = [list(headings), *shown]
    widths = [max(cells(line[column]) for line in lines) for column in range(len(headings))]
    right = frozenset(right)
    for number, line in enumerate(lines):
        kinds = ["strong"] * len(line) if number == 0 else [(marks or {}).get(cell, "") for cell in line]
        yield from _line(line, widths, right, kinds, screen)


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    right: Iterable[int] = (),
    marks: Mapping[str, str] | None = None,
) -> None:
    """Writes a table to standard output."""
    for line in table(headings, rows, screen_of(), right, marks):
        print(line)


def _cell(value: object) -> str:
    text = "" if value is None else plain(str(value))
    return text or "-"


def _line(line: list[str], widths: list[int], right: frozenset[int], kinds: list[str], screen: Screen) -> Iterator[str]:
    last = len(line) - 1
    indent = sum(widths[:last]) + len(GAP) * last
    room = None if screen.columns is None else screen.columns - indent
    pieces = [line[last]] if room is None or room < LAST_COLUMN_MIN else list(wrapped(line[last], room))
    texts = [
        padded(cell, width, is_right=column in right)
        for column, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
    if last not in right:
        texts[last] = pieces[0]
    yield GAP.join(screen.mark(text, kind) if kind else text for text, kind in zip(texts, kinds, strict=True)).rstrip()
    for piece in pieces[1:]:
        yield " " * indent + (screen.mark(piece, kinds[last]) if kinds[last] else piece)


def wrapped(text: str, width: int) -> Iterator[str]:
    """The text in pieces of at most so many cells, broken at spaces, or inside a word that is longer than a piece."""
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cells(joined) <= width:
            line = joined
            continue
        if line:
            yield line
        line = word
        while cells(line) > width:
            cut = _cut(line, width)
            yield line[:cut]
            line = line[cut:]
    yield line


def _cut(text: str, width: int) -> int:
    """How many characters of the text fit into the width; at least one."""
    used = 0
    for index, character in enumerate(text):
        used += _cells_of(character)
        if used > width:
            return max(index, 1)
    return len(text)


def moment(seconds: float, now: float | None = None) -> str:
    """A time in UTC and in words: `2026-11-22 10:15:04 UTC, 3 minutes ago`. seconds: since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC, {ago(seconds, now)}"


def moment_of(text: str, now: float | None = None) -> str:
    """The same of a time as EC2 writes it, `2026-11-22T10:15:04.000Z`; what isn't one stays as it is."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return plain(text)
    return moment((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp(), now)


def ago(seconds: float, now: float | None = None) -> str:
    """`just now`, `3 minutes ago`, `in 2 days`."""
    passed = (time.time() if now is None else now) - seconds
    if abs(passed) < 1:
        return "just now"
    return f"{span(abs(passed))} ago" if passed > 0 else f"in {span(abs(passed))}"


def span(seconds: float) -> str:
    """A length of time in its largest unit, rounded down: `3 minutes`, `1 day`."""
    size, name = next(((size, name) for size, name in _UNITS if seconds >= size), _UNITS[-1])
    count = int(seconds // size)
    return f"{count} {name}{'' if count == 1 else 's'}"


def counted(count: int, noun: str, nouns: str | None = None) -> str:
    """`1 rule`, `3 rules`."""
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


@contextmanager
def progress(text: str, stream: TextIO | None = None) -> Iterator[None]:
    """Says on standard error, if that is a terminal, that something is going on, once it has taken more than a second.

    The line counts the seconds and is wiped away at the end; a dumb terminal gets it once, and keeps it. Nothing else
    may write to the terminal meanwhile.
    """
    stream = sys.stderr if stream is None else stream
    screen = screen_of(stream)
    if not screen.is_terminal:
        yield
        return
    ended = threading.Event()
    teller = threading.Thread(target=_tell, args=(plain(text), stream, screen, ended), daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _tell(text: str, stream: TextIO, screen: Screen, ended: threading.Event) -> None:
    if ended.wait(PATIENCE_SECONDS):
        return
    if not screen.has_controls:
        print(f"{text} …", file=stream, flush=True)
        return
    began = time.monotonic() - PATIENCE_SECONDS
    while True:
        line = f"{text} … {time.monotonic() - began:.0f} s"
        width = (screen.columns or 80) - 1
        print(f"\r\x1b[K{line[: _cut(line, width)]}", end="", file=stream, flush=True)
        if ended.wait(PATIENCE_SECONDS):
            print("\r\x1b[K", end="", file=stream, flush=True)
            return
