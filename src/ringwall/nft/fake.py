"""A table in memory that runs transactions as the kernel does, for tests without one: all of it or nothing.

It refuses what the kernel refuses, with the kernel's error number: what is missing (ENOENT), there already (EEXIST) or
in use (EBUSY), jumps to base chains and a table made to be owned when it wasn't (EOPNOTSUPP), jumps in a circle or too
deep (EMLINK), a commit in between (ERESTART). Whoever commits is the owner, if there is one.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from .expressions import InSet, Verdict, VerdictMap
from .objects import Chain, Element, Hook, Map, Rule, Ruleset, Set
from .ruleset import Applied, Committed
from .transaction import (
    AddChain,
    AddElements,
    AddMap,
    AddRule,
    AddSet,
    AddTable,
    Command,
    DeleteChain,
    DeleteElements,
    DeleteRule,
    DeleteSet,
    DeleteTable,
    FlushChain,
    SetPolicy,
    Transaction,
)

ERESTART: Final = 85
JUMPS_MAX: Final = 16


class Refused(Exception):
    """The fake did nothing of a transaction. errno: the kernel's reason. command: the one refused; None: the whole."""

    def __init__(self, number: int, command: Command | None) -> None:
        super().__init__(f"{errno.errorcode.get(number, number)}: {command}")
        self.errno = number
        self.command = command


@dataclass(slots=True)
class _Table:
    """The table while a transaction works on it."""

    hooks: dict[str, Hook | None] = field(default_factory=dict)
    rules: dict[str, list[tuple[int, Rule]]] = field(default_factory=dict)
    sets: dict[str, Set] = field(default_factory=dict)
    maps: dict[str, Map] = field(default_factory=dict)
    owner: int = 0
    persistent: bool = False
    adopted: bool = False  # by this transaction

    def copy(self) -> _Table:
        rules = {name: list(each) for name, each in self.rules.items()}
        return _Table(dict(self.hooks), rules, dict(self.sets), dict(self.maps), self.owner, self.persistent)

    def add(self, owner: int) -> int:
        """The table, which is there, added again: adopted, or the error number why not."""
        if (owner, self.persistent) == (self.owner, owner != 0):
            return 0
        if not owner or self.owner or not self.persistent:
            return errno.EOPNOTSUPP
        self.owner, self.adopted = owner, True
        return 0

    def verdicts(self) -> Iterator[tuple[str, Verdict]]:
        """Every verdict that may name a chain, with the chain or map that holds it."""
        for chain, rules in self.rules.items():
            for _, rule in rules:
                yield from ((chain, each) for each in rule.statements if isinstance(each, Verdict))
        for name, one_map in self.maps.items():
            yield from ((name, each) for each in one_map.elements.values())

    def set_names_used(self) -> set[str]:
        return {name for rules in self.rules.values() for _, rule in rules for name in _set_names(rule)}


class Fake:
    """nftables of one namespace, with nothing in it but, perhaps, our table."""

    def __init__(self) -> None:
        self._table: _Table | None = None
        self._generation = 1
        self._handle = 0

    def generation(self) -> int:
        """The generation; every commit begins a new one."""
        return self._generation

    def observe(self) -> Applied | None:
        """Our table as it stands; None: there is none."""
        if self._table is None:
            return None
        table = self._table
        chains = {
            name: Chain(name, tuple(rule for _, rule in table.rules[name]), hook) for name, hook in table.hooks.items()
        }
        handles = {name: tuple(handle for handle, _ in rules) for name, rules in table.rules.items()}
        ruleset = Ruleset(chains, dict(table.sets), dict(table.maps))
        return Applied(ruleset, handles, self._generation, owner=table.owner, persistent=table.persistent)

    def orphan(self) -> None:
        """The table's owner closes his socket. This is no commit."""
        if self._table is not None:
            self._table.owner = 0

    def commit(self, transaction: Transaction, generation: int | None) -> Committed:
        """The transaction done, all of it.

        Raises:
            Refused: nothing was done.
        """
        if generation not in (None, self._generation):
            raise Refused(ERESTART, None)
        table = self._table.copy() if self._table else None
        handles: list[int] = []
        for command in transaction:
            if isinstance(command, DeleteTable):
                if table is None:
                    raise Refused(errno.ENOENT, command)
                table = None
            elif isinstance(command, AddTable):
                if table is None:
                    table = _Table(owner=command.owner, persistent=command.owner != 0)
                elif number := table.add(command.owner):
                    raise Refused(number, command)
            elif table is None:
                raise Refused(errno.ENOENT, command)
            elif number := self._run(table, command, handles) or (errno.EMLINK if _too_deep(table) else 0):
                raise Refused(number, command)
        self._table = table
        self._generation += 1
        return Committed(tuple(handles), self._generation)

    def _run(self, table: _Table, command: Command, handles: list[int]) -> int:
        """The command done, or the error number why not."""
        match command:
            case AddRule(chain, rule, before):
                places = [handle for handle, _ in table.rules.get(chain, ())]
                if chain not in table.rules or (before is not None and before not in places):
                    return errno.ENOENT
                if number := _unresolved(table, rule):
                    return number
                self._handle += 1
                handles.append(self._handle)
                table.rules[chain].insert(len(places) if before is None else places.index(before), (self._handle, rule))
                return 0
            case DeleteRule(chain, handle):
                kept = [each for each in table.rules.get(chain, ()) if each[0] != handle]
                if len(kept) == len(table.rules.get(chain, ())):
                    return errno.ENOENT
                table.rules[chain] = kept
                return 0
            case AddChain() | SetPolicy() | FlushChain() | DeleteChain():
                return _run_on_chain(table, command)
            case AddSet() | AddMap() | DeleteSet() | AddElements() | DeleteElements():
                return _run_on_set(table, command)
            case AddTable() | DeleteTable():
                raise AssertionError("done by commit")


def _run_on_chain(table: _Table, command: AddChain | SetPolicy | FlushChain | DeleteChain) -> int:
    name = command.name
    if isinstance(command, AddChain):
        if name in table.hooks:
            return errno.EEXIST
        if command.hook and table.adopted:
            return errno.EINVAL
        table.hooks[name], table.rules[name] = command.hook, []
        return 0
    if isinstance(command, SetPolicy) and table.hooks.get(name) is None:
        return errno.EOPNOTSUPP
    if name not in table.hooks:
        return errno.ENOENT
    match command:
        case SetPolicy(_, hook):
            table.hooks[name] = hook
        case FlushChain():
            table.rules[name] = []
        case DeleteChain():
            if any(verdict.chain == name for holder, verdict in table.verdicts() if holder != name):
                return errno.EBUSY
            del table.hooks[name], table.rules[name]
    return 0


def _run_on_set(table: _Table, command: AddSet | AddMap | DeleteSet | AddElements | DeleteElements) -> int:
    name = command.name
    exists = name in table.sets or name in table.maps
    if isinstance(command, AddSet | AddMap):
        if exists:
            return errno.EEXIST
        if isinstance(command, AddSet):
            table.sets[name] = Set(name, command.key, frozenset(), command.interval)
        else:
            table.maps[name] = Map(name, command.key, {})
        return 0
    if not exists:
        return errno.ENOENT
    if isinstance(command, DeleteSet):
        if name in table.set_names_used():
            return errno.EBUSY
        table.sets.pop(name, None)
        table.maps.pop(name, None)
        return 0
    return _change_map(table, command) if name in table.maps else _change_set(table, command)


def _change_set(table: _Table, command: AddElements | DeleteElements) -> int:
    old = table.sets[command.name]
    if isinstance(command, DeleteElements):
        if not old.elements.issuperset(command.elements):
            return errno.ENOENT
        gone = frozenset(command.elements)
        comments = {each: comment for each, comment in old.comments.items() if each not in gone}
        table.sets[command.name] = replace(old, elements=old.elements - gone, comments=comments)
        return 0
    if isinstance(command.elements, Mapping):
        return errno.EINVAL
    for each in command.elements:
        if any(_overlap(each, other) if old.interval else each == other for other in old.elements):
            return errno.EEXIST
    elements, comments = old.elements | frozenset(command.elements), {**old.comments, **command.comments}
    table.sets[command.name] = replace(old, elements=elements, comments=comments)
    return 0


def _change_map(table: _Table, command: AddElements | DeleteElements) -> int:
    old = dict(table.maps[command.name].elements)
    if isinstance(command, AddElements) and not isinstance(command.elements, Mapping):
        return errno.EINVAL
    for each in command.elements:
        if isinstance(command, DeleteElements):
            if old.pop(each, None) is None:
                return errno.ENOENT
            continue
        if each in old:
            return errno.EEXIST
        assert isinstance(command.elements, Mapping)
        if number := _unresolved_verdict(table, command.elements[each]):
            return number
        old[each] = command.elements[each]
    table.maps[command.name] = replace(table.maps[command.name], elements=old)
    return 0


def _overlap(one: Element, other: Element) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _unresolved(table: _Table, rule: Rule) -> int:
    """Why the rule can't stand: a set or chain that isn't there, or can't be jumped to."""
    if any(name not in table.sets and name not in table.maps for name in _set_names(rule)):
        return errno.ENOENT
    verdicts = (each for each in rule.statements if isinstance(each, Verdict))
    return next(filter(None, (_unresolved_verdict(table, each) for each in verdicts)), 0)


def _unresolved_verdict(table: _Table, verdict: Verdict) -> int:
    if verdict.chain is None:
        return 0
    if verdict.chain not in table.hooks:
        return errno.ENOENT
    return errno.EOPNOTSUPP if table.hooks[verdict.chain] else 0


def _set_names(rule: Rule) -> Iterator[str]:
    for each in rule.statements:
        match each:
            case InSet(_, name) | VerdictMap(_, name):
                yield name
            case _:
                pass


def _too_deep(table: _Table) -> bool:
    """Whether jumps from some base chain go in a circle, or deeper than the kernel's jump stack."""
    leads: dict[str, set[str]] = {name: set() for name in (*table.hooks, *table.maps)}
    for holder, verdict in table.verdicts():
        if verdict.chain is not None:
            leads[holder].add(verdict.chain)
    for chain, rules in table.rules.items():
        for name in {name for _, rule in rules for name in _set_names(rule) if name in table.maps}:
            leads[chain] |= leads[name]
    level = {name for name, hook in table.hooks.items() if hook}
    for _ in range(JUMPS_MAX):
        level = {target for name in level for target in leads[name]}
    return bool(level)
