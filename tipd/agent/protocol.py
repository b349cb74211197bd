"""What an agent and whoever pulls from it agree on: manifests, the chain they make, and how they are signed.

A manifest is a JSON object; its file holds the canonical form (sorted keys, no blanks, UTF-8) with its signature. The
signature (Ed25519, RFC 8032) is over the canonical form without it, keys this release does not know included, so they
travel untouched and are covered all the same. The chain: each manifest names the SHA-256 of the file before it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FORMAT = 1
LONGEST_MANIFEST = 4 * 2**20  # bytes: a version may withdraw many records
KEY_BYTES = 32
_Document = dict[str, Any]
_decoder = msgspec.json.Decoder(_Document)


class ForgedError(Exception):
    """What came is not what the agent sealed; the text says which check failed."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One sealed version of a view.

    `n` from 1 without holes; `previous`: SHA-256 (hex) of the manifest file before, None for the first. `sha256`,
    `bytes`: of the compressed lines; `raw_bytes`, `records`: of the lines themselves. `first`, `last`: the mails' times
    (empty where there is none); `sealed`: when (RFC 3339, UTC). `withdraws`: SHA-256 (hex) of mails whose records are
    taken back; `carries`: the versions before whose other records stand here once more, since their lines are removed
    with what they held of those, and `carried_from` when the newest of them was sealed. `key`: the public key it is
    signed with, `next_key` the one that signs from the next on (both base64).
    `backlog`: sealed while older mails still waited. A manifest never changes: where retention removed the lines, it
    stays, and is the tombstone.
    """

    format: int = FORMAT
    agent: str
    view: str
    n: int
    previous: str | None
    sha256: str
    bytes: int
    raw_bytes: int
    records: int
    sealed: str
    key: str
    first: str = ""
    last: str = ""
    tlp: str = "green"
    licence: str = ""
    onward: bool = False
    withdraws: tuple[str, ...] = ()
    next_key: str = ""
    backlog: bool = False
    carries: tuple[int, ...] = ()
    carried_from: str = ""


def canonical(document: _Document) -> bytes:
    """Return the one form in which a document is signed and hashed."""
    return msgspec.json.encode(document, order="sorted")


def sign(manifest: Manifest, private: Ed25519PrivateKey) -> bytes:
    """Return the manifest's file; `manifest.key` must be the private key's public one (ValueError)."""
    if manifest.key != public_text(private.public_key()):
        raise ValueError("the manifest names another key than the one that signs it")
    document: _Document = msgspec.to_builtins(manifest)
    signature = base64.b64encode(private.sign(canonical(document))).decode()
    return canonical(document | {"signature": signature})


def read(data: bytes, key: str) -> Manifest:
    """Return the manifest of a file signed with this public key (base64); raises ForgedError."""
    if len(data) > LONGEST_MANIFEST:
        raise ForgedError(f"a manifest of {len(data)} bytes")
    try:
        document = _decoder.decode(data)
        signature = base64.b64decode(str(document.pop("signature", "")), validate=True)
        manifest = msgspec.convert(document, Manifest)
        public_key(key).verify(signature, canonical(document))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, binascii.Error) as error:
        raise ForgedError(f"not a manifest: {error}") from None
    except (InvalidSignature, ValueError):
        raise ForgedError("the signature is not that of the agent's key") from None
    if manifest.key != key:
        raise ForgedError("the manifest names another key than the one that signed it")
    return manifest


def digest(data: bytes) -> str:
    """Return the SHA-256 (hex) by which the next manifest names this file."""
    return hashlib.sha256(data).hexdigest()


def public_key(text: str) -> Ed25519PublicKey:
    """Return the key of its base64; raises ValueError."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("a public key is base64 of 32 bytes") from None
    if len(raw) != KEY_BYTES:
        raise ValueError("a public key is base64 of 32 bytes")
    return Ed25519PublicKey.from_public_bytes(raw)


def public_text(key: Ed25519PublicKey) -> str:
    """Return the base64 of a public key."""
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
