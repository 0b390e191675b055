"""A packet's way through a ruleset, without a kernel: which rules match it, and the verdict.

A packet is what its fields would load: `{TCP_FLAGS: b"\\x02", …}`. A field that isn't there cannot be loaded (a packet
without a flow has no `ct direction`, one of IPv4 no `ct original ip6 saddr`), and a rule that tests it doesn't match,
as in the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .expressions import (
    Counter,
    Field,
    Foreign,
    InSet,
    Match,
    MatchAny,
    MatchRange,
    Statement,
    Verdict,
    VerdictMap,
)
from .objects import Chain, Element, Rule, Ruleset

Packet = Mapping[Field, bytes]


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that the packet matched whole, by its chain and comment, and the verdict it met there, if any."""

    chain: str
    comment: str | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened to a packet at a hook. steps: the rules it matched, in order."""

    verdict: Literal["accept", "drop"]
    steps: tuple[Step, ...]

    @property
    def comments(self) -> tuple[str, ...]:
        """The comments of the rules it matched, in order."""
        return tuple(step.comment for step in self.steps if step.comment is not None)


def trace(ruleset: Ruleset, hook: Literal["input", "forward", "output"], packet: Packet) -> Trace:
    """The packet's way through the base chains of the hook, by priority: a drop is final, an accept ends its chain.

    Raises:
        KeyError: a rule names a chain, set or map that the ruleset doesn't hold.
        ValueError: it comes to a statement that isn't ours.
    """
    bases = [
        (chain.hook.priority, chain) for chain in ruleset.chains.values() if chain.hook and chain.hook.hook == hook
    ]
    walk = _Walk(ruleset, packet, [])
    for _, chain in sorted(bases, key=lambda pair: pair[0]):
        verdict = walk.through(chain)
        if (verdict.kind if verdict else chain.hook and chain.hook.policy) == "drop":
            return Trace("drop", tuple(walk.steps))
    return Trace("accept", tuple(walk.steps))


@dataclass(frozen=True, slots=True)
class _Walk:
    ruleset: Ruleset
    packet: Packet
    steps: list[Step]

    def through(self, chain: Chain) -> Verdict | None:
        """accept or drop; None when the chain has nothing (more) to say."""
        for rule in chain.rules:
            matched, verdict = self.judge(rule)
            if not matched:
                continue
            self.steps.append(Step(chain.name, rule.comment, verdict))
            if verdict is None:
                continue
            match verdict.kind:
                case "accept" | "drop":
                    return verdict
                case "return":
                    return None
                case "goto":
                    return self.through(self.target(verdict))
                case "jump":
                    if (final := self.through(self.target(verdict))) is not None:
                        return final
        return None

    def target(self, verdict: Verdict) -> Chain:
        return self.ruleset.chains[verdict.chain or ""]

    def judge(self, rule: Rule) -> tuple[bool, Verdict | None]:
        """Whether all of the rule's statements match, and the verdict it comes to."""
        verdict: Verdict | None = None
        for statement in rule.statements:
            if isinstance(statement, Verdict):
                verdict = statement
            elif isinstance(statement, VerdictMap):
                verdict = self.look_up(statement)
                if verdict is None:
                    return False, None
            elif not self.matches(statement):
                return False, None
        return True, verdict

    def matches(self, statement: Statement) -> bool:
        match statement:
            case Match(field, value, mask, negated):
                loaded = self.packet.get(field)
                return loaded is not None and (_masked(loaded, mask) == value) is not negated
            case MatchAny(field, mask):
                loaded = self.packet.get(field)
                return loaded is not None and any(_masked(loaded, mask))
            case MatchRange(field, low, high):
                loaded = self.packet.get(field)
                return loaded is not None and low <= loaded <= high
            case InSet(fields, name, negated):
                key = self.key(fields, None)
                return key is not None and self.contains(name, key) is not negated
            case Counter():
                return True
            case Verdict() | VerdictMap() | Foreign():
                raise ValueError(statement)

    def look_up(self, statement: VerdictMap) -> Verdict | None:
        key = self.key(statement.fields, statement.mask)
        return None if key is None else self.ruleset.maps[statement.map_name].elements.get(key)

    def key(self, fields: tuple[Field, ...], mask: bytes | None) -> Element | None:
        if any(field not in self.packet for field in fields):
            return None
        return tuple(_masked(self.packet[field], mask) for field in fields)

    def contains(self, name: str, key: Element) -> bool:
        named = self.ruleset.sets[name]
        if named.interval:
            return any(low <= key[0] <= high for low, high in named.elements)
        return key in named.elements


def _masked(value: bytes, mask: bytes | None) -> bytes:
    return value if mask is None else bytes(byte & bits for byte, bits in zip(value, mask, strict=True))
