"""Certificates: made, read, and vouched for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tipd.agent import certificate
from tipd.errors import ConfigError

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def signed(name: str, issuer: str, issuer_key: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey, ca: bool):
    """Return a certificate for a name that an issuer signed."""
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer)]
    builder = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(f"{name}.example.org")]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def der(one: x509.Certificate) -> bytes:
    return one.public_bytes(serialization.Encoding.DER)


def test_a_self_signed_one_names_hosts_and_addresses_and_is_no_authority() -> None:
    made = certificate.self_signed(["mx1.example.org", "192.0.2.1", "2001:db8::1"], NOW)
    read = x509.load_pem_x509_certificate(made.certificate)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mx1.example.org"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1", "2001:db8::1"]
    assert not read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert read.not_valid_before_utc < NOW < read.not_valid_after_utc
    assert b"PRIVATE KEY" in made.key


def test_the_one_certificate_of_a_file_is_read() -> None:
    one, two = (certificate.self_signed([name], NOW, client=True).certificate for name in ("a", "b"))
    read = certificate.read_client(one)
    assert read.sha256 == x509.load_pem_x509_certificate(one).fingerprint(hashes.SHA256()).hex()
    for wrong in (one + two, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(ConfigError):
            certificate.read_client(wrong)


def test_names_count_where_the_authority_itself_signed_them(tmp_path: Path) -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(4)]
    authority = signed("ca", "ca", keys[0], keys[0], True)
    peer = signed("lab", "ca", keys[0], keys[1], False)
    forged = signed("lab", "pinned", keys[2], keys[3], False)  # by another peer, whose own one is an authority's
    posed = signed("lab", "ca", keys[2], keys[3], False)  # says it is of the authority
    path = tmp_path / "ca.pem"
    path.write_bytes(pem(authority))
    assert certificate.vouched(der(peer), path) == {"lab", "lab.example.org"}
    assert certificate.vouched(der(forged), path) == frozenset()
    assert certificate.vouched(der(posed), path) == frozenset()
    assert certificate.vouched(b"noise", path) == frozenset()
    assert certificate.vouched(der(peer), tmp_path / "missing.pem") == frozenset()
