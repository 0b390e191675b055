"""The server's own small CA, which vouches for its hosts' agents and for nobody else.

It is made at the first start with `--agent-mtls` and kept in `DIR/agent-ca.json`: its certificate in clear, its private
key encrypted with the key file. A certificate of an agent names the host's instance id and nothing more, is for clients
alone, and holds 90 days; its agent asks for the next one after 60. There is no list of revoked ones: a certificate says
which host's agent is there, and never replaces the host's key, which ends with the host.

A CA that was put aside as `DIR/agent-ca-former.json` gives no certificates any more; those that it gave are accepted as
long as the file is there.

Source: RFC 5280, 4.2.1.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ringwall.config import ConfigurationError
from ringwall.domain.errors import InvalidParameterValue

from .credentials import write_private
from .keyring import Keyring, Sealed

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

FILE_NAME: Final = "agent-ca.json"
FORMER_NAME: Final = "agent-ca-former.json"
CA_DAYS: Final = 20 * 365
AGENT_DAYS: Final = 90
RENEW_DAYS: Final = 60
CLOCK_SKEW: Final = timedelta(hours=1)
"""So far a host's clock may be behind when its certificate is young; it is the server that looks at the time."""
REQUEST_CHARACTERS_MAX: Final = 4096
_CONTEXT: Final = "agent-ca"


class Certified(NamedTuple):
    """An agent's certificate in PEM, and when its agent should ask for the next one, Unix seconds."""

    certificate: str
    renew_at: int


class AgentCa:
    """The CA. certificate_pem: its own; accepted_pem: what TLS is given to verify agents with, that and former ones."""

    def __init__(self, certificate: x509.Certificate, key: EllipticCurvePrivateKey, former_pem: str = "") -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        self._certificate, self._key = certificate, key
        self.certificate_pem = certificate.public_bytes(Encoding.PEM).decode()
        self.accepted_pem = self.certificate_pem + former_pem

    def certify(self, request: str, instance_id: str, now: float) -> Certified:
        """A certificate for the host, and for the key that has signed the request (PKCS #10, in PEM).

        Whatever else the request asks for is left out.

        Raises:
            InvalidParameterValue: it is no such request, or not of a key on the curve P-256.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.x509.oid import ExtendedKeyUsageOID

        if len(request) > REQUEST_CHARACTERS_MAX:
            raise InvalidParameterValue(f"A certificate request has at most {REQUEST_CHARACTERS_MAX} characters.")
        try:
            asked = x509.load_pem_x509_csr(request.encode())
            key, is_signed = asked.public_key(), asked.is_signature_valid
        except Exception as error:  # the library has a dozen ways to refuse what is none
            raise InvalidParameterValue("The certificate request is none.") from error
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1) or not is_signed:
            raise InvalidParameterValue("The certificate request must be signed by its own key, on the curve P-256.")
        moment = datetime.fromtimestamp(int(now), UTC)
        issued = (
            x509.CertificateBuilder()
            .subject_name(_named(instance_id))
            .issuer_name(self._certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment - CLOCK_SKEW)
            .not_valid_after(moment + timedelta(days=AGENT_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, SHA256())
        )
        renew_at = moment + timedelta(days=RENEW_DAYS)
        return Certified(issued.public_bytes(Encoding.PEM).decode(), int(renew_at.timestamp()))


def load_agent_ca(data: Path | None, keyring: Keyring, now: float) -> AgentCa:
    """The CA of the data directory, made where there is none; one that is kept nowhere for a server without.

    Raises:
        ConfigurationError: the file can't be read or written, or the key file doesn't open it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if data is None:
        return _new_ca(now)[0]
    path, former = data / FILE_NAME, _former_pem(data / FORMER_NAME)
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        certificate = x509.load_pem_x509_certificate(str(content["certificate"]).encode())
        key: Any = load_pem_private_key(keyring.open(str(content["key"]), _CONTEXT).encode(), None)
    except FileNotFoundError:
        made, key_pem = _new_ca(now)
        sealed = {"certificate": made.certificate_pem, "key": keyring.seal(key_pem, _CONTEXT)}
        write_private(path, json.dumps(sealed, indent=1) + "\n")
        return AgentCa(made._certificate, made._key, former)
    except Sealed as error:
        raise ConfigurationError(f"The key file doesn't open the key in {path}.") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}.") from error
    return AgentCa(certificate, key, former)


def _former_pem(path: Path) -> str:
    """The certificate of the CA before, in PEM; empty where there is none. Its key isn't needed."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        pem = str(json.loads(path.read_bytes())["certificate"])
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.PEM).decode()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}.") from error


def _new_ca(now: float) -> tuple[AgentCa, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key, name = generate_private_key(SECP256R1()), _named("ringwall agents")
    moment = datetime.fromtimestamp(int(now), UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - CLOCK_SKEW)
        .not_valid_after(moment + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return AgentCa(certificate, key), pem


def _named(common_name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
