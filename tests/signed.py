"""Requests as they go over the wire, signed by botocore, and the way in which a server takes them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from botocore.auth import BaseSigner, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ringwall.sigv4.verify import SignedRequest, parse_authentication, verify

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
OTHER_KEY = "AKIAI44QH8DHBEXAMPLE"
SECRETS = {KEY: SECRET, OTHER_KEY: "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"}
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class Wire(NamedTuple):
    """A request as a server's HTTP parser hands it on."""

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> bytes:
        """The value of the only header of this name."""
        (value,) = [value for key, value in self.headers if key.lower() == name]
        return value

    def with_header(self, name: bytes, value: bytes | None) -> Wire:
        """This request with another value of a header, or without it."""
        rest = [(key, old) for key, old in self.headers if key.lower() != name]
        return self._replace(headers=rest if value is None else [*rest, (name, value)])

    def with_authorization(self, old: bytes, new: bytes) -> Wire:
        """This request with another text in its Authorization header, where `old` must stand."""
        value = self.header(b"authorization")
        assert old in value
        return self.with_header(b"authorization", value.replace(old, new))


def wire(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Wire:
    """What an HTTP client sends for this request."""
    parts = urlsplit(url)
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    if "host" not in [name.lower() for name in headers]:
        sent.append((b"Host", parts.netloc.encode()))
    return Wire(method, (parts.path or "/").encode(), parts.query.encode(), sent, body)


def signed_by(signer: BaseSigner, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Wire:
    """A request with the signature that a signer of botocore gives it now."""
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    signer.add_auth(request)
    prepared = request.prepare()
    names = {name: value.decode() if isinstance(value, bytes) else value for name, value in prepared.headers.items()}
    return wire(method, prepared.url, names, body)


def signed(
    method: str = "POST",
    url: str = "http://127.0.0.1:4580/",
    body: bytes = b"Action=DescribeVpcs&Version=2016-11-15",
    headers: Mapping[str, str] | None = None,
    region: str = "eu-west-1",
    service: str = "ec2",
) -> Wire:
    """A request that botocore has signed in its header."""
    given = {"Content-Type": FORM, "User-Agent": "Boto3/1.44"} if headers is None else headers
    return signed_by(SigV4Auth(Credentials(KEY, SECRET), service, region), method, url, given, body)


def presigned(url: str = "http://127.0.0.1:4580/?Action=DescribeVpcs", expires: int = 3600) -> Wire:
    """A GET that botocore has signed in its query."""
    return signed_by(SigV4QueryAuth(Credentials(KEY, SECRET), "ec2", "eu-west-1", expires), "GET", url, {}, b"")


def accept(request: Wire, now: float | None = None) -> SignedRequest:
    """What a server does first: the verified claim of a request, or the refusal raised."""
    claim = parse_authentication(*request)
    verify(claim, SECRETS.get(claim.access_key_id), time.time() if now is None else now)
    return claim


def signed_at(request: Wire) -> int:
    """When it was signed, in Unix seconds."""
    return parse_authentication(*request).signed_at
