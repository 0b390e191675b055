"""Groups in further VPCs and rules that lead there, pages of both, rules that are replaced, and prefix lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plain_store import PlainStore
from ringwall.domain.change import RulesAdded, RulesRemoved
from ringwall.domain.group import Direction, PeerReference, SecurityGroup, SecurityGroupRule
from ringwall.domain.prefix_list import PrefixListEntry
from ringwall.store.base import Conflict, Transaction
from stores import ACCOUNT, PLACE, REGION, Driven, association, group, peering, prefix_list, rule, vpc

Rows = Driven | PlainStore
ELSEWHERE = ("999999999999", REGION)
HOME, AWAY = vpc(1), vpc(2)
WEB, DB, FAR = GROUPS = group(HOME, 1), group(HOME, 2), group(AWAY, 3)
PEERING = peering(HOME, AWAY)
ACROSS = PeerReference(ACCOUNT, AWAY.vpc_id, PEERING.peering_id)
ASSOCIATED = PeerReference(ACCOUNT, AWAY.vpc_id, None)


def populate(tx: Transaction) -> None:
    """Two VPCs, with two groups and one."""
    for plan in (HOME, AWAY):
        tx.insert_vpc(plan)
    for each in (WEB, DB, FAR):
        tx.insert_group(each)


def stored(rows: Rows, of: SecurityGroup = WEB) -> list[SecurityGroupRule]:
    return rows.read(lambda r: r.rules_of([of.group_id])[of.group_id])


def test_groups_of_a_vpc_are_those_that_were_made_in_it(rows: Rows) -> None:
    rows.write(populate)
    rows.write(lambda tx: tx.insert_vpc_association(association(WEB, AWAY)))
    assert rows.read(lambda r: r.groups_of_vpc(HOME.vpc_id)) == [WEB, DB]
    assert rows.read(lambda r: r.groups_of_vpc(AWAY.vpc_id)) == [FAR]
    assert rows.read(lambda r: r.groups_of_vpc("vpc-0")) == []


def test_associations_are_listed_by_group_and_by_vpc(rows: Rows) -> None:
    third = vpc(3)
    made = [association(DB, AWAY), association(WEB, AWAY), association(WEB, third)]
    rows.write(populate)
    rows.write(lambda tx: (tx.insert_vpc(third), *map(tx.insert_vpc_association, made)))
    assert rows.read(lambda r: r.vpc_associations(*PLACE)) == made
    assert rows.read(lambda r: r.vpc_associations(*PLACE, group_id=WEB.group_id)) == made[1:]
    assert rows.read(lambda r: r.vpc_associations(*PLACE, vpc_id=AWAY.vpc_id)) == made[:2]
    assert rows.read(lambda r: r.vpc_associations(*PLACE, group_id=WEB.group_id, vpc_id=third.vpc_id)) == made[2:]
    assert rows.read(lambda r: r.vpc_associations(*ELSEWHERE, group_id=WEB.group_id)) == []
    with pytest.raises(Conflict):
        rows.write(lambda tx: tx.insert_vpc_association(made[0]))
    rows.write(lambda tx: tx.delete_vpc_association(made[1]))
    assert rows.read(lambda r: r.vpc_associations(*PLACE)) == [made[0], made[2]]


def test_associations_end_with_their_group_and_with_their_vpc(rows: Rows) -> None:
    third = vpc(3)
    rows.write(populate)
    rows.write(lambda tx: tx.insert_vpc(third))
    made = [association(DB, AWAY), association(WEB, AWAY), association(WEB, third)]
    rows.write(lambda tx: list(map(tx.insert_vpc_association, made)))
    rows.write(lambda tx: tx.delete_group(DB))
    assert rows.read(lambda r: r.vpc_associations(*PLACE)) == made[1:]
    rows.write(lambda tx: tx.delete_vpc(third))
    assert rows.read(lambda r: r.vpc_associations(*PLACE)) == [made[1]]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_groups_go_by_id_and_hold_one_region(rows: Rows, limit: int) -> None:
    mine = [group(HOME, number) for number in (7, 3, 9, 5, 1, 8)]
    rows.write(lambda tx: (tx.insert_vpc(HOME), *map(tx.insert_group, mine)))
    rows.write(lambda tx: (tx.insert_vpc(vpc(4, *ELSEWHERE)), tx.insert_group(group(vpc(4, *ELSEWHERE), 4))))
    read, last = [], ""
    while page := rows.read(lambda r: r.groups_after(*PLACE, last, limit)):  # noqa: B023
        assert len(page) <= limit
        read += page
        last = page[-1].group_id
    assert read == sorted(mine, key=lambda each: each.group_id)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_rules_go_by_id_and_hold_one_region(rows: Rows, limit: int) -> None:
    rows.write(populate)
    theirs = group(vpc(4, *ELSEWHERE), 4)
    ids = iter([7, 3, 9, 5, 1, 8])
    mine = [replace(rule(each, port), rule_id=f"sgr-{next(ids)}") for port in (1, 2) for each in (WEB, DB, FAR)]
    rows.write(
        lambda tx: [tx.insert_rules(of, [each for each in mine if each.group_id == of.group_id]) for of in GROUPS]
    )
    rows.write(lambda tx: (tx.insert_vpc(vpc(4, *ELSEWHERE)), tx.insert_group(theirs)))
    rows.write(lambda tx: tx.insert_rules(theirs, [replace(rule(theirs), rule_id="sgr-4")]))
    read, last = [], ""
    while page := rows.read(lambda r: r.rules_after(*PLACE, last, limit)):  # noqa: B023
        assert len(page) <= limit
        read += page
        last = page[-1].rule_id
    assert read == sorted(mine, key=lambda each: each.rule_id)


def test_a_page_begins_where_a_deleted_one_was(rows: Rows) -> None:
    rows.write(populate)
    rows.write(lambda tx: tx.delete_group(DB))
    assert rows.read(lambda r: r.groups_after(*PLACE, DB.group_id, 10)) == [FAR]


def test_a_reference_is_kept_with_its_rule(rows: Rows) -> None:
    rows.write(populate)
    rules = [
        rule(WEB, 1, FAR.group_id, reference=ACROSS),
        rule(WEB, 2, FAR.group_id, reference=ASSOCIATED),
        rule(WEB, 3, DB.group_id),
    ]
    rows.write(lambda tx: tx.insert_rules(WEB, rules))
    assert stored(rows) == rules
    assert rows.read(lambda r: r.rule(*PLACE, rules[0].rule_id)) == rules[0]
    (record,) = rows.read(lambda r: r.changes_since(1, 10))
    assert record.changes == (RulesAdded(WEB.group_id, tuple(rules)),)


def test_rules_are_found_by_what_they_name(rows: Rows) -> None:
    rows.write(populate)
    to_far, also = rule(WEB, 1, FAR.group_id, reference=ACROSS), rule(DB, 1, FAR.group_id, reference=ACROSS)
    near = rule(FAR, 9, FAR.group_id)
    listed = [rule(WEB, 1, "pl-1"), rule(DB, 1, "pl-1", Direction.EGRESS), rule(DB, 2, "pl-2")]
    for of, each in ((DB, also), (WEB, to_far), (FAR, near), (DB, listed[1]), (WEB, listed[0]), (DB, listed[2])):
        rows.write(lambda tx, of=of, each=each: tx.insert_rules(of, [each]))
    assert rows.read(lambda r: r.rules_referencing(FAR.group_id)) == [also, to_far, near]
    assert rows.read(lambda r: r.rules_referencing(WEB.group_id)) == []
    assert rows.read(lambda r: r.rules_across(PEERING.peering_id)) == [also, to_far]
    assert rows.read(lambda r: r.rules_across("pcx-0")) == []
    assert rows.read(lambda r: r.rules_naming_list("pl-1")) == [listed[1], listed[0]]
    assert rows.read(lambda r: r.rules_naming_list("pl-2")) == [listed[2]]
    assert rows.read(lambda r: r.rules_naming_list(FAR.group_id)) == []


def test_a_reference_outlives_what_it_names(rows: Rows) -> None:
    rows.write(populate)
    stale = rule(WEB, 1, FAR.group_id, reference=ACROSS)
    rows.write(lambda tx: (tx.insert_rules(WEB, [stale]), tx.delete_group(FAR), tx.delete_vpc(AWAY)))
    assert stored(rows) == [stale]
    assert rows.read(lambda r: r.rules_referencing(FAR.group_id)) == [stale]


def test_replaced_rules_keep_their_place_and_their_tags(rows: Rows) -> None:
    rows.write(populate)
    before = [rule(WEB, port) for port in (1, 2, 3)]
    rows.write(lambda tx: (tx.insert_rules(WEB, before), tx.insert_rules(DB, [rule(DB)])))
    rows.write(lambda tx: tx.set_tags(*PLACE, before[1].rule_id, {"Name": "middle"}))
    after = replace(before[1], traffic=rule(WEB, 22).traffic, description="ssh")
    committed = rows.write(lambda tx: tx.replace_rules(WEB, [before[1]], [after]))
    assert stored(rows) == [before[0], after, before[2]]
    assert rows.read(lambda r: r.tags(*PLACE, [after.rule_id])) == {after.rule_id: {"Name": "middle"}}
    assert rows.read(lambda r: r.rules(*PLACE))[:3] == [before[0], after, before[2]]
    assert committed.revision is not None
    (record,) = rows.read(lambda r: r.changes_since(committed.revision - 1, 10))  # type: ignore[operator]
    assert record.changes == (RulesRemoved(WEB.group_id, (before[1],)), RulesAdded(WEB.group_id, (after,)))


def test_rules_change_places(rows: Rows) -> None:
    rows.write(populate)
    first, second, same = rule(WEB, 1), rule(WEB, 2), rule(WEB, 3)
    rows.write(lambda tx: tx.insert_rules(WEB, [first, second, same]))
    swapped = [replace(second, traffic=first.traffic), same, replace(first, traffic=second.traffic)]
    committed = rows.write(lambda tx: tx.replace_rules(WEB, [first, second, same], swapped))
    assert stored(rows) == [swapped[2], swapped[0], same]
    (record,) = rows.read(lambda r: r.changes_since(committed.revision - 1, 10))  # type: ignore[operator]
    assert record.changes == (
        RulesRemoved(WEB.group_id, (second, first)),
        RulesAdded(WEB.group_id, (swapped[0], swapped[2])),
    )


def test_a_rule_is_not_replaced_by_what_the_group_has(rows: Rows) -> None:
    rows.write(populate)
    first, second = rule(WEB, 1), rule(WEB, 2)
    rows.write(lambda tx: tx.insert_rules(WEB, [first, second]))
    with pytest.raises(Conflict):
        rows.write(lambda tx: tx.replace_rules(WEB, [first], [replace(first, traffic=second.traffic)]))
    assert stored(rows) == [first, second]


def test_replacing_rules_by_themselves_changes_nothing(rows: Rows) -> None:
    rows.write(populate)
    rules = [rule(WEB, 1), rule(WEB, 2)]
    rows.write(lambda tx: tx.insert_rules(WEB, rules))
    assert rows.write(lambda tx: tx.replace_rules(WEB, rules, list(rules))).revision is None
    assert rows.write(lambda tx: tx.replace_rules(WEB, [], [])).revision is None


def entries(*cidrs: str) -> tuple[PrefixListEntry, ...]:
    return tuple(PrefixListEntry(cidr, f"« {cidr} »") for cidr in cidrs)


def test_prefix_lists_and_the_entries_of_their_versions(rows: Rows) -> None:
    lists = [prefix_list(2), prefix_list(1), replace(prefix_list(3), state_message="why")]
    for each in lists:
        rows.write(lambda tx, each=each: tx.insert_prefix_list(each, entries("10.9.0.0/16", "10.10.0.0/16")))
    assert rows.read(lambda r: r.prefix_lists(*PLACE)) == lists
    assert rows.read(lambda r: r.prefix_list(*PLACE, lists[2].prefix_list_id)) == lists[2]
    assert rows.read(lambda r: r.prefix_lists(*ELSEWHERE)) == []
    assert rows.read(lambda r: r.prefix_list(*ELSEWHERE, lists[0].prefix_list_id)) is None
    first = lists[0].prefix_list_id
    assert rows.read(lambda r: r.prefix_list_entries(first, 1)) == entries("10.10.0.0/16", "10.9.0.0/16")
    assert rows.read(lambda r: r.prefix_list_entries(first, 2)) is None
    assert rows.read(lambda r: r.prefix_list_entries("pl-0", 1)) is None


def test_a_prefix_list_gets_further_versions_and_loses_old_ones(rows: Rows) -> None:
    first, other = prefix_list(1), prefix_list(2)
    rows.write(lambda tx: (tx.insert_prefix_list(first, []), tx.insert_prefix_list(other, entries("10.0.0.0/8"))))
    second, third = replace(first, version=2, state="modify-complete"), replace(first, version=3, name="renamed")
    rows.write(lambda tx: tx.update_prefix_list(second, [PrefixListEntry("10.1.0.0/16")]))
    rows.write(lambda tx: tx.update_prefix_list(third, entries("10.2.0.0/16")))
    list_id = first.prefix_list_id
    assert rows.read(lambda r: [r.prefix_list_entries(list_id, version) for version in (1, 2, 3, 4)]) == [
        (),
        (PrefixListEntry("10.1.0.0/16"),),
        entries("10.2.0.0/16"),
        None,
    ]
    assert rows.read(lambda r: r.prefix_lists(*PLACE)) == [third, other]
    assert rows.write(lambda tx: tx.drop_prefix_list_versions(third, 3)).revision is None
    kept = rows.read(lambda r: [r.prefix_list_entries(list_id, version) is not None for version in (1, 2, 3)])
    assert kept == [False, False, True]
    assert rows.read(lambda r: r.prefix_list_entries(other.prefix_list_id, 1)) == entries("10.0.0.0/8")


def test_a_prefix_list_that_stays_what_it_is_gets_no_revision(rows: Rows) -> None:
    it = prefix_list()
    rows.write(lambda tx: tx.insert_prefix_list(it, entries("10.0.0.0/8", "10.0.0.0/9")))
    assert rows.write(lambda tx: tx.update_prefix_list(it)).revision is None
    assert rows.write(lambda tx: tx.update_prefix_list(it, entries("10.0.0.0/9", "10.0.0.0/8"))).revision is None
    assert rows.write(lambda tx: tx.update_prefix_list(replace(it, max_entries=11, weight=11))).revision == 2
    other_text = [PrefixListEntry("10.0.0.0/8", "other")]
    assert (
        rows.write(lambda tx: tx.update_prefix_list(replace(it, max_entries=11, weight=11), other_text)).revision == 3
    )
    assert rows.read(lambda r: r.prefix_list_entries(it.prefix_list_id, 1)) == tuple(other_text)


def test_a_deleted_prefix_list_takes_its_versions_and_tags_along(rows: Rows) -> None:
    it, other = prefix_list(1), prefix_list(2)
    rows.write(lambda tx: [tx.insert_prefix_list(each, entries("10.0.0.0/8")) for each in (it, other)])
    rows.write(lambda tx: [tx.set_tags(*PLACE, each.prefix_list_id, {"a": "b"}) for each in (it, other)])
    rows.write(lambda tx: tx.delete_prefix_list(it))
    assert rows.read(lambda r: r.prefix_lists(*PLACE)) == [other]
    assert rows.read(lambda r: r.prefix_list_entries(it.prefix_list_id, 1)) is None
    assert rows.read(lambda r: r.all_tags(*PLACE)) == {other.prefix_list_id: {"a": "b"}}
