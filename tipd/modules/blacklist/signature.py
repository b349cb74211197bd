"""`[signature]`: a list that its provider signs with OpenPGP, checked against a pinned key."""

from __future__ import annotations

import msgspec


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[signature]`: a body without a good signature by this key is refused, and the last good set stays.

    `key_file`: the provider's public key (certificate), armoured or not
    `fingerprint`: of that key, in hexadecimal; a file with another key is refused
    `url`: of the detached signature; empty: the body is clear-signed
    """

    key_file: str
    fingerprint: str = ""
    url: str = ""
