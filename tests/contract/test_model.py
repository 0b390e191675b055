"""The store against a plain dict: whatever is asked of it, in whatever order and company, both end up the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ringwall.domain.change import GroupCreated, GroupDeleted, RulesAdded, RulesRemoved
from ringwall.domain.errors import ServiceError
from ringwall.domain.group import Direction, SecurityGroup, SecurityGroupRule
from ringwall.domain.peer import Peer
from ringwall.domain.traffic import Traffic
from ringwall.store.base import Committed, Store, Transaction
from ringwall.store.sqlite import open_ephemeral, open_sqlite
from stores import PLACE, Driven, group, vpc
from stores import rule as make_rule

Identity = tuple[Direction, Traffic, Peer]
Request = Callable[[Transaction], None]


class Refused(ServiceError):
    """A request that EC2 would refuse."""

    code = "Refused"


def identity(of: SecurityGroupRule) -> Identity:
    return of.direction, of.traffic, of.peer


# Few of each, so that requests meet.
GROUPS = [group(vpc(), number) for number in range(1, 4)]
RULES = st.builds(
    lambda of, port, peer, direction: make_rule(of, port, peer, direction),
    st.sampled_from(GROUPS),
    st.sampled_from([22, 443]),
    st.sampled_from(["10.0.0.0/8", "2001:db8::/32", "pl-1", GROUPS[0].group_id]),
    st.sampled_from(Direction),
)


class Model:
    """What the rows must be: the rules of each group that exists, in the order in which they were made."""

    def __init__(self) -> None:
        self.rules: dict[str, list[SecurityGroupRule]] = {}

    def create(self, of: SecurityGroup) -> bool:
        if of.group_id in self.rules:
            return False
        self.rules[of.group_id] = []
        return True

    def delete(self, of: SecurityGroup) -> bool:
        return self.rules.pop(of.group_id, None) is not None

    def authorize(self, new: SecurityGroupRule) -> bool:
        there = self.rules.get(new.group_id)
        if there is None or identity(new) in map(identity, there):
            return False
        there.append(new)
        return True

    def revoke(self, named: list[SecurityGroupRule]) -> bool:
        """All or nothing, by identity."""
        doomed = {(each.group_id, identity(each)) for each in named}
        there = {(each.group_id, identity(each)) for rules in self.rules.values() for each in rules}
        if not doomed or not doomed <= there or len({group_id for group_id, _ in doomed}) > 1:
            return False
        for group_id, rules in self.rules.items():
            self.rules[group_id] = [each for each in rules if (group_id, identity(each)) not in doomed]
        return True


def create(of: SecurityGroup) -> Request:
    def run(tx: Transaction) -> None:
        if tx.group_by_name(of.vpc_id, of.name):
            raise Refused
        tx.insert_group(of)

    return run


def delete(of: SecurityGroup) -> Request:
    def run(tx: Transaction) -> None:
        if not tx.group(*PLACE, of.group_id):
            raise Refused
        tx.delete_group(of)

    return run


def authorize(new: SecurityGroupRule) -> Request:
    def run(tx: Transaction) -> None:
        of = tx.group(*PLACE, new.group_id)
        if of is None or tx.find_rule(new.group_id, *identity(new)):
            raise Refused
        tx.insert_rules(of, [new])

    return run


def revoke(named: list[SecurityGroupRule]) -> Request:
    def run(tx: Transaction) -> None:
        found = {tx.find_rule(each.group_id, *identity(each)) for each in named}
        rules = [each for each in found if each is not None]
        if not rules or len(rules) < len(found) or len({each.group_id for each in rules}) > 1:
            raise Refused
        of = tx.group(*PLACE, rules[0].group_id)
        assert of is not None
        tx.delete_rules(of, rules)

    return run


def break_after_writing(tx: Transaction) -> None:
    """A defect in company: everybody else's request is run again."""
    if groups := tx.groups(*PLACE):
        tx.delete_group(groups[0])
    raise ZeroDivisionError


# A request, and what it does to the model: whether it is accepted.
STEPS = st.one_of(
    st.sampled_from(GROUPS).map(lambda of: (create(of), lambda model: model.create(of))),
    st.sampled_from(GROUPS).map(lambda of: (delete(of), lambda model: model.delete(of))),
    RULES.map(lambda new: (authorize(new), lambda model: model.authorize(new))),
    RULES.map(lambda new: (authorize(new), lambda model: model.authorize(new))),
    st.lists(RULES, min_size=1, max_size=2).map(lambda named: (revoke(named), lambda model: model.revoke(named))),
    st.just((break_after_writing, lambda model: False)),
)


class StoreAgainstModel(RuleBasedStateMachine):
    """Requests alone and in company; after each step the rows, the model and a replay of the log agree."""

    open: Callable[[Path], Store]

    @initialize()
    def start(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.store = Driven(type(self).open(Path(self.directory.name)))
        self.model = Model()
        self.store.write(lambda tx: tx.insert_vpc(vpc()))
        self.revision = 1

    @rule(steps=st.lists(STEPS, min_size=1, max_size=5))
    def ask(self, steps: list[tuple[Request, Callable[[Model], bool]]]) -> None:
        outcomes = self.store.write_all([request for request, _ in steps])
        for outcome, (_, expected) in zip(outcomes, steps, strict=True):
            accepted = expected(self.model)
            assert isinstance(outcome, Committed) == accepted, outcome
            if isinstance(outcome, Committed):
                self.revision += 1
                assert outcome.revision == self.revision

    @rule()
    def revoke_the_first_of_each_group(self) -> None:
        """Rules after = rules before - exactly what was named."""
        before = {group_id: list(rules) for group_id, rules in self.model.rules.items()}
        for group_id, rules in before.items():
            if rules:
                self.ask([(revoke(rules[:1]), lambda model, named=rules[:1]: model.revoke(named))])
                assert self.store.read(lambda r, group_id=group_id: r.rules_of([group_id])[group_id]) == rules[1:]

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        groups = [each.group_id for each in self.store.read(lambda r: r.groups(*PLACE))]
        assert sorted(groups) == sorted(self.model.rules)
        assert self.store.read(lambda r: r.rules_of(groups)) == self.model.rules
        by_id = {each.rule_id: each for rules in self.model.rules.values() for each in rules}
        assert {each.rule_id: each for each in self.store.read(lambda r: r.rules(*PLACE))} == by_id
        for direction in Direction:
            for group_id, rules in self.model.rules.items():
                counts = self.store.read(lambda r, g=group_id, d=direction: r.peer_counts(g, d))
                total = counts.cidr_ipv4 + counts.cidr_ipv6 + counts.group + sum(counts.prefix_lists.values())
                assert total == sum(each.direction is direction for each in rules)

    @invariant()
    def the_log_replayed_gives_the_rows(self) -> None:
        log = self.store.read(lambda r: r.changes_since(0, 10_000))
        assert [record.revision for record in log] == list(range(1, self.revision + 1))
        replayed: dict[str, list[SecurityGroupRule]] = {}
        for record in log:
            for change in record.changes:
                match change:
                    case GroupCreated(group_id):
                        replayed[group_id] = []
                    case GroupDeleted(group_id):
                        del replayed[group_id]
                    case RulesAdded(group_id, rules):
                        replayed[group_id] += rules
                    case RulesRemoved(group_id, rules):
                        replayed[group_id] = [each for each in replayed[group_id] if each not in rules]
                    case _:
                        pass
        assert replayed == self.model.rules

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.directory.cleanup()


class OnDisk(StoreAgainstModel):
    """Batches in a thread of their own."""

    open = staticmethod(lambda directory: open_sqlite(directory / "ringwall.db"))


class InMemory(StoreAgainstModel):
    """Batches on the loop, so that what is asked together is always one batch."""

    open = staticmethod(lambda _: open_ephemeral())


@pytest.mark.parametrize(("machine", "examples"), [(InMemory, 40), (OnDisk, 15)])
def test_store_and_model_agree(machine: type[StoreAgainstModel], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
