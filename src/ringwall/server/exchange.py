"""One request and its answer: what uvicorn calls a cycle, with an answer that is there whole written whole.

ASGI takes an answer in two messages, as lists of names and values that uvicorn checks and joins one by one. EC2's
endpoint knows its headers and has its answer complete before the first byte of it leaves; an `Exchange` takes just
that. All that surrounds it (order, keep-alive, limits, time-outs, the end of the connection) is uvicorn's and
`BoundedProtocol`'s, the same for both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from .body import BODY_BYTES_MAX, read_body

if TYPE_CHECKING:
    from .protocol import BoundedProtocol


class Exchange(RequestResponseCycle):
    """A request for the endpoint. scope: as ASGI's, without its path, which is `/`.

    endpoint: answers it; called once the head is there.
    """

    transport: Outlet  # type: ignore[assignment]  # all that a cycle uses of its transport

    def __init__(
        self, protocol: BoundedProtocol, keep_alive: bool, endpoint: Callable[[Exchange], Awaitable[None]]
    ) -> None:
        super().__init__(
            scope=protocol.scope,
            transport=protocol.transport,
            flow=protocol.flow,
            logger=protocol.logger,
            access_logger=protocol.access_logger,
            access_log=protocol.access_log,
            default_headers=protocol.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=protocol.expect_100_continue,
            keep_alive=keep_alive,
            on_response=protocol.on_response_complete,
        )
        self._endpoint = endpoint

    @override
    def run_asgi(self, app: Any) -> Coroutine[Any, Any, None]:
        """Runs the endpoint in the application's place; what goes wrong is uvicorn's to tell."""
        return super().run_asgi(lambda *_: self._endpoint(self))

    async def read_body(self) -> bytes:
        """The whole body.

        Raises:
            BodyTooLarge, BodyTooSlow, ClientGone: as `body.read_body`.
        """
        is_there = not (self.more_body or self.disconnected or self.waiting_for_100_continue)
        if is_there and len(self.body) <= BODY_BYTES_MAX:
            self.flow.resume_reading()  # which a large body or a request behind this one has stopped
            return bytes(self.body)
        return await read_body(self.receive)  # type: ignore[arg-type]  # uvicorn lists its messages, one by one

    async def answer(self, status: int, headers: bytes, parts: list[bytes]) -> None:
        """Writes the answer; each part is let go of as soon as it is written.

        headers: lines with their ends, the content's length among them; those that concern the connection are added.
        """
        if not await self._may_write():
            return
        self.response_started = True
        before = b"".join([b"%b: %b\r\n" % header for header in self.default_headers])
        after = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        if self.scope["method"] == "HEAD":
            parts = [b""]
        parts.reverse()
        self.transport.begin(b"".join((STATUS_LINE[status], before, headers, after, parts.pop())))
        while parts:
            await asyncio.sleep(0)  # a client that reads quickly would keep the loop until the last part
            if not await self._may_write():
                return
            self.transport.write(parts.pop())
        self.response_complete = True
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    async def _may_write(self) -> bool:
        """Whether there is still somebody to write to, once what was written before has left."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        return not self.disconnected


class Outlet:
    """What one request's cycle writes to: the transport, with the head held until the body's first part is there."""

    __slots__ = ("_cycle", "_head", "_protocol", "_was_begun")

    def __init__(self, protocol: BoundedProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self._head: bytes | None = None
        self._was_begun = False

    def begin(self, data: bytes) -> None:
        """Writes a head with the first part of its body."""
        self._was_begun = True
        self._protocol.transport.write(data)

    def write(self, data: bytes) -> None:
        """Writes a head, which is held, or what comes before or after it."""
        if self._head is not None:
            data, self._head = self._head + data, None
        elif not self._was_begun and self._cycle.response_started:
            self._was_begun = True
            self._head = data
            # An application that waits before its first part, as a stream does, waits without its head.
            self._protocol.loop.call_soon(self._flush)
            return
        self._protocol.transport.write(data)

    def close(self) -> None:
        """Closes the connection after all that was written."""
        self._flush()
        self._protocol.close_after(self._cycle)

    def is_closing(self) -> bool:
        """Whether nothing more can be written."""
        return self._protocol.transport.is_closing()

    def _flush(self) -> None:
        if self._head is not None and not self.is_closing():
            self.write(b"")
