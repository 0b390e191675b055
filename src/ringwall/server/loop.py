"""The event loop of the server: uvloop where there is one."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

from typing_extensions import override

if sys.platform == "linux":
    from uvloop import Loop as _Loop
else:
    from asyncio import SelectorEventLoop as _Loop

HANDSHAKE_SECONDS: Final = 10.0


class ServerLoop(_Loop):
    """The loop with a short time for the handshake of TLS, for which uvicorn has no setting (the default is a minute):
    `uvicorn.Config(loop="ringwall.server.loop:ServerLoop")`.

    A client in the handshake isn't a connection of `BoundedProtocol` yet, so this alone bounds it.
    """

    @override
    async def create_server(  # type: ignore[override]  # one signature for the four that differ in host and sock
        self, *args: Any, ssl: Any = None, **options: Any
    ) -> asyncio.AbstractServer:
        if ssl is not None:
            options |= {"ssl_handshake_timeout": HANDSHAKE_SECONDS, "ssl_shutdown_timeout": HANDSHAKE_SECONDS}
        return await super().create_server(*args, ssl=ssl, **options)
