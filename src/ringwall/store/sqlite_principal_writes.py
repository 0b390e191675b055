"""The contract's writes of principals and of the trail."""

from __future__ import annotations

import sqlite3
from typing import Final

from typing_extensions import override

from ringwall.domain.principal import AccessKey, Account, NamedPolicy, Principal

from .principals_base import TrailEvent, TrailHead
from .sqlite_recorder import Recorder

GENERATION: Final = 10_000
"""So many events share beginnings; after the last of them has gone, these go."""


class PrincipalWriter(Recorder):
    """The part of `base.Transaction` about principals and the trail.

    principals_changes: how often anybody has tried to change principals, since the connection was opened.
    """

    principals_changes = 0

    def insert_account(self, account: Account) -> None:
        """`Transaction.insert_account`."""
        self.principals_changes += 1
        values = (account.account_id, account.name, account.created_at)
        self._write("INSERT INTO accounts (account_id, name, created_at) VALUES (?, ?, ?)", values)

    def delete_account(self, account: Account) -> None:
        """`Transaction.delete_account`."""
        self.principals_changes += 1
        self._write("DELETE FROM access_keys WHERE account_id = ?", (account.account_id,))
        self._write_one("DELETE FROM accounts WHERE account_id = ?", (account.account_id,))

    def insert_principal(self, principal: Principal) -> None:
        """`Transaction.insert_principal`."""
        self.principals_changes += 1
        self._write(
            "INSERT INTO principals (account_id, kind, name, principal_id, created_at, trust, session_seconds_max)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                principal.account_id,
                principal.kind.value,
                principal.name,
                principal.principal_id,
                principal.created_at,
                principal.trust,
                principal.session_seconds_max,
            ),
        )
        self._attach(principal)

    def update_principal(self, principal: Principal) -> None:
        """`Transaction.update_principal`."""
        self.principals_changes += 1
        self._write_one(
            "UPDATE principals SET trust = ?, session_seconds_max = ? WHERE account_id = ? AND kind = ? AND name = ?",
            (principal.trust, principal.session_seconds_max, *_place(principal)),
        )
        self._detach_all(principal)
        self._attach(principal)

    def delete_principal(self, principal: Principal) -> None:
        """`Transaction.delete_principal`."""
        self.principals_changes += 1
        self._detach_all(principal)
        if principal.trust is None:
            values = (principal.account_id, principal.name)
            self._write("DELETE FROM access_keys WHERE account_id = ? AND user_name = ?", values)
        self._write_one("DELETE FROM principals WHERE account_id = ? AND kind = ? AND name = ?", _place(principal))

    def insert_access_key(self, key: AccessKey) -> None:
        """`Transaction.insert_access_key`."""
        self.principals_changes += 1
        self._write(
            "INSERT INTO access_keys (access_key_id, account_id, user_name, secret, active, created_at, last_used_at,"
            " last_used_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key.access_key_id,
                key.account_id,
                key.user_name,
                key.sealed_secret,
                key.active,
                key.created_at,
                key.last_used_at,
                key.last_used_from,
            ),
        )

    def update_access_key(self, key: AccessKey) -> None:
        """`Transaction.update_access_key`."""
        self.principals_changes += 1
        self._write_one(
            "UPDATE access_keys SET secret = ?, active = ?, last_used_at = ?, last_used_from = ?"
            " WHERE access_key_id = ?",
            (key.sealed_secret, key.active, key.last_used_at, key.last_used_from, key.access_key_id),
        )

    def delete_access_key(self, access_key_id: str) -> None:
        """`Transaction.delete_access_key`."""
        self.principals_changes += 1
        self._write_one("DELETE FROM access_keys WHERE access_key_id = ?", (access_key_id,))

    def put_policy(self, policy: NamedPolicy) -> None:
        """`Transaction.put_policy`."""
        self.principals_changes += 1
        self._write(
            "INSERT INTO policies (account_id, name, document, updated_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at",
            (policy.account_id, policy.name, policy.document, policy.updated_at),
        )

    def delete_policy(self, account_id: str, name: str) -> None:
        """`Transaction.delete_policy`."""
        self.principals_changes += 1
        self._write_one("DELETE FROM policies WHERE account_id = ? AND name = ?", (account_id, name))

    def reseal_host_key(self, access_key_id: str, sealed_secret: str) -> None:
        """`Transaction.reseal_host_key`."""
        self._write_one("UPDATE hosts SET secret = ? WHERE access_key_id = ?", (sealed_secret, access_key_id))

    _trail_head: TrailHead | None = None
    """The last event of the transaction that is open, or was committed last: nobody else adds to the trail."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._beginnings: dict[str, int] = {}
        """Those of the generation that were written since the store was opened."""
        self._generation = -1

    @override
    def rolled_back(self) -> None:
        """As `Recorder.rolled_back`."""
        super().rolled_back()
        self._trail_head = None
        self._beginnings.clear()

    @override
    def trail_head(self) -> TrailHead:
        """`Reader.trail_head`. Cost: none but for the first time."""
        if self._trail_head is None:
            self._trail_head = super().trail_head()
        return self._trail_head

    def append_trail(self, event: TrailEvent) -> None:
        """`Transaction.append_trail`."""
        self._trail_head = TrailHead(event.number, event.mac)
        beginning, text = None, event.event
        if event.shared:
            beginning, text = self._beginning(event.number // GENERATION, text[: event.shared]), text[event.shared :]
        self._write(
            "INSERT INTO trail (number, account_id, at, resources, event, mac, beginning) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (event.number, event.account_id, event.at, " ".join(event.resources), text, event.mac, beginning),
        )

    def _beginning(self, generation: int, text: str) -> int:
        """The id of this beginning, written where it wasn't yet: anew after a start, and in each generation."""
        if generation != self._generation:
            self._beginnings.clear()
            self._generation = generation
        found = self._beginnings.get(text)
        if found is None:
            self._write("INSERT INTO trail_beginnings (generation, text) VALUES (?, ?)", (generation, text))
            (found,) = self._execute("SELECT last_insert_rowid()").fetchone()
            self._beginnings[text] = found
        return found

    def drop_trail(self, through: TrailHead) -> int:
        """`Transaction.drop_trail`."""
        self._write_one("UPDATE trail_start SET number = ?, mac = ?", (through.number, through.mac))
        self._write("DELETE FROM trail_beginnings WHERE generation < ?", ((through.number + 1) // GENERATION,))
        return self._write("DELETE FROM trail WHERE number <= ?", (through.number,))

    def _attach(self, principal: Principal) -> None:
        for position, policy in enumerate(principal.policies):
            self._write(
                "INSERT INTO attached_policies (account_id, kind, principal, position, policy) VALUES (?, ?, ?, ?, ?)",
                (*_place(principal), position, policy),
            )

    def _detach_all(self, principal: Principal) -> None:
        query = "DELETE FROM attached_policies WHERE account_id = ? AND kind = ? AND principal = ?"
        self._write(query, _place(principal))


def _place(principal: Principal) -> tuple[str, str, str]:
    return principal.account_id, principal.kind.value, principal.name
