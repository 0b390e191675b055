"""Differences lead where they say, in as few commands as there are changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

import nft_values
from ringwall.nft import expressions as x
from ringwall.nft.diff import difference, replacement, waypoint
from ringwall.nft.expressions import Counter, Match, Verdict, VerdictMap
from ringwall.nft.fake import Fake
from ringwall.nft.objects import Chain, Hook, Map, Rule, Ruleset, Set
from ringwall.nft.ruleset import Applied, advance
from ringwall.nft.transaction import (
    AddElements,
    AddRule,
    AddTable,
    DeleteChain,
    DeleteElements,
    DeleteRule,
    DeleteSet,
    DeleteTable,
    FlushChain,
    SetPolicy,
)

ACCEPT = Verdict("accept")
whole_rulesets = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def rule(number: int) -> Rule:
    return Rule((Match(x.CT_REPLY_PROTO_SRC, number.to_bytes(2)), Counter(), ACCEPT), f"sgr-{number}")


def chain(*numbers: int, hook: Hook | None = None) -> Ruleset:
    return Ruleset(chains={"c": Chain("c", tuple(map(rule, numbers)), hook)})


def committed(fake: Fake, applied: Applied | None, desired: Ruleset, owner: int = 0) -> Applied:
    transaction = difference(applied, desired, owner)
    if not transaction:
        assert applied is not None
        return applied
    stop = waypoint(applied, desired, transaction, owner)
    if stop is not None:
        return committed(fake, committed(fake, applied, stop, owner), desired, owner)
    done = fake.commit(transaction, applied.generation if applied else None)
    return advance(applied, transaction, desired, done.handles, done.generation)


@whole_rulesets
@given(nft_values.histories(3))
def test_every_difference_leads_there(history: list[Ruleset]) -> None:
    fake = Fake()
    applied = None
    for desired in [*history, history[0]]:
        applied = committed(fake, applied, desired)
        assert fake.observe() == applied
        assert applied.ruleset == desired
        assert difference(applied, desired) == ()


@whole_rulesets
@given(nft_values.histories(3))
def test_whoever_owned_it_the_difference_leads_to_a_table_of_ones_own(history: list[Ruleset]) -> None:
    """Anybody's table at first, then of one owner after the other; each was orphaned before the next one came."""
    fake = Fake()
    applied = None
    for owner, desired in enumerate(history):
        applied = committed(fake, applied, desired, owner)
        assert fake.observe() == applied
        assert (applied.ruleset, applied.owner, applied.persistent) == (desired, owner, owner > 0)
        assert difference(applied, desired, owner) == ()
        fake.orphan()
        applied = fake.observe()


def test_an_orphaned_table_is_adopted_as_it_is_and_one_that_was_nobodys_is_replaced() -> None:
    there = Applied(chain(10, 11), {"c": (100, 101)}, 1)
    orphaned = replace(there, persistent=True)
    assert difference(orphaned, chain(10), 7) == (AddTable(7), DeleteRule("c", 101))
    assert difference(orphaned, orphaned.ruleset, 7) == (AddTable(7),)
    assert difference(replace(orphaned, owner=7), there.ruleset, 7) == ()
    assert difference(there, there.ruleset, 7) == replacement(there.ruleset, exists=True, owner=7)
    hooked = replace(there.ruleset, chains=there.ruleset.chains | {"in": Chain("in", (), Hook("input", 0, "drop"))})
    assert difference(orphaned, hooked, 7) == replacement(hooked, exists=True, owner=7)
    assert difference(replace(orphaned, ruleset=hooked, handles={"c": (100, 101), "in": ()}), hooked, 7) == (
        AddTable(7),
    )


@whole_rulesets
@given(nft_values.histories(2))
def test_a_replacement_leads_there_from_anywhere(history: list[Ruleset]) -> None:
    fake = Fake()
    for desired in history:
        fake.commit(replacement(desired, exists=fake.observe() is not None), None)
        observed = fake.observe()
        assert observed is not None
        assert observed.ruleset == desired


@pytest.mark.parametrize("gone", range(5))
def test_one_rule_less_is_one_deletion(gone: int) -> None:
    numbers = [10, 11, 12, 13, 14]
    applied = Applied(chain(*numbers), {"c": (100, 101, 102, 103, 104)}, 1)
    desired = chain(*(number for number in numbers if number != numbers[gone]))
    assert difference(applied, desired) == (DeleteRule("c", 100 + gone),)


@pytest.mark.parametrize(("place", "before"), [(0, 100), (1, 101), (2, 102), (3, None)])
def test_one_rule_more_is_one_addition_in_its_place(place: int, before: int | None) -> None:
    numbers = [10, 11, 12]
    applied = Applied(chain(*numbers), {"c": (100, 101, 102)}, 1)
    desired = chain(*numbers[:place], 99, *numbers[place:])
    assert difference(applied, desired) == (AddRule("c", rule(99), before),)


def test_a_moved_rule_leaves_the_others_in_place() -> None:
    applied = Applied(chain(10, 11, 12, 13), {"c": (100, 101, 102, 103)}, 1)
    assert len(difference(applied, chain(11, 12, 13, 10))) == 2


def test_objects_that_are_the_same_are_not_looked_into() -> None:
    class Unseen(tuple[Rule, ...]):
        """Rules that must not be compared."""

        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            raise AssertionError("looked into")

        __hash__ = tuple.__hash__

    same = Chain("same", Unseen())
    applied = Applied(Ruleset(chains={"same": same}), {"same": ()}, 1)
    assert difference(applied, Ruleset(chains={"same": same})) == ()


def test_elements_change_one_by_one() -> None:
    key = (x.CT_REPLY_PROTO_SRC,)
    old = Ruleset(
        sets={"s": Set("s", key, frozenset({(b"\0\1",), (b"\0\2",)}))},
        maps={"m": Map("m", key, {(b"\0\1",): ACCEPT, (b"\0\2",): ACCEPT})},
    )
    new = Ruleset(
        sets={"s": Set("s", key, frozenset({(b"\0\2",), (b"\0\3",)}))},
        maps={"m": Map("m", key, {(b"\0\1",): Verdict("drop"), (b"\0\2",): ACCEPT})},
    )
    assert difference(Applied(old, {}, 1), new) == (
        DeleteElements("s", key, ((b"\0\1",),)),
        DeleteElements("m", key, ((b"\0\1",),)),
        AddElements("s", key, ((b"\0\3",),)),
        AddElements("m", key, {(b"\0\1",): Verdict("drop")}),
    )


def test_a_policy_changes_in_place() -> None:
    observing, enforcing = Hook("input", 0, "accept"), Hook("input", 0, "drop")
    applied = Applied(chain(10, hook=observing), {"c": (100,)}, 1)
    assert difference(applied, chain(10, hook=enforcing)) == (SetPolicy("c", enforcing),)


@pytest.mark.parametrize(
    "desired",
    [
        chain(10, hook=Hook("input", 1, "accept")),
        chain(10),
        Ruleset(sets={"n": Set("n", (x.IIFNAME,))}),
        Ruleset(maps={"n": Map("n", (x.IP6_SADDR,))}),
    ],
    ids=["other priority", "no hook", "set for map", "other key"],
)
def test_what_cannot_change_its_nature_is_replaced_with_the_table(desired: Ruleset) -> None:
    old = replace(chain(10, hook=Hook("input", 0, "accept")), maps={"n": Map("n", (x.IP_SADDR,))})
    transaction = difference(Applied(old, {"c": (100,)}, 1), desired)
    assert transaction[:3] == (FlushChain("c"), DeleteChain("c"), DeleteTable()), "what is hooked goes first"


def test_what_is_foreign_and_has_no_name_is_replaced_with_the_table() -> None:
    applied = Applied(chain(10), {"c": (100,)}, 1, frozenset({"flowtable"}))
    assert difference(applied, chain(10))[0] == DeleteTable()


def test_what_is_foreign_and_has_a_name_is_taken_out() -> None:
    removal = (FlushChain("theirs"), DeleteChain("theirs"), DeleteSet("s"))
    applied = Applied(chain(10), {"c": (100,)}, 1, frozenset({"base chain theirs", "set s"}), removal=removal)
    assert difference(applied, chain(10)) == (FlushChain("theirs"), DeleteSet("s"), DeleteChain("theirs"))
    ours = replace(chain(10), sets={"s": Set("s", (x.IP_SADDR,))})
    assert difference(applied, ours)[0] == DeleteTable(), "rules of ours may use it"


def with_map(number: int, *rules: Rule) -> Ruleset:
    """A base chain that looks up, and then has these rules; and a map of that number, that leads to a leaf."""
    key, name = (x.CT_REPLY_PROTO_SRC,), f"m{number}"
    entry = Chain("entry", (Rule((VerdictMap(key, name),)), *rules), Hook("input", 0, "accept"))
    leaf = Chain(f"leaf{number}", (Rule((Counter(),)),))
    leads = Map(name, key, {(b"\0\1",): Verdict("jump", leaf.name)})
    return Ruleset({"entry": entry, leaf.name: leaf}, maps={name: leads})


def test_where_rules_move_maps_go_one_commit_later() -> None:
    old, new = with_map(1), with_map(2)
    applied = Applied(old, {"entry": (1,), "leaf1": (2,)}, 1)
    stop = waypoint(applied, new, difference(applied, new))
    assert stop == Ruleset({**old.chains, **new.chains}, {}, {**old.maps, **new.maps})
    first = difference(applied, stop)
    assert not [each for each in first if isinstance(each, (DeleteSet, DeleteChain, DeleteElements))]
    halfway = advance(applied, first, stop, (3, 4), 2)
    second = difference(halfway, new)
    assert set(second) == {FlushChain("leaf1"), DeleteChain("leaf1"), DeleteSet("m1")}
    assert waypoint(halfway, new, second) is None


def test_a_map_that_only_goes_goes_at_once() -> None:
    old = with_map(1)
    applied = Applied(old, {"entry": (1,), "leaf1": (2,)}, 1)
    assert waypoint(applied, Ruleset(), difference(applied, Ruleset())) is None


def test_an_orphan_is_adopted_before_it_gets_new_base_chains() -> None:
    old, new = Ruleset(), chain(10, hook=Hook("input", 0, "accept"))
    orphan = Applied(old, {}, 1, persistent=True)
    assert waypoint(orphan, new, difference(orphan, new, 7), 7) is old
    assert difference(orphan, old, 7) == (AddTable(7),)
    assert waypoint(orphan, old, (AddTable(7),), 7) is None
    never_owned = replace(orphan, persistent=False)
    assert waypoint(never_owned, new, difference(never_owned, new, 7), 7) is None


def test_two_chains_change_places() -> None:
    """Half-way there, each would jump to the other."""

    def jump(*names: str) -> Ruleset:
        entry = Chain("entry", (Rule((Verdict("jump", names[0]),)),), Hook("input", 0, "accept"))
        first = Chain(names[0], (Rule((Verdict("jump", names[1]),)),))
        return Ruleset({"entry": entry, names[0]: first, names[1]: Chain(names[1], ())})

    fake = Fake()
    applied = committed(fake, None, jump("a", "b"))
    applied = committed(fake, applied, jump("b", "a"))
    assert fake.observe() == applied


def test_a_chain_and_the_chains_it_led_to_go_together() -> None:
    old = Ruleset(
        chains={
            "a": Chain("a", (Rule((Verdict("jump", "b"),)), Rule((VerdictMap((x.CT_DIRECTION,), "m"),)))),
            "b": Chain("b", (Rule((Verdict("jump", "c"),)),)),
            "c": Chain("c", ()),
        },
        maps={"m": Map("m", (x.CT_DIRECTION,), {(b"\0",): Verdict("goto", "c")})},
    )
    fake = Fake()
    applied = committed(fake, None, old)
    committed(fake, applied, Ruleset())
    observed = fake.observe()
    assert observed is not None
    assert observed.ruleset == Ruleset()
