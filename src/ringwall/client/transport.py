"""One HTTP/1.1 exchange: a connection, a request, an answer, whole. The only file that opens sockets to a service.

        connect ── proxy? CONNECT ── https? TLS ─┬─ request ─────┬─ head ── body: length, chunks or to the end
    nothing was sent: Unreachable(was_sent=False)│ may have been done: Unreachable(was_sent=True)

`http.client` would cost more to import than all else of a call; `ssl` is imported only for https. Limits hold against a
server gone mad: `HEAD_BYTES_MAX`, `BODY_BYTES_MAX`, `INTERIM_MAX`. The texts are aws CLI's.
"""

from __future__ import annotations

import socket

from .errors import SettingsFault, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

    from .endpoints import Endpoint

HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 512 * 1024 * 1024
INTERIM_MAX = 20
"""So many answers before the answer (status 1xx) are passed over."""
_READ_BYTES = 256 * 1024


class Reply:
    """An answer as it came. headers: names in lower case; of those given twice, the values with commas between."""

    def __init__(self, status: int, reason: str, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body


class Way:
    """How a service is reached. verify: True, False, or a file or directory of certificates to trust in.

    proxy: its URL. connect_seconds: for connecting, and for TLS. read_seconds: for each silence; None waits for ever.
    """

    def __init__(
        self,
        verify: bool | str = True,
        proxy: str | None = None,
        connect_seconds: float | None = 60,
        read_seconds: float | None = 60,
    ) -> None:
        self.verify = verify
        self.proxy = proxy
        self.connect_seconds = connect_seconds
        self.read_seconds = read_seconds


def exchange(
    endpoint: Endpoint, way: Way, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes
) -> Reply:
    """The answer to one request. target: path and query, percent-encoded. headers: without Host and Content-Length.

    Raises:
        Unreachable: no connection, none that can be trusted in, or no whole answer; with whether anything was sent.
        SettingsFault: the certificates to trust in, or the proxy's URL, can't be used.
    """
    url = f"{endpoint.scheme}://{endpoint.netloc}{target}"
    more: list[tuple[str, str]] = []
    if way.proxy is not None and endpoint.scheme == "http":
        target, more = f"http://{endpoint.authority}{target}", _authorization(_proxy(way.proxy))
    connection = _connect(endpoint, way, url)
    try:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {endpoint.authority}", "Accept-Encoding: identity"]
        lines += [f"{name}: {value}" for name, value in (*headers, ("Content-Length", str(len(body))), *more)]
        connection.settimeout(way.read_seconds)
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return _read(_Incoming(connection), method)
    except TimeoutError as error:
        text = f'Read timeout on endpoint URL: "{url}"'
        raise Unreachable(text, was_sent=True, reason=error, is_timeout=True) from error
    except (OSError, Rubbish) as error:
        text = f'Connection was closed before we received a valid response from endpoint URL: "{url}".'
        raise Unreachable(text, was_sent=True, reason=error) from error
    finally:
        connection.close()


# --- The connection ---


def _connect(endpoint: Endpoint, way: Way, url: str) -> socket.socket:
    proxy = None if way.proxy is None else _proxy(way.proxy)
    first = endpoint if proxy is None else proxy
    try:
        connection = socket.create_connection((first.host, first.port), way.connect_seconds)
    except (OSError, UnicodeError) as error:
        raise _not_connected(url, way.proxy, error) from error
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if proxy is not None and proxy.scheme == "https":
            connection = _with_tls(connection, proxy.host, way.verify, url)
        if proxy is not None and endpoint.scheme == "https":
            _open_tunnel(connection, endpoint, proxy, way)
        if endpoint.scheme == "https":
            connection = _with_tls(connection, endpoint.host, way.verify, url)
    except BaseException:
        connection.close()
        raise
    return connection


def _not_connected(url: str, proxy: str | None, error: Exception) -> Unreachable:
    if proxy is not None:
        return Unreachable(f'Failed to connect to proxy URL: "{_shown(proxy)}"', was_sent=False, reason=error)
    if isinstance(error, TimeoutError):
        text = f'Connect timeout on endpoint URL: "{url}"'
        return Unreachable(text, was_sent=False, reason=error, is_timeout=True)
    return Unreachable(f'Could not connect to the endpoint URL: "{url}"', was_sent=False, reason=error)


def _with_tls(connection: socket.socket, host: str, verify: bool | str, url: str) -> socket.socket:
    import ssl

    context = _context(verify)
    try:
        return context.wrap_socket(connection, server_hostname=host)
    except TimeoutError as error:
        text = f'Read timeout on endpoint URL: "{url}"'
        raise Unreachable(text, was_sent=False, reason=error, is_timeout=True) from error
    except (ssl.SSLError, ssl.CertificateError) as error:
        raise Unreachable(f"SSL validation failed for {url} {error}", was_sent=False, reason=error) from error
    except OSError as error:
        text = f'Connection was closed before we received a valid response from endpoint URL: "{url}".'
        raise Unreachable(text, was_sent=False, reason=error) from error


def _context(verify: bool | str) -> ssl.SSLContext:
    import os
    import ssl

    bundle = verify if isinstance(verify, str) else None
    try:
        if bundle is not None and os.path.isdir(bundle):  # noqa: PTH112
            context = ssl.create_default_context(capath=bundle)
        else:
            context = ssl.create_default_context(cafile=bundle)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsFault(f"{bundle} can't be read as certificates: {error.strerror or error}.") from error
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


# --- Proxies ---


def _proxy(url: str) -> Endpoint:
    from .endpoints import Endpoint

    try:
        return Endpoint(url, "")
    except SettingsFault as error:
        raise SettingsFault(f"Invalid proxy: {_shown(url)}") from error


def _authorization(proxy: Endpoint) -> list[tuple[str, str]]:
    """The header for a proxy whose URL has a name and a password."""
    user, at, _ = proxy.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    if not at or not colon or not name or not password:
        return []
    from base64 import b64encode
    from urllib.parse import unquote

    told = b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
    return [("Proxy-Authorization", f"Basic {told}")]


def _open_tunnel(connection: socket.socket, endpoint: Endpoint, proxy: Endpoint, way: Way) -> None:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    lines = [f"CONNECT {host}:{endpoint.port} HTTP/1.0", *(f"{name}: {value}" for name, value in _authorization(proxy))]
    try:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        status, reason, _ = _read_head(_Incoming(connection, step=1))  # what follows is the server's: TLS reads it
    except (OSError, Rubbish) as error:
        raise _not_connected("", way.proxy, error) from error
    if status != 200:
        raise _not_connected("", way.proxy, OSError(f"the proxy answers {status} {reason}"))


def _shown(url: str) -> str:
    """The URL of a proxy without the name and the password in it."""
    user, at, _ = url.rpartition("://")[2].rpartition("@")
    return url.replace(f"{user}@", "***:***@", 1) if at else url


# --- The answer ---


class Rubbish(Exception):
    """What came is no answer of HTTP, or not the whole of one: an Unreachable's reason."""


class _Incoming:
    """What comes in, read ahead."""

    def __init__(self, connection: socket.socket, step: int = _READ_BYTES) -> None:
        self._connection = connection
        self._step = step
        self._ahead = b""

    def line(self, left: int) -> bytes:
        """A line without its end, of `left` bytes at most."""
        while b"\n" not in self._ahead:
            if len(self._ahead) > left or not self._more():
                raise Rubbish("a line of the head has no end")
        line, _, self._ahead = self._ahead.partition(b"\n")
        if len(line) > left:
            raise Rubbish("the head is too long")
        return line.rstrip(b"\r")

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        if count > BODY_BYTES_MAX:
            raise Rubbish("the body is too long")
        parts, have = [self._ahead], len(self._ahead)
        while have < count:
            part = self._connection.recv(min(count - have, _READ_BYTES))
            if not part:
                raise Rubbish(f"{have} of {count} bytes came")
            parts.append(part)
            have += len(part)
        whole = b"".join(parts)
        self._ahead = whole[count:]
        return whole[:count]

    def rest(self) -> bytes:
        """All until the other side closes."""
        parts, have = [self._ahead], len(self._ahead)
        while part := self._connection.recv(_READ_BYTES):
            parts.append(part)
            have += len(part)
            if have > BODY_BYTES_MAX:
                raise Rubbish("the body is too long")
        return b"".join(parts)

    def _more(self) -> bool:
        part = self._connection.recv(self._step)
        self._ahead += part
        return bool(part)


def _read(incoming: _Incoming, method: str) -> Reply:
    status, reason, headers = _read_head(incoming)
    interim = 0
    while 100 <= status < 200:
        interim += 1
        if interim > INTERIM_MAX:
            raise Rubbish("it goes on announcing an answer")
        status, reason, headers = _read_head(incoming)
    if method == "HEAD" or status in (204, 304):
        return Reply(status, reason, headers, b"")
    return Reply(status, reason, headers, _read_body(incoming, headers))


def _read_head(incoming: _Incoming) -> tuple[int, str, dict[str, str]]:
    line = incoming.line(HEAD_BYTES_MAX)
    version, _, rest = line.partition(b" ")
    number, _, reason = rest.partition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or len(number) != 3 or not number.isdigit():
        raise Rubbish(f"no status line: {line[:80]!r}")
    headers: dict[str, str] = {}
    left = HEAD_BYTES_MAX - len(line)
    while line := incoming.line(left):
        left -= len(line) + 1
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise Rubbish(f"no header: {line[:80]!r}")
        key, text = name.lower(), value.strip()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return int(number), reason.decode("latin-1"), headers


def _read_body(incoming: _Incoming, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(incoming)
    length = headers.get("content-length")
    if length is None:
        return incoming.rest()
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise Rubbish(f"no length: {length[:80]!r}")
    return incoming.exactly(int(length))


def _read_chunks(incoming: _Incoming) -> bytes:
    parts: list[bytes] = []
    have = 0
    while True:
        size = incoming.line(HEAD_BYTES_MAX).partition(b";")[0].strip()
        if not size or len(size) > 15 or not set(size) <= set(b"0123456789abcdefABCDEF"):
            raise Rubbish(f"no size of a chunk: {size[:80]!r}")
        count = int(size, 16)
        if count == 0:
            break
        have += count
        if have > BODY_BYTES_MAX:
            raise Rubbish("the body is too long")
        parts.append(incoming.exactly(count))
        if incoming.line(2):
            raise Rubbish("a chunk has no end")
    left = HEAD_BYTES_MAX
    while line := incoming.line(left):
        left -= len(line) + 1
    return b"".join(parts)
