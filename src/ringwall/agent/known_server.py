"""What the host knows of its server and keeps with its identity: where it is, and which certificates it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ringwall.domain.local import ControlEndpoint
from ringwall.telemetry import LOG

from .directory import AgentDirectory, Identity
from .errors import Problems, reason
from .pins import told
from .questions import Parameters
from .server import Server


class KnownServer:
    """The server as the identity has it. identity: as it is on disk, or should be."""

    def __init__(self, server: Server, identity: Identity, directory: AgentDirectory, problems: Problems) -> None:
        self._server = server
        self._directory = directory
        self._problems = problems
        self.identity = identity

    def located(self, endpoints: frozenset[ControlEndpoint]) -> None:
        """Keeps where the server is now, for the next boot."""
        self.identity = replace(self.identity, endpoints=endpoints)
        self._keep()

    def note_switch(self) -> None:
        """Forgets on disk too the server's old certificate, once it has shown the next one."""
        if self._server.certificate_sha256 != self.identity.certificate_sha256:
            self.identity = replace(
                self.identity,
                certificate_sha256=self._server.certificate_sha256,
                next_certificate_sha256=self._server.next_certificate_sha256,
            )
            LOG.info("the server shows its next certificate, %s", self._server.certificate_sha256)
            self._keep()

    async def learn_pins(self, parameters: Parameters) -> Mapping[str, Any]:
        """The certificates that are accepted, after the server has said which it will show.

        Raises:
            AgentError: what it says are none, or can't be kept.
        """
        self.identity = told(self.identity, self._server, parameters["certificate_sha256"], self._directory)
        return {"certificate_sha256": list(self._server.pins)}

    def _keep(self) -> None:
        try:
            self._directory.save_identity(self.identity)
        except OSError as error:
            self._problems["identity"] = (
                f"Where the server is can't be kept on disk for the next boot: {reason(error)}",
            )
        else:
            self._problems.pop("identity", None)
