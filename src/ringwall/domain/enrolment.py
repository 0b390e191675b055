"""The enrolment token, as an operator carries it from the server to a host.

    rw1.<secret: 32 random bytes in base64url>.<SHA-256 of the server's certificate in hex, or ->

The secret is the right to enrol one host, so the server keeps only its hash; 256 random bits need no salt and no slow
hash. The certificate's digest lets the host know its server from the first connection on, without a CA.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from ringwall.override import override

_TOKEN: Final = re.compile(r"rw1\.([A-Za-z0-9_-]{43})\.(-|[0-9a-f]{64})", re.ASCII)


class MalformedToken(ValueError):
    """The text is no enrolment token. It isn't repeated in the message: it may be a secret of another kind."""


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """A token as text knows it. certificate_sha256: of the server's DER certificate, hex; None without TLS.

    >>> str(EnrolmentToken("A" * 43, None))
    'rw1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.-'
    """

    secret: str = field(repr=False)
    certificate_sha256: str | None

    @override
    def __str__(self) -> str:
        return f"rw1.{self.secret}.{self.certificate_sha256 or '-'}"


def parse_token(text: str) -> EnrolmentToken:
    """The token that the text spells; white space around it doesn't matter.

    Raises:
        MalformedToken: it spells none.
    """
    found = _TOKEN.fullmatch(text.strip())
    if found is None:
        raise MalformedToken("not an enrolment token: it begins with rw1. and has three parts")
    secret, certificate_sha256 = found.groups()
    return EnrolmentToken(secret, None if certificate_sha256 == "-" else certificate_sha256)


def hash_of(secret: str) -> str:
    """What the server keeps of a token's secret: its SHA-256, hex."""
    return sha256(secret.encode()).hexdigest()
