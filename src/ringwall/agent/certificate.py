"""The agent's own certificate, on a server that gives agents one: from enrolment on it is shown with each connection.

It is kept with its key in one file, `client.pem`, whose first line says when to ask for the next one. Who only has the
host's key, from a backup or a log, has no certificate, and can't get one from a server that requires it.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ringwall.telemetry import LOG

from .directory import AgentDirectory, write_whole
from .errors import AgentError
from .key_pair import KeyPair, make_key_pair
from .server import AgentKey, Server

CERTIFICATE_PATH: Final = "/ringwall/v1/certificate"
LOOK_SECONDS: Final = 3600.0
"""So often the agent looks whether it is time, and tries again what failed."""
_RENEW_AT: Final = re.compile(r"renew-at: ([0-9]{1,12})\n")


def keep_certificate(path: Path, pair: KeyPair, answer: Mapping[str, Any]) -> bool:
    """Whether the server's answer has a certificate for this key; then both are in the file.

    Raises:
        AgentError: they can't be written.
    """
    certificate, renew_at = answer.get("certificate"), answer.get("renew_at")
    if not isinstance(certificate, str) or type(renew_at) is not int:
        return False
    try:
        write_whole(path, f"renew-at: {renew_at}\n{pair.key}{certificate}".encode())
    except OSError as error:
        raise AgentError(f"the agent's certificate can't be kept in {path}: {error.strerror}") from error
    return True


def renew_at(path: Path) -> int | None:
    """When the agent should ask for its next certificate, Unix seconds; None where it has none."""
    try:
        found = _RENEW_AT.match(path.read_text("ascii", "replace"))
    except OSError:
        return None
    return int(found.group(1)) if found else 0


class Renewal:
    """Asks for the agent's next certificate in time.

    tell: given a sentence for the operator where that fails, and None where it works again. clock: Unix seconds.
    """

    def __init__(
        self,
        server: Server,
        key: AgentKey,
        directory: AgentDirectory,
        tell: Callable[[str | None], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._server, self._key, self._path = server, key, directory.certificate
        self._tell, self._clock = tell, clock

    async def run(self) -> None:
        """Looks every hour, until cancelled."""
        while True:
            at = renew_at(self._path)
            if at is not None and self._clock() >= at:
                try:
                    await self.renew()
                except AgentError as error:
                    LOG.warning("the agent's certificate can't be renewed: %s", error)
                    self._tell(f"The agent's certificate can't be renewed: {error}.")
                else:
                    self._tell(None)
            await asyncio.sleep(LOOK_SECONDS)

    async def renew(self) -> None:
        """A new certificate, for a new key, is kept, and shown with the next connections.

        Raises:
            AgentError: the server gives none, or it can't be kept.
        """
        pair = await make_key_pair()
        answer = await self._server.post(
            CERTIFICATE_PATH, json.dumps({"certificate_request": pair.request}).encode(), self._key
        )
        if not keep_certificate(self._path, pair, answer):
            raise AgentError("the server's answer has no certificate")
        LOG.info("the agent has a new certificate")
