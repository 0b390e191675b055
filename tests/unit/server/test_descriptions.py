"""What is kept of descriptions is never told once it is out of date: it is what would be read, byte by byte."""

from __future__ import annotations

import asyncio
import random
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from account import ACCOUNT, REGION, REGIONS, CountedIds, permission
from ringwall.domain.caller import Caller
from ringwall.domain.change import Change, PeeringChanged, RulesAdded, TagsChanged
from ringwall.domain.errors import ServiceError
from ringwall.domain.quota import Quota
from ringwall.operations.context import Context
from ringwall.operations.groups_described import described_otherwise
from ringwall.operations.table import OPERATIONS
from ringwall.operations.vpcs import ensure_region
from ringwall.server.descriptions import BYTES_MAX, TEXT_LENGTH_MAX, KeptDescriptions
from ringwall.store.base import Reader, Store, Transaction
from ringwall.store.sqlite import open_ephemeral, open_sqlite
from ringwall.wire.response import item_writer, serialize

WRITE = item_writer("DescribeSecurityGroups", "SecurityGroups")
CALLER = Caller(ACCOUNT, REGION, "AKIAEXAMPLE", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
OWNERS_GROUPS = 4


class Site:
    """A store, what is kept beside it, and some groups in two VPCs that have a peering connection."""

    def __init__(self, store: Store, bytes_max: int = BYTES_MAX) -> None:
        self.store = store
        self.kept = KeptDescriptions(WRITE, bytes_max)
        self.store.forewarn(self.kept.warn)
        self.ids = CountedIds()
        self.group_ids: list[str] = []
        self.peering_ids: list[str] = []
        self.list_id = ""
        self.vpc_ids: list[str] = []
        self.waiting: list[tuple[threading.Event, asyncio.Future[None]]] = []

    async def prepare(self) -> None:
        await self.store.write(lambda transaction: ensure_region(self.context(transaction)))
        for number in range(2):
            self.vpc_ids.append((await self.do("CreateVpc", CidrBlock=f"10.{number}.0.0/16"))["Vpc"]["VpcId"])
        for number in range(OWNERS_GROUPS):
            await self.make_group(number)
        await self.peer()
        await self.do("AcceptVpcPeeringConnection", VpcPeeringConnectionId=self.peering_ids[-1])
        answer = await self.do(
            "CreateManagedPrefixList", PrefixListName="list", MaxEntries=5, AddressFamily="IPv4",
            Entries=[{"Cidr": "192.0.2.0/24"}],
        )  # fmt: skip
        self.list_id = answer["PrefixList"]["PrefixListId"]

    async def make_group(self, number: int) -> None:
        answer = await self.do(
            "CreateSecurityGroup", GroupName=f"g{number}", Description="d", VpcId=self.vpc_ids[number % 2]
        )
        if answer:
            self.group_ids.append(answer["GroupId"])

    async def peer(self) -> None:
        answer = await self.do("CreateVpcPeeringConnection", VpcId=self.vpc_ids[0], PeerVpcId=self.vpc_ids[1])
        if answer:
            self.peering_ids.append(answer["VpcPeeringConnection"]["VpcPeeringConnectionId"])

    def context(self, transaction: Any, kept: KeptDescriptions | None = None) -> Context:
        return Context(CALLER, transaction, self.ids, Quota(), 1_700_000_000, REGIONS, "", kept)

    async def do(self, name: str, **request: Any) -> Any:
        """The answer, or None for a refusal."""
        operation = OPERATIONS[name]
        with suppress(ServiceError):
            operation.vet(request)
            return (await self.store.write(lambda tx: operation.run(self.context(tx), request))).result
        return None

    def described(self, reader: Reader, group_ids: list[str], kept: KeptDescriptions | None) -> bytes:
        """The document, or the refusal."""
        try:
            operation = OPERATIONS["DescribeSecurityGroups"]
            answer = operation.run(self.context(reader, kept), {"GroupIds": group_ids})
            return serialize("DescribeSecurityGroups", "2016-11-15", answer, "request")
        except ServiceError as error:
            return f"{error.code}: {error.message}".encode()

    def compare(self, reader: Reader) -> None:
        """Every group alone, several at once, and one that was never there."""
        asked = [[group_id] for group_id in self.group_ids]
        for group_ids in [*asked, self.group_ids[:20], self.group_ids[-3:], [*self.group_ids[:2], "sg-00000000"]]:
            as_read = self.described(reader, group_ids, None)
            assert self.described(reader, group_ids, self.kept) == as_read
            assert self.described(reader, group_ids, self.kept) == as_read

    # What may happen beside the operations.

    def look_later(self) -> None:
        """A reader on another thread that sees the state of now, and describes when it is let go."""
        began, go = threading.Event(), threading.Event()

        def read(reader: Reader) -> None:
            reader.revision()
            began.set()
            assert go.wait(20)
            self.compare(reader)

        self.waiting.append((go, asyncio.ensure_future(self.store.read_in_thread(read))))
        assert began.wait(20)

    async def let_go(self) -> None:
        """The late readers describe."""
        waiting, self.waiting = self.waiting, []
        for go, _ in waiting:
            go.set()
        outcomes = await asyncio.gather(*(future for _, future in waiting), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def fail(self, group_id: str) -> None:
        """A request that writes and then breaks, with others in its batch."""

        def breaks(transaction: Transaction) -> None:
            group = transaction.group(ACCOUNT, REGION, group_id)
            if group is not None:
                transaction.delete_group(group)
            raise RuntimeError("after its write")

        tags = self.do("CreateTags", Resources=[group_id], Tags=[{"Key": "beside", "Value": str(random.random())}])
        await asyncio.gather(tags, self.store.write(breaks), self.peer(), return_exceptions=True)

    async def look_between(self, act: Awaitable[Any]) -> None:
        """A look at the store when the request has run and isn't committed yet."""

        async def look() -> None:
            await self.store.write(lambda _: self.store.read(self.compare))

        await asyncio.gather(act, look())

    async def take(self, name: str, first: int, second: int, how: int, *, together: bool) -> None:
        """One step, and what is described after it."""
        group_ids = self.group_ids[-8:]
        act = TOUCHES[name](self, group_ids[first % len(group_ids)], group_ids[second % len(group_ids)])
        if together and how < 3:
            self.look_later()
        if together and how % 3 == 0:
            await self.look_between(act)
        else:
            await act
        if how != 1:  # else only a late reader fills what is kept
            self.store.read(self.compare)
        if how > 7:
            await self.let_go()
            self.store.read(self.compare)


Touch = Callable[[Site, str, str], Awaitable[Any]]
"""(site, group, another group): one thing that may change the description of the group."""


def rules(name: str, **source: Any) -> Touch:
    """One of the operations that take permissions."""

    def act(site: Site, group_id: str, _: str) -> Awaitable[Any]:
        return site.do(name, GroupId=group_id, IpPermissions=[permission("tcp", 80, "192.0.2.0/24", **source)])

    return act


def rule_of(site: Site, group_id: str) -> str:
    """The id of the group's first rule, if it has any."""
    found = site.store.read(lambda reader: reader.rules_of([group_id]))[group_id]
    return found[0].rule_id if found else "sgr-00000000"


def tagged(name: str, value: str | None = None, *, rule: bool = False) -> Touch:
    """Tags on the group or on a rule of it."""

    def act(site: Site, group_id: str, _: str) -> Awaitable[Any]:
        tag = {"Key": "k"} | ({} if value is None else {"Value": value})
        return site.do(name, Resources=[rule_of(site, group_id) if rule else group_id], Tags=[tag])

    return act


def named(name: str, **more: Any) -> Touch:
    """An operation on the group itself."""
    return lambda site, group_id, _: site.do(name, GroupId=group_id, **more)


def across(site: Site, group_id: str, other: str) -> Awaitable[Any]:
    """A rule that refers to another group, maybe in the other VPC."""
    pair = {"GroupId": other, "Description": "across"}
    wanted = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [pair]}]
    return site.do("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=wanted)


def modified(site: Site, group_id: str, _: str) -> Awaitable[Any]:
    """The first rule means something else."""
    rule = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIpv4": "198.51.100.0/24", "Description": "dns"}
    update = [{"SecurityGroupRuleId": rule_of(site, group_id), "SecurityGroupRule": rule}]
    return site.do("ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=update)


def revoked_by_id(site: Site, group_id: str, _: str) -> Awaitable[Any]:
    """The first rule is gone, which is one of those that a group begins with."""
    rule_id = rule_of(site, group_id)
    return site.do("RevokeSecurityGroupEgress", GroupId=group_id, SecurityGroupRuleIds=[rule_id])


def through_list(site: Site, group_id: str, _: str) -> Awaitable[Any]:
    wanted = [permission("tcp", 25, site.list_id)]
    return site.do("AuthorizeSecurityGroupEgress", GroupId=group_id, IpPermissions=wanted)


def list_entries(site: Site, *_: str) -> Awaitable[Any]:
    entries = [{"Cidr": "198.51.100.0/24"}]
    return site.do("ModifyManagedPrefixList", PrefixListId=site.list_id, CurrentVersion=1, AddEntries=entries)


def peering(name: str) -> Touch:
    """The newest connection's status."""
    return lambda site, *_: site.do(name, VpcPeeringConnectionId=site.peering_ids[-1])


async def made_again(site: Site, group_id: str, _: str) -> None:
    """The group is deleted, and one of its name made."""
    number = site.group_ids.index(group_id)
    await site.do("DeleteSecurityGroup", GroupId=group_id)
    await site.make_group(number % OWNERS_GROUPS)


TOUCHES: dict[str, Touch] = {
    "authorize": rules("AuthorizeSecurityGroupIngress"),
    "authorize egress": rules("AuthorizeSecurityGroupEgress"),
    "authorize all": lambda site, group_id, _: site.do(
        "AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission("-1", None, "2001:db8::/32")]
    ),
    "revoke": rules("RevokeSecurityGroupIngress"),
    "revoke egress": rules("RevokeSecurityGroupEgress"),
    "revoke by id": revoked_by_id,
    "describe rule": rules("UpdateSecurityGroupRuleDescriptionsIngress", description="said"),
    "describe egress rule": rules("UpdateSecurityGroupRuleDescriptionsEgress", description="said"),
    "modify": modified,
    "tag": tagged("CreateTags", "one"),
    "tag again": tagged("CreateTags", "two"),
    "untag": tagged("DeleteTags"),
    "tag rule": tagged("CreateTags", "one", rule=True),
    "delete": named("DeleteSecurityGroup"),
    "make again": made_again,
    "across": across,
    "through list": through_list,
    "list entries": list_entries,
    "ask for peering": lambda site, *_: site.peer(),
    "accept peering": peering("AcceptVpcPeeringConnection"),
    "delete peering": peering("DeleteVpcPeeringConnection"),
    "reject peering": peering("RejectVpcPeeringConnection"),
    "associate": lambda site, group_id, _: site.do(
        "AssociateSecurityGroupVpc", GroupId=group_id, VpcId=site.vpc_ids[1]
    ),
    "fail": lambda site, group_id, _: site.fail(group_id),
}


@pytest.fixture
def run() -> Iterator[Callable[[Callable[[], Awaitable[None]]], None]]:
    """Runs on an event loop."""
    with asyncio.Runner() as runner:
        yield lambda function: runner.run(_awaited(function))


async def _awaited(function: Callable[[], Awaitable[None]]) -> None:
    await function()


STEPS = st.lists(
    st.tuples(st.sampled_from(list(TOUCHES)), st.integers(0, 7), st.integers(0, 7), st.integers(0, 9)), max_size=25
)


async def play(store: Store, steps: list[tuple[str, int, int, int]], *, together: bool, bytes_max: int) -> None:
    """The steps, each compared; together: with looks between run and commit, and readers of older states."""
    site = Site(store, bytes_max)
    await site.prepare()
    site.store.read(site.compare)
    try:
        for step in steps:
            await site.take(*step, together=together)
    finally:
        await site.let_go()
    site.store.read(site.compare)
    await site.store.read_in_thread(site.compare)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.sampled_from([BYTES_MAX, 2_000]))
def test_kept_answers_are_those_that_would_be_read(steps: list[tuple[str, int, int, int]], bytes_max: int) -> None:
    store = open_ephemeral()
    try:
        asyncio.run(play(store, steps, together=False, bytes_max=bytes_max))
    finally:
        store.close()


@settings(max_examples=25, deadline=None)
@given(STEPS, st.booleans())
def test_so_they_are_for_readers_of_older_states_and_before_commits(
    steps: list[tuple[str, int, int, int]], inline: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = open_sqlite(Path(directory) / "ringwall.db", inline=inline)
        try:
            asyncio.run(play(store, steps, together=True, bytes_max=BYTES_MAX))
        finally:
            store.close()


# Each touch, after those that make it possible: the description is another one, and is told at once.
SHOWN: dict[str, tuple[list[str], str]] = {
    "authorize": ([], "authorize"),
    "authorize egress": ([], "authorize egress"),
    "authorize all": ([], "authorize all"),
    "revoke": (["authorize"], "revoke"),
    "revoke egress": (["authorize egress"], "revoke egress"),
    "revoke by id": ([], "revoke by id"),
    "describe rule": (["authorize"], "describe rule"),
    "describe egress rule": (["authorize egress"], "describe egress rule"),
    "modify": (["authorize"], "modify"),
    "tag": ([], "tag"),
    "tag again": (["tag"], "tag again"),
    "untag": (["tag"], "untag"),
    "delete": ([], "delete"),
    "across": ([], "across"),
    "through list": ([], "through list"),
    "delete peering": (["across"], "delete peering"),
}


@pytest.mark.parametrize("case", SHOWN)
def test_what_changed_is_told_at_once(case: str, run: Any) -> None:
    before, touch = SHOWN[case]

    async def scenario() -> None:
        site = Site(open_ephemeral())
        await site.prepare()
        group_id, other = site.group_ids[0], site.group_ids[1]  # of two VPCs
        for name in before:
            await TOUCHES[name](site, group_id, other)
        site.store.read(site.compare)
        old = site.store.read(lambda reader: site.described(reader, [group_id], site.kept))
        await TOUCHES[touch](site, group_id, other)
        new = site.store.read(lambda reader: site.described(reader, [group_id], site.kept))
        assert new != old
        site.store.read(site.compare)
        site.store.close()

    run(scenario)


def test_what_is_kept_is_found_without_a_look_at_the_store(run: Any) -> None:
    async def scenario() -> None:
        site = Site(open_ephemeral())
        await site.prepare()
        site.store.read(site.compare)
        statements: list[str] = []
        site.store._reader.connection.set_trace_callback(statements.append)  # type: ignore[attr-defined]
        site.store.read(lambda reader: site.described(reader, site.group_ids, site.kept))
        assert statements == ["BEGIN", "ROLLBACK"]
        site.store.close()

    run(scenario)


def test_a_change_of_one_group_leaves_the_others_kept(run: Any) -> None:
    async def scenario() -> None:
        site = Site(open_ephemeral())
        await site.prepare()
        site.store.read(site.compare)
        await TOUCHES["authorize"](site, site.group_ids[0], "")
        await TOUCHES["list entries"](site, "", "")
        found = site.store.read(
            lambda reader: [site.kept.find(reader, (ACCOUNT, REGION, each)) is not None for each in site.group_ids]
        )
        assert found == [False] + [True] * (OWNERS_GROUPS - 1)
        site.store.close()

    run(scenario)


def test_another_accounts_reader_finds_nothing(run: Any) -> None:
    async def scenario() -> None:
        site = Site(open_ephemeral())
        await site.prepare()
        site.store.read(site.compare)
        group_id = site.group_ids[0]
        for key in (("999999999999", REGION, group_id), (ACCOUNT, "eu-west-1", group_id)):
            assert site.store.read(lambda reader, key=key: site.kept.find(reader, key)) is None
        site.store.close()

    run(scenario)


class At:
    """A reader of which only the revision matters."""

    def __init__(self, revision: int) -> None:
        self.revision_at_least = lambda: revision


def item(text: str) -> dict[str, str]:
    return {"GroupId": text}


def kept_at(changed: Change, *, had: int, has: int, revision: int) -> bool:
    """Whether what was kept at `had` is told to a reader at `has`, when `changed` came under this revision."""
    kept, key = KeptDescriptions(WRITE), (ACCOUNT, REGION, "sg-1")
    kept.keep(At(had), key, item("sg-1"))  # type: ignore[arg-type]
    kept.warn(revision, [changed])
    return kept.find(At(has), key) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("changed", [RulesAdded("sg-1", ()), TagsChanged(("sg-1",)), PeeringChanged("pcx-1", "", ())])
def test_both_states_must_have_the_last_change(changed: Change) -> None:
    assert kept_at(changed, had=5, has=5, revision=5)
    assert kept_at(changed, had=6, has=5, revision=5)
    assert kept_at(changed, had=5, has=6, revision=5)
    assert not kept_at(changed, had=5, has=5, revision=6), "made, and not committed yet"
    assert not kept_at(changed, had=5, has=6, revision=6), "kept by a reader of the state before"
    assert not kept_at(changed, had=6, has=5, revision=6), "asked by a reader of the state before"


def test_nothing_is_kept_in_a_transaction() -> None:
    assert not kept_at(RulesAdded("sg-2", ()), had=-1, has=9, revision=1)
    assert not kept_at(RulesAdded("sg-2", ()), had=9, has=-1, revision=1)


def test_a_kind_of_change_that_is_not_known_may_concern_every_group() -> None:
    assert described_otherwise(object()) is None  # type: ignore[arg-type]


def test_memory_is_bounded_and_the_least_recently_used_go() -> None:
    kept, reader = KeptDescriptions(WRITE, bytes_max=10_000), At(0)
    keys = [(ACCOUNT, REGION, f"sg-{number}") for number in range(100)]
    for key in keys:
        kept.keep(reader, key, item(key[-1]))  # type: ignore[arg-type]
        assert kept.find(reader, keys[0]) is not None  # type: ignore[arg-type]
    there = [key for key in keys if kept.find(reader, key) is not None]  # type: ignore[arg-type]
    assert there[0] == keys[0]
    assert there[1:] == keys[-len(there) + 1 :]
    assert 10 < len(there) < 20


def test_what_is_long_is_not_kept() -> None:
    kept, reader, key = KeptDescriptions(WRITE), At(0), (ACCOUNT, REGION, "sg-1")
    text = kept.keep(reader, key, item("x" * TEXT_LENGTH_MAX))  # type: ignore[arg-type]
    assert text == WRITE(item("x" * TEXT_LENGTH_MAX))
    assert kept.find(reader, key) is None  # type: ignore[arg-type]
