"""A right signature over the wrong things: the signer itself leaves out, doubles or contradicts something."""

from __future__ import annotations

from hashlib import sha256

import pytest

from ringwall.domain.errors import AuthFailure, IncompleteSignature, ServiceError
from ringwall.sigv4.canonical import canonical_request, canonical_value
from ringwall.sigv4.signature import signature, signing_key, string_to_sign
from signed import KEY, SECRET, Wire, accept

DATE = "20260102T030405Z"
NOW = 1767323045
HEADERS = [(b"host", b"localhost"), (b"x-amz-date", DATE.encode()), (b"content-type", b"text/plain")]


def self_signed(
    headers: list[tuple[bytes, bytes]],
    signed_headers: bytes = b"host;x-amz-date",
    date: str = DATE[:8],
    query: bytes = b"",
    signed_query: bytes | None = None,
    body_hash: bytes | None = None,
) -> Wire:
    """A request whose signature is right for exactly these headers, however little they are."""
    covered = [
        (name, b",".join(canonical_value(value) for key, value in headers if key == name))
        for name in signed_headers.lower().split(b";")
    ]
    body_hash = body_hash or sha256(b"body").hexdigest().encode()
    text = canonical_request(b"POST", b"/", query if signed_query is None else signed_query, covered, body_hash)
    key = signing_key(SECRET, date, "r", "ec2")
    right = signature(key, string_to_sign(DATE, date, "r", "ec2", text))
    authorization = b"AWS4-HMAC-SHA256 Credential=%b/%b/r/ec2/aws4_request, SignedHeaders=%b, Signature=%b" % (
        KEY.encode(),
        date.encode(),
        signed_headers,
        right.encode(),
    )
    return Wire("POST", b"/", query, [*headers, (b"authorization", authorization)], b"body")


def test_the_least_that_is_enough() -> None:
    accept(self_signed(HEADERS), NOW)
    accept(self_signed(HEADERS, b"Host;X-Amz-Date;Content-Type"), NOW)
    accept(self_signed([*HEADERS, (b"x-amz-a", b"1"), (b"x-amz-a", b" 2  3 ")], b"host;x-amz-a;x-amz-date"), NOW)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (self_signed(HEADERS, b"x-amz-date"), IncompleteSignature),
        (self_signed(HEADERS, b"host"), IncompleteSignature),
        (self_signed([*HEADERS, (b"x-amz-target", b"x")]), IncompleteSignature),
        (self_signed(HEADERS, b"host;host;x-amz-date"), IncompleteSignature),
        (self_signed(HEADERS, b"host;x-amz-date;"), IncompleteSignature),
        (self_signed(HEADERS, b"host;x-absent;x-amz-date"), IncompleteSignature),
        (self_signed([*HEADERS, (b"host", b"other")]), IncompleteSignature),
        (self_signed([*HEADERS, (b"x-amz-date", DATE.encode())]), IncompleteSignature),
        (self_signed([*HEADERS, (b"date", b"x"), (b"date", b"x")]), IncompleteSignature),
        (self_signed(HEADERS, date="20260101"), IncompleteSignature),
        (self_signed(HEADERS, query=b"a=2&a=1", signed_query=b"a=1&a=2"), IncompleteSignature),
        (self_signed(HEADERS, query=b"a=%zz", signed_query=b"a=%25zz"), AuthFailure),
        (self_signed(HEADERS, query=b"x-amz-expires=1"), IncompleteSignature),
        (self_signed(HEADERS, body_hash=b"UNSIGNED-PAYLOAD"), AuthFailure),
        (
            self_signed(
                [*HEADERS, (b"x-amz-content-sha256", b"UNSIGNED-PAYLOAD")],
                b"host;x-amz-content-sha256;x-amz-date",
                body_hash=b"UNSIGNED-PAYLOAD",
            ),
            AuthFailure,
        ),
        (
            self_signed(
                [*HEADERS, (b"x-amz-content-sha256", sha256(b"").hexdigest().encode())],
                b"host;x-amz-content-sha256;x-amz-date",
            ),
            AuthFailure,
        ),
    ],
)
def test_refused_though_the_signature_is_right(request_: Wire, error: type[ServiceError]) -> None:
    with pytest.raises(error):
        accept(request_, NOW)


def test_broken_encoding_that_was_signed_as_sent_is_the_parsers_affair() -> None:
    accept(self_signed(HEADERS, query=b"a=%zz"), NOW)
