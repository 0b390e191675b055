"""HTTP/1.1 on one connection: uvicorn's protocol, with bounds on what a client may hold open and for how long.

uvicorn bounds the idle time between requests and nothing else. What a client can do to a server without any key is
bounded here, so that no endpoint has to think of it:

    connected ──first byte──▶ head ──blank line──▶ body ──last byte──▶ answer ──▶ idle ──first byte──▶ head …
    └──────── head_seconds ──────┘ └─ request_seconds ─┘  stall_seconds    idle_seconds
                head_bytes_max        (`body.read_body`)   without any
                                                         progress of the client

A request that arrives whole, as nearly all do, starts no timer. Requests without a length (chunked) are refused: none
of EC2's clients sends one, and with them go trailers and two lengths for one body.

An application's head waits for the first part of its body, so that both leave in one write; over TLS also in one
record. (Go's SDK was seen to fail on an answer that came apart.) uvloop joins writes of one turn of the loop on its
own, but not the records of TLS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httptools
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from .exchange import Exchange, Outlet

CERTIFIED: Final = "certified"
"""In a request's state: the name in the certificate that its connection has shown, which TLS has verified; None where
there was none."""

_BAD_REQUEST: Final = (400, "The request is not valid HTTP/1.1.")


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with bounds; `uvicorn.Config(http=BoundedProtocol, ws="none")`.

    head_seconds: from connecting, or from the first byte of a later request, to the end of its head.
    head_bytes_max: request line and headers. request_seconds: from there to the end of its body; generous, as
    `body.read_body` answers sooner. linger_seconds: what a client that was refused in the middle of its body gets to
    read the answer. stall_seconds: how long an answer may wait for a client that reads nothing. idle_seconds: between
    requests; longer than the 60 seconds for which clients and balancers keep a connection.
    pipeline_max: requests that wait behind the one being answered.

    An application may have an `endpoint`, which then answers the requests for `/` without ASGI, as an `Exchange`.
    """

    head_seconds = 10.0
    head_bytes_max = 64 * 1024
    connections_max = 1_024
    request_seconds = 45.0
    linger_seconds = 2.0
    stall_seconds = 60.0
    idle_seconds = 75
    pipeline_max = 16

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.timeout_keep_alive = self.idle_seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._head_is_open = False
        self._head_began_in_this_read = False
        self._message_is_open = False
        self._lingers = False
        self._certified: str | None = None
        self._head_bytes = 0
        self._read_bytes = 0
        self._answering: RequestResponseCycle | None = None
        self._refusal = _BAD_REQUEST
        self._endpoint: Callable[[Exchange], Awaitable[None]] | None = getattr(self.config.app, "endpoint", None)

    # --- The connection ---

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Admits the connection, or tells it that there are too many."""
        super().connection_made(transport)
        self._certified = _name_in_certificate(transport)
        if len(self.connections) > self.connections_max:
            self._refuse(503, "Too many connections are open.")
            return
        self._set_deadline(self.head_seconds)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Ends all requests of the connection, not only the last one."""
        self._clear_deadline()
        if self._stall is not None:
            self._stall.cancel()
        # uvicorn tells only the last request; those before it, which may be streams, must end too.
        for cycle in (self._answering, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        """Parses, and starts the time of whatever is not complete now."""
        self._read_bytes = len(data)
        self._head_began_in_this_read = False
        super().data_received(data)
        if self.transport.is_closing() or self._lingers:
            return
        if self._head_is_open:
            if not self._head_began_in_this_read:
                self._head_bytes += len(data)
            if self._head_bytes > self.head_bytes_max:
                self._refuse(431, "The head of the request is too large.")
            elif self._deadline is None:
                self._set_deadline(self.head_seconds)
        elif self._message_is_open:
            if self._deadline is None:
                self._set_deadline(self.request_seconds)
        elif self._answering is not None and self._answering.response_complete and not self.pipeline:
            # Blank lines between requests, or the rest of a body that nobody wanted: uvicorn has stopped its timer.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    @override
    def shutdown(self) -> None:
        """The server ends: what is being answered is answered, what hasn't arrived whole isn't waited for."""
        if self._message_is_open and not self._head_is_open and self._answering is self.cycle:
            self._close()
        else:
            super().shutdown()

    @override
    def timeout_keep_alive_handler(self) -> None:
        """The idle time is over."""
        self._close()

    # --- Writing ---

    @override
    def pause_writing(self) -> None:
        """The client reads more slowly than the application writes."""
        super().pause_writing()
        self._watch_for_stall(self.transport.get_write_buffer_size())

    @override
    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _watch_for_stall(self, size: int) -> None:
        self._stall = self.loop.call_later(self.stall_seconds, self._on_stall, size)

    def _on_stall(self, size_before: int) -> None:
        size = self.transport.get_write_buffer_size()
        if size < size_before:
            self._watch_for_stall(size)
        else:
            self.transport.abort()

    @override
    def send_400_response(self, msg: str) -> None:
        """The parser has given up, of itself or at one of the bounds."""
        self._refuse(*self._refusal)

    def _refuse(self, status: int, text: str) -> None:
        """Answers without asking the application, and closes."""
        self._clear_deadline()
        if self._lingers:
            self.transport.close()  # it has had its answer
            return
        answer = b"%bcontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b\n"
        self.transport.write(answer % (STATUS_LINE[status], len(text) + 1, text.encode()))
        self._close()

    # --- What the parser calls ---

    @override
    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if self._certified is not None:
            self.scope["state"][CERTIFIED] = self._certified
        self._head_is_open = self._head_began_in_this_read = self._message_is_open = True
        self._head_bytes = 0

    @override
    def on_headers_complete(self) -> None:
        """The head is whole: within its bounds, it becomes a request for the application."""
        # The bytes of the read in which a head began aren't counted: something else may have come before it there.
        if not self._head_began_in_this_read or self._read_bytes > self.head_bytes_max:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self.head_bytes_max:
                self._refusal = (431, "The head of the request is too large.")
                raise ValueError
        if len(self.pipeline) >= self.pipeline_max:
            self._refusal = (400, "Too many requests were sent ahead of their answers.")
            raise ValueError
        self._head_is_open = False
        self._clear_deadline()
        if self._endpoint is None or not self._is_for_endpoint():
            super().on_headers_complete()
        else:
            self._begin_exchange(self._endpoint)
        self.cycle.transport = Outlet(self, self.cycle)  # type: ignore[assignment]  # all that a cycle uses of it
        if not self.pipeline:
            self._answering = self.cycle

    def _is_for_endpoint(self) -> bool:
        if self.url == b"/":
            self.scope["query_string"] = b""
            return True
        target = httptools.parse_url(self.url)
        self.scope["query_string"] = target.query or b""
        return bool(target.path == b"/")

    def _begin_exchange(self, endpoint: Callable[[Exchange], Awaitable[None]]) -> None:
        """What uvicorn does for an application: the request is answered in its turn."""
        version = self.parser.get_http_version()
        self.scope["method"] = self.parser.get_method().decode("ascii")
        before: RequestResponseCycle | None = self.cycle
        self.cycle = Exchange(self, version != "1.0" and self.parser.should_keep_alive(), endpoint)
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_chunk_header(self) -> None:
        """The parser's call at the head of each chunk, the last and empty one included."""
        self._refusal = (411, "A request needs a Content-Length; chunked bodies are not accepted.")
        raise ValueError

    @override
    def on_message_complete(self) -> None:
        """The request is whole."""
        self._message_is_open = False
        self._clear_deadline()
        super().on_message_complete()
        if self._lingers:
            self.transport.close()

    @override
    def _unsupported_upgrade_warning(self) -> None:
        """The parser leaves HTTP after a request to upgrade; it is answered as if it hadn't asked, and is the last."""
        self.cycle.keep_alive = False

    # --- What a cycle calls ---

    @override
    def on_response_complete(self) -> None:
        """The answer is written."""
        if self._answering is not None:
            self._answering.transport = self.transport  # the way back, or the two would keep each other, and the head
        if self.pipeline:
            self._answering = self.pipeline[-1][0]
        super().on_response_complete()
        if self._message_is_open and self.cycle.response_complete and not self._lingers:
            # Answered before the body was read. The client may send the rest; it is thrown away.
            self._unset_keepalive_if_required()
            self._clear_deadline()
            self._set_deadline(self.head_seconds)

    def close_after(self, cycle: RequestResponseCycle) -> None:
        """Closes after this answer; not before a client in the middle of its body had a chance to read it.

        A socket closed with unread data resets the connection, and the answer is lost with it. (RFC 9112, 9.6)
        """
        if not (self._message_is_open and cycle is self.cycle and cycle.response_complete):
            self._close()
            return
        self._lingers = True
        self._clear_deadline()
        self._set_deadline(self.linger_seconds)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    # --- Time ---

    def _set_deadline(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self._close)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        """Closes when all is written; a client that doesn't read gets `stall_seconds`."""
        self.transport.close()
        size = self.transport.get_write_buffer_size()
        if size and self._stall is None:
            self._watch_for_stall(size)


def _name_in_certificate(transport: asyncio.Transport) -> str | None:
    """The common name in the certificate that the client has shown; None where it has shown none."""
    tls = transport.get_extra_info("ssl_object")
    shown = tls.getpeercert() if tls is not None else None
    names = [value for part in (shown or {}).get("subject", ()) for name, value in part if name == "commonName"]
    return str(names[0]) if len(names) == 1 else None
