"""What a listener has counted since it started."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Connections and requests.

    `turned_away`: there was no room. `dropped`: silent ones, to make room. `cut`: of peers that were revoked.
    `refused`: requests by the status they got.
    """

    accepted: int = 0
    turned_away: int = 0
    dropped: int = 0
    cut: int = 0
    requests: int = 0
    bytes_sent: int = 0
    refused: Counter[int] = field(default_factory=Counter)
