"""Schemas: made, brought forward, and refused when they are of tomorrow."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringwall.store.base import Unavailable
from ringwall.store.migrate import SCRIPTS, migrate

FIRST = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);"
SECOND = "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;"


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """An empty database."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A directory with one script."""
    (tmp_path / "0001_first.sql").write_text(FIRST)
    return tmp_path


def version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def test_ours_run_on_an_empty_database_and_once_only(database: sqlite3.Connection) -> None:
    newest = len(list(SCRIPTS.glob("*.sql")))
    assert migrate(database) == newest == version(database)
    identity = database.execute("SELECT * FROM store").fetchall()
    assert migrate(database) == newest
    assert database.execute("SELECT * FROM store").fetchall() == identity
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_every_constraint_of_ours_is_a_sentence(database: sqlite3.Connection) -> None:
    migrate(database)
    for (sql,) in database.execute("SELECT sql FROM sqlite_schema WHERE type = 'table'"):
        for line in re.sub(r"\n {8,}", " ", sql).splitlines():  # A line that is indented further goes on.
            if any(word in line for word in ("REFERENCES", "UNIQUE", "CHECK")):
                assert "CONSTRAINT a" in line


def test_a_database_of_yesterday_is_brought_forward_with_its_rows(database: sqlite3.Connection, scripts: Path) -> None:
    assert migrate(database, scripts) == 1
    (scripts / "0002_second.sql").write_text(SECOND)
    assert migrate(database, scripts) == 2
    assert database.execute("SELECT x, y FROM a").fetchall() == [(1, 2)]


def test_a_script_that_fails_leaves_what_was_before_it(database: sqlite3.Connection, scripts: Path) -> None:
    (scripts / "0002_second.sql").write_text(SECOND)
    (scripts / "0003_third.sql").write_text("DELETE FROM a; CREATE TABLE a (x INTEGER);")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(database, scripts)
    assert not database.in_transaction
    assert version(database) == 2
    assert database.execute("SELECT x, y FROM a").fetchall() == [(1, 2)]


def test_a_newer_schema_is_refused_untouched(database: sqlite3.Connection, scripts: Path) -> None:
    database.execute("PRAGMA user_version = 7")
    with pytest.raises(Unavailable, match=r"schema version 7.*none above 1.*newer ringwall"):
        migrate(database, scripts)
    assert database.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def test_a_gap_in_the_scripts_is_a_defect(database: sqlite3.Connection, scripts: Path) -> None:
    (scripts / "0003_third.sql").write_text(SECOND)
    with pytest.raises(AssertionError, match="gap"):
        migrate(database, scripts)
