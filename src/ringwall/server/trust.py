"""Who may take a role: what its own document says, together with what the caller's documents say.

The role's document must name the caller: by its own ARN, by that of the role it has taken, or by its account. Named
by its account alone, or of another account, the caller's own documents must allow it too; so they must for a session
with a document of its own (chosen: AWS lets a role's document add to what that allows). What denies, denies.

Source: IAM user guide, "Policy evaluation logic", "Cross-account policy evaluation logic"; STS API Reference,
AssumeRole.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Final

from ringwall.domain.caller import Caller, CallerKind
from ringwall.iam.document import parse_document
from ringwall.iam.errors import MalformedPolicyDocument
from ringwall.iam.evaluate import Decision, Outcome, Target, evaluate_trust
from ringwall.iam.match import Keys
from ringwall.operations.sts import may_not_assume, role_named
from ringwall.store.base import Reader
from ringwall.telemetry import LOG

DOCUMENTS_MAX: Final = 256
_parsed = lru_cache(maxsize=DOCUMENTS_MAX)(partial(parse_document, trust=True))


def check_trust(reader: Reader, caller: Caller, own: Decision, role: Target, keys: Keys) -> None:
    """Returns if the caller may take the role. own: what the caller's documents decide on it.

    Raises:
        AccessDenied: it may not, or there is no such role.
    """
    found = role_named(reader, role.arn)
    if found is None or found.trust is None or own.outcome is Outcome.EXPLICIT_DENY:
        raise may_not_assume(caller, role.arn)
    try:
        document = _parsed(found.trust)
    except MalformedPolicyDocument as error:
        LOG.error("the trust document of %s can't be read, and counts as one that denies: %s", found.arn, error)
        raise may_not_assume(caller, role.arn) from error
    together = {**keys, **role.keys}
    names = {caller.arn}
    if caller.principal == CallerKind.ROLE:
        names.add(f"arn:aws:iam::{caller.account_id}:role/{caller.name}")
    by_account = {*names, f"arn:aws:iam::{caller.account_id}:root"}
    trusts = evaluate_trust(document, by_account, own.action, together).allowed
    suffices = (
        caller.account_id == found.account_id
        and caller.session_policy is None
        and evaluate_trust(document, names, own.action, together).allowed
    )
    if not trusts or not (suffices or own.allowed):
        raise may_not_assume(caller, role.arn)
