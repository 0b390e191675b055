"""Enrolment: a one-time token becomes the host's identity."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ringwall.config import ConfigurationError
from ringwall.domain.enrolment import EnrolmentToken

from .certificate import keep_certificate
from .directory import Identity
from .errors import StreamLost
from .interfaces import DeviceAddresses
from .key_pair import make_key_pair
from .server import Server, ServerUrl
from .stream import ENROLL_PATH

_TEXTS: Final = (
    "account_id", "region", "instance_id", "access_key_id", "secret_access_key", "store_id", "device", "interface_id",
)  # fmt: skip


async def enroll(
    url: ServerUrl, token: EnrolmentToken, interfaces: Sequence[DeviceAddresses], certificate: Path | None = None
) -> tuple[Identity, tuple[str, ...]]:
    """Who this host is from now on, and a sentence for each address that the server refused.

    certificate: where the agent's own certificate goes, if the server gives one over TLS. None: it isn't asked for one.
    The server consumes the token; if its answer is lost on the way, a new token is needed.

    Raises:
        ConfigurationError: the token speaks of TLS and the URL doesn't.
        ServerRefused: the token isn't valid, or no address can be the interface's.
        AgentError: a certificate can't be asked for or kept.
        StreamLost: the server couldn't be asked, or isn't the one that made the token, or its answer can't be read.
    """
    if token.certificate_sha256 is not None and url.scheme != "https":
        raise ConfigurationError("The token was made by a server with TLS, and --server says http://.")
    server = Server(url, token.certificate_sha256)
    await server.locate()
    request = {
        "token": token.secret,
        "hostname": socket.gethostname(),
        "interfaces": interfaces_json(interfaces),
    }
    pair = await make_key_pair() if certificate is not None and url.scheme == "https" else None
    if pair is not None:
        request["certificate_request"] = pair.request
    answer = await server.post(ENROLL_PATH, json.dumps(request).encode(), None)
    texts = {name: answer.get(name) for name in _TEXTS}
    if not all(isinstance(value, str) and value for value in texts.values()):
        missing = ", ".join(sorted(name for name, value in texts.items() if not isinstance(value, str) or not value))
        raise StreamLost(f"the server's answer to the enrolment lacks {missing}")
    identity = Identity(
        **{name: str(value) for name, value in texts.items()},
        certificate_sha256=token.certificate_sha256,
        endpoints=server.endpoints,
    )
    if pair is not None and certificate is not None:
        keep_certificate(certificate, pair, answer)
    return identity, refused_sentences(answer)


def interfaces_json(interfaces: Sequence[DeviceAddresses]) -> list[dict[str, Any]]:
    """The interfaces as the server is told of them."""
    return [
        {"device": item.device, "mac_address": item.mac_address, "addresses": list(item.addresses)}
        for item in interfaces
    ]


def refused_sentences(answer: dict[str, Any]) -> tuple[str, ...]:
    """What the server said of addresses that it refused, as sentences."""
    refused = answer.get("refused_addresses")
    if not isinstance(refused, list):
        return ()
    return tuple(
        f"Address {item.get('address')} {item.get('reason')}; it is filtered, but is nobody's source."
        for item in refused
        if isinstance(item, dict)
    )
