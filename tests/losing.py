"""A way to the server that loses answers, or answers in its stead: what was asked is done, and nobody hears of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from serving import Server


class LosingProxy:
    """Passes on what comes to `url`; of the requests that begin with `begins` the first `times` lose their answers.

    has: only those that have these bytes in them. after: only those that come after one with these bytes.
    instead: what is answered in place of a lost answer; or what makes it of the answer that is lost.
    """

    def __init__(
        self,
        server: Server | LosingProxy,
        begins: bytes,
        times: int = 1,
        *,
        has: bytes = b"",
        after: bytes = b"",
        instead: bytes | Callable[[bytes], bytes] = b"",
    ) -> None:
        self._server, self._begins, self._times, self._has = server, begins, times, has
        self._after, self._instead = after, instead
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.lost = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._pass(connection)

    def _pass(self, connection: socket.socket) -> None:
        """One request and its answer; the client closes its connection after each, or is made to."""
        request = _whole(connection)
        if not request:
            return
        with socket.create_connection(("127.0.0.1", self._server.port), 20) as onward:
            onward.sendall(request)
            answer = _whole(onward)
        is_meant = request.startswith(self._begins) and self._has in request and not self._after
        if self._after in request:
            self._after = b""
        if is_meant and self.lost < self._times:
            self.lost += 1
            connection.sendall(self._instead(answer) if callable(self._instead) else self._instead)
            return
        connection.sendall(answer)


def _whole(connection: socket.socket) -> bytes:
    """A whole message, its body as long as its head says."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
