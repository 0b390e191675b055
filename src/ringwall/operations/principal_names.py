"""Names of accounts, users, roles, policy documents: their form, and what stands under them.

Names are found in any letter case, as IAM's. Chosen: there are no paths.
Source: IAM API Reference, CreateUser, CreateRole, CreatePolicy; IAM user guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

import re
from typing import Final

from ringwall.domain.errors import NoSuchEntity, ValidationError
from ringwall.domain.principal import Principal, PrincipalKind
from ringwall.store.base import Reader

NAME_MAX: Final = {"userName": 64, "roleName": 64, "policyName": 128, "accountName": 50}
_CHARACTERS: Final = re.compile(r"[\w+=,.@-]+", re.ASCII)


def check_name(member: str, name: str) -> None:
    """Returns if it is a name: letters, digits and `+=,.@_-`, as many as IAM allows. member: as IAM calls it.

    Raises:
        ValidationError: it isn't, in IAM's words.
    """
    if len(name) > NAME_MAX[member]:
        raise ValidationError(
            f"1 validation error detected: Value at '{member}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {NAME_MAX[member]}"
        )
    if _CHARACTERS.fullmatch(name) is None or not name.strip("."):  # `..` in a path means another
        raise ValidationError(
            f"The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the "
            "following: +=,.@_-"
        )


def user_of(reader: Reader, account_id: str, name: str) -> Principal:
    """The user.

    Raises:
        NoSuchEntity: the account has none of this name.
    """
    return principal_of(reader, account_id, PrincipalKind.USER, name)


def role_of(reader: Reader, account_id: str, name: str) -> Principal:
    """The role.

    Raises:
        NoSuchEntity: the account has none of this name.
    """
    return principal_of(reader, account_id, PrincipalKind.ROLE, name)


def principal_of(reader: Reader, account_id: str, kind: PrincipalKind, name: str) -> Principal:
    """The user or role.

    Raises:
        NoSuchEntity: the account has none of this kind and name.
    """
    found = reader.principal(account_id, kind, name)
    if found is None:
        raise NoSuchEntity.named(kind.value, name)
    return found
