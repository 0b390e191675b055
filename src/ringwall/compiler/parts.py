"""Parts of a ruleset, and the digest that tells two rulesets apart.

The digest of a ruleset is the sum of the SHA-256 of its objects, modulo 2**256, a set of live flows without its
elements, which no state knows. It does not depend on their order, and a change costs no more than the objects that it
touches. It is for noticing differences, not for proving anything to somebody who chooses the objects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ringwall.nft.expressions import (
    Counter,
    Foreign,
    InSet,
    Match,
    MatchAny,
    MatchRange,
    Statement,
    Verdict,
    VerdictMap,
)
from ringwall.nft.objects import Chain, Map, Ruleset, Set

_MODULUS: Final = 1 << 256
Object = Chain | Set | Map


@dataclass(frozen=True, slots=True)
class Fragment:
    """Finished objects, by name, with the digest of each."""

    objects: Mapping[str, Object]
    digests: Mapping[str, int]
    digest: int


def finished(objects: Iterable[Object], previous: Fragment | None = None) -> Fragment:
    """The fragment of these objects; those that the previous fragment holds as well are taken from there."""
    by_name: dict[str, Object] = {}
    digests: dict[str, int] = {}
    for each in objects:
        assert each.name not in by_name, each.name
        before = previous.objects.get(each.name) if previous is not None else None
        if previous is not None and before == each:
            by_name[each.name], digests[each.name] = before, previous.digests[each.name]
        else:
            by_name[each.name], digests[each.name] = each, _object_digest(each)
    return Fragment(by_name, digests, sum(digests.values()) % _MODULUS)


@dataclass(frozen=True, slots=True)
class Assembly:
    """The ruleset that fragments make together. total: the sum of the digests of its objects."""

    ruleset: Ruleset
    total: int

    @property
    def digest(self) -> str:
        """64 hex digits."""
        return _hex(self.total)


EMPTY: Final = Assembly(Ruleset(), 0)


def assembled(base: Assembly, gone: Iterable[Fragment], fresh: Iterable[Fragment]) -> Assembly:
    """The base without the fragments that are gone, and with those that are fresh.

    Cost: O(objects of these fragments), and the copy of three dictionaries.
    """
    chains, sets, maps = dict(base.ruleset.chains), dict(base.ruleset.sets), dict(base.ruleset.maps)
    total = base.total
    touched: set[str] = set()
    for fragment in gone:
        total -= fragment.digest
        touched.update(fragment.objects)
        for name, each in fragment.objects.items():
            match each:
                case Chain():
                    del chains[name]
                case Set():
                    del sets[name]
                case Map():
                    del maps[name]
    for fragment in fresh:
        total += fragment.digest
        touched.update(fragment.objects)
        for name, each in fragment.objects.items():
            match each:
                case Chain():
                    chains[name] = each
                case Set():
                    sets[name] = each
                case Map():
                    maps[name] = each
    return Assembly(Ruleset(chains, sets, maps).made_of(base.ruleset, frozenset(touched)), total % _MODULUS)


def digest(ruleset: Ruleset) -> str:
    """The digest of any ruleset, 64 hex digits; equal rulesets have equal ones."""
    objects: list[Object] = [*ruleset.chains.values(), *ruleset.sets.values(), *ruleset.maps.values()]
    return _hex(sum(map(_object_digest, objects)))


def _hex(total: int) -> str:
    return f"{total % _MODULUS:064x}"


def _object_digest(each: Object) -> int:
    return int.from_bytes(hashlib.sha256(repr(_canonical(each)).encode()).digest(), "big")


def _canonical(each: Object) -> tuple[object, ...]:
    match each:
        case Chain(name, rules, hook):
            base = hook and (hook.hook, hook.priority, hook.policy)
            return ("chain", name, base, [(rule.comment, [_words(one) for one in rule.statements]) for rule in rules])
        case Set(name, key, elements, interval):
            return ("set", name, [one.type for one in key], interval, [] if each.holds_flows else sorted(elements))
        case Map(name, key, verdicts):
            pairs = sorted((element, verdict.kind, verdict.chain) for element, verdict in verdicts.items())
            return ("map", name, [one.type for one in key], pairs)


def _words(statement: Statement) -> tuple[object, ...]:
    match statement:
        case Match(one, value, mask, negated):
            return ("match", one.text, value, mask, negated)
        case MatchAny(one, mask):
            return ("any", one.text, mask)
        case MatchRange(one, low, high):
            return ("range", one.text, low, high)
        case InSet(many, name, negated):
            return ("in", [one.text for one in many], name, negated)
        case VerdictMap(many, name, mask):
            return ("vmap", [one.text for one in many], name, mask)
        case Counter():
            return ("counter",)
        case Verdict(kind, chain):
            return (kind, chain)
        case Foreign(expression, data):
            return ("foreign", expression, data)
