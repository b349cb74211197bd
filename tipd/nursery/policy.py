"""When a child that fails is started again, and when it counts as failed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipd.nursery.backoff import Backoff

if TYPE_CHECKING:
    import random


_AWAY_CAP = 30.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The numbers of a restart policy; all times are seconds.

    A failure waits a full-jitter delay of `base` doubled up to `cap`; a run of `healthy_after` or longer makes the next
    delay short again. More than `limit` failures within `window` is `failed`: from then on one try every `rest` (None:
    none at all) until a run is healthy again.
    """

    base: float = 1.0
    cap: float = 300.0
    healthy_after: float = 60.0
    limit: int = 5
    window: float = 600.0
    rest: float | None = 900.0

    def __post_init__(self) -> None:
        if not 0 < self.base <= self.cap:
            raise ValueError(f"a policy needs 0 < base <= cap, not base={self.base} cap={self.cap}")
        if self.limit < 0 or self.window <= 0 or self.healthy_after < 0:
            raise ValueError("a policy needs limit >= 0, window > 0 and healthy_after >= 0")
        if self.rest is not None and self.rest <= 0:
            raise ValueError(f"a rest must be positive, not {self.rest}")


class Record:
    """What one child did lately: failures in the window, the next delay, whether it counts as failed.

    Times are trio's (seconds, monotonic), so a wall clock that is set does not look like a storm of crashes.
    """

    def __init__(self, policy: Policy, rng: random.Random, *, failures: int = 0) -> None:
        """Go on from `failures` in a row, known from before a restart: more than the limit is still failed."""
        self.policy = policy
        self.failed = failures > policy.limit
        self._backoff = Backoff(policy.base, policy.cap, rng, failures=failures)
        # What is away is asked for often, however long a failing child waits: asking costs little.
        self._away = Backoff(min(policy.base, _AWAY_CAP), min(policy.cap, _AWAY_CAP), rng)
        self._recent: deque[float] = deque(maxlen=policy.limit + 1)

    @property
    def failures(self) -> int:
        """Return the failures in a row."""
        return self._backoff.failures

    def succeed(self) -> None:
        """Note a run that ended well or ran long enough: delays are short again, the child is not failed any more."""
        self.failed = False
        self._backoff.reset()
        self._away.reset()
        self._recent.clear()

    def calm(self) -> None:
        """Note a run that was healthy for a while before it ended: its delay begins anew, the window stays."""
        self.failed = False
        self._backoff.reset()
        self._away.reset()

    def fail(self, now: float) -> float | None:
        """Note a failure at `now` and return the seconds to wait, or None: give up."""
        delay = self._backoff.next()
        self._recent.append(now)
        full = len(self._recent) > self.policy.limit
        if full and now - self._recent[0] <= self.policy.window:
            self.failed = True
        return self.policy.rest if self.failed else delay

    def away(self) -> float:
        """Note that what the child needs is away (a state, not a failure) and return the seconds to wait."""
        return self._away.next()
