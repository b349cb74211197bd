"""Certificates: a self-signed one for a host that has none, and what is read of a client's."""

from __future__ import annotations

import hashlib
import ipaddress
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tipd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

DAYS = 825
_BEFORE = timedelta(hours=1)  # a clock that is a little late still takes it


class Made(NamedTuple):
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


def self_signed(names: Sequence[str], now: datetime, *, client: bool = False) -> Made:
    """Return a certificate for these host names and addresses (the first is its subject), good for 825 days.

    `client`: one that a peer shows instead of a token. It is no authority: it vouches for nothing but itself.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_named(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Made(made.public_bytes(serialization.Encoding.PEM), private)


def _named(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Client(NamedTuple):
    """A client certificate as the file of peers keeps it: PEM, and the SHA-256 (hex) of its DER."""

    pem: str
    sha256: str


def read_client(pem: bytes) -> Client:
    """Return the one certificate of a file; raises ConfigError where there is none, or several."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise ConfigError(f"no certificate (PEM): {error}") from None
    if len(found) != 1:
        raise ConfigError(f"one certificate is wanted, there are {len(found)}")
    der = found[0].public_bytes(serialization.Encoding.DER)
    return Client(found[0].public_bytes(serialization.Encoding.PEM).decode(), hashlib.sha256(der).hexdigest())


def vouched(der: bytes, authority: Path) -> frozenset[str]:
    """Return the names of a client certificate that an authority of this file signed itself, else none.

    The handshake does not say who vouched for a certificate, and a pinned one may be an authority too.
    """
    try:
        shown = x509.load_der_x509_certificate(der)
        if not any(_signed(shown, each) for each in x509.load_pem_x509_certificates(authority.read_bytes())):
            return frozenset()
        common = shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        names = {str(each.value) for each in common}
        with suppress(x509.ExtensionNotFound):
            more = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names.update(more.get_values_for_type(x509.DNSName))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(names)


def _signed(shown: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        shown.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
