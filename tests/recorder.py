"""A server on loopback that notes what it is sent and answers what the test says: in place of Amazon, or of a proxy.

It speaks HTTP byte by byte, so that a test sees the order and the casing of headers, and can answer rubbish.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

HANG = b"hang"
"""In place of an answer: say nothing until the other side goes."""
VPCS = (
    b'<?xml version="1.0"?><DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
    b"<requestId>r</requestId><vpcSet/></DescribeVpcsResponse>"
)


def answer(body: bytes = VPCS, status: str = "200 OK", *headers: str) -> bytes:
    """An answer, whole."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


def fault(code: str, status: str = "400 Bad Request", *headers: str) -> bytes:
    """A refusal, as EC2 writes it."""
    text = f"<Response><Errors><Error><Code>{code}</Code><Message>why</Message></Error></Errors></Response>"
    return answer(text.encode(), status, *headers)


@dataclass
class Request:
    """What came. start: the first line. headers: in their order. tunnel: the line that a proxy was asked with."""

    start: str
    headers: list[tuple[str, str]]
    body: bytes
    tunnel: str | None = None
    tunnel_headers: list[tuple[str, str]] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The value of a header; None where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class Recorder:
    """The server. answers: one for each request to come; the last one stays."""

    port: int
    answers: list[bytes] = field(default_factory=lambda: [answer()])
    requests: list[Request] = field(default_factory=list)
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def next_answer(self) -> bytes:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def recording(
    *answers: bytes,
    pair: Path | None = None,
    is_tls: bool = False,
    proxy_answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n",
    greeting: bytes = b"",
) -> Iterator[Recorder]:
    """A recorder that runs. pair: a certificate, for TLS from the start, or behind CONNECT. greeting: said at once."""
    context = None
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair, pair.with_suffix(".key"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        recorder = Recorder(listening.getsockname()[1], scheme="https" if is_tls else "http")
        recorder.answers = list(answers) or recorder.answers

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError, ValueError):
                connection.sendall(greeting)
                inside: socket.socket = connection
                if is_tls and context is not None:
                    inside = context.wrap_socket(connection, server_side=True)
                request = _read(inside)
                if request.start.startswith("CONNECT"):
                    recorder.requests.append(request)
                    connection.sendall(proxy_answer)
                    if context is None:
                        return
                    recorder.requests.pop()
                    asked = request
                    inside = context.wrap_socket(connection, server_side=True)
                    request = _read(inside)
                    request.tunnel, request.tunnel_headers = asked.start, asked.headers
                recorder.requests.append(request)
                told = recorder.next_answer()
                if told == HANG:
                    inside.recv(1)
                inside.sendall(told if told != HANG else b"")
                with suppress(OSError):
                    inside.shutdown(socket.SHUT_RDWR)
                inside.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield recorder
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _read(connection: socket.socket) -> Request:
    with connection.makefile("rb") as stream:
        start = stream.readline().decode("latin-1").strip()
        headers = []
        while line := stream.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        if not start:
            raise ValueError("nothing came")
        return Request(start, headers, stream.read(length))
