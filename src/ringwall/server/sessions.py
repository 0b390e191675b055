"""What only the key file makes and opens: session tokens, and what refusals told encoded.

Tokens are made and opened without the store, as everything that they say is in them, encrypted.
The secret is in the token too, so that each of the key file's keys opens sessions of its time.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

from ringwall.domain.principal import PrincipalKind
from ringwall.domain.session import Session, TemporaryCredentials

from .credentials import new_access_key_id, new_secret
from .denial import decoded
from .keyring import Keyring, Sealed

PREFIX: Final = "ASIA"
TOKEN_MAX: Final = 32 * 1024
"""Characters; a policy of 2,048 characters makes one of 12,000 at most."""


class Sessions:
    """Makes sessions and opens their tokens."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def issue(self, session: Session) -> TemporaryCredentials:
        """A new key for the session. The token opens with this key's id only."""
        key_id, secret = new_access_key_id(PREFIX), new_secret()
        content = json.dumps({**asdict(session), "secret": secret}, separators=(",", ":"))
        return TemporaryCredentials(key_id, secret, self._keyring.seal(content, key_id))

    def open(self, access_key_id: str, token: str) -> tuple[Session, str] | None:
        """The session and the secret of its key; None if this server didn't make the token for this key."""
        if not access_key_id.startswith(PREFIX) or len(token) > TOKEN_MAX:
            return None
        try:
            content = json.loads(self._keyring.open(token, access_key_id))
        except Sealed:
            return None
        secret = content.pop("secret")
        kind = content.pop("kind")
        return Session(kind=PrincipalKind(kind) if kind else None, **content), secret

    def decoded(self, account_id: str, message: str) -> str | None:
        """What a refusal told this account encoded; None if it didn't."""
        try:
            return decoded(self._keyring, account_id, message)
        except Sealed:
            return None
