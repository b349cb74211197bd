"""How late questions went out after they were due: a histogram over the last one to two minutes."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

BOUNDS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)  # seconds, upper; more: beyond
SPAN = 60.0  # seconds


class Lateness:
    """Counts by class of lateness; `worst`: seconds, since the start."""

    def __init__(self) -> None:
        """Nothing went out yet."""
        self.worst = 0.0
        self._counts = [0] * (len(BOUNDS) + 1)
        self._former = list(self._counts)
        self._since = 0.0

    def note(self, late: float, count: int, now: float) -> None:
        """Count questions that went out `late` seconds after they were due."""
        if now - self._since >= SPAN:
            self._former = self._counts if now - self._since < 2 * SPAN else [0] * (len(BOUNDS) + 1)
            self._counts = [0] * (len(BOUNDS) + 1)
            self._since = now
        self.worst = max(self.worst, late)
        self._counts[bisect_left(BOUNDS, late)] += count

    def quantile(self, share: float) -> float | None:
        """Return the upper bound of the class that this share lies in; the worst seen beyond all; None without any."""
        counts = [one + other for one, other in zip(self._counts, self._former, strict=True)]
        left = share * sum(counts)
        if not left:
            return None
        for bound, count in zip(BOUNDS, counts[:-1], strict=True):
            left -= count
            if left <= 0:
                return bound
        return self.worst

    def facts(self) -> dict[str, Any]:
        """Return it for people: seconds, as upper bounds of classes."""
        median, p99 = self.quantile(0.5), self.quantile(0.99)
        return {"median_s": median, "p99_s": p99, "worst_s": round(self.worst, 3)}
