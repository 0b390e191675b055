"""Roles of an account: who may take them, and for how long.

Source: IAM API Reference, CreateRole, UpdateRole, UpdateAssumeRolePolicy, DeleteRole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ringwall.domain.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, ValidationError
from ringwall.domain.principal import Principal, PrincipalKind
from ringwall.iam.document import parse_document

from .accounts import ensure_account
from .context import Context
from .principal_names import check_name, role_of

ROLES_MAX: Final = 1_000
SESSION_SECONDS: Final = range(3_600, 43_201)


def create_role(context: Context, name: str, principal_id: str, trust: str, session_seconds_max: int) -> Principal:
    """The new role. trust: the document that says who may take it.

    Raises:
        ValidationError: no name, or a longest session not from 3,600 to 43,200 s. MalformedPolicyDocument: no document
            of trust. EntityAlreadyExists: a role has the name. LimitExceeded: 1,000 roles.
    """
    check_name("roleName", name)
    _check_session(session_seconds_max)
    parse_document(trust, trust=True)
    account_id, transaction = context.caller.account_id, context.transaction
    if transaction.principal(account_id, PrincipalKind.ROLE, name):
        raise EntityAlreadyExists("Role", name)
    if len(transaction.principals(account_id, PrincipalKind.ROLE)) >= ROLES_MAX:
        raise LimitExceeded("RolesPerAccount", ROLES_MAX)
    role = Principal(account_id, PrincipalKind.ROLE, name, principal_id, context.now, trust, session_seconds_max)
    ensure_account(context)
    transaction.insert_principal(role)
    return role


def update_role(context: Context, name: str, trust: str | None, session_seconds_max: int | None) -> Principal:
    """The role as it is now; what is None stays.

    Raises:
        NoSuchEntity: there is none. ValidationError, MalformedPolicyDocument: as `create_role`.
    """
    there = role = role_of(context.transaction, context.caller.account_id, name)
    if trust is not None:
        parse_document(trust, trust=True)
        role = replace(role, trust=trust)
    if session_seconds_max is not None:
        _check_session(session_seconds_max)
        role = replace(role, session_seconds_max=session_seconds_max)
    context.transaction.note(before=[_noted(there)], after=[_noted(role)])
    context.transaction.update_principal(role)
    return role


def _noted(role: Principal) -> dict[str, Any]:
    """What the trail tells of a role."""
    return {"arn": role.arn, "trust": role.trust, "sessionSecondsMax": role.session_seconds_max}


def delete_role(context: Context, name: str) -> Principal:
    """The role that there was; its sessions end with it.

    Raises:
        NoSuchEntity: there is none. DeleteConflict: policies are attached to it, which are detached first.
    """
    role = role_of(context.transaction, context.caller.account_id, name)
    if role.policies:
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    context.transaction.delete_principal(role)
    return role


def _check_session(seconds: int) -> None:
    if seconds not in SESSION_SECONDS:
        bound = "greater than or equal to 3600" if seconds < SESSION_SECONDS.start else "less than or equal to 43200"
        raise ValidationError(
            f"1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: "
            f"Member must have value {bound}"
        )
