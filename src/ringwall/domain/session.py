"""Temporary credentials: whose they are, how long they last, and what is handed out."""

from __future__ import annotations

from dataclasses import dataclass

from .principal import PrincipalKind


@dataclass(frozen=True, slots=True)
class Session:
    """What a session token says. Nothing of it is stored: the token carries it, encrypted.

    kind, name, principal_id: of the user or role that it acts as; all three None for an account's root.
    session_name: of a role's session. policy: a document beside those of the principal; both must allow.
    issued_at, expires_at: Unix seconds. issuing_key: the long-lived key that it goes back to, and ends with.
    """

    account_id: str
    kind: PrincipalKind | None
    name: str | None
    principal_id: str | None
    session_name: str | None
    policy: str | None
    issued_at: int
    expires_at: int
    issuing_key: str

    @property
    def arn(self) -> str:
        """As policy documents and STS name it."""
        if self.kind is PrincipalKind.ROLE:
            return f"arn:aws:sts::{self.account_id}:assumed-role/{self.name}/{self.session_name}"
        return f"arn:aws:iam::{self.account_id}:" + (f"user/{self.name}" if self.kind else "root")

    @property
    def user_id(self) -> str:
        """The unique id that GetCallerIdentity answers."""
        if self.principal_id is None:
            return self.account_id
        return f"{self.principal_id}:{self.session_name}" if self.session_name else self.principal_id


@dataclass(frozen=True, slots=True)
class TemporaryCredentials:
    """What a client signs with. session_token: goes with each request, and is signed."""

    access_key_id: str
    secret: str
    session_token: str
