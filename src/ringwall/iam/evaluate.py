"""What policy documents say of a request: allowed, denied, or nothing, and which statement decided.

A statement that denies and applies wins over all that allow; where none allows, it is denied. The order of documents
and statements makes no difference to the outcome.
Source: IAM user guide, "Policy evaluation logic".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from .document import Effect, PolicyDocument, Statement
from .match import Keys

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
    decision = None
    for target in targets or (Target(NO_RESOURCE),):
        found = _decide(relevant, action, target, keys)
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
