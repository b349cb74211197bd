"""Hashes of files and fingerprints of certificates: lower-case hexadecimal digits, of the length the kind has."""

from __future__ import annotations

import re

from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind

LENGTH = {Kind.MD5: 32, Kind.SHA1: 40, Kind.SHA256: 64, Kind.CERT_SHA1: 40, Kind.CERT_SHA256: 64}
KIND_OF_LENGTH = {32: Kind.MD5, 40: Kind.SHA1, 64: Kind.SHA256}
_HEX = re.compile(r"[0-9a-f]+\Z")
# Of the empty file: every mirror of broken downloads lists them, and every computer has one.
_EMPTY_FILE = frozenset(
    {
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
)


def canonical_digest(text: str, kind: Kind, *, poison: bool = True) -> str:
    """Return the digest; colons between bytes (`ab:cd:…`, certificates) are taken out.

    Raises RefusedValue: `malformed`; `wrong_kind` for a digest of another length; `bogon` for one repeated digit
    (`000…`) and the hash of the empty file.
    """
    value = text.lower().replace(":", "")
    if not _HEX.match(value):
        raise RefusedValue("malformed", text)
    if len(value) != LENGTH[kind]:
        raise RefusedValue("wrong_kind" if len(value) in KIND_OF_LENGTH else "malformed", text)
    if poison and (value in _EMPTY_FILE or value.count(value[0]) == len(value)):
        raise RefusedValue("bogon", text)
    return value
