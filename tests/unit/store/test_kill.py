"""kill -9 at random moments under load: what was acknowledged is there, and nothing is half done.

A child process (`crash_writer.py`) runs the store with 16 clients that authorize and revoke, and reports each change on
a pipe once it is acknowledged. The parent kills it, opens the store that is left, and compares.
"""

from __future__ import annotations

import random
import select
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import crash_writer
from ringwall.domain.change import GroupCreated, RulesAdded, RulesRemoved, TagsChanged
from ringwall.domain.group import SecurityGroupRule
from ringwall.store.base import Reader
from ringwall.store.sqlite import open_sqlite
from stores import PLACE, Driven


class Story:
    """What all the children have acknowledged so far: revision -> what it did."""

    def __init__(self) -> None:
        self.acknowledged: dict[int, str] = {}

    def hear(self, lines: Iterator[str]) -> None:
        for line in lines:
            revision, _, what = line.partition(" ")
            assert int(revision) not in self.acknowledged, "one revision was given to two changes"
            self.acknowledged[int(revision)] = what


def kill_at_random(path: Path, story: Story, patience: float) -> None:
    """Runs a child until it has acknowledged something and a random time has passed, then kills it."""
    command = [sys.executable, crash_writer.__file__, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        ready = child.stdout.readline()
        assert ready == b"ready\n", "the child couldn't open what the last one left"
        heard = b""
        deadline = time.monotonic() + random.uniform(0.001, patience)
        while (left := deadline - time.monotonic()) > 0:
            if select.select([child.stdout], [], [], left)[0]:
                heard += child.stdout.read1()
        child.kill()
        heard += child.stdout.read()
    # The last line may have been cut in two by the kill; what it said wasn't acknowledged to anybody.
    story.hear(iter(heard.decode().split("\n")[:-1]))


def check(path: Path, story: Story) -> int:
    """The revision of the store that was left, after everything in it was found to agree."""
    integrity = sqlite3.connect(path)
    assert integrity.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert integrity.execute("PRAGMA foreign_key_check").fetchall() == []
    integrity.close()

    store = Driven(open_sqlite(path))
    try:
        return store.read(lambda reader: agree(reader, story))
    finally:
        store.close()


def agree(reader: Reader, story: Story) -> int:
    """The reader's revision; asserts that its rows are its log replayed, and that the log tells the story."""
    log = reader.changes_since(0, 10_000_000)
    assert [record.revision for record in log] == list(range(1, len(log) + 1)), "the revisions have a gap"
    rules: dict[str, SecurityGroupRule] = {}
    tagged: set[str] = set()
    told: dict[int, str] = {}
    for record in log:
        if record.account_id == crash_writer.STRANGER[0]:
            continue
        for change in record.changes:
            match change:
                case RulesAdded(_, added):
                    rules |= {each.rule_id: each for each in added}
                    told[record.revision] = crash_writer.telling("authorize", added)
                case RulesRemoved(_, removed):
                    for each in removed:
                        assert rules.pop(each.rule_id) == each
                        tagged.discard(each.rule_id)
                    told[record.revision] = crash_writer.telling("revoke", removed)
                case TagsChanged(resource_ids):
                    tagged |= set(resource_ids)
                case GroupCreated(group_id):
                    assert group_id.startswith("sg-")
                case _:
                    pass
    missing = {revision: what for revision, what in story.acknowledged.items() if told.get(revision) != what}
    assert not missing, f"acknowledged and lost: {missing}"
    assert {each.rule_id: each for each in reader.rules(*PLACE)} == rules, "rows and change log tell different stories"
    assert set(reader.all_tags(*PLACE)) == tagged, "tags outlived their rules, or rules lost their tags"
    stranger = reader.rules(*crash_writer.STRANGER)
    assert stranger == list(crash_writer.stranger_rules()), "another account's rules were touched"
    return reader.revision()


def run(path: Path, kills: int, patience: float) -> None:
    story = Story()
    revisions = [0]
    for _ in range(kills):
        kill_at_random(path, story, patience)
        revisions.append(check(path, story))
        assert revisions[-1] >= revisions[-2]
    assert len(story.acknowledged) > kills, "the children were killed before they did anything worth losing"
    print(f"{kills} kills, {len(story.acknowledged)} changes acknowledged, {revisions[-1]} found")


def test_nothing_acknowledged_is_lost_in_ten_kills(tmp_path: Path) -> None:
    run(tmp_path / "ringwall.db", kills=10, patience=0.05)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_nothing_acknowledged_is_lost_in_two_hundred_kills(tmp_path: Path) -> None:
    run(tmp_path / "ringwall.db", kills=200, patience=0.1)
