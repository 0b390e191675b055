"""Rules that drain: kept whole, in order, by their owner, until they are told to go or their group does."""

from __future__ import annotations

import pytest

from ringwall.domain.group import DrainingRule, PeerReference
from ringwall.store.base import Conflict
from stores import ACCOUNT, PLACE, REGION, Driven, group, rule, vpc

WEB, DB, ABROAD = group(vpc(), 1), group(vpc(), 2), group(vpc(3, region="us-east-1"), 3)
SSH = rule(WEB, 22, description="sésame")
ACROSS = rule(WEB, 5432, "sg-9", reference=PeerReference(ACCOUNT, "vpc-9", "pcx-9"))
MAIL, FAR = rule(DB, 25), rule(ABROAD, 22)


def drained(*rules: tuple[object, int]) -> list[DrainingRule]:
    return [DrainingRule(ACCOUNT, REGION, each, at) for each, at in rules]  # type: ignore[arg-type]


@pytest.fixture
def drains(store: Driven) -> Driven:
    store.write(lambda tx: (tx.insert_vpc(vpc()), tx.insert_group(WEB), tx.insert_group(DB)))
    store.write(lambda tx: (tx.insert_vpc(vpc(3, region="us-east-1")), tx.insert_group(ABROAD)))
    store.write(lambda tx: tx.insert_draining_rules(WEB, [SSH, ACROSS], 200))
    store.write(lambda tx: tx.insert_draining_rules(DB, [MAIL], 100))
    store.write(lambda tx: tx.insert_draining_rules(ABROAD, [FAR], 300))
    return store


def test_they_are_read_by_account_region_and_group(drains: Driven) -> None:
    here = drained((MAIL, 100), *sorted(((SSH, 200), (ACROSS, 200)), key=lambda each: each[0].rule_id))
    assert drains.read(lambda r: r.draining_rules(*PLACE)) == here
    assert drains.read(lambda r: r.draining_rules(ACCOUNT)) == [*here, DrainingRule(ACCOUNT, "us-east-1", FAR, 300)]
    assert drains.read(lambda r: r.draining_rules("999999999999")) == []
    assert drains.read(lambda r: r.draining_rules_of(WEB.group_id)) == here[1:]
    assert drains.read(lambda r: r.draining_rules_of("sg-absent")) == []


def test_a_rule_drains_once(drains: Driven) -> None:
    with pytest.raises(Conflict):
        drains.write(lambda tx: tx.insert_draining_rules(WEB, [SSH], 400))
    assert len(drains.read(lambda r: r.draining_rules(ACCOUNT))) == 4


def test_they_go_when_told_to_and_with_their_group(drains: Driven) -> None:
    drains.write(lambda tx: tx.delete_draining_rules(WEB, [ACROSS.rule_id]))
    assert drains.read(lambda r: r.draining_rules_of(WEB.group_id)) == drained((SSH, 200))
    drains.write(lambda tx: tx.delete_group(WEB))
    assert drains.read(lambda r: r.draining_rules(*PLACE)) == drained((MAIL, 100))
