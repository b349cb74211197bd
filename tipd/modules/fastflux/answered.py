"""What one answer does to a record: nearly always it is counted, and that is all.

`done` is called in the resolver's task, once a question. An answer that changes nothing takes about a microsecond; one
that does is laid aside (`changed`) with its question still open, for whoever has the time to look at it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

from tipd.model.dns import Outcome
from tipd.model.flux import State
from tipd.modules.fastflux.records import UNTOLD
from tipd.modules.fastflux.wheel import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.model.dns import Answer
    from tipd.modules.fastflux.pace import Delays
    from tipd.modules.fastflux.records import Records
    from tipd.modules.fastflux.wheel import Wheel

TICKS = 50  # a second
NUMBERS = 0xFFFF  # questions are numbered from 1 to this, again and again
SHIFT = 16
_MOST_IN_ROW = 255
_LONG = 3  # ticks that who keeps the time may sleep before it is looked at the clock for each answer


class Answered:
    """Books answers into records and puts their slots back into the wheel.

    `ticks`: the present in ticks of the wheel, `stamp` and `wall`: as records keep times, and in seconds since 1970;
    whoever asks keeps them fresh. `unchanged`, `stale` (nobody waits for it any more) and `outcomes` are counted.
    """

    def __init__(self, records: Records, wheel: Wheel, delays: Delays) -> None:
        """Nothing was answered yet."""
        self.look: Callable[[], None] = lambda: None  # at the clock, where who keeps it fresh sleeps for long
        self.ticks = 0.0
        self.stamp = 1
        self.wall = 0.0
        self.changed: deque[tuple[int, Answer, float]] = deque()
        self.unchanged = 0
        self.stale = 0
        self.outcomes = [0] * len(Outcome)
        self._nap: trio.CancelScope | None = None
        self._nap_until = 0.0  # in ticks; 0: nobody sleeps
        self._long = False
        self._records = records
        self._wheel = wheel
        self._delays = delays

    def done(self, token: int, answer: Answer) -> None:
        """Take the answer to a question about IPv4 addresses; `token`: slot and number of the question."""
        records = self._records
        if self._nap_until and self._long:
            self.look()
        slot = token >> SHIFT
        if records.asked[slot] != token & NUMBERS:
            self.stale += 1
            return
        outcome = answer.outcome
        self.outcomes[outcome] += 1
        if outcome > Outcome.NXDOMAIN:
            records.asked[slot] = 0
            self.unanswered(slot)
        elif (
            outcome != records.outcomes[slot]
            or answer.rdata != records.sets[slot]
            or records.samples[slot] + 1 >= records.judge_at[slot]
        ):
            self.changed.append((token, answer, self.wall))
            if self._nap_until:
                self._wake(0.0)
        else:
            records.asked[slot] = 0
            self.unchanged += 1
            self.count(slot, answer, self.stamp)
            self.again(slot, answer)

    def count(self, slot: int, answer: Answer, stamp: int) -> None:
        """Count an answer that brought what the last one did."""
        records = self._records
        ttl = answer.ttl
        records.samples[slot] += 1
        records.last[slot] = stamp
        if not records.first[slot]:
            records.first[slot] = stamp
            records.low[slot] = records.high[slot] = ttl
        elif ttl < records.low[slot]:
            records.low[slot] = ttl
        elif ttl > records.high[slot]:
            records.high[slot] = ttl
        records.ttl[slot] = ttl

    def again(self, slot: int, answer: Answer) -> None:
        """Put a slot back that was answered: with addresses after their TTL, without them later and later."""
        records = self._records
        if answer.outcome == Outcome.NOERROR:
            if records.bad[slot]:
                records.bad[slot] = 0
            delay = self._delays.answered(answer.ttl, aged=not answer.true_ttl)
        else:
            in_row = records.bad[slot] = min(records.bad[slot] + 1, _MOST_IN_ROW)
            dormant = records.states[slot] == State.DORMANT
            delay = self._delays.dormant() if dormant else self._delays.empty(answer.ttl, in_row)
        self.put(slot, delay)

    def unanswered(self, slot: int) -> None:
        """Put a slot back whose question brought no answer; nothing is known anew of its name."""
        records = self._records
        records.flags[slot] |= UNTOLD
        in_row = records.bad[slot] = min(records.bad[slot] + 1, _MOST_IN_ROW)
        dormant = records.states[slot] == State.DORMANT
        self.put(slot, self._delays.dormant() if dormant else self._delays.unanswered(in_row))

    def put(self, slot: int, delay: float) -> None:
        """Make a slot due so many seconds from now, not sooner."""
        tick = int(self.ticks + delay * TICKS) + 1
        if tick >= NEVER:
            tick = NEVER - 1
        self._wheel.put(slot, tick)
        if tick < self._nap_until:
            self._wake(tick)

    async def nap(self, seconds: float) -> None:
        """Sleep; what is to be looked at, or due, sooner ends it."""
        with trio.CancelScope(deadline=trio.current_time() + seconds) as self._nap:
            self._nap_until = self.ticks + seconds * TICKS
            self._long = seconds * TICKS > _LONG
            await trio.sleep_forever()
        self._nap_until = 0.0

    def _wake(self, tick: float) -> None:
        """Let who sleeps wake at a tick, if it would sleep longer; a past one: at once."""
        if self._nap is not None and tick < self._nap_until:
            self._nap.deadline -= (self._nap_until - tick) / TICKS
            self._nap_until = max(tick, 1e-9)
