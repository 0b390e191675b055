"""The way from what is applied to what is desired, as one transaction.

The order follows who needs whom, so that no command refers to something that isn't there:

    delete   rules, elements    -> sets, maps, chains
    add      chains, sets, maps -> elements, rules

Deletions come first: on the way the table holds a part of the old ruleset and then a part of the new one, never a
mixture that might jump in a circle, which the kernel refuses command by command. Nobody sees the way: it is one commit.

Objects that are the same Python object on both sides are skipped without a look inside; whoever makes the desired
ruleset keeps the objects that haven't changed.

Packets on their way. A packet that is between two rules when a commit takes effect goes on by the old rules, but finds
what maps hold from now on (Linux 6.18, nft_do_chain and the sets' look-ups). So a map that goes together with the rules
that used it loses that packet, although it is admitted before and after; where rules move, maps go one commit later
(`waypoint`). And a table that is deleted has its base chains hooked, with empty maps, until the kernel has worked its
way to them, so they are the first that go (`replacement`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import compress
from operator import is_not
from typing import Final, TypeVar

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

ORDER: Final[Mapping[type[Command], int]] = {
    kind: place
    for place, kinds in enumerate(
        (
            (DeleteRule, FlushChain, DeleteElements),
            (DeleteSet,),
            (DeleteChain,),
            (AddChain, SetPolicy, AddSet, AddMap),
            (AddElements, AddRule),
        )
    )
    for kind in kinds
}


def difference(applied: Applied | None, desired: Ruleset, owner: int = 0) -> Transaction:
    """What leads from the applied table (None: there is none) to the desired one; empty when it is there already.

    owner: the port of the netlink socket that will commit, when the table is to be its own: an orphaned table is
    adopted. One that was never owned is replaced, as the kernel gives it to nobody, and so is one that needs a new base
    chain, as the kernel refuses that beside an adoption (EINVAL); see `waypoint`. 0: whosever it is, it remains.

    A chain's rules change one by one: those that stay keep their handles and counters, and of several that are equal
    any may be the one that goes. The whole table is replaced instead when it holds something foreign that can't be
    taken out, or an object of the same name is now of another kind: others may refer to it, and it cannot change its
    nature under them.
    Cost: a look at each object, where the desired ruleset doesn't know what it has in common with the applied one; for
    those that differ, at each of their rules or elements.
    """
    if applied is None:
        return replacement(desired, exists=False, owner=owner)
    to_own = owner != 0 and applied.owner != owner
    old = applied.ruleset
    touched = desired.touched_since(old)
    chains = _changed(old.chains, desired.chains, touched)
    sets = _changed(old.sets, desired.sets, touched)
    maps = _changed(old.maps, desired.maps, touched)
    can_own = applied.persistent and not any(
        name in desired.chains and desired.chains[name].hook for name in chains if name not in old.chains
    )
    if (
        (applied.foreign and not _removable(applied, desired))
        or (to_own and not can_own)
        or not _same_kinds(old, desired, chains, sets, maps)
    ):
        return replacement(
            desired, exists=True, owner=owner, hooked=[each for each in old.chains.values() if each.hook]
        )
    changes = [
        *(applied.removal or ()),
        *(
            c
            for name in chains
            for c in _chain_changes(old.chains.get(name), desired.chains.get(name), applied.handles)
        ),
        *(c for name in sets for c in _set_changes(old.sets.get(name), desired.sets.get(name))),
        *(c for name in maps for c in _map_changes(old.maps.get(name), desired.maps.get(name))),
    ]
    adoption = (AddTable(owner),) if to_own else ()
    return (*adoption, *sorted(changes, key=lambda command: ORDER[type(command)]))


def replacement(desired: Ruleset, *, exists: bool, owner: int = 0, hooked: Iterable[Chain] = ()) -> Transaction:
    """The table made anew, whatever it held before; exists: it is there, and deleted in the same transaction.

    owner: as for `difference`; 0: anybody can change the new table. hooked: the base chains that are known to be there.
    Packets that are in one of them at the very moment of the commit may be lost.
    """
    head: Transaction = (AddTable(owner),)
    if exists:
        names = [each.name for each in hooked]
        head = (*map(FlushChain, names), *map(DeleteChain, names), DeleteTable(), *head)
    return (*head, *difference(Applied(Ruleset(), {}, 0), desired))


def waypoint(applied: Applied | None, desired: Ruleset, transaction: Transaction, owner: int = 0) -> Ruleset | None:
    """The ruleset to stop at on the way, in a commit of its own, so that no admitted packet is lost; None: none.

    transaction, owner: the difference to the desired ruleset, and for whom it was made. An orphaned table is adopted as
    it is, before it gets new base chains. Where rules move and maps go, the desired ruleset comes into force with the
    first commit; what nothing leads to any more goes with the second.
    """
    if applied is None or not transaction:
        return None
    old = applied.ruleset
    if any(isinstance(each, DeleteTable) for each in transaction):
        adopts = owner != 0 and applied.owner != owner and applied.persistent and not applied.foreign
        return old if adopts and any(desired.chains[name].hook for name in desired.chains.keys() - old.chains) else None
    map_goes = any(isinstance(each, DeleteSet) and each.name in old.maps for each in transaction)
    if not map_goes or not any(isinstance(each, AddRule) for each in transaction):
        return None
    inner = {name: chain for name, chain in old.chains.items() if chain.hook is None}
    return Ruleset({**inner, **desired.chains}, {**old.sets, **desired.sets}, {**old.maps, **desired.maps})


def _removable(applied: Applied, desired: Ruleset) -> bool:
    """Whether all that is foreign can be taken out, because nothing of ours has its name."""
    return applied.removal is not None and not any(
        each.name in desired.chains or each.name in desired.sets or each.name in desired.maps
        for each in applied.removal
        if isinstance(each, (DeleteChain, DeleteSet))
    )


def _changed(old: Mapping[str, T], new: Mapping[str, T], touched: frozenset[str] | None) -> list[str]:
    """The names whose objects differ, are new or are gone, in the order of their names.

    touched: all others are the same; None: any may differ.
    """
    if old is new:
        return []
    if touched is not None:
        return sorted(
            name for name in touched if (one := old.get(name)) is not (other := new.get(name)) and one != other
        )
    differing = list(compress(new, map(is_not, map(old.get, new), new.values())))
    common = len(new) - sum(name not in old for name in differing)
    gone = [name for name in old if name not in new] if common < len(old) else []
    return sorted([name for name in differing if old.get(name) != new[name]] + gone)


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


def _chain_changes(old: Chain | None, new: Chain | None, handles: Mapping[str, tuple[int, ...]]) -> Iterator[Command]:
    if new is None:
        if old is not None:
            yield FlushChain(old.name)
            yield DeleteChain(old.name)
    elif old is None:
        yield AddChain(new.name, new.hook)
        yield from (AddRule(new.name, each) for each in new.rules)
    else:
        if new.hook is not None and new.hook != old.hook:
            yield SetPolicy(new.name, new.hook)
        yield from _rule_changes(new.name, old.rules, new.rules, handles[new.name])


def _rule_changes(chain: str, old: Sequence[Rule], new: Sequence[Rule], handles: Sequence[int]) -> Iterator[Command]:
    """Deletions by handle, and additions before the rule that follows; the rules common to both sides stay."""
    start = _common(old, new)
    limit = min(len(old), len(new)) - start
    end = _common(old[: -limit - 1 : -1], new[: -limit - 1 : -1]) if limit else 0
    old_end, new_end = len(old) - end, len(new) - end
    for kind, i, j, k, m in _steps(old[start:old_end], new[start:new_end]):
        if kind == "equal":
            continue
        yield from (DeleteRule(chain, handle) for handle in handles[start + i : start + j])
        after = start + j
        before = handles[after] if after < len(old) else None
        yield from (AddRule(chain, rule, before) for rule in new[start + k : start + m])


def _steps(old: Sequence[Rule], new: Sequence[Rule]) -> Iterable[tuple[str, int, int, int, int]]:
    """What `SequenceMatcher.get_opcodes` says. Most changes only take or only give, which needs no search."""
    if old and new:
        return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [("replace", 0, len(old), 0, len(new))]


def _common(old: Sequence[Rule], new: Sequence[Rule]) -> int:
    """How many rules are the same from the start on."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one is not other and one != other:
            break
        count += 1
    return count


def _set_changes(old: Set | None, new: Set | None) -> Iterator[Command]:
    if new is None:
        if old is not None:
            yield DeleteSet(old.name)
        return
    if old is None:
        yield AddSet(new.name, new.key, new.interval)
    had = frozenset[Element]() if old is None else old.elements
    relabelled = _relabelled(old, new) if old is not None else frozenset[Element]()
    if gone := tuple(sorted((had - new.elements) | relabelled)):
        yield DeleteElements(new.name, new.key, gone, new.interval)
    if fresh := tuple(sorted((new.elements - had) | relabelled)):
        comments = {each: new.comments[each] for each in fresh if each in new.comments}
        yield AddElements(new.name, new.key, fresh, new.interval, comments)


def _relabelled(old: Set, new: Set) -> frozenset[Element]:
    """The elements of both whose comment is another one: the kernel can't change it."""
    if not old.comments and not new.comments:
        return frozenset()
    common = old.elements & new.elements
    return frozenset(each for each in common if old.comments.get(each) != new.comments.get(each))


def _map_changes(old: Map | None, new: Map | None) -> Iterator[Command]:
    """An element's verdict changes by deleting it and adding it anew."""
    if new is None:
        if old is not None:
            yield DeleteSet(old.name)
        return
    if old is None:
        yield AddMap(new.name, new.key)
    had = {} if old is None else old.elements
    if gone := tuple(sorted(key for key, verdict in had.items() if new.elements.get(key) != verdict)):
        yield DeleteElements(new.name, new.key, gone)
    if fresh := {key: new.elements[key] for key in sorted(new.elements) if had.get(key) != new.elements[key]}:
        yield AddElements(new.name, new.key, fresh)
