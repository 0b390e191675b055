"""The server: whether it answers and knows this host, and what time it has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Final

from ..directory import Identity
from ..errors import AgentError, ServerRefused
from ..findings import Finding, fail, ok, warn
from ..server import Server, parse_server_url
from ..stream import ADDRESSES_PATH, HEALTH_PATH
from .host import Host

CLOCK_SECONDS_MAX: Final = 60.0
"""A clock that is further from the server's is told; from 15 minutes on the server refuses what is signed."""

_CLOCK_SECONDS_REFUSED: Final = 15 * 60.0


def server(host: Host) -> Iterator[Finding]:
    """Whether the server answers, knows this host, and has its time."""
    if not host.server:
        yield warn("server", "Which server it is wasn't said, so it wasn't asked.", "Give --server URL.")
        return
    url = parse_server_url(host.server, insecure_http=True)
    known = host.identity
    server = Server(
        url,
        known.certificate_sha256 if known else None,
        known.endpoints if known else frozenset(),
        client_certificate=host.directory.certificate,
    )
    if known is not None:
        server.next_certificate_sha256 = known.next_certificate_sha256
    before = time.time()
    try:
        asyncio.run(_ask(server))
    except ServerRefused as refused:
        yield warn("server", f"{url.authority} answers, but not as a ringwall server does: {refused}.")
        return
    except AgentError as error:
        yield fail("server", f"The server isn't reached: {error}.", "What is in force stays; changes don't arrive.")
        return
    yield ok("server", f"{url.authority} answers.")
    if known is not None:
        yield from _knows(server, known)
    if server.said_time is not None:
        yield from clock((before + time.time()) / 2 - server.said_time)


def _knows(server: Server, known: Identity) -> Iterator[Finding]:
    """Whether the server knows this host: it is told of no interface, which changes nothing there."""
    try:
        asyncio.run(server.post(ADDRESSES_PATH, b'{"interfaces": []}', known.key))
    except ServerRefused as refused:
        removed = refused.status in (401, 403)
        yield fail(
            "host",
            f"The server doesn't accept this host's key ({refused.code})."
            if removed
            else f"The server says: {refused}.",
            "Was the host removed there, or is a clock wrong? A removed host keeps what is in force: enrol it again, "
            "with a new --data, or `ringwall agent release` it."
            if removed
            else "",
        )
    except AgentError as error:
        yield warn("host", f"Whether the server knows this host can't be asked: {error}.")
    else:
        yield ok("host", f"The server knows {known.instance_id}.")


async def _ask(server: Server) -> None:
    await server.locate()
    async with server.exchange("GET", HEALTH_PATH, "", {}, b"", None) as chunks:
        async for _ in chunks:
            pass


def clock(ahead_seconds: float) -> Iterator[Finding]:
    """How far this host's clock is from the server's; signatures tell their time."""
    apart = (
        f"This host's clock is {abs(ahead_seconds):.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'} the server's."
    )
    if abs(ahead_seconds) >= _CLOCK_SECONDS_REFUSED:
        yield fail("clock", f"{apart} The server refuses what is signed so.", "Set the clock; use NTP.")
    elif abs(ahead_seconds) > CLOCK_SECONDS_MAX:
        yield warn("clock", apart, "Use NTP.")
    else:
        yield ok("clock", "This host's clock agrees with the server's.")
