"""nft's verbs as values: what to add, delete and flush. A transaction is done in its order, all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .expressions import Field, Verdict
from .objects import Element, Hook, Rule


@dataclass(frozen=True, slots=True)
class AddTable:
    """Add our table. It may exist already, if what is said here is what it is.

    owner: the port of the netlink socket that commits: until it closes nobody else can change the table, and then the
    table stays, orphaned; adding it adopts an orphaned one, with all that it holds. 0: a table that anybody can change.
    """

    owner: int = 0


@dataclass(frozen=True, slots=True)
class DeleteTable:
    """Delete our table and all that it holds. It must exist."""


@dataclass(frozen=True, slots=True)
class AddChain:
    """Add a chain without rules, which must be new. hook: None for a chain that is only jumped to."""

    name: str
    hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """Change what happens at the end of an existing base chain to `hook.policy`; the rest of the hook stays."""

    name: str
    hook: Hook


@dataclass(frozen=True, slots=True)
class FlushChain:
    """Delete all rules of a chain."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteChain:
    """Delete a chain with its rules. Nothing may jump to it any more."""

    name: str


@dataclass(frozen=True, slots=True)
class AddSet:
    """Add a set without elements, which must be new."""

    name: str
    key: tuple[Field, ...]
    interval: bool = False


@dataclass(frozen=True, slots=True)
class AddMap:
    """Add a verdict map without elements, which must be new."""

    name: str
    key: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class DeleteSet:
    """Delete a set or a verdict map with its elements. No rule may use it any more."""

    name: str


@dataclass(frozen=True, slots=True)
class AddElements:
    """Add elements, all new, to a set; or to a verdict map, with the verdict of each. comments: of some of them."""

    name: str
    key: tuple[Field, ...]
    elements: tuple[Element, ...] | Mapping[Element, Verdict]
    interval: bool = False
    comments: Mapping[Element, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class DeleteElements:
    """Delete elements, which must be there, from a set or a verdict map."""

    name: str
    key: tuple[Field, ...]
    elements: tuple[Element, ...]
    interval: bool = False


@dataclass(frozen=True, slots=True)
class AddRule:
    """Add a rule at the end of its chain, or before the rule that has the handle `before`."""

    chain: str
    rule: Rule
    before: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteRule:
    """Delete the rule that has the handle."""

    chain: str
    handle: int


Command = (
    AddTable
    | DeleteTable
    | AddChain
    | SetPolicy
    | FlushChain
    | DeleteChain
    | AddSet
    | AddMap
    | DeleteSet
    | AddElements
    | DeleteElements
    | AddRule
    | DeleteRule
)
Transaction = tuple[Command, ...]
