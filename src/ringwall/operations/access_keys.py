"""Access keys: of users, two each, and of an account's root.

Source: IAM API Reference, CreateAccessKey, UpdateAccessKey, DeleteAccessKey; IAM user guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ringwall.domain.errors import DeleteConflict, LimitExceeded, NoSuchEntity
from ringwall.domain.principal import AccessKey, PrincipalKind
from ringwall.iam.shipped import ADMINISTRATOR
from ringwall.store.base import Reader

from .context import Context
from .principal_names import user_of

KEYS_MAX: Final = 2


def keys_of(reader: Reader, account_id: str, user_name: str | None) -> list[AccessKey]:
    """The keys of a user, or of the account's root, by id."""
    wanted = user_name and user_name.lower()
    return [key for key in reader.access_keys(account_id) if (key.user_name and key.user_name.lower()) == wanted]


def key_of(reader: Reader, account_id: str, access_key_id: str) -> AccessKey:
    """The key of this account.

    Raises:
        NoSuchEntity: it has none of this id.
    """
    key = reader.access_key(access_key_id)
    if key is None or key.account_id != account_id:
        raise NoSuchEntity.with_id("Access Key", access_key_id)
    return key


def create_access_key(context: Context, user_name: str, access_key_id: str, sealed_secret: str) -> AccessKey:
    """The user's new key, active.

    Raises:
        NoSuchEntity: no such user. LimitExceeded: it has two keys.
    """
    account_id, transaction = context.caller.account_id, context.transaction
    user = user_of(transaction, account_id, user_name)
    if len(keys_of(transaction, account_id, user.name)) >= KEYS_MAX:
        raise LimitExceeded("AccessKeysPerUser", KEYS_MAX)
    key = AccessKey(access_key_id, account_id, user.name, sealed_secret, True, context.now)
    transaction.note(after=[noted(key)])
    transaction.insert_access_key(key)
    return key


def set_active(context: Context, access_key_id: str, active: bool) -> AccessKey:
    """The key, as it is now.

    Raises:
        NoSuchEntity: no such key in this account. DeleteConflict: nobody could administer the account without it.
    """
    there = key_of(context.transaction, context.caller.account_id, access_key_id)
    if not active:
        _check_not_the_last(context.transaction, there)
    key = replace(there, active=active)
    context.transaction.note(before=[noted(there)], after=[noted(key)])
    context.transaction.update_access_key(key)
    return key


def rotate(context: Context, access_key_id: str, new_key_id: str, sealed_secret: str) -> AccessKey:
    """The key that takes the place of another, which stays as it is until it is deleted.

    Raises:
        NoSuchEntity: no such key in this account. LimitExceeded: its user, or the root, has two keys.
    """
    account_id, transaction = context.caller.account_id, context.transaction
    old = key_of(transaction, account_id, access_key_id)
    if len(keys_of(transaction, account_id, old.user_name)) >= KEYS_MAX:
        raise LimitExceeded("AccessKeysPerUser", KEYS_MAX)
    key = replace(
        old,
        access_key_id=new_key_id,
        sealed_secret=sealed_secret,
        active=True,
        created_at=context.now,
        last_used_at=None,
        last_used_from=None,
    )
    transaction.note(after=[noted(key)])
    transaction.insert_access_key(key)
    return key


def delete_access_key(context: Context, access_key_id: str) -> AccessKey:
    """The key that there was.

    Raises:
        NoSuchEntity: no such key in this account. DeleteConflict: nobody could administer the account without it.
    """
    key = key_of(context.transaction, context.caller.account_id, access_key_id)
    _check_not_the_last(context.transaction, key)
    context.transaction.note(before=[noted(key)])
    context.transaction.delete_access_key(access_key_id)
    return key


def noted(key: AccessKey) -> dict[str, Any]:
    """What the trail tells of a key; nothing secret."""
    return {"accessKeyId": key.access_key_id, "userName": key.user_name, "active": key.active}


def is_administered(reader: Reader, account_id: str) -> bool:
    """Whether one of the account's users is an administrator with an active key."""
    holders = {key.user_name.lower() for key in reader.access_keys(account_id) if key.active and key.user_name}
    users = reader.principals(account_id, PrincipalKind.USER)
    return any(ADMINISTRATOR in user.policies and user.name.lower() in holders for user in users)


def _check_not_the_last(reader: Reader, key: AccessKey) -> None:
    """Refuses to take the last active key of a root away, where no other administrator is left."""
    if key.user_name is not None or not key.active:
        return
    others = [each for each in keys_of(reader, key.account_id, None) if each.active and each != key]
    if not others and not is_administered(reader, key.account_id):
        raise DeleteConflict(
            "Cannot take away the last active key of the account's root: make a user with the policy "
            f"{ADMINISTRATOR} and a key first."
        )
