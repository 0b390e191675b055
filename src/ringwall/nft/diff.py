"""The way from what is applied to what is desired, as one transaction.

The order follows who needs whom, so that no command refers to something that isn't there:

    add      chains, sets, maps -> their elements, rules
    delete   rules, elements    -> chains, sets, maps

Objects that are the same Python object on both sides are skipped without a look inside; whoever makes the desired
ruleset keeps the objects that haven't changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from .objects import Chain, Element, Hook, Map, Rule, Ruleset, Set
from .ruleset import Applied
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

T = TypeVar("T", Chain, Set, Map)


def difference(applied: Applied | None, desired: Ruleset) -> Transaction:
    """What leads from the applied table (None: there is none) to the desired one; empty when it is there already.

    A chain's rules change one by one: those that stay keep their handles and counters, and of several that are equal
    any may be the one that goes. The whole table is replaced instead when it holds something foreign, or an object of
    the same name is now of another kind: others may refer to it, and it cannot change its nature under them.
    Cost: a look at each object; for those that differ, at each of their rules or elements.
    """
    if applied is None:
        return replacement(desired, exists=False)
    old = applied.ruleset
    chains = _changed(old.chains, desired.chains)
    sets = _changed(old.sets, desired.sets)
    maps = _changed(old.maps, desired.maps)
    if applied.foreign or not _same_kinds(old, desired, chains, sets, maps):
        return replacement(desired, exists=True)
    made: list[Command] = []
    changed: list[Command] = []
    for name in chains:
        _change_chain(old.chains.get(name), desired.chains.get(name), applied.handles.get(name, ()), made, changed)
    for name in sets:
        _change_set(old.sets.get(name), desired.sets.get(name), made, changed)
    for name in maps:
        _change_map(old.maps.get(name), desired.maps.get(name), made, changed)
    gone = [name for name in chains if name not in desired.chains]
    return (
        *made,
        *changed,
        *(FlushChain(name) for name in gone if old.chains[name].rules),
        *(DeleteSet(name) for name in (*sets, *maps) if name not in desired.sets and name not in desired.maps),
        *(DeleteChain(name) for name in gone),
    )


def replacement(desired: Ruleset, *, exists: bool) -> Transaction:
    """The table made anew, whatever it held before; exists: it is there, and deleted in the same transaction."""
    head = (DeleteTable(), AddTable()) if exists else (AddTable(),)
    return (*head, *difference(Applied(Ruleset(), {}, 0), desired))


def _changed(old: Mapping[str, T], new: Mapping[str, T]) -> list[str]:
    """The names whose objects differ, are new or are gone, in the order of their names."""
    differing = [name for name, each in new.items() if (was := old.get(name)) is not each and was != each]
    gone = [name for name in old if name not in new] if len(old) + len(differing) != len(new) or differing else []
    return sorted(differing + gone)


def _same_kinds(old: Ruleset, new: Ruleset, chains: list[str], sets: list[str], maps: list[str]) -> bool:
    """Whether every object that is on both sides is the same sort of thing, so that changing its content will do."""
    return (
        all(
            _place(old.chains[name].hook) == _place(new.chains[name].hook)
            for name in chains
            if name in old.chains and name in new.chains
        )
        and all(
            (old.sets[name].key, old.sets[name].interval) == (new.sets[name].key, new.sets[name].interval)
            for name in sets
            if name in old.sets and name in new.sets
        )
        and all(old.maps[name].key == new.maps[name].key for name in maps if name in old.maps and name in new.maps)
        and not any(name in new.maps for name in sets if name in old.sets)
        and not any(name in new.sets for name in maps if name in old.maps)
    )


def _place(hook: Hook | None) -> tuple[str, int] | None:
    return None if hook is None else (hook.hook, hook.priority)


def _change_chain(
    old: Chain | None, new: Chain | None, handles: Sequence[int], made: list[Command], changed: list[Command]
) -> None:
    if new is None:
        return
    if old is None:
        made.append(AddChain(new.name, new.hook))
        changed.extend(AddRule(new.name, each) for each in new.rules)
        return
    if new.hook is not None and new.hook != old.hook:
        made.append(SetPolicy(new.name, new.hook))
    changed.extend(_rule_changes(new.name, old.rules, new.rules, handles))


def _rule_changes(chain: str, old: Sequence[Rule], new: Sequence[Rule], handles: Sequence[int]) -> Iterator[Command]:
    """Deletions by handle, and additions before the rule that follows; the rules common to both sides stay."""
    start = _common(old, new)
    limit = min(len(old), len(new)) - start
    end = _common(old[: -limit - 1 : -1], new[: -limit - 1 : -1]) if limit else 0
    old_end, new_end = len(old) - end, len(new) - end
    stays = SequenceMatcher(None, old[start:old_end], new[start:new_end], autojunk=False)
    for kind, i, j, k, m in stays.get_opcodes():
        if kind == "equal":
            continue
        yield from (DeleteRule(chain, handle) for handle in handles[start + i : start + j])
        after = start + j
        before = handles[after] if after < len(old) else None
        yield from (AddRule(chain, rule, before) for rule in new[start + k : start + m])


def _common(old: Sequence[Rule], new: Sequence[Rule]) -> int:
    """How many rules are the same from the start on."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one is not other and one != other:
            break
        count += 1
    return count


def _change_set(old: Set | None, new: Set | None, made: list[Command], changed: list[Command]) -> None:
    if new is None:
        return
    if old is None:
        made.append(AddSet(new.name, new.key, new.interval))
    had = frozenset[Element]() if old is None else old.elements
    # Deletions first: a new interval may lie where an old one goes.
    if gone := tuple(sorted(had - new.elements)):
        changed.append(DeleteElements(new.name, new.key, gone, new.interval))
    if fresh := tuple(sorted(new.elements - had)):
        changed.append(AddElements(new.name, new.key, fresh, new.interval))


def _change_map(old: Map | None, new: Map | None, made: list[Command], changed: list[Command]) -> None:
    if new is None:
        return
    if old is None:
        made.append(AddMap(new.name, new.key))
    had = {} if old is None else old.elements
    # Deletions first: an element's verdict changes by adding it anew.
    if gone := tuple(sorted(key for key, verdict in had.items() if new.elements.get(key) != verdict)):
        changed.append(DeleteElements(new.name, new.key, gone))
    if fresh := {key: new.elements[key] for key in sorted(new.elements) if had.get(key) != new.elements[key]}:
        changed.append(AddElements(new.name, new.key, fresh))
