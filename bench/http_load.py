"""A load of signed requests on keep-alive connections, cheap enough not to be what is measured.

Every client has a connection and a group of its own and sends two requests in turn, authorize and revoke of one
rule, signed once beforehand: a SigV4 signature holds for 15 minutes, and the server verifies each request all the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ringwall.sigv4.sign import sign

VERSION = "2016-11-15"


@dataclass(frozen=True, slots=True)
class Target:
    """A server under load."""

    name: str
    port: int
    access_key_id: str
    secret: str
    pid: int


@dataclass(slots=True)
class Outcome:
    """What a run saw. latencies: seconds. errors: the first lines of answers that weren't 200."""

    requests: int
    seconds: float
    latencies: list[float]
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def pairs_per_second(self) -> float:
        """Authorize and revoke together count as one."""
        return self.requests / 2 / self.seconds


def request_bytes(target: Target, parameters: dict[str, str]) -> bytes:
    """A whole signed POST."""
    body = urlencode({**parameters, "Version": VERSION}).encode()
    host = f"127.0.0.1:{target.port}"
    headers = sign(
        "POST", host, "/", "", {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, body,
        target.access_key_id, target.secret, "us-east-1", "ec2", time.time(),
    )  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body


def rule_requests(target: Target, group_id: str, port: int) -> tuple[bytes, bytes]:
    """Authorize and revoke of one rule."""
    permission = {
        "GroupId": group_id,
        "IpPermissions.1.IpProtocol": "tcp",
        "IpPermissions.1.FromPort": str(port),
        "IpPermissions.1.ToPort": str(port),
        "IpPermissions.1.IpRanges.1.CidrIp": "203.0.113.0/24",
    }
    return (
        request_bytes(target, {"Action": "AuthorizeSecurityGroupIngress", **permission}),
        request_bytes(target, {"Action": "RevokeSecurityGroupIngress", **permission}),
    )


class _Client(asyncio.Protocol):
    """Sends the next request as soon as an answer is whole; connects anew when the server closes, as moto's does."""

    def __init__(
        self,
        port: int,
        requests: Sequence[bytes],
        deadline: float | None,
        outcome: Outcome,
        done: asyncio.Future[None],
    ) -> None:
        self._port = port
        self._requests = requests
        self._deadline = deadline
        self._outcome = outcome
        self._done = done
        self._sent = 0
        self._buffer = b""
        self._expected: int | None = None
        self._is_closing = False

    async def connect(self) -> None:
        """Opens a connection and sends the next request on it."""
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        except OSError as error:
            self._done.set_exception(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._expected is None:
            head, separator, _ = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            lower = head.lower()
            self._is_closing = b"connection: close" in lower
            at = lower.find(b"content-length:")
            if at < 0:  # chunked: the last chunk ends it
                if not self._buffer.endswith(b"0\r\n\r\n"):
                    return
                self._expected = len(self._buffer)
            else:
                length = int(lower[at + 15 : (lower + b"\r\n").index(b"\r\n", at)])
                self._expected = len(head) + 4 + length
        if len(self._buffer) < self._expected:
            return
        now = time.perf_counter()
        status = self._buffer[9:12]
        if status != b"200":
            text = self._buffer[: self._expected].decode("latin-1")[-300:]
            self._outcome.errors[text] = self._outcome.errors.get(text, 0) + 1
        self._outcome.requests += 1
        self._outcome.latencies.append(now - self._at)
        self._buffer = self._buffer[self._expected :]
        self._expected = None
        if self._goes_on(now):
            if self._is_closing:
                self._transport.close()
                self._task = asyncio.get_running_loop().create_task(self.connect())
            else:
                self._send()
        else:
            self._transport.close()
            self._done.set_result(None)

    def _goes_on(self, now: float) -> bool:
        if self._deadline is None:
            return self._sent < len(self._requests)
        return now < self._deadline or self._sent % 2 == 1  # end on a revoke, so that nothing is left over

    def connection_lost(self, error: Exception | None) -> None:
        if not self._is_closing and not self._done.done():
            self._done.set_exception(error or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        self._at = time.perf_counter()
        self._transport.write(self._requests[self._sent % len(self._requests)])
        self._sent += 1


async def load(target: Target, clients: Sequence[Sequence[bytes]], seconds: float | None) -> Outcome:
    """Runs one client for each sequence of requests until the time is over; without one, each request is sent once."""
    loop = asyncio.get_running_loop()
    outcome = Outcome(0, 0.0, [])
    began = time.perf_counter()
    waiting = []
    for requests in clients:
        done: asyncio.Future[None] = loop.create_future()
        waiting.append(done)
        deadline = None if seconds is None else began + seconds
        await _Client(target.port, requests, deadline, outcome, done).connect()
    await asyncio.gather(*waiting)
    outcome.seconds = time.perf_counter() - began
    return outcome


async def call(target: Target, parameters: dict[str, str]) -> str:
    """One request; its answer's body, whatever the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(request_bytes(target, parameters).replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.decode()
