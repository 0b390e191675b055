"""Requests byte by byte as real clients were seen to send them: header names and order, scope, signature, form.

Each client of `CLIENTS` makes the whole request from its parameters; nothing of ringwall or botocore signs here.
"""

from __future__ import annotations

import base64
import hmac
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlencode

from serving import KEY_ID, SECRET, Answer, Server

SECONDS = 20
Params = Sequence[tuple[str, str]]
Headers = list[tuple[str, str]]
PLAIN_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class WireClient:
    """One client: the Version it sends, and its whole request to a host for parameters that include it."""

    name: str
    version: str
    request: Callable[[str, Params], bytes]

    def call(self, server: Server, action: str, params: Params = ()) -> Answer:
        """The answer to its request on a connection of its own."""
        host = f"127.0.0.1:{server.port}"
        return exchange(server, self.request(host, [("Action", action), *params, ("Version", self.version)]))


def raw(method: str, target: str, headers: Headers, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body


def exchange(server: Server, request: bytes) -> Answer:
    """One request on a connection of its own, and its answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as connection:
        connection.sendall(request)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """The next answer of a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        assert piece, f"closed after {received!r}"
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers["content-length"]):
        piece = connection.recv(65536)
        assert piece, "closed within the body"
        body += piece
    assert len(body) == int(headers["content-length"])
    return Answer(int(lines[0].split()[1]), headers, body)


def now() -> tuple[str, str]:
    """The moment in the two forms of Version 4: `20260102T030405Z` and `20260102`."""
    moment = datetime.now(UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}", f"{moment:%Y%m%d}"


def authorization(
    method: str, query: Params, headers: Headers, signed: Sequence[str], body: bytes, *,
    scope: str = "us-east-1/ec2", separator: str = ", ",
) -> str:  # fmt: skip
    """The Authorization header of Version 4 for `/`, over the headers that `signed` names."""
    amz_date = next(value for name, value in headers if name.lower() == "x-amz-date")
    values = {name.lower(): re.sub(" +", " ", value.strip()) for name, value in headers}
    names = sorted(name.lower() for name in signed)
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query)
    request = "\n".join(
        [
            method,
            "/",
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{values[name]}" for name in names),
            "",
            ";".join(names),
            sha256(body).hexdigest(),
        ]
    )
    key = f"AWS4{SECRET}".encode()
    for part in (amz_date[:8], *scope.split("/"), "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    whole_scope = f"{amz_date[:8]}/{scope}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{amz_date}\n{whole_scope}\n{sha256(request.encode()).hexdigest()}"
    parts = (
        f"Credential={KEY_ID}/{whole_scope}",
        f"SignedHeaders={';'.join(names)}",
        f"Signature={hmac.digest(key, text.encode(), 'sha256').hex()}",
    )
    return f"AWS4-HMAC-SHA256 {separator.join(parts)}"


def version_2(method: str, host: str, params: Params) -> list[tuple[str, str]]:
    """The parameters with a signature of Version 2."""
    whole = [
        *params,
        ("AWSAccessKeyId", KEY_ID),
        ("SignatureMethod", "HmacSHA256"),
        ("SignatureVersion", "2"),
        ("Timestamp", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"),
    ]
    pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='-_~')}" for name, value in sorted(whole))
    digest = hmac.digest(SECRET.encode(), f"{method}\n{host}\n/\n{pairs}".encode(), "sha256")
    return [*whole, ("Signature", base64.b64encode(digest).decode())]


def _botocore(host: str, params: Params) -> bytes:
    """The AWS CLI and boto3: a form with its charset in lower case, unsigned amz-sdk headers."""
    body = urlencode(params).encode()
    headers = [
        ("Host", host),
        ("Accept-Encoding", "identity"),
        ("Content-Type", f"{PLAIN_FORM}; charset=utf-8"),
        ("User-Agent", "aws-cli/1.45.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.2"),
        ("X-Amz-Date", now()[0]),
    ]
    value = authorization("POST", [], headers, ["content-type", "host", "x-amz-date"], body)
    sdk = [("amz-sdk-invocation-id", "8d0a7d07-8b0c-4c5d-9d5d-0f8a4a1f5f6e"), ("amz-sdk-request", "attempt=1")]
    return raw("POST", "/", [*headers, ("Authorization", value), *sdk, ("Content-Length", str(len(body)))], body)


def _javascript(host: str, params: Params) -> bytes:
    """The SDK for JavaScript v3: lower case, no charset, the body's hash and its length signed."""
    body = urlencode(params, quote_via=quote).encode()
    headers = [
        ("content-type", PLAIN_FORM),
        ("user-agent", "aws-sdk-js/3.1169.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#20.19.2 api/ec2#3.1169.0 m/E,e"),
        ("host", host),
        ("amz-sdk-invocation-id", "0b9f5f1e-3c83-4c6f-b3c6-0c2d3c9d5b7a"),
        ("amz-sdk-request", "attempt=1; max=3"),
        ("x-amz-user-agent", "aws-sdk-js/3.1169.0"),
        ("content-length", str(len(body))),
        ("x-amz-date", now()[0]),
        ("x-amz-content-sha256", sha256(body).hexdigest()),
    ]
    signed = [name for name, _ in headers if name != "user-agent"]
    return raw(
        "POST",
        "/",
        [*headers, ("authorization", authorization("POST", [], headers, signed, body)), ("Connection", "keep-alive")],
        body,
    )


def _go(host: str, params: Params) -> bytes:
    """The SDK for Go v2: canonical header names, length and amz-sdk headers signed; here with a line end behind."""
    body = urlencode(params, quote_via=quote).encode() + b"\n"
    headers = [
        ("Host", host),
        ("User-Agent", "aws-sdk-go-v2/1.17.1 os/linux lang/go/1.19.8 md/GOOS/linux md/GOARCH/amd64 api/ec2/1.63.1"),
        ("Content-Length", str(len(body))),
        ("Amz-Sdk-Invocation-Id", "5cbb9a5c-65ae-4c1f-9d8f-5d8bfb3e6a10"),
        ("Amz-Sdk-Request", "attempt=1; max=3"),
        ("Content-Type", PLAIN_FORM),
        ("X-Amz-Date", now()[0]),
    ]
    signed = [
        "amz-sdk-invocation-id", "amz-sdk-request", "content-length", "content-type", "host", "x-amz-date"
    ]  # fmt: skip
    value = authorization("POST", [], headers, signed, body)
    return raw("POST", "/", [*headers, ("Authorization", value), ("Accept-Encoding", "gzip")], body)


def _libcloud(host: str, params: Params) -> bytes:
    """Apache Libcloud: a GET, its query in its own order, a blank as `+`; it signs what it doesn't need to."""
    headers = [
        ("Host", host),
        ("User-Agent", "libcloud/3.9.1 (Amazon EC2 (us-east-1)) "),
        ("Accept-Encoding", "gzip,deflate"),
        ("Accept", "*/*"),
        ("Connection", "keep-alive"),
        ("X-AMZ-Date", now()[0]),
        ("X-AMZ-Content-SHA256", sha256(b"").hexdigest()),
    ]
    signed = ["Host", "User-Agent", "Accept-Encoding", "X-AMZ-Date", "X-AMZ-Content-SHA256"]
    value = authorization("GET", params, headers, signed, b"")
    return raw("GET", f"/?{urlencode(params)}", [*headers, ("Authorization", value)])


def _boto_2(method: str) -> Callable[[str, Params], bytes]:
    """boto 2.49: the scope from the host's address, no blanks behind the commas, a length even on GET."""

    def request(host: str, params: Params) -> bytes:
        query = params if method == "GET" else []
        body = urlencode(params, quote_via=quote).encode() if method == "POST" else b""
        headers = [("Host", host), ("X-Amz-Date", now()[0])]
        if method == "POST":
            headers.append(("Content-Type", f"{PLAIN_FORM}; charset=UTF-8"))
        signed = [name for name, _ in headers if name != "Content-Type"]
        value = authorization(method, query, headers, signed, body, scope="0/127", separator=",")
        last = [
            ("Accept-Encoding", "identity"),
            ("Content-Length", str(len(body))),
            ("Authorization", value),
            ("User-Agent", "Boto/2.49.0 Python/3.11.2 Linux/6.1"),
        ]
        return raw(
            method, "/" + (f"?{urlencode(query, quote_via=quote)}" if query else ""), [*headers, *last], body
        )  # fmt: skip

    return request


def _ruby(host: str, params: Params) -> bytes:
    """The SDK for Ruby v1 and fog: the body's hash in a header that is signed, an empty accept-encoding."""
    body = urlencode(params, quote_via=quote).encode()
    headers = [
        ("Content-Type", f"{PLAIN_FORM}; charset=utf-8"),
        ("Accept-Encoding", ""),
        ("Content-Length", str(len(body))),
        ("User-Agent", "aws-sdk-ruby/1.67.0 ruby/3.1.2 x86_64-linux-gnu"),
        ("Host", host),
        ("X-Amz-Date", now()[0]),
        ("X-Amz-Content-Sha256", sha256(body).hexdigest()),
        ("Accept", "*/*"),
    ]
    signed = ["content-length", "content-type", "host", "user-agent", "x-amz-content-sha256", "x-amz-date"]
    return raw("POST", "/", [*headers, ("Authorization", authorization("POST", [], headers, signed, body))], body)


def _perl(host: str, params: Params) -> bytes:
    """Net::Amazon::EC2 with Version 4: no charset, `TE, close`."""
    body = urlencode(params, quote_via=quote).encode()
    headers = [
        ("TE", "deflate,gzip;q=0.3"),
        ("Connection", "TE, close"),
        ("Host", host),
        ("User-Agent", "libwww-perl/6.68"),
        ("Content-Length", str(len(body))),
        ("Content-Type", PLAIN_FORM),
        ("X-Amz-Date", now()[0]),
    ]
    value = authorization("POST", [], headers, ["content-type", "host", "x-amz-date"], body, separator=", ")
    return raw("POST", "/", [*headers, ("Authorization", value)], body)


def _perl_version_2(host: str, params: Params) -> bytes:
    """Net::Amazon::EC2 with Version 2: all of the signature in the form, and an empty token."""
    body = urlencode(version_2("POST", host, [*params, ("SecurityToken", "")]), quote_via=quote).encode()
    headers = [
        ("TE", "deflate,gzip;q=0.3"),
        ("Connection", "TE, close"),
        ("Host", host),
        ("User-Agent", "libwww-perl/6.68"),
        ("Content-Length", str(len(body))),
        ("Content-Type", PLAIN_FORM),
    ]
    return raw("POST", "/", headers, body)


def _libcloud_version_2(host: str, params: Params) -> bytes:
    """Libcloud with Version 2: all of the signature in the query."""
    headers = [("Host", host), ("User-Agent", "libcloud/3.9.1"), ("Accept-Encoding", "gzip,deflate"), ("Accept", "*/*")]
    return raw("GET", f"/?{urlencode(version_2('GET', host, params))}", headers)


def _boto_2_version_2(host: str, params: Params) -> bytes:
    """boto 2 with Version 2: it signs the host without its port."""
    whole = version_2("GET", host.partition(":")[0], params)
    headers = [("Host", host), ("Accept-Encoding", "identity"), ("Content-Length", "0"), ("User-Agent", "Boto/2.49.0")]
    return raw("GET", f"/?{urlencode(whole, quote_via=quote)}", headers)


CLIENTS = [
    WireClient("botocore", "2016-11-15", _botocore),
    WireClient("javascript-v3", "2016-11-15", _javascript),
    WireClient("go-v2", "2016-11-15", _go),
    WireClient("libcloud", "2016-11-15", _libcloud),
    WireClient("boto-2-get", "2014-10-01", _boto_2("GET")),
    WireClient("boto-2-post", "2014-10-01", _boto_2("POST")),
    WireClient("ruby-v1", "2014-10-01", _ruby),
    WireClient("perl", "2014-06-15", _perl),
]
VERSION_2_CLIENTS = [
    WireClient("perl", "2014-06-15", _perl_version_2),
    WireClient("libcloud", "2016-11-15", _libcloud_version_2),
    WireClient("boto-2", "2013-10-15", _boto_2_version_2),
]
BOTOCORE = CLIENTS[0]
