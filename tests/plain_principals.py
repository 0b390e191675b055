"""The plain store's principals and trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ringwall.domain.principal import AccessKey, Account, NamedPolicy, Principal, PrincipalKind
from ringwall.store.base import Conflict, HostKey
from ringwall.store.principals_base import TrailEvent, TrailHead


@dataclass
class PrincipalRows:
    """The rows; keys of dictionaries are names in lower case."""

    accounts: dict[str, Account] = field(default_factory=dict)
    principals: dict[tuple[str, PrincipalKind, str], Principal] = field(default_factory=dict)
    access_keys: dict[str, AccessKey] = field(default_factory=dict)
    policies: dict[tuple[str, str], NamedPolicy] = field(default_factory=dict)
    trail: list[TrailEvent] = field(default_factory=list)
    start: TrailHead = field(default_factory=lambda: TrailHead(0, b""))

    def copy(self) -> PrincipalRows:
        """The same rows in containers of its own."""
        return PrincipalRows(
            dict(self.accounts),
            dict(self.principals),
            dict(self.access_keys),
            dict(self.policies),
            list(self.trail),
            self.start,
        )


class _State(Protocol):
    of_principals: PrincipalRows
    keys: list[HostKey]


class PlainPrincipals:
    """The part of Reader and Transaction about principals and the trail."""

    state: _State

    @property
    def _rows(self) -> PrincipalRows:
        return self.state.of_principals

    def account(self, account_id: str) -> Account | None:
        return self._rows.accounts.get(account_id)

    def accounts(self) -> list[Account]:
        return sorted(self._rows.accounts.values(), key=lambda each: each.account_id)

    def principal(self, account_id: str, kind: PrincipalKind, name: str) -> Principal | None:
        return self._rows.principals.get((account_id, kind, name.lower()))

    def principals(self, account_id: str, kind: PrincipalKind) -> list[Principal]:
        found = [each for (owner, of, _), each in self._rows.principals.items() if (owner, of) == (account_id, kind)]
        return sorted(found, key=lambda each: each.name.lower())

    def access_key(self, access_key_id: str) -> AccessKey | None:
        return self._rows.access_keys.get(access_key_id)

    def access_keys(self, account_id: str) -> list[AccessKey]:
        found = [each for each in self._rows.access_keys.values() if each.account_id == account_id]
        return sorted(found, key=lambda each: each.access_key_id)

    def policy(self, account_id: str, name: str) -> NamedPolicy | None:
        return self._rows.policies.get((account_id, name.lower()))

    def policies(self, account_id: str) -> list[NamedPolicy]:
        found = [each for (owner, _), each in self._rows.policies.items() if owner == account_id]
        return sorted(found, key=lambda each: each.name.lower())

    def principals_with(self, account_id: str, policy: str) -> list[Principal]:
        return [
            each
            for kind in (PrincipalKind.ROLE, PrincipalKind.USER)
            for each in self.principals(account_id, kind)
            if policy.lower() in [name.lower() for name in each.policies]
        ]

    def host_secrets(self) -> list[tuple[str, str]]:
        return [(key.access_key_id, key.secret) for key in self.state.keys]

    def trail_start(self) -> TrailHead:
        return self._rows.start

    def trail_head(self) -> TrailHead:
        trail = self._rows.trail
        return TrailHead(trail[-1].number, trail[-1].mac) if trail else self._rows.start

    def trail_after(self, number: int, limit: int, account_id: str | None = None) -> Sequence[TrailEvent]:
        found = [each for each in self._rows.trail if each.number > number and account_id in (None, each.account_id)]
        return found[:limit]

    def trail_before(self, number: int, limit: int, account_id: str | None = None) -> Sequence[TrailEvent]:
        found = [each for each in self._rows.trail if each.number < number and account_id in (None, each.account_id)]
        return found[::-1][:limit]

    def trail_about(self, account_id: str, resource_id: str, limit: int) -> Sequence[TrailEvent]:
        found = [each for each in self._rows.trail if each.account_id == account_id and resource_id in each.resources]
        return found[::-1][:limit]

    def insert_account(self, account: Account) -> None:
        if account.account_id in self._rows.accounts:
            raise Conflict(account.account_id)
        self._rows.accounts[account.account_id] = account

    def delete_account(self, account: Account) -> None:
        for key in self.access_keys(account.account_id):
            del self._rows.access_keys[key.access_key_id]
        del self._rows.accounts[account.account_id]

    def insert_principal(self, principal: Principal) -> None:
        if self.principal(principal.account_id, principal.kind, principal.name):
            raise Conflict(principal.name)
        self._rows.principals[_place(principal)] = principal

    def update_principal(self, principal: Principal) -> None:
        stored = self._rows.principals[_place(principal)]
        self._rows.principals[_place(principal)] = replace(
            stored,
            trust=principal.trust,
            session_seconds_max=principal.session_seconds_max,
            policies=principal.policies,
        )

    def delete_principal(self, principal: Principal) -> None:
        del self._rows.principals[_place(principal)]
        if principal.kind is PrincipalKind.USER:
            for key in self.access_keys(principal.account_id):
                if key.user_name is not None and key.user_name.lower() == principal.name.lower():
                    del self._rows.access_keys[key.access_key_id]

    def insert_access_key(self, key: AccessKey) -> None:
        if key.access_key_id in self._rows.access_keys:
            raise Conflict(key.access_key_id)
        self._rows.access_keys[key.access_key_id] = key

    def update_access_key(self, key: AccessKey) -> None:
        stored = self._rows.access_keys[key.access_key_id]
        self._rows.access_keys[key.access_key_id] = replace(
            stored,
            sealed_secret=key.sealed_secret,
            active=key.active,
            last_used_at=key.last_used_at,
            last_used_from=key.last_used_from,
        )

    def delete_access_key(self, access_key_id: str) -> None:
        del self._rows.access_keys[access_key_id]

    def put_policy(self, policy: NamedPolicy) -> None:
        place = (policy.account_id, policy.name.lower())
        stored = self._rows.policies.get(place, policy)
        self._rows.policies[place] = replace(policy, name=stored.name)

    def delete_policy(self, account_id: str, name: str) -> None:
        del self._rows.policies[account_id, name.lower()]

    def reseal_host_key(self, access_key_id: str, sealed_secret: str) -> None:
        keys = self.state.keys
        keys[:] = [replace(key, secret=sealed_secret) if key.access_key_id == access_key_id else key for key in keys]

    def append_trail(self, event: TrailEvent) -> None:
        self._rows.trail.append(event)

    def drop_trail(self, through: TrailHead) -> int:
        before = len(self._rows.trail)
        self._rows.start = through
        self._rows.trail[:] = [each for each in self._rows.trail if each.number > through.number]
        return before - len(self._rows.trail)


def _place(principal: Principal) -> tuple[str, PrincipalKind, str]:
    return principal.account_id, principal.kind, principal.name.lower()
