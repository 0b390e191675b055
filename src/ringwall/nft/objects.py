"""nftables' nouns as values: chains with their rules, sets, verdict maps, and the ruleset they make together.

One table is all there is: `table inet ringwall`. A `Ruleset` is what that table should hold, whole; how the kernel gets
there is the business of `diff.py` and `transaction.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from weakref import ref

from .expressions import CT_ID, Field, Statement, Verdict

FAMILY: Final = "inet"
TABLE: Final = "ringwall"

Element = tuple[bytes, ...]
"""One value for each field of a set's key, each of the field's length."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a chain. comment: what it is there for, such as the `sgr-…` that it enforces; unique in its chain."""

    statements: tuple[Statement, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a base chain is called: the hook, its priority (filter is 0) and what happens at the chain's end."""

    hook: Literal["input", "forward", "output"]
    priority: int
    policy: Literal["accept", "drop"]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain and its rules, in order. hook: None for a chain that is only jumped to."""

    name: str
    rules: tuple[Rule, ...]
    hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class Set:
    """A named set. Its key is the fields put together.

    interval: the elements are disjoint ranges, given as (low, high) pairs of bytes, both included, of one field.
    comments: what elements are there for, of those that say it; only in a set of flows.
    """

    name: str
    key: tuple[Field, ...]
    elements: frozenset[Element] = frozenset()
    interval: bool = False
    comments: Mapping[Element, str] = field(default_factory=dict, hash=False)

    @property
    def holds_flows(self) -> bool:
        """Whether the elements are live flows of this very kernel, which no compiler knows: it leaves the set empty."""
        return self.key == (CT_ID,)


@dataclass(frozen=True, slots=True)
class Map:
    """A named verdict map: from the fields put together to a verdict."""

    name: str
    key: tuple[Field, ...]
    elements: Mapping[Element, Verdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Ruleset:
    """Everything that our table holds, by name. The names of chains, and those of sets and maps, are unique."""

    chains: Mapping[str, Chain] = field(default_factory=dict)
    sets: Mapping[str, Set] = field(default_factory=dict)
    maps: Mapping[str, Map] = field(default_factory=dict)
    _since: tuple[ref[Ruleset], frozenset[str]] | None = field(default=None, init=False, repr=False, compare=False)

    def made_of(self, base: Ruleset, touched: frozenset[str]) -> Ruleset:
        """Itself, and it remembers that it differs from the base in no other objects than those."""
        object.__setattr__(self, "_since", (ref(base), touched))
        return self

    def touched_since(self, base: Ruleset) -> frozenset[str] | None:
        """The names of the only objects in which it may differ from this very base; None: nobody knows."""
        return self._since[1] if self._since is not None and self._since[0]() is base else None
