"""What an operation is given besides its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from ringwall.domain.caller import Caller
from ringwall.domain.errors import UnsupportedOperation
from ringwall.domain.filters import FilterTable
from ringwall.domain.quota import Quota
from ringwall.domain.session import Session, TemporaryCredentials
from ringwall.iam.evaluate import Target
from ringwall.store.base import Reader, Transaction

Request = Mapping[str, Any]
"""The parameters of a request as botocore names them, typed as the model says: `{"GroupId": "sg-…"}`."""

Answer = Mapping[str, Any]
"""The members of an answer as botocore names them; what is absent or None isn't written."""


class IdSource(Protocol):
    """Makes ids that nobody can guess; the effect that operations don't have themselves."""

    def new(self, prefix: str) -> str:
        """A new id: the prefix (`sg`, `sgr`, `vpc`, `eni-attach`, `vpc-cidr-assoc` …), a hyphen, 17 hex digits."""


Key = tuple[str, ...]
"""The account, the region and the id of a resource."""


class Descriptions(Protocol):
    """Keeps what a resource was described as, for whoever asks next and would be told the same."""

    def find(self, reader: Reader, key: Key) -> Any | None:
        """What `keep` answered, if the reader would read just that from the store."""

    def keep(self, reader: Reader, key: Key, description: Answer) -> Any:
        """What stands for this description in an answer's list. The reader has just read it."""


class Seals(Protocol):
    """What only the holder of the server's key file makes and opens."""

    def issue(self, session: Session) -> TemporaryCredentials:
        """A new key for the session, and the token that carries it."""

    def decoded(self, account_id: str, message: str) -> str | None:
        """What a refusal told this account encoded; None if it didn't."""


class Context(NamedTuple):
    """The caller, the transaction, and what is injected.

    transaction: for an operation that only reads, a Reader is in its place; it must not write.
    now: Unix seconds, for what is stored with a time. regions: those that this server serves.
    operation: the name of the one that runs, to which the tokens of its pages are bound; empty where it has no pages.
    groups_described: where descriptions of security groups are kept, if they are.
    seals: for STS's operations.
    """

    caller: Caller
    transaction: Transaction
    ids: IdSource
    quota: Quota
    now: int
    regions: frozenset[str]
    operation: str = ""
    groups_described: Descriptions | None = None
    seals: Seals | None = None


Targets = Callable[[Reader, Caller, Request], list[Target]]
"""The resources that a request is about, as policy documents see them; none means the resource `*`."""


def no_resource(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """None: for operations that describe, and whatever else the reference lists no resource type for."""
    return []


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the operation table.

    targets: what the request is done to, for whoever decides whether the caller may; asked after `vet`.
    check: refuses what EC2 refuses before it looks at DryRun: a missing group, a malformed id.
    run: the operation itself. writes: whether it needs a transaction that can write.
    filters: the table of its filters, if it has any.

    Each member of the request that the model knows is either read by `check` or `run`, or is one of these two, so that
    none is passed over in silence; keys are paths of members (`Entries.Description`), values say why:
    refused: it asks for what doesn't exist here, and is refused whatever its value.
    idle: any value is taken, because nothing would be different with another.
    """

    name: str
    check: Callable[[Request], None]
    run: Callable[[Context, Request], Answer]
    writes: bool
    filters: FilterTable[Any] | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    idle: Mapping[str, str] = field(default_factory=dict)
    targets: Targets = no_resource

    def vet(self, request: Request) -> None:
        """Refuses what is refused before DryRun is looked at.

        Raises:
            UnsupportedOperation: the request has a member that is always refused (EC2 has no such case; chosen).
            ServiceError: as `check`.
        """
        self.check(request)
        for path in self.refused:
            if _has(request, path.split(".")):
                raise UnsupportedOperation(f"The parameter {path} isn't supported here.")


def _has(value: Any, path: Sequence[str]) -> bool:
    """Whether there is something at the path, in any item of the lists on the way; what is empty, false or 0 isn't."""
    if isinstance(value, list):
        return any(_has(item, path) for item in value)
    if not path:
        return value not in (None, False, "", [], {})
    return isinstance(value, Mapping) and path[0] in value and _has(value[path[0]], path[1:])
