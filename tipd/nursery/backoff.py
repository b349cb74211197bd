"""How long to wait before the next try: exponential with full jitter, capped.

Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: of the variants measured there, full
jitter spreads a crowd of clients best at the least work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_DOUBLINGS = 64  # more would only overflow a float: any cap is reached long before


class Backoff:
    """Delays in seconds: the n-th is even between 0 and `min(cap, base * 2**n)`.

    `base` and `cap` are seconds, `0 < base <= cap`, else ValueError. `rng` is injected so that tests repeat.
    """

    def __init__(self, base: float, cap: float, rng: random.Random, *, failures: int = 0) -> None:
        """Start as after `failures` failures in a row (kept from before a restart)."""
        if not 0 < base <= cap:
            raise ValueError(f"a backoff needs 0 < base <= cap, not base={base} cap={cap}")
        self.base = base
        self.cap = cap
        self.failures = max(0, failures)
        self._rng = rng

    @property
    def ceiling(self) -> float:
        """Return the longest the next delay can be."""
        return min(self.cap, self.base * 2.0 ** min(self.failures, _DOUBLINGS))

    def next(self) -> float:
        """Count one more failure and return the seconds to wait after it."""
        delay = self._rng.uniform(0.0, self.ceiling)
        self.failures += 1
        return delay

    def reset(self) -> None:
        """Forget the failures: the next delay is short again."""
        self.failures = 0
