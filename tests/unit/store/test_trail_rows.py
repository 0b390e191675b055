"""The trail's rows: what events share is kept once, and goes with the last of them; older rows are read as ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringwall.store.migrate import SCRIPTS, migrate
from ringwall.store.principals_base import TrailEvent, TrailHead
from ringwall.store.sqlite import open_sqlite
from ringwall.store.sqlite_copy import reading_copy
from ringwall.store.sqlite_principal_writes import GENERATION
from stores import ACCOUNT, Driven

SHARED = '{"eventName":"A long beginning"'
OLD_ROW = "INSERT INTO trail VALUES (1, '123456789012', 1000.5, 'sg-1', '{\"whole\":1}', X'01')"


def event(number: int, shared: str = SHARED) -> TrailEvent:
    return TrailEvent(number, ACCOUNT, 1000.5, ("sg-1",), f'{shared},"n":{number}}}', b"\1", len(shared))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ringwall.db"


@pytest.fixture
def store(file: Path) -> Iterator[Driven]:
    file.parent.mkdir()
    driven = Driven(open_sqlite(file))
    yield driven
    driven.close()


def append(store: Driven, *events: TrailEvent) -> None:
    store.write(lambda tx: [tx.append_trail(each) for each in events])


def beginnings(file: Path) -> list[tuple[int, str]]:
    with sqlite3.connect(file) as connection:
        found = connection.execute("SELECT generation, text FROM trail_beginnings ORDER BY beginning_id").fetchall()
    connection.close()
    return found


def test_a_beginning_is_kept_once(store: Driven, file: Path) -> None:
    append(store, event(1), event(2))
    append(store, event(3, "{other"), event(4))
    assert beginnings(file) == [(0, SHARED), (0, "{other")]
    assert store.read(lambda r: r.trail_after(0, 9)) == [event(1), event(2), event(3, "{other"), event(4)]
    assert store.read(lambda r: r.trail_about(ACCOUNT, "sg-1", 1)) == [event(4)]


def test_a_rollback_takes_the_beginning_with_it(store: Driven, file: Path) -> None:
    def broken(tx: Any) -> None:
        tx.append_trail(event(1))
        raise RuntimeError

    store.write_all([broken])
    assert beginnings(file) == []
    append(store, event(1))
    assert store.read(lambda r: r.trail_after(0, 9)) == [event(1)]


def test_beginnings_go_with_the_last_event_that_shares_them(store: Driven, file: Path) -> None:
    append(store, event(GENERATION - 2), event(GENERATION - 1), event(GENERATION), event(GENERATION + 1))
    assert [generation for generation, _ in beginnings(file)] == [0, 1]
    store.write(lambda tx: tx.drop_trail(TrailHead(GENERATION - 2, b"\1")))
    assert [generation for generation, _ in beginnings(file)] == [0, 1]
    store.write(lambda tx: tx.drop_trail(TrailHead(GENERATION - 1, b"\1")))
    assert [generation for generation, _ in beginnings(file)] == [1]
    assert store.read(lambda r: r.trail_after(0, 9)) == [event(GENERATION), event(GENERATION + 1)]


def test_after_a_start_beginnings_are_written_again(store: Driven, file: Path) -> None:
    append(store, event(1))
    store.close()
    again = Driven(open_sqlite(file))
    append(again, event(2))
    assert again.read(lambda r: r.trail_after(0, 9)) == [event(1), event(2)]
    again.close()
    assert beginnings(file) == [(0, SHARED)] * 2


def of_the_fourth_schema(file: Path, scripts: Path) -> None:
    """A store as it was before beginnings were shared, with an event."""
    file.parent.mkdir(exist_ok=True)
    for script in sorted(SCRIPTS.glob("000[1-4]_*.sql")):
        (scripts / script.name).write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    connection = sqlite3.connect(file, isolation_level=None)
    assert migrate(connection, scripts) == 4
    connection.execute(OLD_ROW)
    connection.close()


WHOLE = TrailEvent(1, ACCOUNT, 1000.5, ("sg-1",), '{"whole":1}', b"\1")


def test_older_rows_are_read_as_they_were(file: Path, tmp_path: Path) -> None:
    of_the_fourth_schema(file, tmp_path)
    store = Driven(open_sqlite(file))
    append(store, event(2))
    assert store.read(lambda r: r.trail_after(0, 9)) == [WHOLE, event(2)]
    store.close()


def test_a_copy_of_an_older_store_is_read_and_stays_as_it_is(file: Path, tmp_path: Path) -> None:
    of_the_fourth_schema(file, tmp_path)
    before = file.read_bytes()
    with reading_copy(file) as reader:
        assert reader.trail_after(0, 9) == [WHOLE]
    assert file.read_bytes() == before
