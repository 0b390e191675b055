"""A process made to be killed: clients that change a store, each change told on standard output once acknowledged."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from ringwall.domain.group import SecurityGroup, SecurityGroupRule
from ringwall.store.base import Store, Transaction
from ringwall.store.sqlite import open_sqlite
from stores import PLACE, REGION, group, rule, vpc

CLIENTS = 16
STRANGER = ("999999999999", REGION)


def stranger_rules() -> Iterable[SecurityGroupRule]:
    """The rules of an account that asks for nothing, so that nothing may happen to them."""
    of = group(vpc(2, *STRANGER), 1_000)
    return (_with_id(rule(of, port), f"sgr-{port:017x}") for port in range(20))


def telling(what: str, rules: Iterable[SecurityGroupRule]) -> str:
    """A change in a line, by which the parent knows it again in the change log."""
    return " ".join([what, *(each.rule_id for each in rules)])


def _with_id(of: SecurityGroupRule, rule_id: str) -> SecurityGroupRule:
    return SecurityGroupRule(rule_id, of.group_id, of.direction, of.traffic, of.peer, of.description)


def _make_groups(tx: Transaction) -> None:
    """The first start's rows; on later starts they are there."""
    if tx.vpcs(*PLACE):
        return
    tx.insert_vpc(vpc())
    for client in range(CLIENTS):
        tx.insert_group(group(vpc(), client))


def _make_stranger(tx: Transaction) -> None:
    if tx.vpcs(*STRANGER):
        return
    of = group(vpc(2, *STRANGER), 1_000)
    tx.insert_vpc(vpc(2, *STRANGER))
    tx.insert_group(of)
    tx.insert_rules(of, list(stranger_rules()))


def _revoke(of: SecurityGroup, there: list[SecurityGroupRule]) -> Callable[[Transaction], str]:
    doomed = random.sample(there, min(len(there), 3))

    def run(tx: Transaction) -> str:
        tx.delete_rules(of, doomed)
        return telling("revoke", doomed)

    return run


def _authorize(of: SecurityGroup, there: list[SecurityGroupRule]) -> Callable[[Transaction], str]:
    taken = {each.traffic.from_port for each in there}
    ports = random.sample([port for port in range(1, 100) if port not in taken], 3)
    new = [_with_id(rule(of, port), f"sgr-{random.getrandbits(68):017x}") for port in ports]

    def run(tx: Transaction) -> str:
        tx.insert_rules(of, new)
        tx.set_tags(*PLACE, new[0].rule_id, {"Name": "tagged with its rule or not at all"})
        return telling("authorize", new)

    return run


async def client(store: Store, number: int) -> None:
    """Authorizes a few rules, one with a tag, or revokes some, in a group of its own, for ever."""
    of = group(vpc(), number)
    while True:
        there = store.read(lambda r: r.rules_of([of.group_id])[of.group_id])
        revoking = len(there) > 20 or (there and random.random() < 0.5)
        committed = await store.write((_revoke if revoking else _authorize)(of, there))
        os.write(1, f"{committed.revision} {committed.result}\n".encode())


async def main(path: Path) -> None:
    """Runs until it is killed."""
    store = open_sqlite(path)
    await store.write(_make_groups)
    await store.write(_make_stranger)
    os.write(1, b"ready\n")
    await asyncio.gather(*(client(store, number) for number in range(CLIENTS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
