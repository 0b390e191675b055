"""What an operation is given besides its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ringwall.domain.caller import Caller
from ringwall.domain.quota import Quota
from ringwall.store.base import Transaction

Request = Mapping[str, Any]
"""The parameters of a request as botocore names them, typed as the model says: `{"GroupId": "sg-…"}`."""

Answer = Mapping[str, Any]
"""The members of an answer as botocore names them; what is absent or None isn't written."""


class IdSource(Protocol):
    """Makes ids that nobody can guess; the effect that operations don't have themselves."""

    def new(self, prefix: str) -> str:
        """A new id: the prefix (`sg`, `sgr`, `vpc`, `eni-attach`, `vpc-cidr-assoc` …), a hyphen, 17 hex digits."""


@dataclass(frozen=True, slots=True)
class Context:
    """The caller, the transaction, and what is injected.

    transaction: for an operation that only reads, a Reader is in its place; it must not write.
    now: Unix seconds, for what is stored with a time.
    """

    caller: Caller
    transaction: Transaction
    ids: IdSource
    quota: Quota
    now: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the operation table.

    check: refuses what EC2 refuses before it looks at DryRun: a missing group, a malformed id.
    run: the operation itself. writes: whether it needs a transaction that can write.
    """

    name: str
    check: Callable[[Request], None]
    run: Callable[[Context, Request], Answer]
    writes: bool
