"""What a request says about its own signature: in the Authorization header, or in a presigned query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from ringwall.domain.errors import AuthFailure, IncompleteSignature

from .moment import amz_date
from .signature import ALGORITHM

EXPIRES_SECONDS_MAX: Final = 604_800
SIGNATURE_VERSION_2: Final = "Signature Version 2 is not supported here; sign with Signature Version 4."

QUERY_PARAMETERS: Final = frozenset(
    f"X-Amz-{name}"
    for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token")
)
"""The parameters of a presigned query that belong to the signature and not to the operation."""

_USUAL: Final = re.compile(rb"Credential=([^\s,]+),\s*SignedHeaders=([^\s,]+),\s*Signature=([^\s,]+)")
"""What follows the algorithm in the header of nearly every client; what it finds, `_parts` would find too."""

_QUERY_NAMES: Final = {name.lower().encode(): name.encode() for name in QUERY_PARAMETERS}


class Claim(NamedTuple):
    """The parts of a signature as they were sent; only the date is brought into one form, basic ISO 8601.

    expires_seconds: of a presigned query, 1 to 604,800; None in the header form.
    """

    credential: str
    signed_headers: bytes
    signature: bytes
    amz_date: str
    expires_seconds: int | None


def signature_parameters(parameters: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Those of the parameters that belong to a presigned query, by the specification's spelling."""
    found: dict[bytes, bytes] = {}
    for name, value in parameters.items():
        known = _QUERY_NAMES.get(name.lower())
        if known is not None:
            if name != known:
                raise IncompleteSignature(f"The query parameter '{name.decode()}' must be written {known.decode()}.")
            found[known] = value
    return found


def claim_of_header(fields: Mapping[bytes, bytes]) -> Claim:
    """The claim of the Authorization header, its parts in any order, after commas with or without blanks.

    Raises:
        AuthFailure: an older version of the signature. IncompleteSignature: a part is missing, doubled or unknown.
    """
    scheme, _, rest = fields[b"authorization"].partition(b" ")
    if scheme in (b"AWS", b"AWS3", b"AWS3-HTTPS"):
        raise AuthFailure(SIGNATURE_VERSION_2)
    if scheme != ALGORITHM.encode():
        raise IncompleteSignature(f"Authorization must begin with {ALGORITHM}.")
    usual = _USUAL.fullmatch(rest)
    credential, signed_headers, signature = usual.groups() if usual else _parts(rest)
    date = fields.get(b"x-amz-date") or fields.get(b"date")
    if date is None:
        raise IncompleteSignature(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    return Claim(_text(credential), signed_headers, signature, amz_date(_text(date)), None)


def _parts(rest: bytes) -> tuple[bytes, bytes, bytes]:
    """Credential, SignedHeaders and Signature, in whatever order they come and with whatever blanks."""
    parts: dict[bytes, bytes] = {}
    for part in rest.split(b","):
        name, _, value = part.strip().partition(b"=")
        if name in parts:
            raise IncompleteSignature("A part of the Authorization header is given more than once.")
        parts[name] = value
    for name in (b"Credential", b"SignedHeaders", b"Signature"):
        if not parts.get(name):
            raise IncompleteSignature(f"Authorization header requires '{name.decode()}' parameter.")
    if len(parts) > 3:
        raise IncompleteSignature("The Authorization header has parts other than Credential, SignedHeaders, Signature.")
    return parts[b"Credential"], parts[b"SignedHeaders"], parts[b"Signature"]


def claim_of_query(parameters: Mapping[bytes, bytes]) -> Claim:
    """The claim of a presigned query; parameters as `signature_parameters` gives them.

    Raises:
        IncompleteSignature: a parameter is missing or isn't valid.
    """
    for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"):
        if not parameters.get(f"X-Amz-{name}".encode()):
            raise IncompleteSignature(f"AWS query-string parameters must include 'X-Amz-{name}'.")
    if parameters[b"X-Amz-Algorithm"] != ALGORITHM.encode():
        raise IncompleteSignature(f"X-Amz-Algorithm must be {ALGORITHM}.")
    expires = parameters[b"X-Amz-Expires"]
    if not re.fullmatch(rb"[0-9]{1,6}", expires) or not 1 <= int(expires) <= EXPIRES_SECONDS_MAX:
        raise IncompleteSignature(f"X-Amz-Expires must be a number of seconds from 1 to {EXPIRES_SECONDS_MAX}.")
    return Claim(
        _text(parameters[b"X-Amz-Credential"]),
        parameters[b"X-Amz-SignedHeaders"],
        parameters[b"X-Amz-Signature"],
        amz_date(_text(parameters[b"X-Amz-Date"])),
        int(expires),
    )


def _text(value: bytes) -> str:
    try:
        return value.decode("ascii")
    except UnicodeDecodeError as error:
        raise IncompleteSignature("The signature has characters other than ASCII.") from error
