"""Users of an account.

Source: IAM API Reference, CreateUser, DeleteUser.
"""

from __future__ import annotations

from typing import Final

from ringwall.domain.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded
from ringwall.domain.principal import Principal, PrincipalKind

from .accounts import ensure_account
from .context import Context
from .principal_names import check_name, user_of

USERS_MAX: Final = 5_000


def create_user(context: Context, name: str, principal_id: str) -> Principal:
    """The new user, who may nothing yet and has no key.

    Raises:
        ValidationError: no name. EntityAlreadyExists: a user has it. LimitExceeded: 5,000 users.
    """
    check_name("userName", name)
    account_id, transaction = context.caller.account_id, context.transaction
    if transaction.principal(account_id, PrincipalKind.USER, name):
        raise EntityAlreadyExists("User", name)
    if len(transaction.principals(account_id, PrincipalKind.USER)) >= USERS_MAX:
        raise LimitExceeded("UsersPerAccount", USERS_MAX)
    user = Principal(account_id, PrincipalKind.USER, name, principal_id, context.now)
    ensure_account(context)
    transaction.insert_principal(user)
    return user


def delete_user(context: Context, name: str) -> Principal:
    """The user that there was.

    Raises:
        NoSuchEntity: there is none. DeleteConflict: it has keys or attached policies, which go first.
    """
    account_id, transaction = context.caller.account_id, context.transaction
    user = user_of(transaction, account_id, name)
    if any(_is_of(key.user_name, user) for key in transaction.access_keys(account_id)):
        raise DeleteConflict("Cannot delete entity, must delete access keys first.")
    if user.policies:
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    transaction.delete_principal(user)
    return user


def _is_of(user_name: str | None, user: Principal) -> bool:
    return user_name is not None and user_name.lower() == user.name.lower()
