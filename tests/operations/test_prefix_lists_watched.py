"""A change of a list's entries reaches the hosts whose rules name it, through the store and the hub, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest

from account import Account, permission
from ringwall.domain.world import HostDelta, HostState
from ringwall.operations.hosts import host_state
from ringwall.store.base import Compacted, Reader
from ringwall.store.sqlite import open_ephemeral
from ringwall.watch.hub import Hub
from ringwall.watch.messages import Delta, Heartbeat, Message, Position, Snapshot
from stores import Driven

SECONDS = 10


class Watched:
    """A region with a hub on its store, and a host whose group has a rule with a list."""

    def __init__(self, store: Driven) -> None:
        self.store = store
        self.account = Account(store)
        request = {"PrefixListName": "offices", "AddressFamily": "IPv4", "MaxEntries": 5}
        entries = [{"Cidr": "192.0.2.0/24"}]
        self.list_id = self._list_id(self.account.call("CreateManagedPrefixList", **request, Entries=entries))
        self.other_list_id = self._list_id(self.account.call("CreateManagedPrefixList", **request))
        self.group = self.account.group()
        self.account.allow(self.group, permission("tcp", 22, self.list_id))
        subnet = self.account.call("DescribeSubnets")["Subnets"][0]["SubnetId"]
        self.host, _ = self.account.enrolled(subnet, [self.group])
        self.hub = store.runner.run(self._hub())
        self.stream: AsyncGenerator[Message, None] = self.hub.watch(self.host.instance_id)
        snapshot = self.next()
        assert isinstance(snapshot, Snapshot)
        self.first: HostState = snapshot.state

    @staticmethod
    def _list_id(answer: dict[str, Any]) -> str:
        return str(answer["PrefixList"]["PrefixListId"])

    async def _hub(self) -> Hub:
        hub = Hub(
            self.load,
            lambda revision: self.store.read(lambda reader: reader.changes_since(revision, 100)),
            Compacted,
            self.store.read(lambda reader: reader.revision()),
            heartbeat_seconds=0.001,
        )
        self.store.store.subscribe(hub.wake)
        return hub

    def load(self, host_id: str) -> tuple[Position, HostState] | None:
        def load(reader: Reader) -> tuple[Position, HostState] | None:
            state = host_state(reader, self.account.caller.account_id, self.account.caller.region, host_id)
            return (Position("store", 1, reader.revision()), state) if state else None

        return self.store.read(load)

    def next(self) -> Message:
        async def first() -> Message:
            async with asyncio.timeout(SECONDS):
                return await anext(self.stream)

        return self.store.runner.run(first())

    def delta(self) -> HostDelta:
        """What the host is told of, when it is told of something."""
        while isinstance(message := self.next(), Heartbeat):
            pass
        assert isinstance(message, Delta)
        return message.delta

    def hears_nothing(self) -> bool:
        """Whether the host is told that it is up to date with the store, and nothing else."""
        revision = self.store.read(lambda reader: reader.revision())
        while True:
            message = self.next()
            if isinstance(message, Snapshot) or (isinstance(message, Delta) and message.delta):
                return False
            if message.position.revision >= revision:
                return True

    def modify(self, list_id: str, version: int, **request: Any) -> None:
        self.account.call("ModifyManagedPrefixList", PrefixListId=list_id, CurrentVersion=version, **request)


@pytest.fixture
def watched() -> Iterator[Watched]:
    store = Driven(open_ephemeral())
    made = Watched(store)
    yield made
    made.hub.close()
    store.close()


def test_every_change_of_entries_is_told_at_once(watched: Watched) -> None:
    list_id = watched.list_id
    assert watched.first.prefix_lists == {list_id: frozenset({"192.0.2.0/24"})}
    watched.modify(list_id, 1, AddEntries=[{"Cidr": "198.51.100.0/24"}])
    both = frozenset({"192.0.2.0/24", "198.51.100.0/24"})
    assert watched.delta() == HostDelta(prefix_lists={list_id: both})
    watched.modify(list_id, 2, RemoveEntries=[{"Cidr": "192.0.2.0/24"}])
    assert watched.delta() == HostDelta(prefix_lists={list_id: frozenset({"198.51.100.0/24"})})
    restore = {"PreviousVersion": 1, "CurrentVersion": 3}
    watched.account.call("RestoreManagedPrefixListVersion", PrefixListId=list_id, **restore)
    assert watched.delta() == HostDelta(prefix_lists={list_id: frozenset({"192.0.2.0/24"})})


def test_a_list_that_rules_do_not_name_is_nothing_to_the_host_until_one_does(watched: Watched) -> None:
    watched.modify(watched.other_list_id, 1, AddEntries=[{"Cidr": "203.0.113.0/24"}])
    assert watched.hears_nothing()
    watched.account.allow(watched.group, permission("tcp", 80, watched.other_list_id))
    assert watched.delta().prefix_lists == {watched.other_list_id: frozenset({"203.0.113.0/24"})}


def test_a_new_name_size_or_description_changes_nothing_on_the_host(watched: Watched) -> None:
    request = {"PrefixListId": watched.list_id}
    watched.account.call("ModifyManagedPrefixList", **request, PrefixListName="branches")
    watched.account.call("ModifyManagedPrefixList", **request, MaxEntries=6)
    watched.modify(watched.list_id, 1, AddEntries=[{"Cidr": "192.0.2.0/24", "Description": "main"}])
    watched.account.call("DeleteManagedPrefixList", **request)
    assert watched.hears_nothing()


def test_a_rule_with_a_list_of_aws_admits_nobody(watched: Watched) -> None:
    watched.account.allow(watched.group, permission("tcp", 443, "pl-63a5400a"))
    assert watched.delta().prefix_lists == {"pl-63a5400a": frozenset()}
