"""What the SQLite engine's readers share: a connection, and rows made into values.

Columns are selected in the order of their value's fields; rows come in the order of `number`, as they were made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

Row = tuple[Any, ...]
Value = TypeVar("Value")


class Queries:
    """Queries on the transaction that is open on a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def _one(self, make: Callable[..., Value], query: str, *values: object) -> Value | None:
        row = self._execute(query, values).fetchone()
        return None if row is None else make(*row)

    def _exists(self, query: str, *values: object) -> bool:
        return self._execute(f"{query} LIMIT 1", values).fetchone() is not None

    def _all(self, make: Callable[..., Value], query: str, *values: object) -> list[Value]:
        return [make(*row) for row in self._execute(query, values)]
