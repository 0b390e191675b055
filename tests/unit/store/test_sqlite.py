"""What only SQLite on disk can do and can suffer."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ringwall.domain.errors import ServiceError
from ringwall.store.base import Committed, Reader, Transaction, Unavailable
from ringwall.store.group_commit import BATCH_MAX
from ringwall.store.sqlite import SqliteStore, open_ephemeral, open_sqlite
from stores import PLACE, Driven, group, rule, vpc

Request = Callable[[Transaction], None]


class Refused(ServiceError):
    """A refusal, as operations make them."""

    code = "Refused"


class OnDisk(Driven):
    """A driven store whose engine is known."""

    store: SqliteStore

    def write_in_one_batch(self, functions: Iterable[Request]) -> list[Committed[None] | BaseException]:
        """Writes that are all queued before the writer, held up by one that waits, takes any of them."""

        async def together() -> list[Committed[None] | BaseException]:
            queued = threading.Event()
            writes = [self.store.write(lambda _: queued.wait(5)), *map(self.store.write, functions)]
            queued.set()
            _, *outcomes = await asyncio.gather(*writes, return_exceptions=True)
            return outcomes

        return self.runner.run(together())


@pytest.fixture(params=[False, True], ids=["thread", "inline"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OnDisk]:
    """A new store on disk."""
    driven = OnDisk(open_sqlite(tmp_path / "data" / "ringwall.db", inline=request.param))
    yield driven
    driven.close()


def insert(number: int) -> Request:
    return lambda tx: tx.insert_vpc(vpc(number))


def limit_pages(store: OnDisk, pages: int) -> int:
    """Fills the disk as far as SQLite can tell: no page more than these, or than there are."""
    connection = store.store._writer.connection
    return int(connection.execute(f"PRAGMA max_page_count={pages}").fetchone()[0])


def test_what_was_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "ringwall.db"
    first = Driven(open_sqlite(path))
    first.write(insert(1))
    identity = first.read(lambda r: r.identity())
    first.close()
    again = Driven(open_sqlite(path))
    assert again.read(lambda r: r.vpcs(*PLACE)) == [vpc(1)]
    assert again.read(lambda r: r.identity()) == identity
    assert again.write(insert(2)).revision == 2
    again.close()


def test_two_stores_have_two_identities(tmp_path: Path) -> None:
    stores = [
        open_ephemeral(),
        open_ephemeral(),
        open_sqlite(tmp_path / "a" / "db"),
        open_sqlite(tmp_path / "b" / "db"),
    ]
    assert len({each.read(lambda r: r.identity()).store_id for each in stores}) == 4
    for each in stores:
        each.close()


def test_a_second_server_is_refused_until_the_first_has_closed(tmp_path: Path) -> None:
    first = open_sqlite(tmp_path / "ringwall.db")
    with pytest.raises(Unavailable, match="in use by another ringwall server"):
        open_sqlite(tmp_path / "ringwall.db")
    first.close()
    open_sqlite(tmp_path / "ringwall.db").close()


def test_a_file_that_is_no_store_is_refused_and_the_directory_given_back(tmp_path: Path) -> None:
    path = tmp_path / "ringwall.db"
    path.write_bytes(b"certainly not a database, but long enough to look" * 100)
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"ringwall\.db can't be opened: file is not a database"):
            open_sqlite(path)


def test_a_store_of_a_newer_program_is_refused_and_the_directory_given_back(tmp_path: Path) -> None:
    path = tmp_path / "ringwall.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    for _ in range(2):
        with pytest.raises(Unavailable, match="newer ringwall"):
            open_sqlite(path)


def test_only_the_owner_can_read_the_files(store: OnDisk, tmp_path: Path) -> None:
    store.write(insert(1))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()}
    assert modes == dict.fromkeys(["lock", "ringwall.db", "ringwall.db-wal", "ringwall.db-shm"], 0o600)


def test_commits_are_synced_and_closing_leaves_one_file(store: OnDisk, tmp_path: Path) -> None:
    connection = store.store._writer.connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    store.write(insert(1))
    store.store.close()
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["lock", "ringwall.db"]


def test_an_ephemeral_store_touches_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Driven(open_ephemeral())
    store.write(insert(1))
    assert store.read_in_thread(lambda r: len(r.vpcs(*PLACE))) == 1
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_requests_at_the_same_time_share_a_commit(store: OnDisk) -> None:
    before = store.store.commits
    outcomes = store.write_in_one_batch([insert(number) for number in range(1, 201)])
    assert [each.revision for each in outcomes if isinstance(each, Committed)] == list(range(1, 201))
    assert store.store.commits - before <= 2  # One is that of the request that held the writer up.


def test_a_batch_has_a_limit(store: OnDisk) -> None:
    before = store.store.commits
    store.write_in_one_batch([lambda tx: None] * (3 * BATCH_MAX))
    assert store.store.commits - before >= 3


def test_a_broken_batch_is_run_again_one_by_one(store: OnDisk) -> None:
    runs = []

    def counted(number: int) -> Request:
        return lambda tx: (runs.append(number), insert(number)(tx))[1]

    def broken(tx: Transaction) -> None:
        tx.insert_vpc(vpc(99))
        raise ZeroDivisionError

    outcomes = store.write_in_one_batch([counted(1), counted(2), broken, counted(3)])
    assert [type(each) for each in outcomes] == [Committed, Committed, ZeroDivisionError, Committed]
    assert [each.revision for each in outcomes if isinstance(each, Committed)] == [1, 2, 3]
    assert runs == [1, 2, 1, 2, 3]
    assert store.read(lambda r: r.vpcs(*PLACE)) == [vpc(1), vpc(2), vpc(3)]


def test_a_full_disk_refuses_acknowledges_nothing_and_recovers(store: OnDisk) -> None:
    store.write(lambda tx: (tx.insert_vpc(vpc()), tx.insert_group(group(vpc()))))
    web = group(vpc())

    def fill(number: int) -> Request:
        rules = [rule(web, port, f"10.{number}.0.0/16", description="x" * 200) for port in range(20)]
        return lambda tx: tx.insert_rules(web, rules)

    limit_pages(store, 1)  # SQLite allows as many as there are.
    outcomes = store.write_in_one_batch([fill(number) for number in range(20)])
    done = [each for each in outcomes if isinstance(each, Committed)]
    refused = [each for each in outcomes if isinstance(each, Unavailable)]
    assert len(done) + len(refused) == 20
    assert refused
    assert "full" in str(refused[0])
    assert len(store.read(lambda r: r.rules(*PLACE))) == 20 * len(done)
    assert store.read(lambda r: r.revision()) == 1 + len(done)
    limit_pages(store, 1_000_000)
    assert store.write(fill(77)).revision == 2 + len(done)
    assert store.store._writer.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_commit_that_fails_refuses_everybody(store: OnDisk) -> None:
    """Those too who were refused for what they saw: it was never made."""
    heard: list[int] = []
    store.store.subscribe(heard.append)
    connection = store.store._writer.connection

    def spoil(tx: Transaction) -> None:
        connection.execute("PRAGMA defer_foreign_keys = ON")  # The one thing that SQLite checks at the commit itself.
        tx.insert_group(group(vpc(42)))

    def refused(tx: Transaction) -> None:
        raise Refused(str(len(tx.groups(*PLACE))))

    outcomes = store.write_in_one_batch([insert(1), spoil, refused, insert(2)])
    assert [type(each) for each in outcomes] == [Unavailable] * 4
    assert "durable" in str(outcomes[0])
    assert heard == []
    assert store.read(lambda r: (r.revision(), r.groups(*PLACE), r.vpcs(*PLACE))) == (0, [], [])
    assert store.write(insert(3)).revision == 1


@pytest.mark.parametrize("room", [0, 1, 5000, 30_000])
def test_a_disk_that_refuses_the_write_itself(store: OnDisk, tmp_path: Path, room: int) -> None:
    """The limit of a file's size stands in for the disk's: the log's pages are refused when they are written out."""
    store.write(insert(1))
    log = tmp_path / "data" / "ringwall.db-wal"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + room, hard))
    try:
        batches = [store.write_in_one_batch([insert(10 * n + m) for m in range(3)]) for n in range(2, 12)]
        seen = store.read(lambda r: r.vpcs(*PLACE))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [type(each) for each in batches[-1]] == [Unavailable] * 3
    done = [each for batch in batches for each in batch if isinstance(each, Committed)]
    assert [each.revision for each in done] == list(range(2, 2 + len(done)))
    assert len(seen) == 1 + len(done)
    assert store.write(insert(200)).revision == 2 + len(done)
    assert store.store._writer.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_transaction_that_sqlite_has_dropped_by_itself_is_not_carried_on(store: OnDisk) -> None:
    """As after an I/O error in a read: what followed would be committed statement by statement."""
    connection = store.store._writer.connection

    def fail_in_a_read(tx: Transaction) -> None:
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    outcomes = store.write_in_one_batch([insert(1), fail_in_a_read, insert(2)])
    assert [type(each) for each in outcomes] == [Committed, Unavailable, Committed]
    assert store.read(lambda r: r.vpcs(*PLACE)) == [vpc(1), vpc(2)]


@pytest.mark.parametrize("inline", [False, True])
def test_a_defect_of_the_engine_neither_ends_the_writer_nor_leaves_clients_waiting(
    tmp_path: Path, inline: bool
) -> None:
    times = [ZeroDivisionError("no time"), 1.0]

    def clock() -> float:
        now = times.pop(0)
        if isinstance(now, Exception):
            raise now
        return now

    store = OnDisk(open_sqlite(tmp_path / "ringwall.db", inline=inline, clock=clock))
    with pytest.raises(ZeroDivisionError):
        store.write(insert(1))
    assert store.write(insert(2)).revision == 1
    store.close()


def test_no_statement_of_a_revoke_is_compiled_twice(store: OnDisk) -> None:
    """SQLite compiles anew, for each value bound, what an index on a condition makes it doubt: 5 times the cost."""
    web = group(vpc())
    rules = [rule(web, port, peer) for port in range(8) for peer in ("10.0.0.0/8", "fd00::/8", web.group_id, "pl-1")]

    def authorize_and_revoke(tx: Transaction) -> None:
        for each in rules:
            assert tx.group(*PLACE, each.group_id)
            assert tx.find_rule(each.group_id, each.direction, each.traffic, each.peer) is None
            tx.peer_counts(each.group_id, each.direction)
            tx.insert_rules(web, [each])
            tx.rule(*PLACE, each.rule_id)
            tx.groups_referencing(each.group_id)
            tx.rules_referencing(each.group_id)
            tx.rules_naming_list(each.peer.value)
            tx.rules_across(each.rule_id)
            tx.rules_after(*PLACE, each.rule_id, 1)
            tx.replace_rules(web, [each], [replace(each, description="another")])
        tx.delete_rules(web, rules)

    store.write(lambda tx: (tx.insert_vpc(vpc()), tx.insert_group(web)))
    compiled: list[str | None] = []

    def note(action: int, table: str | None, *_: object) -> int:
        compiled.append(table)
        return sqlite3.SQLITE_OK

    store.store._writer.connection.set_authorizer(note)  # SQLite asks it whenever it compiles a statement.
    store.write(authorize_and_revoke)
    assert compiled
    compiled.clear()
    store.write(authorize_and_revoke)
    assert compiled == []


def test_a_writer_from_outside_is_waited_for(store: OnDisk, tmp_path: Path) -> None:
    """An operator's sqlite3 shell holds the lock for a moment; the server's requests then go through."""
    outside = sqlite3.connect(tmp_path / "data" / "ringwall.db", isolation_level=None, check_same_thread=False)
    outside.execute("BEGIN IMMEDIATE")

    async def race() -> Committed[None]:
        loop = asyncio.get_running_loop()
        releasing = loop.run_in_executor(None, outside.execute, "ROLLBACK")
        committed = await store.store.write(insert(1))
        await releasing
        return committed

    assert store.runner.run(race()).revision == 1
    outside.close()


def test_writes_from_one_loop_after_another(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "ringwall.db")

    async def one(number: int) -> int | None:
        return (await store.write(insert(number))).revision

    assert [asyncio.run(one(number)) for number in (1, 2)] == [1, 2]

    async def leave() -> None:
        store.write(insert(3))

    asyncio.run(leave())
    store.close()
    again = open_sqlite(tmp_path / "ringwall.db")
    assert again.read(lambda r: r.revision()) == 3
    again.close()


# --- Reads of unknown size ---


def thread_of(read: Callable[[Reader], object]) -> Callable[[Reader], int]:
    """A read that tells on which thread it came to its end."""

    def function(reader: Reader) -> int:
        read(reader)
        return threading.get_ident()

    return function


def with_many_vpcs(store: OnDisk) -> OnDisk:
    store.write(lambda tx: [tx.insert_vpc(vpc(number)) for number in range(1, 1_000)])
    return store


def test_a_small_read_stays_and_a_long_one_leaves_the_thread(store: OnDisk) -> None:
    with_many_vpcs(store)

    async def both() -> tuple[int, int, int]:
        small = await store.store.read_soon(thread_of(lambda r: r.revision()))
        long = await store.store.read_soon(thread_of(lambda r: r.vpcs(*PLACE)))
        return small, long, await store.store.read_soon(thread_of(lambda r: r.revision()))

    first, long, last = store.runner.run(both())
    assert first == last == threading.get_ident() != long


def test_what_the_log_kept_for_a_long_read_is_in_the_file_when_it_is_over(store: OnDisk, tmp_path: Path) -> None:
    many = 2_000
    store.write_in_one_batch([insert(number) for number in range(many)])

    def long(reader: Reader) -> int:
        found = len(reader.vpcs(*PLACE))
        reading.set()
        assert written.wait(5)
        return found

    async def beside() -> int:
        read = asyncio.ensure_future(store.store.read_in_thread(long))
        await asyncio.to_thread(reading.wait, 5)
        await store.store.write(insert(many))
        written.set()
        return await read

    reading, written = threading.Event(), threading.Event()
    assert store.runner.run(beside()) == many
    alone = tmp_path / "alone.db"
    alone.write_bytes((tmp_path / "data" / "ringwall.db").read_bytes())  # without the log
    with closing(sqlite3.connect(alone)) as connection:
        assert connection.execute("SELECT count(*) FROM vpcs").fetchone() == (many + 1,)


def test_many_small_statements_are_a_long_read_too(store: OnDisk) -> None:
    store.write(insert(1))

    async def asked() -> int:
        return await store.store.read_soon(thread_of(lambda r: [r.vpcs(*PLACE) for _ in range(1_000)]))

    assert store.runner.run(asked()) != threading.get_ident()


def test_what_a_read_raises_is_its_own_after_it_left_the_thread(store: OnDisk) -> None:
    with_many_vpcs(store)

    def refuse(reader: Reader) -> None:
        reader.vpcs(*PLACE)
        raise Refused

    async def asked() -> None:
        await store.store.read_soon(refuse)

    with pytest.raises(Refused):
        store.runner.run(asked())


def test_long_reads_take_turns_and_small_ones_pass_them(store: OnDisk) -> None:
    with_many_vpcs(store)
    first_is_in, first_may_end, ended = threading.Event(), threading.Event(), list[str]()

    def long(name: str, is_in: threading.Event, may_end: threading.Event) -> Callable[[Reader], None]:
        def function(reader: Reader) -> None:
            reader.vpcs(*PLACE)
            is_in.set()
            assert may_end.wait(10)
            ended.append(name)

        return function

    async def all_of_them() -> None:
        go = threading.Event()
        go.set()
        first = asyncio.ensure_future(store.store.read_in_thread(long("first", first_is_in, first_may_end)))
        while not first_is_in.is_set():
            await asyncio.sleep(0)
        second = asyncio.ensure_future(store.store.read_in_thread(long("second", threading.Event(), go)))
        for _ in range(20):
            await store.store.read_in_thread(lambda r: r.revision())
        assert ended == []
        first_may_end.set()
        await asyncio.gather(first, second)

    store.runner.run(all_of_them())
    assert ended == ["first", "second"]
