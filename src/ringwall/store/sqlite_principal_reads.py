"""The contract's reads of principals and of the trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ringwall.domain.principal import AccessKey, Account, NamedPolicy, Principal, PrincipalKind

from .principals_base import TrailEvent, TrailHead
from .sqlite_queries import Queries

_ACCOUNT: Final = "SELECT account_id, name, created_at FROM accounts"
_PRINCIPAL: Final = (
    "SELECT kind, account_id, name, principal_id, created_at, trust, session_seconds_max FROM principals AS p"
)
_KEY: Final = (
    "SELECT active, access_key_id, account_id, user_name, secret, created_at, last_used_at, last_used_from"
    " FROM access_keys"
)
_POLICY: Final = "SELECT account_id, name, document, updated_at FROM policies"
_EVENT: Final = (
    "SELECT number, account_id, at, resources, coalesce(text, '') || event, mac FROM trail"
    " LEFT JOIN trail_beginnings ON beginning_id = beginning"
)


def _key(active: int, key_id: str, account_id: str, user: str | None, secret: str, *times: Any) -> AccessKey:
    return AccessKey(key_id, account_id, user, secret, bool(active), *times)


def _event(number: int, account_id: str, at: float, resources: str, event: str, mac: bytes) -> TrailEvent:
    return TrailEvent(number, account_id, at, tuple(resources.split()), event, mac)


class PrincipalReader(Queries):
    """The part of `base.Reader` about principals and the trail."""

    def account(self, account_id: str) -> Account | None:
        """`Reader.account`."""
        return self._one(Account, _ACCOUNT + " WHERE account_id = ?", account_id)

    def accounts(self) -> list[Account]:
        """`Reader.accounts`."""
        return self._all(Account, _ACCOUNT + " ORDER BY account_id")

    def principal(self, account_id: str, kind: PrincipalKind, name: str) -> Principal | None:
        """`Reader.principal`."""
        where = " WHERE account_id = ? AND kind = ? AND name = ?"
        return self._one(self._principal, _PRINCIPAL + where, account_id, kind.value, name)

    def principals(self, account_id: str, kind: PrincipalKind) -> list[Principal]:
        """`Reader.principals`."""
        where = " WHERE account_id = ? AND kind = ? ORDER BY name"
        return self._all(self._principal, _PRINCIPAL + where, account_id, kind.value)

    def access_key(self, access_key_id: str) -> AccessKey | None:
        """`Reader.access_key`."""
        return self._one(_key, _KEY + " WHERE access_key_id = ?", access_key_id)

    def access_keys(self, account_id: str) -> list[AccessKey]:
        """`Reader.access_keys`."""
        return self._all(_key, _KEY + " WHERE account_id = ? ORDER BY access_key_id", account_id)

    def policy(self, account_id: str, name: str) -> NamedPolicy | None:
        """`Reader.policy`."""
        return self._one(NamedPolicy, _POLICY + " WHERE account_id = ? AND name = ?", account_id, name)

    def policies(self, account_id: str) -> list[NamedPolicy]:
        """`Reader.policies`."""
        return self._all(NamedPolicy, _POLICY + " WHERE account_id = ? ORDER BY name", account_id)

    def principals_with(self, account_id: str, policy: str) -> list[Principal]:
        """`Reader.principals_with`."""
        query = (
            _PRINCIPAL + " WHERE account_id = ? AND EXISTS (SELECT 1 FROM attached_policies AS a WHERE"
            " (a.account_id, a.kind, a.principal) = (p.account_id, p.kind, p.name) AND policy = ?) ORDER BY kind, name"
        )
        return self._all(self._principal, query, account_id, policy)

    def host_secrets(self) -> list[tuple[str, str]]:
        """`Reader.host_secrets`."""
        return self._execute("SELECT access_key_id, secret FROM hosts ORDER BY number").fetchall()

    def trail_start(self) -> TrailHead:
        """`Reader.trail_start`."""
        return TrailHead(*self._execute("SELECT number, mac FROM trail_start").fetchone())

    def trail_head(self) -> TrailHead:
        """`Reader.trail_head`."""
        last = self._one(TrailHead, "SELECT number, mac FROM trail ORDER BY number DESC LIMIT 1")
        return last or self.trail_start()

    def trail_after(self, number: int, limit: int, account_id: str | None = None) -> Sequence[TrailEvent]:
        """`Reader.trail_after`."""
        if account_id is None:
            return self._all(_event, _EVENT + " WHERE number > ? ORDER BY number LIMIT ?", number, limit)
        where = " WHERE account_id = ? AND number > ? ORDER BY number LIMIT ?"
        return self._all(_event, _EVENT + where, account_id, number, limit)

    def trail_before(self, number: int, limit: int, account_id: str | None = None) -> Sequence[TrailEvent]:
        """`Reader.trail_before`."""
        if account_id is None:
            return self._all(_event, _EVENT + " WHERE number < ? ORDER BY number DESC LIMIT ?", number, limit)
        where = " WHERE account_id = ? AND number < ? ORDER BY number DESC LIMIT ?"
        return self._all(_event, _EVENT + where, account_id, number, limit)

    def trail_about(self, account_id: str, resource_id: str, limit: int) -> Sequence[TrailEvent]:
        """`Reader.trail_about`. Cost: O(the account's events); people ask, not programs."""
        where = " WHERE account_id = ? AND instr(' ' || resources || ' ', ?) ORDER BY number DESC LIMIT ?"
        return self._all(_event, _EVENT + where, account_id, f" {resource_id} ", limit)

    def _principal(
        self, kind: str, account_id: str, name: str, principal_id: str, created_at: int, trust: str | None, longest: int
    ) -> Principal:
        query = "SELECT policy FROM attached_policies WHERE account_id = ? AND kind = ? AND principal = ?"
        attached = self._execute(query + " ORDER BY position", (account_id, kind, name))
        policies = tuple(policy for (policy,) in attached)
        return Principal(account_id, PrincipalKind(kind), name, principal_id, created_at, trust, longest, policies)
