"""Accounts of a server: its own, which it has from its first start, and those that its administrators make.

Chosen: no number limits them, and an account is deleted only when nothing is left in it that hosts could depend on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ringwall.domain.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    LimitExceeded,
    NoSuchEntity,
    UnauthorizedOperation,
    ValidationError,
)
from ringwall.domain.principal import AccessKey, Account, PrincipalKind
from ringwall.store.base import Reader

from .access_keys import KEYS_MAX, keys_of, noted
from .context import Context
from .principal_names import check_name

OWN_NAME: Final = "server"
"""The name of the server's own account; no other has it."""


def own_account(reader: Reader) -> Account | None:
    """The server's own account; None before its first start."""
    return next((each for each in reader.accounts() if each.name == OWN_NAME), None)


def ensure_account(context: Context) -> None:
    """Writes the caller's account where it isn't there: only the server's own can be missing."""
    account_id, transaction = context.caller.account_id, context.transaction
    if transaction.account(account_id) is None:
        transaction.insert_account(Account(account_id, OWN_NAME, context.now))


def visible_accounts(reader: Reader, account_id: str) -> list[Account]:
    """All accounts for a caller of the server's own one; for another caller, its own."""
    own = own_account(reader)
    is_own = own is not None and own.account_id == account_id
    return [each for each in reader.accounts() if is_own or each.account_id == account_id]


def account_of(reader: Reader, account_id: str, wanted: str) -> Account:
    """The account of this id, as a caller of `account_id` sees it.

    Raises:
        NoSuchEntity: there is none, or it is another's.
    """
    found = next((each for each in visible_accounts(reader, account_id) if each.account_id == wanted), None)
    if found is None:
        raise NoSuchEntity.with_id("account", wanted)
    return found


def create_account(context: Context, account_id: str, name: str, access_key_id: str, sealed_secret: str) -> Account:
    """The new account, with a key of its root.

    Raises:
        UnauthorizedOperation: the caller isn't of the server's own account. ValidationError: no id or no name.
        EntityAlreadyExists: an account has the id or the name, or one that was deleted had the id.
    """
    transaction = context.transaction
    _check_caller(context)
    if re.fullmatch("[0-9]{12}", account_id, re.ASCII) is None:
        raise ValidationError(f"{account_id} is no account id: it has 12 digits.")
    check_name("accountName", name)
    for each in transaction.accounts():
        if each.account_id == account_id:
            raise EntityAlreadyExists("Account", account_id)
        if each.name.lower() == name.lower():
            raise EntityAlreadyExists("Account", name)
    if transaction.trail_after(0, 1, account_id):  # its past would be the new one's
        raise EntityAlreadyExists("Account", account_id)
    account = Account(account_id, name, context.now)
    transaction.insert_account(account)
    transaction.insert_access_key(AccessKey(access_key_id, account_id, None, sealed_secret, True, context.now))
    return account


def create_account_key(
    context: Context, account_id: str, access_key_id: str, sealed_secret: str, *, in_place_of_all: bool
) -> AccessKey:
    """A new key of an account's root, for whoever has lost the old ones.

    in_place_of_all: the old ones are deleted.

    Raises:
        UnauthorizedOperation: the caller isn't of the server's own account. NoSuchEntity: no such account.
        ValidationError: it is the server's own, whose root's key is in the data directory.
        LimitExceeded: its root has two keys, and they are to stay.
    """
    transaction = context.transaction
    _check_caller(context)
    account = account_of(transaction, context.caller.account_id, account_id)
    if account.name == OWN_NAME:
        raise ValidationError("The key of the server's own root is in its data directory.")
    old = keys_of(transaction, account_id, None)
    if in_place_of_all:
        for each in old:
            transaction.delete_access_key(each.access_key_id)
    elif len(old) >= KEYS_MAX:
        raise LimitExceeded("AccessKeysPerUser", KEYS_MAX)
    key = AccessKey(access_key_id, account_id, None, sealed_secret, True, context.now)
    transaction.note(before=[noted(each) for each in old if in_place_of_all], after=[noted(key)])
    transaction.insert_access_key(key)
    return key


def delete_account(context: Context, account_id: str, regions: Iterable[str]) -> Account:
    """The account that there was, its root's keys included.

    regions: those in which it could have something.

    Raises:
        UnauthorizedOperation: the caller isn't of the server's own account. NoSuchEntity: no such account.
        DeleteConflict: it is the server's own, or has users, roles, policies, VPCs, prefix lists or hosts.
    """
    transaction = context.transaction
    _check_caller(context)
    account = account_of(transaction, context.caller.account_id, account_id)
    if account.name == OWN_NAME:
        raise DeleteConflict("Cannot delete entity, it is the server's own account.")
    left = _left_in(transaction, account_id, regions)
    if left:
        raise DeleteConflict(f"Cannot delete entity, must delete its {left} first.")
    transaction.delete_account(account)
    return account


def _left_in(reader: Reader, account_id: str, regions: Iterable[str]) -> str | None:
    """What goes before the account."""
    if reader.principals(account_id, PrincipalKind.USER):
        return "users"
    if reader.principals(account_id, PrincipalKind.ROLE):
        return "roles"
    if reader.policies(account_id):
        return "policies"
    if reader.hosts_of_account(account_id):
        return "hosts"
    for region in sorted(regions):
        if reader.vpcs(account_id, region):
            return f"VPCs in {region}"
        if any(each.owner_id == account_id for each in reader.prefix_lists(account_id, region)):
            return f"prefix lists in {region}"
    return None


def _check_caller(context: Context) -> None:
    ensure_account(context)
    own = own_account(context.transaction)
    if own is None or own.account_id != context.caller.account_id:
        raise UnauthorizedOperation("Only the server's own account makes and deletes accounts.")
