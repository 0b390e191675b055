"""Who is asking: the authenticated principal of a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal behind a verified signature.

    region: the one the request acts in. host_id: the instance whose agent this is, or None for the account's root key.
    arn, user_id: as STS GetCallerIdentity answers them.
    """

    account_id: str
    region: str
    access_key_id: str
    arn: str
    user_id: str
    host_id: str | None = None
