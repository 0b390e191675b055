"""The engines that meet the contract; every test of this folder runs on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plain_store import PlainStore
from ringwall.store.base import Store
from ringwall.store.sqlite import open_ephemeral, open_sqlite
from stores import Driven

ENGINES: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda directory: open_sqlite(directory / "ringwall.db"),
    "sqlite inline": lambda directory: open_sqlite(directory / "ringwall.db", inline=True),
    "ephemeral": lambda _: open_ephemeral(),
}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Driven]:
    """A new store, to be called line by line."""
    driven = Driven(ENGINES[request.param](tmp_path))
    yield driven
    driven.close()


@pytest.fixture(params=[*ENGINES, "plain"])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Driven | PlainStore]:
    """A new store of any engine, or the plain one that judges them, for tests of single reads and writes."""
    new = PlainStore() if request.param == "plain" else Driven(ENGINES[request.param](tmp_path))
    yield new
    new.close()
