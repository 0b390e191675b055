"""Which certificates of the server the agent accepts, and how that changes while it runs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from ringwall.config import ConfigurationError
from ringwall.telemetry import LOG
from ringwall.watch.certificates import PINS_MAX

from .directory import AgentDirectory, Identity
from .errors import AgentError
from .server import Server

_SHA256: Final = re.compile("[0-9a-f]{64}", re.ASCII)


def told(identity: Identity, server: Server, pins: tuple[str, ...], directory: AgentDirectory) -> Identity:
    """The identity with these pins, the current one first, kept on disk and used from the next connection on.

    Raises:
        AgentError: they are none, or can't be kept.
    """
    if not 1 <= len(pins) <= PINS_MAX or not all(_SHA256.fullmatch(each) for each in pins):
        raise AgentError("what the server says of its certificates can't be understood")
    current, upcoming = pins[0], pins[1] if len(pins) > 1 else None
    changed = replace(identity, certificate_sha256=current, next_certificate_sha256=upcoming)
    try:
        directory.save_identity(changed)
    except OSError as error:
        raise AgentError(f"what the server says of its certificates can't be kept: {error.strerror}") from error
    server.certificate_sha256, server.next_certificate_sha256 = current, upcoming
    LOG.info("the server's certificate is %s, the next one %s", current, upcoming or "not known")
    return changed


def trust(data: Path, sha256: str) -> str:
    """A sentence, after root at the console has said that the server's certificate may also be this one.

    Raises:
        ConfigurationError: it is no SHA-256, the directory knows no host or one that pins nothing, or an agent runs.
    """
    sha256 = sha256.replace(":", "").lower()
    if not _SHA256.fullmatch(sha256):
        raise ConfigurationError("give the SHA-256 of the server's certificate, 64 hexadecimal digits.")
    directory = AgentDirectory(data)
    with directory.held():
        identity = directory.identity()
        if identity is None or identity.certificate_sha256 is None:
            raise ConfigurationError(f"{data} knows no host that pins its server's certificate.")
        directory.save_identity(replace(identity, next_certificate_sha256=sha256))
    return f"The agent of {identity.instance_id} accepts the certificate {sha256} too, and forgets the old one with it."
