"""The route of a request, from its raw bytes to the parts of its answer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import stores
from ringwall.config import ServerConfig
from ringwall.domain.quota import Quota
from ringwall.server.authenticate import RawRequest
from ringwall.server.credentials import RootKey
from ringwall.server.handle import Reply, handle
from ringwall.server.main import build_service
from ringwall.store.base import Reader, Transaction
from ringwall.store.sqlite import open_sqlite
from signed import KEY, SECRET, signed

REGION = "us-east-1"
GROUPS = 400


class Watched:
    """A store that notes what crosses from the reads of requests, and on which threads they ran to their end."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.crossed: list[tuple[int, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read_soon(self, function: Callable[[Reader], Any]) -> Any:
        return await self._noted(self._store.read_soon, function)

    async def read_in_thread(self, function: Callable[[Reader], Any]) -> Any:
        return await self._noted(self._store.read_in_thread, function)

    async def _noted(self, read: Callable[..., Any], function: Callable[[Reader], Any]) -> Any:
        thread, result = await read(lambda reader: (threading.get_ident(), function(reader)))
        self.crossed.append((thread, result))
        return result


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Enough groups for a description of all to be long."""
    driven = stores.Driven(open_sqlite(tmp_path_factory.mktemp("data") / "ringwall.db"))
    driven.write(fill)
    driven.runner.close()
    yield Watched(driven.store)
    driven.store.close()


def fill(transaction: Transaction) -> None:
    vpc = stores.vpc(region=REGION)
    transaction.insert_vpc(vpc)
    transaction.create_region(stores.ACCOUNT, REGION)
    for number in range(GROUPS):
        group = stores.group(vpc, number)
        transaction.insert_group(group)
        transaction.insert_rules(group, [stores.rule(group, port) for port in range(5)])


def ask(store: Watched, form: str) -> Reply:
    config = ServerConfig(data=None, store_path=None, ephemeral=True, quota=Quota())
    service = build_service(config, store, RootKey(stores.ACCOUNT, KEY, SECRET))
    sent = signed(body=form.encode(), region=REGION)
    headers = [(name.lower(), value) for name, value in sent.headers]
    raw = RawRequest(sent.method, sent.path, sent.query, headers, sent.body, time.time())
    store.crossed.clear()
    return asyncio.run(handle(service, raw))


@pytest.mark.parametrize(
    ("form", "items"),
    [
        ("Action=DescribeSecurityGroups&Version=2016-11-15", GROUPS),
        ("Action=DescribeSecurityGroupRules&Version=2016-11-15", 5 * GROUPS),
    ],
)
def test_a_big_answer_is_written_beside_the_event_loop(store: Watched, form: str, items: int) -> None:
    reply = ask(store, form)
    assert reply.status == 200
    assert b"".join(reply.body).count(b"\n        <item>") == items
    ((thread, crossed),) = store.crossed
    assert thread != threading.get_ident()
    assert crossed == reply.body
    assert len(reply.body) > 1


def test_a_small_answer_has_no_way_between_threads(store: Watched) -> None:
    group_id = stores.group(stores.vpc(), 7).group_id
    reply = ask(store, f"Action=DescribeSecurityGroups&GroupId.1={group_id}&Version=2016-11-15")
    assert reply.status == 200
    assert [thread for thread, _ in store.crossed] == [threading.get_ident()]
    assert len(reply.body) == 1


def test_long_filters_are_compared_beside_the_event_loop(store: Watched) -> None:
    values = "".join(f"&Filter.1.Value.{number}=*{'a' * 50}{number}" for number in range(11))
    reply = ask(store, f"Action=DescribeVpcs&Filter.1.Name=state{values}&Version=2016-11-15")
    assert reply.status == 200
    ((thread, _),) = store.crossed
    assert thread != threading.get_ident()
