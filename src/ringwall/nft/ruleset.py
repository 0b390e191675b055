"""What the kernel holds: a ruleset with the handles it gave to the rules, as committed or as observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .objects import Ruleset
from .transaction import AddChain, AddRule, AddTable, DeleteChain, DeleteRule, DeleteTable, FlushChain, Transaction


@dataclass(frozen=True, slots=True)
class Count:
    """What a rule's counter shows."""

    packets: int
    bytes: int


@dataclass(frozen=True, slots=True)
class RuleCount:
    """What the counter of one rule shows. comment: as the rule has it."""

    chain: str
    comment: str | None
    count: Count


@dataclass(frozen=True, slots=True)
class Applied:
    """Our table as the kernel holds it.

    handles: for each chain the kernel's handle of each rule, in the rules' order.
    generation: of all of nftables in this network namespace, when this was so.
    foreign: what the table holds that a `Ruleset` cannot say, each in a few words.
    removal: the commands that take it out; None: only a replacement of the table does.
    owner: the port of the netlink socket that alone can change the table; 0: anybody can.
    persistent: it was made to be owned and to outlive its owner; without an owner it is orphaned, and can be adopted.
    """

    ruleset: Ruleset
    handles: Mapping[str, tuple[int, ...]]
    generation: int
    foreign: frozenset[str] = field(default_factory=frozenset)
    owner: int = 0
    persistent: bool = False
    removal: Transaction | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """What the kernel told of a commit.

    handles: of the new rules, in the order of the transaction's `AddRule`s. generation: the one that it began.
    left: where it was asked for, the rules that went, as they were last, in attributes. table: the same of a table.
    """

    handles: tuple[int, ...]
    generation: int
    left: tuple[bytes, ...] = ()
    table: bytes | None = None


def advance(
    applied: Applied | None, transaction: Transaction, desired: Ruleset, new_handles: Sequence[int], generation: int
) -> Applied:
    """What is applied after the commit of a transaction that leads to the desired ruleset.

    new_handles: what the kernel gave to each `AddRule` of the transaction, in its order.
    """
    kept = dict(applied.handles) if applied else {}
    touched: dict[str, list[int]] = {}
    fresh = iter(new_handles)
    owner, persistent = (applied.owner, applied.persistent) if applied else (0, False)
    for command in transaction:
        match command:
            case DeleteTable():
                kept, touched = {}, {}
                persistent = False
            case AddTable(new_owner):
                owner, persistent = new_owner, persistent or new_owner != 0
            case AddChain(name) | FlushChain(name):
                touched[name] = []
            case DeleteChain(name):
                kept.pop(name, None)
                touched.pop(name, None)
            case AddRule(chain, _, before):
                of_chain = touched.setdefault(chain, list(kept.get(chain, ())))
                of_chain.insert(len(of_chain) if before is None else of_chain.index(before), next(fresh))
            case DeleteRule(chain, handle):
                touched.setdefault(chain, list(kept.get(chain, ()))).remove(handle)
            case _:
                pass
    kept.update((name, tuple(of_chain)) for name, of_chain in touched.items())
    return Applied(desired, kept, generation, owner=owner, persistent=persistent)
