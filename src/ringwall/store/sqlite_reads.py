"""The contract's reads, on one SQLite connection.

A reader doesn't open or close transactions: whoever hands it out has begun one, so that everything read is of one
state. Here: the store itself, tokens, tags and the change log; groups and the network have files of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from ringwall.domain.change import ChangeRecord

from .base import Compacted, EnrolmentToken, StoreIdentity, TokenUse
from .codec import decode_changes
from .sqlite_drain_reads import DrainReads
from .sqlite_group_reads import GroupReads
from .sqlite_network_reads import NetworkReads
from .sqlite_principal_reads import PrincipalReader

# Above this many resources, one statement for all costs less than one for each.
TAG_STATEMENTS_MAX: Final = 20


class SqliteReader(GroupReads, NetworkReads, DrainReads, PrincipalReader):
    """`base.Reader` on the transaction that is open on a connection.

    at_least: for `revision_at_least`; whoever begins the transaction sets it before.
    """

    at_least = -1

    def revision(self) -> int:
        """`Reader.revision`."""
        (revision,) = self._execute("SELECT max(revision) FROM change_log").fetchone()
        return revision or 0

    def revision_at_least(self) -> int:
        """`Reader.revision_at_least`."""
        return self.at_least

    def identity(self) -> StoreIdentity:
        """`Reader.identity`."""
        return StoreIdentity(*self._execute("SELECT store_id, epoch FROM store").fetchone())

    def region_exists(self, account_id: str, region: str) -> bool:
        """`Reader.region_exists`."""
        query = "SELECT 1 FROM regions WHERE account_id = ? AND region = ?"
        return self._one(bool, query, account_id, region) is not None

    def enrolment_token(self, token_hash: str) -> EnrolmentToken | None:
        """`Reader.enrolment_token`."""
        query = (
            "SELECT token_hash, account_id, region, subnet_id, device, expires_at"
            " FROM enrolment_tokens WHERE token_hash = ?"
        )
        return self._one(EnrolmentToken, query, token_hash)

    def token_use(self, account_id: str, region: str, operation: str, client_token: str) -> TokenUse | None:
        """`Reader.token_use`."""
        query = (
            "SELECT account_id, region, operation, client_token, fingerprint, resource_id, used_at FROM token_uses"
            " WHERE account_id = ? AND region = ? AND operation = ? AND client_token = ?"
        )
        return self._one(TokenUse, query, account_id, region, operation, client_token)

    def tags(self, account_id: str, region: str, resource_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """`Reader.tags`."""
        resource_ids = list(resource_ids)
        if len(resource_ids) > TAG_STATEMENTS_MAX:
            some = " AND resource_id IN (SELECT value FROM json_each(?))"
            tagged = self._tags(some, account_id, region, json.dumps(resource_ids))
            return {resource_id: tagged.get(resource_id, {}) for resource_id in resource_ids}
        query = "SELECT key, value FROM tags WHERE account_id = ? AND region = ? AND resource_id = ? ORDER BY key"
        return {
            resource_id: dict(self._execute(query, (account_id, region, resource_id)).fetchall())
            for resource_id in resource_ids
        }

    def all_tags(self, account_id: str, region: str) -> dict[str, dict[str, str]]:
        """`Reader.all_tags`."""
        return self._tags("", account_id, region)

    def changes_since(self, revision: int, limit: int) -> Sequence[ChangeRecord]:
        """`Reader.changes_since`."""
        (first,) = self._execute("SELECT min(revision) FROM change_log").fetchone()
        if first is not None and revision < first - 1:
            raise Compacted(f"the change log begins with revision {first}, which is not the one after {revision}")
        rows = self._execute(
            "SELECT revision, account_id, region, changes, committed_at FROM change_log"
            " WHERE revision > ? ORDER BY revision LIMIT ?",
            (revision, limit),
        )
        return [
            ChangeRecord(number, account_id, region, decode_changes(text), at)
            for number, account_id, region, text, at in rows
        ]

    def _tags(self, condition: str, *values: object) -> dict[str, dict[str, str]]:
        query = "SELECT resource_id, key, value FROM tags WHERE account_id = ? AND region = ?" + condition
        tags: dict[str, dict[str, str]] = {}
        for resource_id, key, value in self._execute(query + " ORDER BY resource_id, key", values):
            tags.setdefault(resource_id, {})[key] = value
        return tags
