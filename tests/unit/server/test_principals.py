"""Keys and documents as the server finds them: kept, and never longer than they count."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

import botocore_judge as judge
from ringwall.domain.principal import PrincipalKind
from ringwall.server.handle import handle
from ringwall.server.principals import KEPT_MAX
from ringwall.store.base import Transaction
from site_of_accounts import ACCOUNT, EVERYTHING, OTHER, PEER, ROOT, Key, Site, Told, insert_key

LOOK = judge.form(judge.flat("DescribeVpcs", {}))


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def switch(site: Site, key: Key, *, active: bool) -> None:
    def write(transaction: Transaction) -> None:
        stored = transaction.access_key(key.key_id)
        assert stored is not None
        transaction.update_access_key(replace(stored, active=active))

    site.write(write)


def test_unknown_inactive_and_wrong_are_refused_alike(site: Site) -> None:
    key = site.user("ann", EVERYTHING)
    assert site.ask(key, "DescribeVpcs").status == 200
    wrong = site.ask(Key(key.key_id, "wrong"), "DescribeVpcs")
    unknown = site.ask(Key("AKIAUNKNOWN", key.secret), "DescribeVpcs")
    switch(site, key, active=False)
    inactive = site.ask(key, "DescribeVpcs")
    assert {(told.status, told.code, told.message) for told in (wrong, unknown, inactive)} == {
        (401, "AuthFailure", wrong.message)
    }
    sts = [site.ask(each, "GetCallerIdentity") for each in (key, Key("AKIAUNKNOWN", key.secret))]
    assert {(told.status, told.code) for told in sts} == {(403, "InvalidClientTokenId")}
    switch(site, key, active=True)
    assert site.ask(key, "DescribeVpcs").status == 200


def test_a_key_ends_with_its_user(site: Site) -> None:
    key = site.user("ann", EVERYTHING)
    assert site.ask(key, "DescribeVpcs").status == 200

    def delete(transaction: Transaction) -> None:
        user = transaction.principal(ACCOUNT, PrincipalKind.USER, "ann")
        assert user is not None
        transaction.delete_principal(user)

    site.write(delete)
    assert site.ask(key, "DescribeVpcs").code == "AuthFailure"


@pytest.mark.parametrize("of_root", [True, False])
@pytest.mark.parametrize("delete", [True, False])
def test_a_key_that_is_taken_away_ends_what_it_has_under_way(site: Site, of_root: bool, delete: bool) -> None:
    """The caller is known, and its region is being made, when the key goes: that was answered before the change."""
    key = site.root_of(OTHER) if of_root else site.user("ann", EVERYTHING, account=OTHER)
    form = judge.form(judge.flat("CreateVpc", {"CidrBlock": "10.9.0.0/16"}))

    def take_away(transaction: Transaction) -> None:
        stored = transaction.access_key(key.key_id)
        assert stored is not None
        if delete:
            transaction.delete_access_key(key.key_id)
        else:
            transaction.update_access_key(replace(stored, active=False))

    async def race() -> Told:
        asking = asyncio.ensure_future(handle(site.service, site.raw(key, form, region="eu-west-1")))
        await asyncio.sleep(0)
        await site.store.write(take_away)
        assert not asking.done(), "it was over before the key was gone"
        return Told(await asking)

    told = site.runner.run(race())
    assert (told.status, told.code) == (401, "AuthFailure")
    vpcs = site.store.read(lambda reader: reader.vpcs(OTHER, "eu-west-1"))
    assert [vpc.is_default for vpc in vpcs] == [True]


def test_roots_of_further_accounts_have_their_own(site: Site) -> None:
    other = site.root_of(OTHER)
    group_id = site.ask(ROOT, "CreateSecurityGroup", GroupName="web", Description="x").one("groupId")
    assert site.ask(other, "DescribeSecurityGroups", GroupIds=[group_id]).code == "InvalidGroup.NotFound"
    assert site.ask(other, "CreateSecurityGroup", GroupName="web", Description="x").status == 200


def test_a_known_key_is_looked_up_once(site: Site) -> None:
    key = site.user("ann", EVERYTHING)
    asked: list[str] = []
    look_up = site.service.principals.look_up

    def counted(key_id: str) -> object:
        asked.append(key_id)
        return look_up(key_id)

    site.service.principals.look_up = counted  # type: ignore[method-assign,assignment]
    for _ in range(3):
        assert site.ask(key, "DescribeVpcs").status == 200
    assert asked == [key.key_id]
    site.ask(Key(key.key_id, "wrong"), "DescribeVpcs")
    assert asked == [key.key_id] * 2, "a wrong signature costs what an unknown key costs"
    site.ask(Key("AKIAUNKNOWN", "x"), "DescribeVpcs")
    site.ask(Key("AKIAUNKNOWN", "x"), "DescribeVpcs")
    assert asked[2:] == ["AKIAUNKNOWN"] * 2


def test_what_is_under_way_is_neither_kept_nor_used(site: Site) -> None:
    """A key that is switched off in a transaction isn't found while that is on its way to the disk, nor afterwards."""
    key = site.user("ann", EVERYTHING)
    principals, store = site.service.principals, site.store
    assert principals.find(key.key_id) is not None
    assert store.principals_version() is not None
    seen: list[object] = []

    def write(transaction: Transaction) -> None:
        stored = transaction.access_key(key.key_id)
        assert stored is not None
        transaction.update_access_key(replace(stored, active=False))
        seen.append(store.principals_version())
        found = principals._get(store.principals_version(), ("key", key.key_id))
        seen.append(found)

    site.write(write)
    assert seen == [None, None]
    assert principals.find(key.key_id) is None


def test_a_change_that_comes_to_nothing_changes_nothing(site: Site) -> None:
    key = site.user("ann", EVERYTHING)
    before = site.store.principals_version()

    def write(transaction: Transaction) -> None:
        stored = transaction.access_key(key.key_id)
        assert stored is not None
        transaction.update_access_key(replace(stored, active=False))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        site.write(write)
    assert site.store.principals_version() not in (None, before)
    assert site.ask(key, "DescribeVpcs").status == 200


def test_documents_of_a_transaction_are_those_before_it_and_what_it_has_changed(site: Site) -> None:
    """A request that is run right after the change, in the same commit, is judged by the change."""
    key = site.user("ann", EVERYTHING)
    vpc_id = site.ask(ROOT, "CreateVpc", CidrBlock="10.0.0.0/16").one("vpcId")
    body = judge.form(judge.flat("DeleteVpc", {"VpcId": vpc_id}))
    site.send(key, LOOK)

    async def together() -> int:
        detach = site.store.write(
            lambda t: t.update_principal(replace(t.principal(ACCOUNT, PrincipalKind.USER, "ann"), policies=()))  # type: ignore[type-var]
        )
        asked = asyncio.ensure_future(handle(site.service, site.raw(key, body)))
        await detach
        return (await asked).status

    assert site.runner.run(together()) == 403


def test_what_is_kept_is_bounded(site: Site) -> None:
    def write(transaction: Transaction) -> None:
        for number in range(KEPT_MAX + 10):
            insert_key(transaction, site.service.keyring, None, Key(f"AKIA{number:016}", "x"), account=OTHER)

    site.write(write)
    for number in range(KEPT_MAX + 10):
        assert site.service.principals.find(f"AKIA{number:016}") is not None
    assert len(site.service.principals._kept) == KEPT_MAX


def test_the_last_use_is_written_for_all_keys_at_once(site: Site) -> None:
    ann, bob = site.user("ann"), site.user("bob")
    for _ in range(3):
        site.ask(ann, "GetCallerIdentity")
        site.ask(bob, "GetCallerIdentity", peer="198.51.100.1")
    version = site.store.principals_version()
    site.ask(ROOT, "GetCallerIdentity")
    assert site.store.read(lambda reader: reader.access_key(ann.key_id).last_used_at) is None  # type: ignore[union-attr]
    site.runner.run(site.service.principals.flush())
    keys = site.store.read(lambda reader: reader.access_keys(ACCOUNT))
    assert [(key.access_key_id, key.last_used_from) for key in keys] == [
        (ann.key_id, PEER),
        (bob.key_id, "198.51.100.1"),
    ]
    assert all(key.last_used_at is not None and key.active for key in keys)
    site.ask(ann, "GetCallerIdentity")
    assert not site.service.principals._uses, "not again within a minute"
    assert site.store.principals_version() != version


def test_a_document_that_can_t_be_read_denies(site: Site) -> None:
    key = site.user("ann", EVERYTHING, EVERYTHING)
    site.put_policy("ann-1", "{}")
    told = site.ask(key, "DescribeVpcs")
    assert told.code == "UnauthorizedOperation" and "explicit deny" in told.message


def test_shipped_documents_count_by_their_name(site: Site) -> None:
    key = site.user("ann")

    def attach(transaction: Transaction) -> None:
        user = transaction.principal(ACCOUNT, PrincipalKind.USER, "ann")
        assert user is not None
        transaction.update_principal(replace(user, policies=("ReadOnly",)))

    site.write(attach)
    assert site.ask(key, "DescribeVpcs").status == 200
    assert site.ask(key, "CreateVpc", CidrBlock="10.0.0.0/16").code == "UnauthorizedOperation"
