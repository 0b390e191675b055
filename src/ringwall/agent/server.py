"""The ringwall server as the agent sees it: where it is, how it proves itself, one HTTP exchange with it.

Before anything is sent over TLS the server has proved itself: by the certificate whose SHA-256 came with the enrolment
token, or, without one, by a certificate that the host's CAs vouch for. Plain HTTP is for loopback, or for an operator
who insists.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import h11

from ringwall import __version__
from ringwall.config import ConfigurationError, is_loopback
from ringwall.domain.local import ControlEndpoint
from ringwall.sigv4.sign import sign

from .errors import ServerRefused, StreamLost, reason

SERVICE: Final = "ringwall"
CONNECT_SECONDS: Final = 10
ANSWER_SECONDS: Final = 30
ANSWER_BYTES_MAX: Final = 1024 * 1024
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_READ_BYTES: Final = 64 * 1024
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """The server's base URL in parts. host: a name or an address, without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """What the Host header says: the port only where it isn't the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_server_url(url: str, *, insecure_http: bool = False) -> ServerUrl:
    """The URL in parts.

    Raises:
        ConfigurationError: it is no URL of a server, or is plain HTTP to another machine without `insecure_http`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"--server {url!r}: {error}.") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ConfigurationError(f"--server {url!r}: write https://name:port, or http:// for this machine itself.")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise ConfigurationError(f"--server {url!r}: only scheme, name and port.")
    if parts.scheme == "http" and not is_loopback(parts.hostname) and not insecure_http:
        raise ConfigurationError(
            f"--server {url!r}: over plain HTTP anybody on the way can read and change this host's rules. "
            "Use https://, or --insecure-http if that is what you want."
        )
    return ServerUrl(parts.scheme, parts.hostname, _DEFAULT_PORTS[parts.scheme] if port is None else port)


@dataclass(frozen=True, slots=True)
class AgentKey:
    """The key that the agent signs with, and the region of its host."""

    access_key_id: str
    secret: str = field(repr=False)
    region: str


@dataclass(slots=True)
class Server:
    """One server. certificate_sha256: the certificate that it shows, or None for one that a CA vouches for.

    next_certificate_sha256: the one that it may show as well, and that takes the place of the other once it has.
    client_certificate: a PEM file with the agent's own certificate and key, shown if it is there.
    endpoints: where it was last found; used on when its name can't be resolved. clock: Unix seconds, for signatures.
    said_time: the server's clock in its last answer, Unix seconds; None where it didn't say.
    """

    url: ServerUrl
    certificate_sha256: str | None = None
    endpoints: frozenset[ControlEndpoint] = frozenset()
    clock: Callable[[], float] = time.time
    said_time: float | None = None
    next_certificate_sha256: str | None = None
    client_certificate: Path | None = None

    @property
    def pins(self) -> tuple[str, ...]:
        """The certificates that it may show, the current one first; empty where a CA vouches for it, or without TLS."""
        if self.url.scheme == "http" or self.certificate_sha256 is None:
            return ()
        return tuple(each for each in (self.certificate_sha256, self.next_certificate_sha256) if each is not None)

    async def locate(self) -> frozenset[ControlEndpoint]:
        """Where the server is: the addresses that its name has now, or the last known ones.

        Raises:
            StreamLost: the name can't be resolved and never could.
        """
        try:
            ipaddress.ip_address(self.url.host)
        except ValueError:
            try:
                found = await asyncio.get_running_loop().getaddrinfo(
                    self.url.host, self.url.port, type=socket.SOCK_STREAM
                )
            except OSError as error:
                if not self.endpoints:
                    raise StreamLost(f"{self.url.host} can't be resolved: {reason(error)}") from error
            else:
                self.endpoints = frozenset(ControlEndpoint(str(item[4][0]), self.url.port) for item in found)
        else:
            self.endpoints = frozenset((ControlEndpoint(self.url.host, self.url.port),))
        return self.endpoints

    async def post(self, path: str, body: bytes, key: AgentKey | None) -> dict[str, Any]:
        """The JSON object that the server answers. key: None for an unsigned request.

        Raises:
            ServerRefused: it answered with an error.
            StreamLost: it couldn't be asked, or its answer can't be read.
        """
        headers = {"content-type": "application/json"}
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self.exchange("POST", path, "", headers, body, key) as chunks:
                answer = json.loads(await _whole(chunks) or b"{}")
        except TimeoutError as error:
            raise StreamLost(f"no answer to POST {path} within {ANSWER_SECONDS} s") from error
        except (ValueError, RecursionError) as error:
            raise StreamLost(f"the answer to POST {path} is not JSON: {error}") from error
        if not isinstance(answer, dict):
            raise StreamLost(f"the answer to POST {path} is not a JSON object")
        return answer

    @asynccontextmanager
    async def exchange(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        key: AgentKey | None,
        silence_seconds_max: float = ANSWER_SECONDS,
    ) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """One request on a connection of its own; the answer's body in pieces as they come.

        silence_seconds_max: the server may say nothing for so long.

        Raises:
            ServerRefused: the status isn't 2xx.
            StreamLost: no connection, not the right certificate, not HTTP, an end in mid-answer, or silence.
        """
        reader, writer = await self._connect()
        try:
            connection = h11.Connection(h11.CLIENT)
            sent = {**headers, "user-agent": f"ringwall-agent/{__version__}", "host": self.url.authority}
            if key is not None:
                sent = sign(
                    method, self.url.authority, path, query, sent, body,
                    key.access_key_id, key.secret, key.region, SERVICE, self.clock(),
                )  # fmt: skip
            sent |= {"content-length": str(len(body)), "connection": "close"}
            request = h11.Request(method=method, target=f"{path}?{query}" if query else path, headers=[*sent.items()])
            for event in (request, h11.Data(data=body), h11.EndOfMessage()):
                writer.write(connection.send(event) or b"")
            await writer.drain()
            response = await _next_event(connection, reader, silence_seconds_max)
            while isinstance(response, h11.InformationalResponse):
                response = await _next_event(connection, reader, silence_seconds_max)
            if not isinstance(response, h11.Response):
                raise StreamLost(f"{self.url.authority} closed the connection without an answer")
            self.said_time = _date(response)
            chunks = _chunks(connection, reader, silence_seconds_max)
            if not 200 <= response.status_code < 300:
                raise _refusal(response.status_code, await _whole(chunks))
            yield chunks
        except TimeoutError as error:
            raise StreamLost(f"{self.url.authority} said nothing for {silence_seconds_max:g} s") from error
        except (OSError, h11.RemoteProtocolError) as error:
            raise StreamLost(f"the connection to {self.url.authority} broke: {reason(error)}") from error
        finally:
            # Not close: over TLS that waits half a minute for a server that is gone to say goodbye.
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        endpoints = sorted(self.endpoints or await self.locate(), key=lambda endpoint: endpoint.address)
        reason: Exception | None = None
        for endpoint in endpoints:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    reader, writer = await asyncio.open_connection(
                        endpoint.address, endpoint.port, limit=_READ_BYTES,
                        ssl=self._tls(), server_hostname=self.url.host if self.url.scheme == "https" else None,
                    )  # fmt: skip
            except (OSError, TimeoutError) as error:
                reason = error
                continue
            self._check_certificate(writer)
            return reader, writer
        why = str(reason) or type(reason).__name__
        raise StreamLost(f"no connection to {self.url.authority}: {why}") from reason

    def _tls(self) -> ssl.SSLContext | None:
        if self.url.scheme == "http":
            return None
        if self.certificate_sha256 is None:
            context = ssl.create_default_context()
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # the pin says more than a CA could
        if self.client_certificate is not None and self.client_certificate.exists():
            context.load_cert_chain(self.client_certificate)
        return context

    def _check_certificate(self, writer: asyncio.StreamWriter) -> None:
        if not self.pins:
            return
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
        shown = sha256(certificate).hexdigest()
        if shown == self.next_certificate_sha256:  # the switch: the old one is accepted no more
            self.certificate_sha256, self.next_certificate_sha256 = shown, None
        if shown != self.certificate_sha256:
            writer.transport.abort()
            raise StreamLost(
                f"{self.url.authority} shows the certificate {shown}, and not {self.certificate_sha256}, which this "
                "host knows. If it was replaced while this host was away, say so here with `ringwall agent trust`; "
                "else it is an impostor."
            )


def _date(response: h11.Response) -> float | None:
    """The time of the answer's header, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7); None where it says none.

    Read by hand: `email.utils` takes half a megabyte of the agent's memory for it.
    """
    try:
        _, day, month, year, clock, _ = dict(response.headers)[b"date"].decode().split(" ")
        hour, minute, second = map(int, clock.split(":"))
        at = datetime(int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
    except (KeyError, ValueError):
        return None
    return at.timestamp()


async def _next_event(connection: h11.Connection, reader: asyncio.StreamReader, silence_seconds_max: float) -> object:
    while (event := connection.next_event()) is h11.NEED_DATA:
        async with asyncio.timeout(silence_seconds_max):
            data = await reader.read(_READ_BYTES)
        connection.receive_data(data)
    return event


async def _chunks(
    connection: h11.Connection, reader: asyncio.StreamReader, silence_seconds_max: float
) -> AsyncGenerator[bytes, None]:
    while isinstance(event := await _next_event(connection, reader, silence_seconds_max), h11.Data):
        yield bytes(event.data)


async def _whole(chunks: AsyncIterator[bytes]) -> bytes:
    body = b""
    async for chunk in chunks:
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise StreamLost(f"an answer longer than {ANSWER_BYTES_MAX} bytes")
    return body


def _refusal(status: int, body: bytes) -> ServerRefused:
    try:
        fault = json.loads(body)["error"]
        return ServerRefused(status, str(fault["code"]), str(fault["message"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return ServerRefused(status, str(status), body[:200].decode(errors="replace").strip())
