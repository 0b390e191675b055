"""Signature Version 2, for clients of before 2012 that know no other; a server takes it only where it was told to.

    method \\n host \\n path \\n name=value&name=value…      signed with HMAC-SHA256 and the secret key itself

It proves less than Version 4 does: the secret signs directly, no header but the host is covered, and there is no scope,
so neither region nor service is proven. What it proves is closed here as tightly as there: every parameter of query and
form is covered, none is given twice, and the text binds what the operation will read, so that a parameter moved from
the query to the form, which changes nothing, is all that could be tampered with.

HmacSHA1, which the protocol also knows, is refused: every client in use can sign with SHA-256, and an old server's
reason to choose the weaker hash is none here (chosen).

Source: AWS General Reference, "Signature Version 2 signing process"; botocore's SigV2Auth and the samples of old
clients, with which it is tested; ec2-behaviour 1.7.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import quote_from_bytes

from ringwall.domain.errors import AuthFailure, IncompleteSignature, InvalidClientTokenId, RequestExpired

from .canonical import decode_query
from .claim import EXPIRES_SECONDS_MAX, SIGNATURE_VERSION_2, signature_parameters
from .verify import CLOCK_SKEW_SECONDS, NOBODYS_SECRET

METHOD: Final = b"HmacSHA256"
FORM_BYTES_MAX: Final = 64 * 1024
"""As much as fits into a query. Such a form is decoded, sorted and encoded before anything is proved (chosen)."""

_KEY: Final = re.compile(rb"[!-~]{1,128}")
_MOMENT: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?")


class SignedByVersion2(NamedTuple):
    """What a request claims about who signed it; `verify_version_2` says whether it is true.

    signed_at, expires_at: Unix seconds; one of them is None. strings_to_sign: the texts that the client may have
    signed, all of one meaning: with the host's port as it was sent, and without.
    """

    access_key_id: str
    signed_at: int | None
    expires_at: int | None
    strings_to_sign: tuple[bytes, ...]
    signature: bytes


def is_version_2(raw_query: bytes, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
    """Whether a request names its key as Version 2 does, and carries no signature of Version 4 beside it.

    Raises:
        IncompleteSignature: the query gives a parameter twice.
    """
    if any(name.lower() == b"authorization" for name, _ in headers):
        return False
    if b"AWSAccessKeyId=" not in raw_query + b"&" + body:
        return False
    parameters = decode_query(raw_query)
    return not signature_parameters(parameters) and (
        b"AWSAccessKeyId" in parameters or b"&AWSAccessKeyId=" in b"&" + body
    )


def parse_version_2(
    method: str, raw_path: bytes, raw_query: bytes, headers: Sequence[tuple[bytes, bytes]], body: bytes
) -> SignedByVersion2:
    """The signature of a request and what it covers, not verified yet; arguments as `verify.parse_authentication`'s.

    Raises:
        InvalidClientTokenId: a session token comes with it; an empty one, which Net::Amazon::EC2 sends, is none.
        AuthFailure: an older version of the signature, or another hash than SHA-256.
        IncompleteSignature: a part is missing, unreadable or given twice; Timestamp and Expires are given both; the
            form is larger than `FORM_BYTES_MAX`.
    """
    if len(body) > FORM_BYTES_MAX:
        raise IncompleteSignature(f"A form with Signature Version 2 may have at most {FORM_BYTES_MAX} bytes here.")
    parameters = _parameters(raw_query, body)
    if parameters.get(b"SecurityToken") or any(name.lower() == b"x-amz-security-token" for name, _ in headers):
        raise InvalidClientTokenId
    for name in (b"AWSAccessKeyId", b"Signature", b"SignatureMethod", b"SignatureVersion"):
        if not parameters.get(name):
            raise IncompleteSignature(f"The request must contain the parameter {name.decode()}.")
    if parameters[b"SignatureVersion"] != b"2":
        raise AuthFailure(SIGNATURE_VERSION_2)
    if parameters[b"SignatureMethod"] != METHOD:
        raise AuthFailure("The SignatureMethod of Signature Version 2 must be HmacSHA256 here.")
    if _KEY.fullmatch(parameters[b"AWSAccessKeyId"]) is None:
        raise IncompleteSignature("AWSAccessKeyId must have 1 to 128 visible ASCII characters.")
    if (b"Timestamp" in parameters) == (b"Expires" in parameters):
        raise IncompleteSignature("The request must contain one of the parameters Timestamp and Expires.")
    canonical = _canonical(parameters)
    return SignedByVersion2(
        access_key_id=parameters[b"AWSAccessKeyId"].decode("ascii"),
        signed_at=_unix_seconds(parameters[b"Timestamp"]) if b"Timestamp" in parameters else None,
        expires_at=_unix_seconds(parameters[b"Expires"]) if b"Expires" in parameters else None,
        strings_to_sign=tuple(
            b"\n".join((method.encode(), host, raw_path or b"/", canonical)) for host in _hosts(headers)
        ),
        signature=parameters[b"Signature"],
    )


def verify_version_2(signed: SignedByVersion2, secret: str | None, now: float) -> None:
    """Returns if the holder of `secret` signed this request and it is in time.

    secret: None where the access key isn't known; that is refused after the same work as a wrong signature. now: Unix
    seconds.

    Raises:
        AuthFailure: unknown key, wrong signature, a Timestamp more than 15 minutes from `now`, or an Expires further
            away than a presigned request of Version 4 may reach: both close the time in which it can be replayed.
        RequestExpired: the signature is good, and its Expires is over.
    """
    key = (NOBODYS_SECRET if secret is None else secret).encode()
    is_right = False
    for text in signed.strings_to_sign:
        is_right |= hmac.compare_digest(b64encode(hmac.digest(key, text, "sha256")), signed.signature)
    if not is_right or secret is None:
        raise AuthFailure
    if signed.signed_at is not None and abs(now - signed.signed_at) > CLOCK_SKEW_SECONDS:
        raise AuthFailure
    if signed.expires_at is not None:
        if signed.expires_at - now > EXPIRES_SECONDS_MAX:
            raise AuthFailure
        if now > signed.expires_at:
            raise RequestExpired


def _parameters(raw_query: bytes, body: bytes) -> dict[bytes, bytes]:
    """Those of query and form together, as the operation will read them."""
    parameters, in_form = decode_query(raw_query), decode_query(body.rstrip(b"\r\n"))
    if parameters.keys() & in_form.keys():
        raise IncompleteSignature("A parameter is given both in the query and in the form.")
    return parameters | in_form


def _canonical(parameters: Mapping[bytes, bytes]) -> bytes:
    """All parameters but the signature, by name in the order of their bytes, in RFC 3986's percent-encoding."""
    pairs = sorted((name, value) for name, value in parameters.items() if name != b"Signature")
    return "&".join(
        f"{quote_from_bytes(name, safe='')}={quote_from_bytes(value, safe='')}" for name, value in pairs
    ).encode()


def _hosts(headers: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """The host as it was sent, in lower case; without its port besides, as boto 2 and others sign it."""
    given = [value.strip().lower() for name, value in headers if name.lower() == b"host"]
    if len(given) != 1:
        raise IncompleteSignature("The request must have one Host header.")
    name = re.sub(rb":[0-9]*$", b"", given[0])
    return list(dict.fromkeys([given[0], name]))


def _unix_seconds(text: bytes) -> int:
    """ISO 8601; without an offset it is UTC."""
    try:
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text.decode("ascii"))
            return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except ValueError as error:
        raise IncompleteSignature("The date of the request is no date.") from error
    raise IncompleteSignature("Timestamp and Expires must have the form YYYY-MM-DDThh:mm:ssZ.")
