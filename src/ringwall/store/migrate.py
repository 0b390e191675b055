"""A SQLite database brought to the newest schema by the numbered scripts in `sql/`, each in one transaction."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from .base import Unavailable

SCRIPTS: Final = Path(__file__).parent / "sql"
"""Where the scripts are: `0001_….sql`, `0002_….sql` …, without a gap."""


def migrate(connection: sqlite3.Connection, scripts: Path = SCRIPTS) -> int:
    """The schema version of the database after the scripts that it lacked have run: the number of the last one.

    A script that fails leaves the database as the one before it made it.

    Raises:
        Unavailable: a newer program has used this database; this one doesn't know its schema.
        sqlite3.Error: a script failed.
    """
    known = sorted(scripts.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    assert [int(path.name[:4]) for path in known] == list(range(1, len(known) + 1)), "the scripts have a gap"
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(known):
        raise Unavailable(
            f"the store has schema version {version}, and this ringwall knows none above {len(known)}: "
            "it was used by a newer ringwall, which must open it"
        )
    for number, path in enumerate(known[version:], version + 1):
        _run(connection, number, path.read_text(encoding="utf-8"))
    return len(known)


def _run(connection: sqlite3.Connection, number: int, script: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
