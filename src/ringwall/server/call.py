"""One authenticated call of ringwall's own API, and what the trail is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ringwall.domain.caller import Caller
from ringwall.operations.trail import RINGWALL, Deed
from ringwall.store.base import Committed, Transaction

from .authenticate import RawRequest
from .authorize import Gate
from .service import Service, new_request_id

Result = TypeVar("Result")

SECRET_MEMBERS: Final = frozenset({"token", "secret", "secret_access_key", "session_token"})
"""Members of a request's JSON that the trail isn't told."""


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint is given. body: the raw JSON; content: the same, parsed. path, query: their parameters.

    deed: what the trail is told of it, if it changes something. certified: whether the connection has shown a
    certificate of the caller's host. gate: what it has to pass.
    """

    caller: Caller
    body: bytes
    content: dict[str, Any]
    path: Mapping[str, str]
    query: Mapping[str, str]
    deed: Deed
    gate: Gate
    certified: bool = False

    async def write(
        self, service: Service, function: Callable[[Transaction], Result], *, if_changed: bool = False
    ) -> Committed[Result]:
        """As `Trail.write`; whether the caller may is decided in the same transaction, before the function."""

        def run(transaction: Transaction) -> Result:
            self.gate.check(transaction)
            return function(transaction)

        return await service.trail.write(self.deed, run, if_changed=if_changed)


def deed_of(
    action: str, caller: Caller, raw: RawRequest, request_id: str, parameters: Mapping[str, Any] | None = None
) -> Deed:
    """What the trail is told of a call of /ringwall/v1. parameters: of its path and in its JSON."""
    told = {name: value for name, value in (parameters or {}).items() if name not in SECRET_MEMBERS}
    return Deed(
        RINGWALL,
        action,
        caller.account_id,
        caller.region,
        request_id,
        new_request_id(),
        caller,
        raw.peer,
        raw.user_agent,
        told or None,
        raw.method == "GET",
    )
