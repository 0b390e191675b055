"""A line to a server that is cut where a test says: before the request arrives, or before the answer does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

Fate = Callable[[bytes], str | bytes]
"""What becomes of a request, given whole: `pass`; `drop` it; `swallow` its answer; or bytes that are the answer."""


@contextmanager
def cut_line(url: str, fate: Fate) -> Iterator[str]:
    """A URL that leads to the server at the other one, request by request as `fate` says."""
    there = (urlsplit(url).hostname, urlsplit(url).port)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    here, _ = listener.accept()
                except TimeoutError:
                    continue
                with here:
                    here.settimeout(10)
                    _exchange(here, there, fate)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            thread.join(20)


def _exchange(here: socket.socket, there: tuple[str | None, int | None], fate: Fate) -> None:
    request = _request(here)
    decided = fate(request)
    if isinstance(decided, bytes):
        here.sendall(decided)
        return
    if decided == "drop":
        return
    with socket.create_connection(there, timeout=10) as server:  # type: ignore[arg-type]
        server.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        answer = b""
        while read := server.recv(65536):
            answer += read
    if decided == "pass":
        here.sendall(answer)


def _request(here: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += here.recv(65536) or b"\r\n\r\n"
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += here.recv(65536)
    return head + b"\r\n\r\n" + body
