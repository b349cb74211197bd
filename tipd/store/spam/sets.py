"""Sets of distinct traps and relays as the store keeps them: up to 1,000 hashes, the smallest.

Up to there they are counted; beyond, the greatest of them says how many there are (the k minimum values of Bar-Yossef
et al., 2002), give or take 3 in 100.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 1000
# What a row has and what comes to it; a set that stays the same is not written again.
UNION = f"""CASE WHEN {{table}}.{{column}} @> excluded.{{column}} THEN {{table}}.{{column}}
            ELSE ARRAY(SELECT unnest({{table}}.{{column}}) UNION SELECT unnest(excluded.{{column}})
                        ORDER BY 1 LIMIT {MOST}) END"""
_HALF, _ALL = 1 << 63, 1 << 64


def distinct(parts: Iterable[Iterable[int]]) -> int:
    """Return how many distinct hashes there are in all of these sets."""
    found = sorted({each for part in parts for each in part})
    if len(found) < MOST:
        return len(found)
    edge = (found[MOST - 1] + _HALF + 1) / _ALL
    return max(MOST, round((MOST - 1) / edge))
