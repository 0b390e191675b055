"""A SQLite database brought to the newest schema by the numbered scripts in `sql/`, each in one transaction.

Foreign keys are off while scripts run: a table whose columns change is made anew, filled and renamed, and with them on
SQLite refuses to drop the old one while others refer to it. They can't be switched inside a transaction. What they
would have refused is looked for before a script is committed.
Source: https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes".
"""

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
        sqlite3.Error: a script failed, or left a row that refers to none.
    """
    known = sorted(scripts.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    assert [int(path.name[:4]) for path in known] == list(range(1, len(known) + 1)), "the scripts have a gap"
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(known):
        raise Unavailable(
            f"the store has schema version {version}, and this ringwall knows none above {len(known)}: "
            "it was used by a newer ringwall, which must open it"
        )
    (enforced,) = connection.execute("PRAGMA foreign_keys").fetchone()
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        for number, path in enumerate(known[version:], version + 1):
            _run(connection, number, path.read_text(encoding="utf-8"))
    finally:
        connection.execute(f"PRAGMA foreign_keys = {enforced}")
    return len(known)


def _run(connection: sqlite3.Connection, number: int, script: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};")
        if dangling := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.IntegrityError(f"a row of {dangling[0]} refers to none of {dangling[2]}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
