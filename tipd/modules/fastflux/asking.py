"""The tracker's loop: what is due is asked for, and answers that changed something are looked at, in small steps."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio

from tipd.model.canonical.suffix import registrable
from tipd.model.dns import AAAA, A, Route
from tipd.model.flux import State
from tipd.modules.fastflux.answered import NUMBERS, SHIFT, TICKS
from tipd.modules.fastflux.lateness import Lateness
from tipd.modules.fastflux.pace import Bucket, Turns
from tipd.modules.fastflux.records import RESERVED
from tipd.modules.fastflux.wheel import NEVER
from tipd.net.resolver.pending import Full

if TYPE_CHECKING:
    from array import array

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.dns import Answer
    from tipd.modules.fastflux.answered import Answered
    from tipd.modules.fastflux.changes import Changes
    from tipd.modules.fastflux.pace import Limits
    from tipd.modules.fastflux.pending import Pending
    from tipd.modules.fastflux.records import Records
    from tipd.modules.fastflux.wheel import Wheel

AT_ONCE = 128  # questions between two looks at the clock: about two milliseconds
CHANGES_AT_ONCE = 128  # answers that changed something, likewise …
CHANGES_WITHIN = 0.0025  # … and seconds
MOST_CHANGES = 4_000  # of them waiting, before no more is asked
REST = 1 / TICKS  # seconds
LATER = 0.25
AHEAD = 1500  # ticks that are looked ahead for something due
LOST_AFTER = 60.0  # seconds; the resolver answers within ten, so what is open for longer was lost
SIX_EVERY = 16  # samples of a name that may be flux, between two questions for its IPv6 addresses
_SIX_STATES = (State.CANDIDATE, State.LIKELY, State.CONFIRMED)


class Asking:
    """`run` asks for ever. `allowed_until`: until when (trio's clock) it may; `turns`: of registrable domains.

    `asked`, `lost` (questions that never ended), `faults` (answers that could not be taken in) are counted.
    """

    def __init__(
        self,
        records: Records,
        wheel: Wheel,
        answered: Answered,
        *,
        changes: Changes,
        counts: array[int],
        pending: Pending,
        limits: Limits,
        resolver: Any,
        clock: Clock,
        log: Log,
    ) -> None:
        """`counts`: how many names each registrable domain has; `resolver`: tipd.net.resolver.resolver.Resolver."""
        self.allowed_until = 0.0
        self.lateness = Lateness()
        self.asked = self.asked_six = self.lost = self.faults = 0
        self._records = records
        self._wheel = wheel
        self._answered = answered
        self._changes = changes
        self._counts = counts
        self._pending = pending
        self._resolver = resolver
        self._clock = clock
        self._log = log
        self._zero = self._now = self._looked = trio.current_time()  # of tick 0
        self._bucket = Bucket(limits.per_second, self._zero)
        self.turns = Turns(limits.per_apex)
        # Domains with so few names cannot be over their rate: none is asked for more often than the floor says.
        self._paced_above = int(limits.per_apex * limits.floor)
        self._number = 0
        self._open: frozenset[tuple[int, int]] = frozenset()
        self.look_at_the_clock()
        answered.look = self.look_at_the_clock

    def look_at_the_clock(self) -> None:
        """Say what time it is to whoever takes answers in."""
        self._now = trio.current_time()
        answered = self._answered
        answered.ticks = (self._now - self._zero) * TICKS
        answered.wall = self._clock.now().timestamp()
        answered.stamp = self._records.stamp(answered.wall)

    async def run(self) -> None:
        """Ask for what is due and take in what changed something, until cancelled."""
        while True:
            self.look_at_the_clock()
            digested = self._digest()
            if self._now - self._looked >= LOST_AFTER:
                self._find_lost()
            rest = self._ask()  # last: what was put back before counts for how long there is nothing to do
            if digested or not rest:
                await trio.lowlevel.checkpoint()
            elif rest < 0:
                with trio.move_on_after(REST):
                    await self._resolver.wait_room()
            else:
                await self._answered.nap(rest)

    # --- asking -----------------------------------------------------------------------------------------------------

    @property
    def held(self) -> str:
        """Why nothing is asked now, for people; empty where something may be."""
        return self._held_at_home() or ("" if self._resolver.room > 0 else "resolver")

    def _held_at_home(self) -> str:
        if self._now >= self.allowed_until:
            return "lease"
        if self._pending.full:
            return "store"
        return "changes" if len(self._answered.changed) >= MOST_CHANGES else ""

    def _ask(self) -> float:
        """Ask for some of what is due; return how long nothing is to be done then, -1: until the resolver has room."""
        most = self._bucket.room(self._now)
        if most < 1 or self._held_at_home():
            return REST
        if (room := self._resolver.room) < 1:
            return -1.0
        tick, slots = self._wheel.take(int(self._answered.ticks), min(AT_ONCE, room, most))
        before = self.asked + self.asked_six
        for place, slot in enumerate(slots):
            if self._has_turn(slot) and not self._submit(slot):
                for rest in slots[place:]:
                    self._wheel.put(rest, tick)
                break
        if asked := self.asked + self.asked_six - before:
            self._bucket.spend(asked)
            self.lateness.note(max(0.0, (self._answered.ticks - tick) / TICKS), asked, self._now)
        if slots or self._wheel.cursor <= self._answered.ticks:
            return 0.0
        return max(REST, (self._wheel.next(AHEAD) - self._answered.ticks) / TICKS)

    def _has_turn(self, slot: int) -> bool:
        """Whether it is the name's turn in its registrable domain; else it is put where its turn will be."""
        records = self._records
        apex = records.apexes[slot]
        if self._counts[apex] <= self._paced_above:
            return True
        if records.flags[slot] & RESERVED:
            records.flags[slot] &= ~RESERVED
            return True
        at = self.turns.turn(apex, self._now)
        if at <= self._now:
            return True
        records.flags[slot] |= RESERVED
        self._answered.put(slot, at - self._now)
        return False

    def _submit(self, slot: int) -> bool:
        """Ask for a name; return False where the resolver takes no more."""
        records = self._records
        if records.label(slot).route is Route.AUTHORITY:
            self._submit_straight(slot)
            return True
        number = self._number = self._number % NUMBERS + 1
        records.asked[slot] = number
        name, token = records.wires[slot], slot << SHIFT | number
        try:
            self._resolver.submit(name, A, token, self._answered.done)
        except Full:
            records.asked[slot] = 0
            return False
        self.asked += 1
        if records.samples[slot] % SIX_EVERY == 3 and records.states[slot] in _SIX_STATES:
            with suppress(Full):
                self._resolver.submit(name, AAAA, (slot, records.ids[slot]), self._six)
                self.asked_six += 1
        return True

    def _submit_straight(self, slot: int) -> None:
        """Ask the name's own zone; where too much is under way that way, a little later."""
        records = self._records
        number = self._number = self._number % NUMBERS + 1
        records.asked[slot] = number
        name, token = records.wires[slot], slot << SHIFT | number
        apex = registrable(records.name(slot))
        try:
            self._resolver.submit(name, A, token, self._answered.done, route=Route.AUTHORITY, apex=apex)
        except Full:
            records.asked[slot] = 0
            self._answered.put(slot, LATER)
            return
        self.asked += 1
        if records.samples[slot] % SIX_EVERY == 3 and records.states[slot] in _SIX_STATES:
            with suppress(Full):
                six = (slot, records.ids[slot])
                self._resolver.submit(name, AAAA, six, self._six, route=Route.AUTHORITY, apex=apex)
                self.asked_six += 1

    # --- answers ----------------------------------------------------------------------------------------------------

    def _six(self, token: tuple[int, int], answer: Answer) -> None:
        """Take the IPv6 addresses of a name, in the resolver's task."""
        slot, name_id = token
        if self._records.ids[slot] == name_id and self._records.wires[slot] is not None:
            try:
                self._changes.take_in_six(slot, answer, self._clock.now().timestamp())
            except Exception as error:  # the resolver's task must not end for one answer
                self._fault(slot, error)

    def _digest(self) -> int:
        """Take in some of the answers that changed something; return how many."""
        changed, records = self._answered.changed, self._records
        count = min(len(changed), CHANGES_AT_ONCE)
        until = self._now + CHANGES_WITHIN
        for done in range(count):
            if done % 8 == 7 and trio.current_time() > until:
                return done
            token, answer, at = changed.popleft()
            slot = token >> SHIFT
            if records.asked[slot] != token & NUMBERS:
                continue  # its name was let go meanwhile
            records.asked[slot] = 0
            try:
                self._changes.take_in(slot, answer, at)
            except Exception as error:  # one answer that cannot be taken in must not stop a million names
                self._fault(slot, error)
        return count

    def _fault(self, slot: int, error: Exception) -> None:
        """Count it, and see to it that the name is asked for again."""
        records = self._records
        self.faults += 1
        watched = records.wires[slot] is not None
        name = records.name(slot) if watched else ""
        self._log.error("an answer could not be taken in", name=name, error=repr(error))
        if watched and records.due[slot] == NEVER and not records.asked[slot]:
            self._answered.unanswered(slot)

    def _find_lost(self) -> None:
        """Put back the names whose question has been open for too long: whoever asked was started anew."""
        waiting = {token >> SHIFT for token, _, _ in self._answered.changed}
        now_open = frozenset(each for each in self._records.under_way() if each[0] not in waiting)
        for slot, _ in now_open & self._open:
            self._records.asked[slot] = 0
            self._answered.unanswered(slot)
            self.lost += 1
        self._open = now_open
        self._looked = self._now
