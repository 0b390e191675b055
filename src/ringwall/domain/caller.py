"""Who is asking: the authenticated principal of a request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CallerKind(StrEnum):
    """What a caller is. NOBODY: what it is before anybody has looked; it may nothing."""

    NOBODY = "nobody"
    ROOT = "root"
    USER = "user"
    ROLE = "role"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal behind a verified signature.

    region: the one the request acts in. host_id: the instance whose agent this is, None for everybody else.
    arn, user_id: as STS GetCallerIdentity answers them. principal: its kind; a host may only watch and report.
    name: of the user or the role. session: the name of a session with temporary credentials, if it is one of a role.
    issued_at: when temporary credentials were made, Unix seconds. session_policy: the document that they were made
    with, which must allow too. issuing_key: the long-lived key that temporary credentials go back to; None for others.
    """

    account_id: str
    region: str
    access_key_id: str
    arn: str
    user_id: str
    host_id: str | None = None
    principal: str = CallerKind.NOBODY
    name: str | None = None
    session: str | None = None
    issued_at: int | None = None
    session_policy: str | None = None
    issuing_key: str | None = None
