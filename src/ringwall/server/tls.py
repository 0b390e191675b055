"""The server's certificate: how it reaches uvicorn, and the fingerprint that agents pin."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Final

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


def certificate_sha256(path: Path) -> str:
    """The SHA-256 of the server's certificate in DER, 64 hexadecimal digits: what an enrolment token carries.

    path: a PEM file; of a chain the first certificate, which is the server's own, counts.

    Raises:
        OSError: the file can't be read. ValueError: it holds no certificate.
    """
    text = path.read_text("ascii", "replace")
    begin, end = text.find(_BEGIN), text.find(_END)
    if begin < 0 or end < begin:
        raise ValueError("it holds no PEM certificate")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[begin : end + len(_END)])).hexdigest()


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The TLS of the server: 1.2 or newer, Python's own choice of ciphers.

    For `uvicorn.Config(ssl_context_factory=lambda config, default: context)`. uvicorn's own default names the ciphers
    of TLS 1.0, which leaves connections of TLS 1.2 without authenticated encryption.

    Raises:
        OSError: a file can't be read. ValueError: they are no certificate and key that go together, or the key wants
            a passphrase.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # An empty passphrase in place of a question on the terminal, which a service doesn't have.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise ValueError(f"not a certificate and its key without a passphrase: {error.reason or error}") from error
    return context
