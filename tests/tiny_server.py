"""A real HTTP server on loopback for tests of a client: it keeps what it was sent and answers what the test says."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import h11


@dataclass(frozen=True)
class Got:
    """One request."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Got], AsyncIterator[bytes] | tuple[int, bytes]]
"""A status and a body; or a stream with status 200, whose end ends the answer."""


@dataclass
class TinyServer:
    """A server that is up. connections: how many were made, complete requests or not."""

    port: int
    got: list[Got] = field(default_factory=list)
    connections: int = 0

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns once the condition holds."""
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[TinyServer]:
    """A server for the length of the block."""
    tiny = TinyServer(0)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tiny.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, h11.RemoteProtocolError):
                await _exchange(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            tasks.discard(task)
            writer.close()
            with suppress(Exception):
                await writer.wait_closed()

    async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)

        async def event() -> object:
            while (found := connection.next_event()) is h11.NEED_DATA:
                connection.receive_data(await reader.read(65536))
            return found

        request = await event()
        if not isinstance(request, h11.Request):
            return
        body = b""
        while isinstance(data := await event(), h11.Data):
            body += data.data
        path, _, query = request.target.decode().partition("?")
        headers = {name.decode(): value.decode() for name, value in request.headers}
        tiny.got.append(Got(request.method.decode(), path, query, headers, body))
        answered = answer(tiny.got[-1])
        if isinstance(answered, tuple):
            status, content = answered
            writer.write(
                connection.send(h11.Response(status_code=status, headers=[("content-length", str(len(content)))]))
                or b""
            )
            writer.write(connection.send(h11.Data(data=content)) or b"")
        else:
            writer.write(
                connection.send(h11.Response(status_code=200, headers=[("transfer-encoding", "chunked")])) or b""
            )
            async for chunk in answered:
                writer.write(connection.send(h11.Data(data=chunk)) or b"")
                await writer.drain()
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    tiny.port = server.sockets[0].getsockname()[1]
    try:
        yield tiny
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """The test on an event loop of its own, within 30 s."""

    async def bounded() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(bounded())


def certificate(directory: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """A server's side of TLS with a new self-signed certificate for 127.0.0.1, and the certificate's SHA-256."""
    pem, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(pem)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return context, sha256(ssl.PEM_cert_to_DER_cert(pem.read_text())).hexdigest()
