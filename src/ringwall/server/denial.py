"""What somebody is told who may not: in EC2's or STS's words, with the decision sealed for its own account to open.

Source: EC2's newer form of UnauthorizedOperation (ec2-behaviour 1.5); STS API Reference, DecodeAuthorizationMessage;
IAM user guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringwall.domain.caller import Caller
from ringwall.domain.errors import AccessDenied, ServiceError, UnauthorizedOperation
from ringwall.iam.evaluate import NO_RESOURCE, Decision, Outcome
from ringwall.iam.match import Keys

from .keyring import Keyring

CHARACTERS_MAX: Final = 4096
"""Of a decision as JSON; condition keys that don't fit are left out."""
_VALUE_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Denial:
    """A decision and what it was made on. by_session: whether the session's own document decided."""

    caller: Caller
    decision: Decision
    by_session: bool
    keys: Keys

    def refusal(self, keyring: Keyring) -> ServiceError:
        """The refusal for whoever asked. STS's, and that of an action without a resource, has no message to decode."""
        sentence = self._sentence()
        if self.decision.action.startswith("sts:"):
            return AccessDenied(sentence)
        text = f"You are not authorized to perform this operation. {sentence}."
        if self.decision.resource != NO_RESOURCE:
            text += f" Encoded authorization failure message: {self.encoded(keyring)}"
        return UnauthorizedOperation(text)

    def encoded(self, keyring: Keyring) -> str:
        """The decision, sealed for the caller's account."""
        return keyring.seal(json.dumps(self.content(), separators=(",", ":")), _context(self.caller.account_id))

    def content(self) -> dict[str, Any]:
        """The decision as DecodeAuthorizationMessage shows it."""
        decision, caller = self.decision, self.caller
        matched = []
        if decision.statement is not None:
            effect = "ALLOW" if decision.allowed else "DENY"
            matched = [{"statementId": decision.statement, "effect": effect, "policy": decision.policy}]
        return {
            "allowed": decision.allowed,
            "explicitDeny": decision.outcome is Outcome.EXPLICIT_DENY,
            "matchedStatements": {"items": matched},
            "failures": {"items": []},
            "context": {
                "principal": {"id": caller.user_id, "name": caller.session or caller.name, "arn": caller.arn},
                "action": decision.action,
                "resource": decision.resource[:_VALUE_MAX],
                "conditions": {"items": list(_conditions(self.keys))},
            },
        }

    def _sentence(self) -> str:
        decision = self.decision
        kind = "a session policy" if self.by_session else "an identity-based policy"
        if decision.outcome is Outcome.EXPLICIT_DENY:
            reason = f"with an explicit deny in {kind}"
        else:
            reason = f"because no {kind.split(' ', 1)[1]} allows the {decision.action} action"
        where = "" if decision.resource == NO_RESOURCE else f" on resource: {decision.resource[:_VALUE_MAX]}"
        return f"User: {self.caller.arn} is not authorized to perform: {decision.action}{where} {reason}"


def _conditions(keys: Keys) -> list[Mapping[str, Any]]:
    room = CHARACTERS_MAX
    found: list[Mapping[str, Any]] = []
    for key in sorted(keys):
        values = [{"value": value[:_VALUE_MAX]} for value in keys[key]]
        item = {"key": key, "values": {"items": values}}
        room -= len(json.dumps(item))
        if room >= 0:
            found.append(item)
    return found


def decoded(keyring: Keyring, account_id: str, encoded: str) -> str:
    """The JSON that a refusal of this account told.

    Raises:
        Sealed: it isn't such a message, or is another account's.
    """
    return keyring.open(encoded, _context(account_id))


def _context(account_id: str) -> str:
    return f"authorization-message:{account_id}"
