"""The 64-bit key of an indicator: what indexes, differences and the look-up index compare instead of texts.

XXH3-64 of the kind's code and the value, seeded with a random number that each database draws once (`meta.hash_seed`),
so that nobody outside can choose two values with one key. Shown as a signed 64-bit number, as PostgreSQL's bigint is.
Readers of the database compare the value too; a key alone decides only where two values with one key are harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import xxhash

if TYPE_CHECKING:
    from tipd.model.kind import Kind

from tipd.model.kind import CODE_OF

_PREFIX = {kind: bytes([code]) for kind, code in CODE_OF.items()}
_SIGN = 1 << 63
_WRAP = 1 << 64


def key_of(seed: int, kind: Kind, value: str) -> int:
    """Return the signed 64-bit key of a canonical indicator; `seed` is 0 <= seed < 2**64."""
    key = xxhash.xxh3_64_intdigest(_PREFIX[kind] + value.encode(), seed)
    return key - _WRAP if key >= _SIGN else key


def unsigned_key_of(seed: int, kind: Kind, value: str) -> int:
    """Return the same key unsigned, as the sorted arrays of the look-up index and of snapshots hold it."""
    return xxhash.xxh3_64_intdigest(_PREFIX[kind] + value.encode(), seed)
