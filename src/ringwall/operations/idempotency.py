"""Client tokens: the same request again makes nothing, and answers with what it made the first time.

An operation that makes one resource asks `made_before` before it checks anything that other requests could have
changed meanwhile, and calls `record` where it writes. A token is one operation's: another operation, account or region
may use the same text. It is remembered for 24 hours from its first use.

Where the resource was deleted in the meantime the operation answers that it doesn't exist, and makes nothing (chosen):
a request that arrives late must not bring back what somebody deleted since.

Source: EC2 API Reference, "Ensuring idempotency in Amazon EC2 API requests"; error codes IdempotentParameterMismatch
and InvalidClientToken.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from ringwall.domain.errors import IdempotentParameterMismatch, InvalidClientToken
from ringwall.store.base import TokenUse

from .context import Context, Request

MEMBER: Final = "ClientToken"
TOKEN_SECONDS: Final = 24 * 3600
"""How long a token is remembered."""

_NO_PARAMETERS: Final = frozenset({MEMBER, "DryRun"})


def check_client_token(request: Request, *, length_max: int = 64, ascii_only: bool = True) -> None:
    """Returns if the request has no client token, or one that can be kept: visible characters, not too many.

    An empty one counts as none (chosen).

    Raises:
        InvalidClientToken: it is too long, or has control characters, or others than ASCII where those alone are taken.
    """
    token = request.get(MEMBER) or ""
    if len(token) > length_max or not token.isprintable() or (ascii_only and not token.isascii()):
        raise InvalidClientToken(length_max)


def made_before(context: Context, operation: str, request: Request) -> str | None:
    """The id of what this same request made within the last 24 hours, or None if it has yet to make something.

    Raises:
        IdempotentParameterMismatch: the token was used with other parameters.
    """
    token = request.get(MEMBER)
    if not token:
        return None
    use = context.transaction.token_use(context.caller.account_id, context.caller.region, operation, token)
    if use is None or _too_old(use, context.now):
        return None
    if use.fingerprint != fingerprint(request):
        raise IdempotentParameterMismatch
    return use.resource_id


def record(context: Context, operation: str, request: Request, resource_id: str) -> None:
    """Keeps that the request made this resource, if it has a client token; forgets the tokens that are too old."""
    token = request.get(MEMBER)
    if not token:
        return
    place = (context.caller.account_id, context.caller.region)
    context.transaction.forget_token_uses(context.now - TOKEN_SECONDS + 1)
    context.transaction.record_token_use(
        TokenUse(*place, operation, token, fingerprint(request), resource_id, context.now)
    )


def fingerprint(request: Request) -> str:
    """The same text for requests that ask for the same: SHA-256, hex, of all parameters but ClientToken and DryRun.

    Absent, null and empty lists and structures are the same; the order of a list's items counts.

    >>> fingerprint({"A": 1, "B": [], "ClientToken": "x"}) == fingerprint({"A": 1, "DryRun": False})
    True
    """
    parameters = {name: _shorn(value) for name, value in request.items() if name not in _NO_PARAMETERS}
    text = json.dumps(_shorn(parameters), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _too_old(use: TokenUse, now: int) -> bool:
    return now - use.used_at >= TOKEN_SECONDS


def _shorn(value: Any) -> Any:
    """The value without what says nothing."""
    if isinstance(value, dict):
        shorn = {name: _shorn(each) for name, each in value.items()}
        return {name: each for name, each in shorn.items() if each not in (None, [], {})}
    return [_shorn(each) for each in value] if isinstance(value, list) else value
