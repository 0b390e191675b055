"""Tables, widths, colours, times and progress."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.cli.words.table import Screen, ago, cells, moment, moment_of, progress, screen_of, span, table, wrapped
from terminal import Terminal

NOW = 1795342504.0 + 180  # 2026-11-22 10:15:04 UTC, and three minutes


def lines(screen: Screen, *rows: tuple[object, ...]) -> list[str]:
    return list(table(("NAME", "NOTE"), rows, screen))


def test_columns_are_as_wide_as_their_cells() -> None:
    assert lines(Screen(), ("web", "a"), ("database", None)) == ["NAME      NOTE", "web       a", "database  -"]


def test_widths_count_cells_not_characters() -> None:
    assert [cells("web"), cells("データ"), cells("e\u0301"), cells("ü")] == [3, 6, 1, 1]
    assert lines(Screen(), ("データ", "x"), ("web", "y"))[1:] == ["データ  x", "web     y"]


def test_numbers_stand_at_the_right() -> None:
    rows = table(("N", "WHAT", "COUNT"), [(1, "a", 5), (10, "b", 500)], Screen(), right=(0, 2))
    assert list(rows) == [" N  WHAT  COUNT", " 1  a         5", "10  b       500"]


def test_other_peoples_words_cannot_write_on_the_screen() -> None:
    (line,) = lines(Screen(True, True, True, 80), ("\x1b[2Jweb\r\n", "a\tb"))[1:]
    assert not any(ord(character) < 32 for character in line)


def test_a_terminal_gets_the_rest_below_and_a_file_gets_one_line() -> None:
    text = "twelve words which are by far too long for a line of this terminal"
    assert lines(Screen(True, columns=30), ("web", text))[1:] == [
        "web   twelve words which are",
        "      by far too long for a",
        "      line of this terminal",
    ]
    assert lines(Screen(), ("web", text))[1:] == [f"web   {text}"]


def test_a_colour_only_repeats_a_word() -> None:
    rows = [("web", "silent")]
    coloured = list(table(("NAME", "STATE"), rows, Screen(True, True, True, 80), marks={"silent": "bad"}))
    assert coloured[1] == "web   \x1b[31msilent\x1b[0m"
    assert (
        list(table(("NAME", "STATE"), rows, Screen(True, False, True, 80), marks={"silent": "bad"}))[1]
        == "web   silent"
    )


@given(st.text(alphabet="ab データé", max_size=60), st.integers(2, 30))
def test_wrapped_text_fits_and_says_the_same(text: str, width: int) -> None:
    pieces = list(wrapped(text, width))
    assert all(cells(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("environment", "has_colour", "has_controls"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({}, False, False),
    ],
)
def test_what_a_terminal_can_show(environment: Mapping[str, str], has_colour: bool, has_controls: bool) -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as stream:
        screen = screen_of(stream, environment)
    os.close(master)
    assert (screen.is_terminal, screen.has_colour, screen.has_controls) == (True, has_colour, has_controls)


def test_a_file_has_neither_colours_nor_a_width() -> None:
    assert screen_of(io.StringIO(), {"TERM": "xterm"}) == Screen()


def test_times_are_in_utc_and_in_words() -> None:
    assert moment(NOW - 180, NOW) == "2026-11-22 10:15:04 UTC, 3 minutes ago"
    assert moment_of("2026-11-22T10:15:04.000Z", NOW) == "2026-11-22 10:15:04 UTC, 3 minutes ago"
    assert moment_of("2026-11-22T12:15:04+02:00", NOW) == "2026-11-22 10:15:04 UTC, 3 minutes ago"
    assert moment_of("soon\n", NOW) == "soon\ufffd"
    assert [ago(NOW, NOW), ago(NOW - 86400, NOW), ago(NOW + 7200, NOW)] == ["just now", "1 day ago", "in 2 hours"]
    assert [span(59.9), span(60), span(3599), span(172800)] == ["59 seconds", "1 minute", "59 minutes", "2 days"]


SLOW = """
import select, sys, ringwall.cli.words.table as table
with table.progress("asking \\x1b[2Jweb"):
    select.select([sys.stdin], [], [])
print("done")
"""


@pytest.mark.parametrize(("term", "has_controls"), [("xterm", True), ("dumb", False)])
def test_what_takes_long_shows_it_on_a_terminal(term: str, has_controls: bool) -> None:
    with Terminal([sys.executable, "-c", SLOW], {**os.environ, "TERM": term}) as terminal:
        terminal.expect("asking \ufffd[2Jweb …")
        terminal.type("\n")
        assert terminal.end() == 0
    assert ("\x1b[K" in terminal.text) == has_controls
    assert has_controls or "\x1b" not in terminal.text
    assert terminal.text.endswith("done\r\n")


def test_progress_says_nothing_into_a_file() -> None:
    stream = io.StringIO()
    with progress("asking", stream):
        pass
    assert stream.getvalue() == ""
