"""The file that use is kept in: one that can't be understood costs the counts, and never the agent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringwall.agent.usage import FILE, Counter, Usage
from ringwall.watch.flows import RuleUse
from ringwall.watch.uses import Uses


def test_use_is_as_the_file_says(tmp_path: Path) -> None:
    told = {"boot": "b", "table": 3, "uses": {"sgr-1": [5, 500, 1.0, 2.0, 0.5]}, "seen": {"7": [5, 500]}}
    (tmp_path / FILE).write_text(json.dumps(told))
    assert Usage(tmp_path).of(["sgr-1", "sgr-2"]) == {"sgr-1": RuleUse(5, 500, 1.0, 2.0, 0.5)}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"boot":"b"', b'{"boot":"","table":0,"uses":[],"seen":{}}'])
def test_a_damaged_file_is_counted_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert Usage(tmp_path).of(["sgr-1"]) == {}


def test_each_table_begins_at_nothing_and_an_older_reading_adds_nothing(tmp_path: Path) -> None:
    usage = Usage(tmp_path, clock=lambda: 5.0)
    readings = [
        (3, 5, 500, (5, 500)),
        (3, 4, 400, (5, 500)),  # was read before
        (4, 2, 200, (7, 700)),  # another table
        (3, 9, 900, (7, 700)),  # of the one before, and late
        (4, 6, 100, (11, 700)),  # somebody set it to 0 in between; nothing is taken away
    ]
    for table, packets, size, told in readings:
        usage._add(table, [Counter(7, "sgr-1", packets, size)], is_all=True)
        use = usage.of(["sgr-1"])["sgr-1"]
        assert (use.packets, use.bytes) == told


def test_what_was_said_last_is_remembered_and_no_more_than_so_much() -> None:
    uses = Uses(remembered_max=2)
    for number in range(3):
        uses.note("i-1", {f"sgr-{number}": RuleUse(number)}, 10.0 + number)
    assert uses.last("i-1", "sgr-0") == (None, None)
    assert uses.last("i-1", "sgr-2") == (RuleUse(2), 12.0)
    assert uses.last("i-2", "sgr-2") == (None, None)
