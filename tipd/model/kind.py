"""The kinds of indicator and the small number each has in the database."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What an indicator is (blueprint, section 1)."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    NETWORK = "network"
    DOMAIN = "domain"
    URL = "url"
    EMAIL = "email"
    ASN = "asn"
    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    # Fingerprints of TLS certificates: the same length as a file's hash, another thing.
    CERT_SHA1 = "cert_sha1"
    CERT_SHA256 = "cert_sha256"


# Stored in `sighting.kind` and `finding.subject_kind`: numbers are never reused or changed.
CODE_OF: dict[Kind, int] = {
    Kind.IPV4: 1,
    Kind.IPV6: 2,
    Kind.NETWORK: 3,
    Kind.DOMAIN: 4,
    Kind.URL: 5,
    Kind.EMAIL: 6,
    Kind.ASN: 7,
    Kind.MD5: 8,
    Kind.SHA1: 9,
    Kind.SHA256: 10,
    Kind.CERT_SHA1: 11,
    Kind.CERT_SHA256: 12,
}
KIND_OF: dict[int, Kind] = {code: kind for kind, code in CODE_OF.items()}
