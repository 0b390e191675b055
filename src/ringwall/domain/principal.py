"""Who holds keys and takes roles in an account: its root, its users, its roles, and the documents attached to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PrincipalKind(StrEnum):
    """What policy documents can be attached to."""

    USER = "user"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this server. name: for people. created_at: Unix seconds."""

    account_id: str
    name: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or a role. principal_id: `AIDA…` or `AROA…`, never given twice. created_at: Unix seconds.

    trust: of a role, the document that says who may take it. session_seconds_max: of a role, its longest session.
    policies: the names of the documents attached to it, in the order in which they were attached.
    """

    account_id: str
    kind: PrincipalKind
    name: str
    principal_id: str
    created_at: int
    trust: str | None = None
    session_seconds_max: int = 3600
    policies: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """As policy documents and STS name it."""
        return f"arn:aws:iam::{self.account_id}:{self.kind.value}/{self.name}"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-lived key. user_name: None for a key of the account's root.

    sealed_secret: encrypted, as only the server's key file opens it. created_at, last_used_at: Unix seconds; the
    latter is None for one never used, and is exact to a minute. last_used_from: the address.
    """

    access_key_id: str
    account_id: str
    user_name: str | None
    sealed_secret: str
    active: bool
    created_at: int
    last_used_at: int | None = None
    last_used_from: str | None = None


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy document under its name in an account. document: its text, as it was given. updated_at: Unix seconds."""

    account_id: str
    name: str
    document: str
    updated_at: int
