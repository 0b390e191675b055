"""What policy documents say of a request: allowed, denied, or nothing, and which statement decided.

A statement that denies and applies wins over all that allow; where none allows, it is denied. The order of documents
and statements makes no difference to the outcome.
Source: IAM user guide, "Policy evaluation logic".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from .document import ACTIONS_MAX, Effect, PolicyDocument, Statement
from .match import Keys

DECISIONS_MAX: Final = 128
"""So many decisions are remembered of one principal."""
NO_RESOURCE: Final = "*"
"""The resource of an action that has none, as every Describe."""


@dataclass(frozen=True, slots=True)
class Target:
    """One resource that an action needs: its ARN, and the condition keys that are its own, in lower case."""

    arn: str
    keys: Keys = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attached:
    """A document with the name under which it is attached to a principal."""

    name: str
    document: PolicyDocument


class Outcome(StrEnum):
    """Why a decision fell as it did."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit-deny"
    IMPLICIT_DENY = "implicit-deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an action may be done to all its targets.

    resource: the target that decided. policy, statement: what decided, by name; both None for an implicit denial.
    """

    outcome: Outcome
    action: str
    resource: str
    policy: str | None = None
    statement: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether it may."""
        return self.outcome is Outcome.ALLOWED


def evaluate(attached: Sequence[Attached], action: str, targets: Sequence[Target], keys: Keys) -> Decision:
    """The decision on an action, as `ec2:RevokeSecurityGroupIngress`; allowed only if it is for every target.

    keys: the request's condition keys, in lower case. A target's own keys are added to them, and win.
    """
    service, _, name = action.lower().partition(":")
    relevant = [(each.name, statement) for each in attached for statement in each.document.about(service, name)]
    return _on_all(targets, lambda target: _decide(relevant, action, target, keys))


class Judge:
    """`evaluate` for the documents of one principal, who does the same things again and again.

    A decision depends on the action, the resource and the keys that the statements about this action name, and on
    nothing else; so where those are the same, it is the one that was made before. Any thread may ask.
    """

    def __init__(self, attached: Sequence[Attached]) -> None:
        self.attached = tuple(attached)
        self._about: dict[str, tuple[list[tuple[str, Statement]], tuple[str, ...]]] = {}
        self._decided: dict[tuple[object, ...], Decision] = {}

    def evaluate(self, action: str, targets: Sequence[Target], keys: Keys) -> Decision:
        """As the function of this name."""
        about = self._about.get(action)
        if about is None:
            about = self._statements_about(action)
        relevant, named = about

        def decide(target: Target) -> Decision:
            own = target.keys
            given = (action, target.arn, *[tuple(own[name] if name in own else keys.get(name, ())) for name in named])
            decision = self._decided.get(given)
            if decision is None:
                decision = _decide(relevant, action, target, keys)
                if len(self._decided) >= DECISIONS_MAX:
                    self._decided.clear()
                self._decided[given] = decision
            return decision

        return _on_all(targets, decide)

    def _statements_about(self, action: str) -> tuple[list[tuple[str, Statement]], tuple[str, ...]]:
        service, _, name = action.lower().partition(":")
        relevant = [(each.name, found) for each in self.attached for found in each.document.about(service, name)]
        about = relevant, tuple(sorted(frozenset().union(*(statement.named for _, statement in relevant))))
        if len(self._about) < ACTIONS_MAX:
            self._about[action] = about
        return about


def _on_all(targets: Sequence[Target], decide: Callable[[Target], Decision]) -> Decision:
    decision = None
    for target in targets or (Target(NO_RESOURCE),):
        found = decide(target)
        if found.outcome is Outcome.EXPLICIT_DENY:
            return found
        if decision is None or (decision.allowed and not found.allowed):
            decision = found
    assert decision is not None, "there is at least one target"
    return decision


def evaluate_trust(document: PolicyDocument, principals: Collection[str], action: str, keys: Keys) -> Decision:
    """Whether a role's trust document lets a caller take it. principals: the caller's ARN and its account's."""
    service, _, name = action.lower().partition(":")
    named = [
        ("trust", statement)
        for statement in document.statements
        if statement.is_about(service, name) and any(each == "*" or each in principals for each in statement.principals)
    ]
    return _decide(named, action, Target(NO_RESOURCE), keys)


def _decide(relevant: Iterable[tuple[str, Statement]], action: str, target: Target, keys: Keys) -> Decision:
    together: Mapping[str, Sequence[str]] = {**keys, **target.keys}
    allowed = None
    for policy, statement in relevant:
        if statement.effect is Effect.ALLOW and allowed is not None:
            continue
        if statement.applies(target.arn, together):
            if statement.effect is Effect.DENY:
                return Decision(Outcome.EXPLICIT_DENY, action, target.arn, policy, statement.name)
            allowed = Decision(Outcome.ALLOWED, action, target.arn, policy, statement.name)
    return allowed or Decision(Outcome.IMPLICIT_DENY, action, target.arn)
