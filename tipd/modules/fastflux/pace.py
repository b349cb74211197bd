"""How fast questions may go out, and when a name is asked again. Times are seconds of a clock that never steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import random

    from tipd.modules.fastflux.settings import FluxSettings

AGED = 1.0  # seconds: caches count whole ones, so what has 0 left may live on for nearly one more
SPREAD = 0.05  # of the TTL, at most: so that names that came together do not stay together
LONGEST_SPREAD = 10.0
FIRST_REST = 5.0  # after a question that nobody answered; doubles with each
LONGEST_REST = 900.0
LATEST = 1.1  # times the longest delay, with what is drawn on top
EMPTY_DOUBLINGS = 8  # the floor doubles so often while a name has no addresses
BURST = 0.1  # seconds of the whole rate that may go out at once
_FORGET_ABOVE = 10_000  # turns of registrable domains that are kept before those that are over are looked for


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What of the settings binds the pace, in seconds and questions a second."""

    per_second: float = 2_000.0
    per_apex: float = 10.0
    most_names: int = 1_000_000
    most_per_apex: int = 1_000
    floor: float = 1.0
    ceiling: float = 21_600.0
    dormant_every: float = 21_600.0

    @property
    def longest(self) -> float:
        """The longest that a name is not asked for, whatever its TTL, and however often it was asked in vain."""
        return LATEST * max(self.floor, self.ceiling, self.dormant_every, LONGEST_REST)

    @classmethod
    def of(cls, settings: FluxSettings) -> Limits:
        """Take them out of the settings."""
        return cls(
            per_second=float(settings.queries_per_second),
            per_apex=settings.per_apex_per_second,
            most_names=settings.max_domains,
            most_per_apex=settings.max_names_per_apex,
            floor=settings.seconds("ttl_floor"),
            ceiling=settings.seconds("ttl_ceiling"),
            dormant_every=settings.seconds("dormant_every"),
        )


class Bucket:
    """A token bucket: `rate` questions a second, and what a short while of it holds at once."""

    def __init__(self, rate: float, now: float) -> None:
        """It is full at first."""
        self._rate = rate
        self._most = max(1.0, rate * BURST)
        self._left = self._most
        self._at = now

    def room(self, now: float) -> int:
        """Return how many may go out now."""
        if now > self._at:
            self._left = min(self._most, self._left + (now - self._at) * self._rate)
            self._at = now
        return int(self._left)

    def spend(self, count: int) -> None:
        """Count questions that went out."""
        self._left -= count

    @property
    def wait(self) -> float:
        """Return after how long there is room for one, as of the last look."""
        return max(0.0, 1.0 - self._left) / self._rate


class Turns:
    """Gives the names of one registrable domain their turns, `rate` a second, one second's worth at once.

    A name whose turn comes later is told when, and that turn is its own: it need not ask again. (The generic cell rate
    algorithm, ITU-T I.371, with a place in the queue.)
    """

    def __init__(self, rate: float) -> None:
        """No domain has had a turn yet."""
        self._step = 1.0 / rate
        self._ahead = max(0.0, 1.0 - self._step)
        self._next: dict[int, float] = {}
        self._forget_above = _FORGET_ABOVE

    def turn(self, apex: int, now: float) -> float:
        """Return when a name of this domain may be asked for: `now`, or later."""
        at = self._next.get(apex, 0.0)
        if at < now - self._ahead:
            at = now - self._ahead
            if len(self._next) > self._forget_above:
                self._forget(now)
        self._next[apex] = at + self._step
        return at if at > now else now

    def leave(self, apex: int) -> None:
        """Forget a domain that has no names any more: its number may be another's next."""
        self._next.pop(apex, None)

    def _forget(self, now: float) -> None:
        """Drop the domains whose turns are all over."""
        over = now - self._ahead
        self._next = {apex: at for apex, at in self._next.items() if at > over}
        self._forget_above = max(_FORGET_ABOVE, 2 * len(self._next))


class Delays:
    """When a name is asked again. Every delay is at least the floor."""

    def __init__(self, limits: Limits, rng: random.Random) -> None:
        """`rng` draws the jitter."""
        self._floor = limits.floor
        self._ceiling = limits.ceiling
        self._dormant = limits.dormant_every
        self._random = rng.random

    def answered(self, ttl: int, *, aged: bool) -> float:
        """After addresses: when their TTL has run out, never before, but for the ceiling.

        `aged`: it came out of a cache. A second look-up before the first is really gone would be no second one.
        """
        delay = ttl + AGED if aged and ttl else float(ttl)
        if delay > self._ceiling:
            delay = self._ceiling
        elif delay < self._floor:
            delay = self._floor
        spread = delay * SPREAD
        return delay + self._random() * (spread if spread < LONGEST_SPREAD else LONGEST_SPREAD)

    def empty(self, ttl: int, in_row: int) -> float:
        """After NODATA or NXDOMAIN, `in_row` times: the negative TTL; the floor grows with each."""
        floor = self._floor * float(1 << min(in_row, EMPTY_DOUBLINGS))
        return self.answered(max(ttl, int(floor)), aged=True)

    def dormant(self) -> float:
        """While it is dormant: as configured, within a tenth."""
        return max(self._floor, self._dormant) * (1 + self._random() / 10)

    def unanswered(self, in_row: int) -> float:
        """After a question that brought no answer, `in_row` times: growing, the half of it drawn (full jitter)."""
        rest = min(LONGEST_REST, FIRST_REST * float(1 << min(max(in_row, 1) - 1, 16)))
        return max(self._floor, rest * (0.5 + self._random() / 2))
