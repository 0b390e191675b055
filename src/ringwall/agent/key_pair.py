"""A key pair for the agent's certificate, made by a process of its own: `python -m ringwall.agent.key_pair`.

The library that makes it would otherwise stay in the agent's memory, 20 MB for something that is done every 60 days.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Final, NamedTuple

from .errors import AgentError

SECONDS_MAX: Final = 60


class KeyPair(NamedTuple):
    """A private key, and a request for a certificate (PKCS #10) that it has signed; both in PEM."""

    key: str
    request: str


async def make_key_pair() -> KeyPair:
    """A new one, on the curve P-256.

    Raises:
        AgentError: the process failed.
    """
    errors = b""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(SECONDS_MAX):
            printed, errors = await process.communicate()
        return KeyPair(**json.loads(printed))
    except (OSError, TimeoutError) as error:
        raise AgentError(f"no key pair for a certificate can be made: {error}") from error
    except (ValueError, TypeError) as error:
        raise AgentError(
            f"no key pair for a certificate can be made: {errors.decode(errors='replace')[-300:]}"
        ) from error


def _print_key_pair() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from ringwall.core_dumps import forbid_core_dumps

    forbid_core_dumps()
    key = generate_private_key(SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
    pair = KeyPair(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        request.public_bytes(Encoding.PEM).decode(),
    )
    sys.stdout.write(json.dumps(pair._asdict()))


if __name__ == "__main__":
    _print_key_pair()
