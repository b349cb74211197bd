"""`[signature]`: a list that its provider signs with OpenPGP, checked against a pinned key."""

from __future__ import annotations

import msgspec


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[signature]`: a body without a good signature by this key is refused, and the last good set stays.

    Signatures and keys that have expired, were revoked, or rest on MD5 or SHA-1 are not good. What stands around a
    clear-signed text is not read. The state is `bad_signature` then, and `tipd sources accept` does not overrule it.

    `key_file`: the provider's public key (certificate), armoured or not
    `fingerprint`: of that key, in hexadecimal; a file with another key is refused
    `url`: of the detached signature, which is of the body as it is served, packed or not; empty: the body is
        clear-signed
    """

    key_file: str
    fingerprint: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; ValueError names the key."""
        if not self.key_file.startswith("/"):
            raise ValueError("signature.key_file: must be absolute")
        digits = "".join(self.fingerprint.split()).lower().removeprefix("0x")
        if self.fingerprint and not (len(digits) in (40, 64) and set(digits) <= set("0123456789abcdef")):
            raise ValueError("signature.fingerprint: must be 40 or 64 hexadecimal digits")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("signature.url: only http and https are fetched")
