"""The contract's reads of draining rules: revoked, while flows that only they admitted go on."""

from __future__ import annotations

from typing import Final

from ringwall.domain.group import DrainingRule

from .codec import decode_rule
from .sqlite_queries import Queries

_COLUMNS: Final = "SELECT owner_id, region, group_id, rule, revoked_at FROM draining_rules"
_IN_ORDER: Final = " ORDER BY revoked_at, rule_id"


def _draining(owner_id: str, region: str, group_id: str, rule: str, revoked_at: int) -> DrainingRule:
    return DrainingRule(owner_id, region, decode_rule(group_id, rule), revoked_at)


class DrainReads(Queries):
    """The part of `base.Reader` about draining rules."""

    def draining_rules(self, account_id: str, region: str | None = None) -> list[DrainingRule]:
        """`Reader.draining_rules`."""
        if region is None:
            return self._all(_draining, _COLUMNS + " WHERE owner_id = ?" + _IN_ORDER, account_id)
        query = _COLUMNS + " WHERE owner_id = ? AND region = ?" + _IN_ORDER
        return self._all(_draining, query, account_id, region)

    def draining_rules_of(self, group_id: str) -> list[DrainingRule]:
        """`Reader.draining_rules_of`, by an index."""
        return self._all(_draining, _COLUMNS + " WHERE group_id = ?" + _IN_ORDER, group_id)
