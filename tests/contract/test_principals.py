"""Accounts, users, roles, keys, documents and the trail: kept whole, found in any letter case, apart by account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringwall.domain.change import VpcCreated
from ringwall.domain.principal import AccessKey, Account, NamedPolicy, Principal, PrincipalKind
from ringwall.store.base import Conflict
from ringwall.store.principals_base import TrailEvent, TrailHead
from stores import ACCOUNT, PLACE, Driven, group, host, interface, key, subnet, vpc

OTHER = "999999999999"
ANN = Principal(ACCOUNT, PrincipalKind.USER, "Ann", "AIDA1", 100, policies=("read", "close"))
BOB = Principal(ACCOUNT, PrincipalKind.USER, "bob", "AIDA2", 200)
ONCALL = Principal(ACCOUNT, PrincipalKind.ROLE, "ann", "AROA1", 300, '{"x":1}', 7200, ("close",))
STRANGER = Principal(OTHER, PrincipalKind.USER, "Ann", "AIDA3", 400, policies=("read",))
KEY = AccessKey("AKIA1", ACCOUNT, "ann", "sealed-1", True, 500)
ROOT_KEY = AccessKey("AKIA0", ACCOUNT, None, "sealed-0", True, 500)
BOBS_KEY = AccessKey("AKIA2", ACCOUNT, "bob", "sealed-2", False, 600, 700, "192.0.2.1")
READ = NamedPolicy(ACCOUNT, "read", "{}", 800)


def event(number: int, account_id: str = ACCOUNT, *resources: str) -> TrailEvent:
    return TrailEvent(number, account_id, 1000.5 + number, resources, f'{{"n":{number}}}', bytes([number]))


@pytest.fixture
def filled(rows: Any) -> Any:
    rows.write(lambda tx: (tx.insert_account(Account(ACCOUNT, "main", 1)), tx.insert_account(Account(OTHER, "b", 2))))
    rows.write(lambda tx: [tx.insert_principal(each) for each in (BOB, ANN, ONCALL, STRANGER)])
    rows.write(lambda tx: [tx.insert_access_key(each) for each in (KEY, BOBS_KEY, ROOT_KEY)])
    rows.write(lambda tx: tx.put_policy(READ))
    return rows


def test_they_are_read_as_they_were_written(filled: Any) -> None:
    assert filled.read(lambda r: r.accounts()) == [Account(ACCOUNT, "main", 1), Account(OTHER, "b", 2)]
    assert filled.read(lambda r: r.account("000000000000")) is None
    assert filled.read(lambda r: r.principals(ACCOUNT, PrincipalKind.USER)) == [ANN, BOB]
    assert filled.read(lambda r: r.principals(ACCOUNT, PrincipalKind.ROLE)) == [ONCALL]
    assert filled.read(lambda r: r.principals(OTHER, PrincipalKind.USER)) == [STRANGER]
    assert filled.read(lambda r: r.access_keys(ACCOUNT)) == [ROOT_KEY, KEY, BOBS_KEY]
    assert filled.read(lambda r: r.access_key("AKIA2")) == BOBS_KEY
    assert filled.read(lambda r: r.policies(ACCOUNT)) == [READ]
    assert filled.read(lambda r: r.policies(OTHER)) == []


def test_names_are_found_in_any_letter_case(filled: Any) -> None:
    assert filled.read(lambda r: r.principal(ACCOUNT, PrincipalKind.USER, "ANN")) == ANN
    assert filled.read(lambda r: r.principal(ACCOUNT, PrincipalKind.ROLE, "Bob")) is None
    assert filled.read(lambda r: r.policy(ACCOUNT, "READ")) == READ
    assert filled.read(lambda r: r.principals_with(ACCOUNT, "Close")) == [ONCALL, ANN]
    with pytest.raises(Conflict):
        filled.write(lambda tx: tx.insert_principal(replace(ANN, name="aNN", principal_id="AIDA9")))


def test_none_of_it_is_a_revision(filled: Any) -> None:
    assert filled.read(lambda r: r.revision()) == 0


def test_a_user_goes_with_its_keys_and_leaves_the_role_of_its_name(filled: Any) -> None:
    filled.write(lambda tx: tx.delete_principal(ANN))
    assert filled.read(lambda r: r.principals(ACCOUNT, PrincipalKind.USER)) == [BOB]
    assert filled.read(lambda r: r.access_keys(ACCOUNT)) == [ROOT_KEY, BOBS_KEY]
    filled.write(lambda tx: tx.delete_principal(ONCALL))
    assert filled.read(lambda r: r.principals(ACCOUNT, PrincipalKind.ROLE)) == []
    assert filled.read(lambda r: r.principal(OTHER, PrincipalKind.USER, "ann")) == STRANGER


def test_an_account_goes_with_its_roots_keys(filled: Any) -> None:
    other_key = replace(ROOT_KEY, access_key_id="AKIA9", account_id=OTHER)
    filled.write(lambda tx: (tx.insert_access_key(other_key), tx.delete_principal(STRANGER)))
    filled.write(lambda tx: tx.delete_account(Account(OTHER, "b", 2)))
    assert filled.read(lambda r: r.accounts()) == [Account(ACCOUNT, "main", 1)]
    assert filled.read(lambda r: r.access_key("AKIA9")) is None
    assert filled.read(lambda r: r.access_keys(ACCOUNT)) == [ROOT_KEY, KEY, BOBS_KEY]


def test_what_changes_is_written_anew(filled: Any) -> None:
    changed = replace(ONCALL, trust="{}", session_seconds_max=900, policies=("read", "Close"))
    filled.write(lambda tx: tx.update_principal(changed))
    assert filled.read(lambda r: r.principal(ACCOUNT, PrincipalKind.ROLE, "ann")) == changed
    used = replace(KEY, active=False, last_used_at=900, last_used_from="fd00::1", sealed_secret="again")
    filled.write(lambda tx: tx.update_access_key(used))
    assert filled.read(lambda r: r.access_key("AKIA1")) == used
    filled.write(lambda tx: tx.delete_access_key("AKIA1"))
    assert filled.read(lambda r: r.access_key("AKIA1")) is None
    filled.write(lambda tx: tx.put_policy(NamedPolicy(ACCOUNT, "READ", "[]", 900)))
    assert filled.read(lambda r: r.policies(ACCOUNT)) == [NamedPolicy(ACCOUNT, "read", "[]", 900)]
    filled.write(lambda tx: tx.delete_policy(ACCOUNT, "Read"))
    assert filled.read(lambda r: r.policies(ACCOUNT)) == []


def test_ids_are_given_once(filled: Any) -> None:
    for write in (
        lambda tx: tx.insert_account(Account(OTHER, "c", 3)),
        lambda tx: tx.insert_access_key(replace(KEY, account_id=OTHER)),
    ):
        with pytest.raises(Conflict):
            filled.write(write)


def test_the_trail_is_kept_in_order_and_starts_later_when_told_to(rows: Any) -> None:
    assert rows.read(lambda r: (r.trail_start(), r.trail_head())) == (TrailHead(0, b""),) * 2
    events = [event(1, ACCOUNT, "sg-1", "sgr-1"), event(2, OTHER, "sg-1"), event(3, ACCOUNT, "sg-11"), event(4)]
    rows.write(lambda tx: [tx.append_trail(each) for each in events])
    assert rows.read(lambda r: r.trail_after(0, 9)) == events
    assert rows.read(lambda r: r.trail_after(1, 1)) == events[1:2]
    assert rows.read(lambda r: r.trail_after(0, 9, ACCOUNT)) == [events[0], events[2], events[3]]
    assert rows.read(lambda r: r.trail_before(4, 2)) == [events[2], events[1]]
    assert rows.read(lambda r: r.trail_before(4, 2, ACCOUNT)) == [events[2], events[0]]
    assert rows.read(lambda r: r.trail_about(ACCOUNT, "sg-1", 9)) == events[:1]
    assert rows.write(lambda tx: tx.drop_trail(TrailHead(2, b"\2"))).result == 2
    assert rows.read(lambda r: r.trail_after(0, 9)) == events[2:]
    assert rows.read(lambda r: (r.trail_start(), r.trail_head())) == (TrailHead(2, b"\2"), TrailHead(4, b"\4"))
    rows.write(lambda tx: tx.drop_trail(TrailHead(4, b"\4")))
    assert rows.read(lambda r: (r.trail_start(), r.trail_head())) == (TrailHead(4, b"\4"),) * 2


def test_a_transaction_knows_its_head_and_what_it_has_recorded(rows: Any) -> None:
    def twice(tx: Any) -> list[Any]:
        seen = [tx.trail_head(), tx.recorded()]
        tx.append_trail(event(1))
        tx.insert_vpc(vpc())
        seen += [tx.trail_head(), tx.recorded()]
        tx.append_trail(event(2))
        return [*seen, tx.trail_head()]

    empty, nothing, one, changed, two = rows.write(twice).result
    assert (empty, one, two) == (TrailHead(0, b""), TrailHead(1, b"\1"), TrailHead(2, b"\2"))
    assert nothing == (None, ())
    assert changed == (1, (VpcCreated(vpc().vpc_id),))
    assert rows.write(lambda tx: (tx.recorded(), tx.trail_head())).result == ((None, ()), TrailHead(2, b"\2"))


def test_a_broken_request_leaves_no_event(store: Driven) -> None:
    def broken(tx: Any) -> None:
        tx.append_trail(event(tx.trail_head().number + 1))
        raise RuntimeError

    def sound(tx: Any) -> int:
        number = tx.trail_head().number + 1
        tx.append_trail(event(number))
        return number

    assert [type(each) for each in store.write_all([sound, broken, sound])][1] is RuntimeError
    assert [each.number for each in store.read(lambda r: r.trail_after(0, 9))] == [1, 2]


def test_a_hosts_key_is_sealed_anew(rows: Any) -> None:
    rows.write(lambda tx: (tx.insert_vpc(vpc()), tx.insert_subnet(subnet(vpc())), tx.insert_group(group(vpc(), 1))))
    made = host(subnet(vpc()))
    rows.write(lambda tx: tx.insert_host(made, key(made), interface(made, [group(vpc(), 1)])))
    assert rows.read(lambda r: r.host_secrets()) == [(made.access_key_id, key(made).secret)]
    rows.write(lambda tx: tx.reseal_host_key(made.access_key_id, "sealed"))
    assert rows.read(lambda r: r.host_key(made.access_key_id)) == replace(key(made), secret="sealed")
    assert rows.read(lambda r: r.host(*PLACE, made.instance_id)) == made
