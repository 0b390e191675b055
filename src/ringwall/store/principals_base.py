"""The contract's part about principals and the trail: see `base` for what holds of all of it.

None of it gives a revision by itself: hosts don't see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ringwall.domain.principal import AccessKey, Account, NamedPolicy, Principal, PrincipalKind


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One event as stored. number: 1, 2, 3 …, no gaps. at: Unix seconds. event: JSON. mac: of the one before and it.

    resources: the ids of what it is about. shared: so many of its first characters are alike in many events, so that
    they need be kept only once; that isn't told of an event that is read.
    """

    number: int
    account_id: str
    at: float
    resources: tuple[str, ...]
    event: str
    mac: bytes
    shared: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TrailHead:
    """The end of a chain: the number of its last event, and that one's code. A new store's is (0, b"")."""

    number: int
    mac: bytes


class PrincipalReads(Protocol):
    """Reads of principals and of the trail. Names are found in any letter case."""

    def account(self, account_id: str) -> Account | None:
        """The account."""

    def accounts(self) -> list[Account]:
        """All accounts, by id."""

    def principal(self, account_id: str, kind: PrincipalKind, name: str) -> Principal | None:
        """The user or role."""

    def principals(self, account_id: str, kind: PrincipalKind) -> list[Principal]:
        """The account's users or roles, by name."""

    def access_key(self, access_key_id: str) -> AccessKey | None:
        """The key, of any account."""

    def access_keys(self, account_id: str) -> list[AccessKey]:
        """All keys of the account, its root's too, by id."""

    def policy(self, account_id: str, name: str) -> NamedPolicy | None:
        """The document under this name."""

    def policies(self, account_id: str) -> list[NamedPolicy]:
        """The account's documents, by name."""

    def principals_with(self, account_id: str, policy: str) -> list[Principal]:
        """The users and roles that the document is attached to."""

    def host_secrets(self) -> list[tuple[str, str]]:
        """The access key ids of all hosts with their secrets, as they are stored."""

    def trail_start(self) -> TrailHead:
        """The event before the oldest that is kept."""

    def trail_head(self) -> TrailHead:
        """The last event."""

    def trail_after(self, number: int, limit: int, account_id: str | None = None) -> Sequence[TrailEvent]:
        """The next events, oldest first: of one account or of all."""

    def trail_before(self, number: int, limit: int, account_id: str | None = None) -> Sequence[TrailEvent]:
        """The last events before that one, newest first: of one account or of all."""

    def trail_about(self, account_id: str, resource_id: str, limit: int) -> Sequence[TrailEvent]:
        """The account's last events about a resource, newest first."""


class PrincipalWrites(Protocol):
    """Writes of principals and of the trail."""

    def insert_account(self, account: Account) -> None:
        """Adds an account.

        Raises:
            Conflict: there is one with this id.
        """

    def delete_account(self, account: Account) -> None:
        """Removes an account, with its root's keys; it has no users, roles and documents."""

    def insert_principal(self, principal: Principal) -> None:
        """Adds a user or a role, with what is attached to it.

        Raises:
            Conflict: the account has one of this kind and name.
        """

    def update_principal(self, principal: Principal) -> None:
        """Writes a principal's trust, longest session and attached documents anew."""

    def delete_principal(self, principal: Principal) -> None:
        """Removes a user, with its keys, or a role."""

    def insert_access_key(self, key: AccessKey) -> None:
        """Adds a key.

        Raises:
            Conflict: there is one with this id.
        """

    def update_access_key(self, key: AccessKey) -> None:
        """Writes anew whether a key is active, its sealed secret, and when and from where it was used last."""

    def delete_access_key(self, access_key_id: str) -> None:
        """Removes a key."""

    def put_policy(self, policy: NamedPolicy) -> None:
        """Writes a document, in place of one with this name."""

    def delete_policy(self, account_id: str, name: str) -> None:
        """Removes a document; it isn't attached to anything."""

    def reseal_host_key(self, access_key_id: str, sealed_secret: str) -> None:
        """Writes the secret of a host's key anew, encrypted otherwise."""

    def append_trail(self, event: TrailEvent) -> None:
        """Adds the next event."""

    def drop_trail(self, through: TrailHead) -> int:
        """How many events were dropped, up to and with this one, which becomes the start."""
