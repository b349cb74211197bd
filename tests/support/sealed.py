"""Chains made for tests: signed as an agent signs them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tipd.agent.protocol import Manifest, digest, public_text, sign

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.agent.chain import Chain

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NEXT = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEY = public_text(PRIVATE.public_key())


def manifest(n: int, previous: str | None, lines: bytes, key: Ed25519PrivateKey = PRIVATE, **more) -> bytes:
    """Return the signed manifest of a version with these compressed lines."""
    values = {
        "agent": "mx1",
        "view": "redacted",
        "n": n,
        "previous": previous,
        "sha256": hashlib.sha256(lines).hexdigest(),
        "bytes": len(lines),
        "raw_bytes": 0,
        "records": 0,
        "sealed": "2026-11-22T04:00:00Z",
        "key": public_text(key.public_key()),
    }
    return sign(Manifest(**values | more), key)


def grow(chain: Chain, folder: Path, raw: bytes = b"", key: Ed25519PrivateKey = PRIVATE, **more) -> bytes:
    """Append one version with these lines; return its manifest."""
    n = chain.last + 1
    lines = zstandard.compress(raw)
    body = folder / f"{n}.tmp"
    body.write_bytes(lines)
    previous = digest(chain.manifest(chain.last)) if chain.last else None
    data = manifest(n, previous, lines, key, raw_bytes=len(raw), records=raw.count(b"\n"), **more)
    chain.append(data, n, body)
    return data
