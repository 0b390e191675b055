"""Certificates for tests, and a client that says which one a server shows."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def make_pair(directory: Path, name: str, *, is_rsa: bool = False, hosts: tuple[str, ...] = ()) -> Path:
    """A self-signed certificate for 127.0.0.1 and these hosts, `NAME.pem`, with `NAME.key` beside it."""
    key: Any = rsa.generate_private_key(65_537, 2048) if is_rsa else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    alternatives = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, hosts)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, SHA256())
    )
    path = directory / f"{name}.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    path.with_suffix(".key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def put(source: Path, target: Path) -> None:
    """The target's certificate and key are the source's, each in one step, as renewal programs do it."""
    for suffix in (".key", ".pem"):
        fresh = target.with_suffix(".new")
        fresh.write_bytes(source.with_suffix(suffix).read_bytes())
        fresh.replace(target.with_suffix(suffix))


def pin_of(certificate: Path) -> str:
    """The SHA-256 that agents know it by."""
    return sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


def blind_context(client: Path | None = None) -> ssl.SSLContext:
    """A client that takes any certificate; client: its own, with its key in the same file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if client is not None:
        context.load_cert_chain(client)
    return context


def shown_by(port: int) -> str:
    """The SHA-256 of the certificate that the server shows to a new connection."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        blind_context().wrap_socket(plain) as client,
    ):
        return sha256(client.getpeercert(binary_form=True) or b"").hexdigest()
