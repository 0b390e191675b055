"""The contract's writes, on one SQLite connection.

Here: regions, tokens and tags; groups and the network have files of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ringwall.domain.change import TagsChanged

from .base import EnrolmentToken, TokenUse
from .sqlite_drain_writes import DrainWrites
from .sqlite_group_writes import GroupWrites
from .sqlite_network_writes import NetworkWrites
from .sqlite_principal_writes import PrincipalWriter


class SqliteTransaction(GroupWrites, NetworkWrites, DrainWrites, PrincipalWriter):
    """`base.Transaction` on the transaction that is open on a connection; used for one request after the other."""

    def create_region(self, account_id: str, region: str) -> None:
        """`Transaction.create_region`."""
        self._write("INSERT INTO regions (account_id, region) VALUES (?, ?)", (account_id, region))

    def insert_enrolment_token(self, token: EnrolmentToken) -> None:
        """`Transaction.insert_enrolment_token`."""
        self._write(
            "INSERT INTO enrolment_tokens (token_hash, account_id, region, subnet_id, device, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (token.token_hash, token.account_id, token.region, token.subnet_id, token.device, token.expires_at),
        )

    def consume_enrolment_token(self, token_hash: str) -> None:
        """`Transaction.consume_enrolment_token`."""
        self._write_one("DELETE FROM enrolment_tokens WHERE token_hash = ?", (token_hash,))

    def record_token_use(self, use: TokenUse) -> None:
        """`Transaction.record_token_use`."""
        self._write(
            "INSERT INTO token_uses (account_id, region, operation, client_token, fingerprint, resource_id, used_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " fingerprint = excluded.fingerprint, resource_id = excluded.resource_id, used_at = excluded.used_at",
            (
                use.account_id,
                use.region,
                use.operation,
                use.client_token,
                use.fingerprint,
                use.resource_id,
                use.used_at,
            ),
        )

    def forget_token_uses(self, used_before: int) -> None:
        """`Transaction.forget_token_uses`."""
        self._write("DELETE FROM token_uses WHERE used_at < ?", (used_before,))

    def set_tags(self, account_id: str, region: str, resource_id: str, tags: Mapping[str, str]) -> None:
        """`Transaction.set_tags`."""
        written = sum(
            self._write(
                "INSERT INTO tags (account_id, region, resource_id, key, value) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
                (account_id, region, resource_id, key, value),
            )
            for key, value in tags.items()
        )
        if written:
            self._changed(account_id, region, TagsChanged((resource_id,)))

    def delete_tags(self, account_id: str, region: str, resource_id: str, keys: Iterable[str]) -> None:
        """`Transaction.delete_tags`."""
        query = "DELETE FROM tags WHERE account_id = ? AND region = ? AND resource_id = ? AND key = ?"
        if sum(self._write(query, (account_id, region, resource_id, key)) for key in keys):
            self._changed(account_id, region, TagsChanged((resource_id,)))
