"""Signing, for our own clients: the agent and the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from .canonical import canonical_path, canonical_queries, canonical_request, canonical_value, decode_query
from .signature import ALGORITHM, TERMINATOR, signature, signing_key, string_to_sign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def sign(
    method: str,
    host: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    access_key_id: str,
    secret: str,
    region: str,
    service: str,
    now: float,
) -> dict[str, str]:
    """The headers to send: those given, all of them signed, with `host`, `x-amz-date` and `authorization`.

    host: as the Host header has it, with the port where it isn't the scheme's own. path, query: as they go over the
    wire, percent-encoded, the query without its `?`. now: Unix seconds. The names come back in lower case.

    Raises:
        IncompleteSignature: a path with `.`, `..` or empty segments, a query that repeats a name.
    """
    amz_date = f"{datetime.fromtimestamp(int(now), UTC):%Y%m%dT%H%M%SZ}"
    sent = {name.lower(): value for name, value in headers.items()} | {"host": host, "x-amz-date": amz_date}
    signed = [(name.encode(), canonical_value(value.encode("latin-1"))) for name, value in sorted(sent.items())]
    request = canonical_request(
        method.encode(),
        canonical_path(path.encode("ascii")),
        canonical_queries(query.encode("ascii"), decode_query(query.encode("ascii")))[0],
        signed,
        sha256(body).hexdigest().encode(),
    )
    date = amz_date[:8]
    text = string_to_sign(amz_date, date, region, service, request)
    sent["authorization"] = (
        f"{ALGORITHM} Credential={access_key_id}/{date}/{region}/{service}/{TERMINATOR}, "
        f"SignedHeaders={';'.join(sorted(sent))}, "
        f"Signature={signature(signing_key(secret, date, region, service), text)}"
    )
    return sent
