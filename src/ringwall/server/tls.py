"""The server's certificate: how it reaches uvicorn, the fingerprint that agents pin, and how another takes its place.

uvicorn's listener keeps one context for good, and hands each handshake over to that of the certificate and key in use,
so that a new pair concerns new connections alone: what is open stays open, and nobody is refused meanwhile. A pair
whose files can't be used leaves the one before it in place.

Source: ssl, SSLContext.sni_callback, which OpenSSL calls for clients that name no server too (SSL_set_SSL_CTX).
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from ringwall.telemetry import LOG

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


def certificate_sha256(path: Path) -> str:
    """The SHA-256 of the server's certificate in DER, 64 hexadecimal digits: what an enrolment token carries.

    path: a PEM file; of a chain the first certificate, which is the server's own, counts.

    Raises:
        OSError: the file can't be read. ValueError: it holds no certificate.
    """
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(_first_pem(path))).hexdigest()


def _first_pem(path: Path) -> str:
    text = path.read_text("ascii", "replace")
    begin, end = text.find(_BEGIN), text.find(_END)
    if begin < 0 or end < begin:
        raise ValueError("it holds no PEM certificate")
    return text[begin : end + len(_END)]


def server_context(certificate: Path, key: Path, clients_ca: str | None = None) -> ssl.SSLContext:
    """The TLS of the server: 1.2 or newer, Python's own choice of ciphers.

    clients_ca: the certificate, in PEM, that vouches for those of clients; one that it doesn't vouch for ends the
    handshake, none at all is left to whoever answers the request. Without it no client is asked for one.

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
    if clients_ca is not None:
        context.load_verify_locations(cadata=clients_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        # No session is taken up again: each connection proves anew that its certificate holds now.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    return context


class Pair(NamedTuple):
    """A certificate with its key, ready for handshakes. ends_at: Unix seconds until which it is valid."""

    context: ssl.SSLContext
    sha256: str
    ends_at: float


def load_pair(certificate: Path, key: Path, clients_ca: str | None = None) -> Pair:
    """The pair in these files.

    Raises:
        OSError: a file can't be read. ValueError: as `server_context`, or the files change just now.
    """
    from cryptography.x509 import load_pem_x509_certificate  # a tenth of a second: for servers with TLS alone

    pem = _first_pem(certificate)
    context = server_context(certificate, key, clients_ca)
    if _first_pem(certificate) != pem:
        raise ValueError("the certificate is being replaced")
    ends_at = load_pem_x509_certificate(pem.encode()).not_valid_after_utc.timestamp()
    return Pair(context, hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest(), ends_at)


class Certificates:
    """The server's certificate and key, as long as their files can be used as they are now, and the one to come next.

    upcoming: a file with the certificate that will take its place, which need not be there. context: for the listener.
    broken: why the files as they are now aren't used, None where they are.

    Raises:
        OSError, ValueError: as `load_pair`; the first pair must be one.
    """

    def __init__(
        self, certificate: Path, key: Path, upcoming: Path | None = None, clients_ca: str | None = None
    ) -> None:
        self._certificate, self._key, self._upcoming, self._clients_ca = certificate, key, upcoming, clients_ca
        self._seen = (_stamp(certificate), _stamp(key))
        self._pair = load_pair(certificate, key, clients_ca)
        self.context = self._pair.context
        self.context.sni_callback = self._hand_over
        self.broken: str | None = None
        self.upcoming_sha256: str | None = None
        self._upcoming_seen: object = None
        self._look_at_upcoming()

    @property
    def sha256(self) -> str:
        """Of the certificate that new connections are shown."""
        return self._pair.sha256

    @property
    def ends_at(self) -> float:
        """Until when that certificate is valid, Unix seconds."""
        return self._pair.ends_at

    def look(self, *, anew: bool = False, on_switch: Callable[[str], None] = lambda _: None) -> None:
        """Takes up what has changed in the files. anew: also what seems unchanged.

        on_switch: called with the certificate's SHA-256 before another takes its place.
        """
        seen = (_stamp(self._certificate), _stamp(self._key))
        if anew or seen != self._seen:
            self._seen = seen
            self._load(on_switch)
        self._look_at_upcoming()

    def _load(self, on_switch: Callable[[str], None]) -> None:
        try:
            pair = load_pair(self._certificate, self._key, self._clients_ca)
        except (OSError, ValueError) as error:
            self.broken = str(error)
            LOG.error("the certificate and key in %s and %s are not used: %s; those before them stay",
                      self._certificate, self._key, error)  # fmt: skip
            return
        if pair.sha256 != self._pair.sha256:
            on_switch(pair.sha256)
        self._pair, self.broken = pair, None
        until = datetime.fromtimestamp(pair.ends_at, UTC)
        LOG.info("the certificate %s is in use, valid until %s", pair.sha256, until.isoformat(" ", "seconds"))

    def _look_at_upcoming(self) -> None:
        seen = None if self._upcoming is None else _stamp(self._upcoming)
        if self._upcoming is None or seen == self._upcoming_seen:
            return
        self._upcoming_seen = seen
        try:
            self.upcoming_sha256 = certificate_sha256(self._upcoming)
            LOG.info("agents are told of the next certificate, %s", self.upcoming_sha256)
        except FileNotFoundError:
            self.upcoming_sha256 = None
        except (OSError, ValueError) as error:
            self.upcoming_sha256 = None
            LOG.error("%s: agents aren't told of the next certificate: %s", self._upcoming, error)

    def _hand_over(self, handshake: ssl.SSLObject, name: str | None, listener: ssl.SSLContext) -> None:
        handshake.context = self._pair.context


def _stamp(path: Path) -> object:
    """What changes when the file does; None where there is none. Cost: one look, through links."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
