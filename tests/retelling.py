"""An HTTP endpoint on loopback that keeps each request as it came, and answers as it is told to.

It answers from a list, or passes each request on to a real server and keeps the answer for a second telling: what one
program was told can be told to another one, so that both can be compared byte for byte.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    412: "Precondition Failed",
    503: "Service Unavailable",
}
VARIABLE_HEADERS = {"user-agent", "x-amz-date", "amz-sdk-invocation-id"}
"""Headers whose value isn't the same from one call to the next, or tells who calls."""


@dataclass(frozen=True)
class Request:
    """A request as it came. headers: in the order they came, names in lower case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value, or nothing."""
        return dict(self.headers).get(name, "")

    @property
    def parameters(self) -> dict[str, str]:
        """The form in the body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def comparable(self) -> tuple[str, str, dict[str, str], bytes]:
        """What two programs that are asked for the same must have in common.

        Not compared: the time and what is computed from it, an invocation's id, a random token's digits, the program's
        name, and the order of the headers.
        """
        headers = {name: "" if name in VARIABLE_HEADERS else value for name, value in self.headers}
        signed = re.sub(r"Signature=[0-9a-f]{64}", "Signature=…", headers.get("authorization", ""))
        if signed:
            headers["authorization"] = re.sub(r"(Credential=[^/]*)/\d{8}/", r"\1/…/", signed)
        body = re.sub(rb"ClientToken=[0-9a-f-]{36}", b"ClientToken=a-random-one", self.body)
        return self.method, self.target, headers, body


@dataclass
class Retelling:
    """requests: those that came since the last `record` or `tell`. answers: those that were given."""

    port: int
    requests: list[Request] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    _upstream: int | None = None
    _left: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def record(self, upstream: int) -> None:
        """From now on every request is passed on to the server on this port, as it stands."""
        self.requests, self.answers, self._upstream = [], [], upstream

    def tell(self, answers: list[bytes]) -> None:
        """From now on these are the answers, one after the other; the connection is cut where none is left."""
        self.requests, self.answers, self._upstream, self._left = [], [], None, list(answers)

    def handle(self, connection: socket.socket) -> None:
        """Answers one request, and closes."""
        with connection:
            raw = _read_message(connection)
            if not raw:
                return
            self.requests.append(_parsed(raw))
            answer = self._answer(raw)
            self.answers.append(answer)
            connection.sendall(answer)

    def _answer(self, raw: bytes) -> bytes:
        if self._upstream is None:
            return self._left.pop(0) if self._left else b""
        with socket.create_connection(("127.0.0.1", self._upstream), timeout=20) as server:
            server.sendall(raw)
            answer = _read_message(server)
        return answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


@contextmanager
def retelling() -> Iterator[Retelling]:
    """An endpoint that listens."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        made = Retelling(listener.getsockname()[1])

        def serve() -> None:
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                threading.Thread(target=made.handle, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield made
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def answer(status: int, body: str, *headers: str) -> bytes:
    """An HTTP answer that ends the connection."""
    content = body.encode()
    head = [f"HTTP/1.1 {status} {REASONS[status]}", "Content-Type: text/xml;charset=UTF-8", "Connection: close"]
    head += [f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + content


def _parsed(raw: bytes) -> Request:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.split(":", 1) for line in lines)
    return Request(method, target, tuple((name.lower(), value.strip()) for name, value in pairs), body)


def _read_message(connection: socket.socket) -> bytes:
    """One message with a length; what came so far when the other side ends before."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        if not (piece := connection.recv(65536)):
            return raw
        raw += piece
    head = raw.partition(b"\r\n\r\n")[0]
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    whole = len(head) + 4 + (int(length[1]) if length else 0)
    while len(raw) < whole and (piece := connection.recv(65536)):
        raw += piece
    return raw
