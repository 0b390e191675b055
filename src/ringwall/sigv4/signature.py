"""Tasks 2 to 4 of Signature Version 4: the string to sign, the signing key, the signature."""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"
"""The last part of every credential scope."""


def string_to_sign(amz_date: str, date: str, region: str, service: str, canonical_request: bytes) -> bytes:
    """What the signing key signs. amz_date: `20150830T123600Z`; date, region, service: the credential scope."""
    digest = sha256(canonical_request).hexdigest()
    return f"{ALGORITHM}\n{amz_date}\n{date}/{region}/{service}/{TERMINATOR}\n{digest}".encode()


@lru_cache(maxsize=1024)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that signs for one day, region and service, derived from the secret access key.

    The last 1,024 are kept: four HMACs are half the price of a verification. Wrong and unknown keys go through here
    too, so that they cost the same; a flood of odd scopes costs the others no more than the derivation.
    """
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(key: bytes, text: bytes) -> str:
    """The signature of a string to sign: 64 hexadecimal digits in lower case."""
    return hmac.digest(key, text, "sha256").hex()
