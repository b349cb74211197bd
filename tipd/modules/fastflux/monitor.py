"""The tracker: asks for every watched name when it is due, for ever, and books what comes back.

One task for a million names. It wakes fifty times a second, gives the resolver what is due, and looks at the answers
that changed something, a few milliseconds at a time. It asks nothing without the lease (`allowed_until`), no faster
than the settings, the resolver and the store allow: what cannot be stored is not asked for.
"""

from __future__ import annotations

import gc
import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

from tipd.model.canonical.suffix import registrable
from tipd.model.dns import Outcome, Route
from tipd.model.flux import State
from tipd.modules.fastflux.answered import TICKS, Answered
from tipd.modules.fastflux.apexes import Apexes
from tipd.modules.fastflux.asking import Asking
from tipd.modules.fastflux.changes import Changes
from tipd.modules.fastflux.judging import Judge
from tipd.modules.fastflux.kept import Shelf
from tipd.modules.fastflux.needs import Subject
from tipd.modules.fastflux.pace import Delays, Limits
from tipd.modules.fastflux.pending import Pending
from tipd.modules.fastflux.records import UNTOLD, Label, Records
from tipd.modules.fastflux.saving import Saving
from tipd.modules.fastflux.scores.look import numbers
from tipd.modules.fastflux.wheel import NEVER, Wheel

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.flux import Batch, KnownName
    from tipd.modules.fastflux.knowledge.knowledge import Knowledge
    from tipd.modules.fastflux.settings import FluxSettings

UNKNOWN_TTL = 60.0  # seconds: of a name that whoever probed before may have asked for, and nothing is known of
FREEZE_EVERY = 50_000  # names
SET_BACK = 365 * 86400.0  # seconds that the wall clock may be set back while this runs


class Monitor:
    """`run` probes; all else may be called at any time, from any task of the loop, and never waits.

    `allowed_until`: until when (trio's clock) something may be asked; raised by whoever holds the lease.
    """

    def __init__(
        self,
        resolver: Any,
        asns: Any,
        knowledge: Knowledge,
        settings: FluxSettings,
        *,
        clock: Clock,
        rng: random.Random,
        log: Log,
    ) -> None:
        """`resolver`: tipd.net.resolver.resolver.Resolver; `asns`: whoever has the present AS table as `table`."""
        self.pending = Pending()
        self.refused: Counter[str] = Counter()
        self._limits = Limits.of(settings)
        self._authority_tags = frozenset(settings.authority_tags)
        self._records = Records(clock.now().timestamp() - SET_BACK)
        self._apexes = Apexes(self._limits.most_names)
        self._wheel = Wheel(self._records.due)
        self._shelf = Shelf()
        self._answered = Answered(self._records, self._wheel, Delays(self._limits, rng))
        self._saving = Saving(self._records, self.pending, asns, self._due_of)
        self._changes = Changes(
            self._records,
            self._shelf,
            self._answered,
            saving=self._saving,
            judge=Judge(knowledge, settings),
            let_go=self._let_go,
        )
        self._asking = Asking(
            self._records,
            self._wheel,
            self._answered,
            changes=self._changes,
            counts=self._apexes.counts,
            pending=self.pending,
            limits=self._limits,
            resolver=resolver,
            clock=clock,
            log=log,
        )
        self._next_overdue = 0.0  # seconds of the wheel's time
        self._unfrozen = 0
        self._rolled = 0  # the slot that `roll` goes on from

    @property
    def allowed_until(self) -> float:
        """Until when (trio's clock) something may be asked."""
        return self._asking.allowed_until

    @allowed_until.setter
    def allowed_until(self, until: float) -> None:
        self._asking.allowed_until = until

    @property
    def count(self) -> int:
        """How many names are watched."""
        return self._records.count

    async def run(self) -> None:
        """Probe until cancelled."""
        await self._asking.run()

    def know(self, knowledge: Knowledge) -> None:
        """Judge by this knowledge from now on."""
        self._changes.judge.knowledge = knowledge

    # --- names ------------------------------------------------------------------------------------------------------

    def take(self, names: Sequence[KnownName], not_before: float = 0.0) -> None:
        """Watch these (some 8 µs a name); one that is watched already gains its tags and mark.

        None is asked for before its due time, nor, where `not_before` is not 0 (seconds since 1970: until when somebody
        else may have asked), before that and its TTL have passed. Those that are overdue are spread so that they take
        half of the rate.
        """
        self._asking.look_at_the_clock()
        for known in names:
            slot = self._records.slot_of(known.id)
            if known.state is State.DROPPED:
                self.drop((known.id,))
            elif slot >= 0:
                self._know_anew(slot, known)
            elif reason := self._why_not(known):
                self._refuse(known, reason)
            else:
                self._add(known, not_before)
        if self._unfrozen >= FREEZE_EVERY:  # a collection would go through a million records each time
            gc.freeze()
            self._unfrozen = 0

    def _why_not(self, known: KnownName) -> str:
        if self._records.count >= self._limits.most_names:
            return "max_domains"
        if self._apexes.count(known.apex) >= self._limits.most_per_apex:
            return "max_names_per_apex"
        return ""

    def _refuse(self, known: KnownName, reason: str) -> None:
        self.refused[reason] += 1
        self._saving.refuse(known.id, reason, self._answered.wall, known.revision)

    def _add(self, known: KnownName, not_before: float) -> None:
        apex = self._apexes.add(known.apex)
        try:
            slot = self._records.add(known, apex, self._label(known))
        except ValueError:
            self._apexes.leave(apex)
            self._refuse(known, "malformed")
            return
        if known.memo:
            self._shelf.lay(slot, known.memo)
            if known.state is State.CANDIDATE:
                self._bring_back(slot)
        self._unfrozen += 1
        due, now = known.due, self._answered.wall
        if not_before:
            ttl = min(known.ttl, self._limits.ceiling) if known.samples else UNKNOWN_TTL
            due = max(due, not_before + ttl)
        # Stored under a clock that stood ahead, it could lie years away.
        delay = min(due - now, max(0.0, not_before - now) + self._limits.longest)
        if delay <= 0:
            present = self._answered.ticks / TICKS  # not the wall clock, which may be set back meanwhile
            self._next_overdue = max(present, self._next_overdue) + 2 / self._limits.per_second
            delay = self._next_overdue - present
        self._answered.put(slot, delay)

    def _know_anew(self, slot: int, known: KnownName) -> None:
        """Take over what people and lists say anew; a dormant name that they bring back is asked for at once."""
        records = self._records
        records.relabel(slot, self._label(known))
        records.revise(slot, known.revision)
        if known.samples and not known.memo and slot in self._shelf:  # what the store was told to forget, we forget
            self._shelf.forget(slot)
            records.fed[slot] = max(0, records.samples[slot] - 1)
        if known.state is State.CANDIDATE and records.states[slot] == State.DORMANT:
            records.states[slot] = State.CANDIDATE
            records.judge_at[slot] = records.bad[slot] = 0
            self._bring_back(slot)
            if not records.asked[slot]:
                self._answered.put(slot, 0.0)

    def _bring_back(self, slot: int) -> None:
        """Let a name whose history led out of the watch, or to rest, not go the same way at its first look-up."""
        kept = self._shelf.take(slot)
        if kept is not None:
            self._changes.feed(slot, kept)
            kept.history.back()

    def _label(self, known: KnownName) -> Label:
        direct = not self._authority_tags.isdisjoint((*known.tags, *known.hidden))
        return Label(known.tags, known.tlp, Route.AUTHORITY if direct else Route.RESOLVERS, known.hidden)

    def drop(self, ids: Iterable[int]) -> None:
        """Let these go at once, and store what they brought; unknown ones are passed over."""
        for name_id in ids:
            slot = self._records.slot_of(name_id)
            if slot >= 0:
                self._saving.save(slot)
                self._let_go(slot)

    def _let_go(self, slot: int) -> None:
        apex = self._records.apexes[slot]
        self._apexes.leave(apex)
        if not self._apexes.counts[apex]:
            self._asking.turns.leave(apex)
        self._shelf.forget(slot)
        self._records.remove(slot)

    # --- what others say and ask ------------------------------------------------------------------------------------

    def learn_servers(
        self, name_id: int, at: float, names: Sequence[str], addresses: bytes, asns: Sequence[int]
    ) -> None:
        """Say which name servers a name's registrable domain has, and all their IPv4 addresses with their ASNs."""
        slot = self._records.slot_of(name_id)
        kept = self._shelf.take(slot) if slot >= 0 else None
        if kept is not None:
            kept.ns = tuple(names)
            if kept.history.add_ns(at, names, addresses, asns):
                self._judge_soon(slot)

    def learn(
        self,
        name_id: int,
        *,
        shared: int | None = None,
        shared_names: int | None = None,
        siblings: Mapping[str, int] | None = None,
    ) -> None:
        """Say what others know of a name; None leaves what was known. Names that never changed take nothing of it."""
        slot = self._records.slot_of(name_id)
        kept = self._shelf.take(slot) if slot >= 0 else None
        if kept is not None and kept.learn(shared=shared, shared_names=shared_names, siblings=siblings):
            self._judge_soon(slot)

    def _judge_soon(self, slot: int) -> None:
        self._records.judge_at[slot] = 0
        kept = self._shelf.warm(slot)
        if kept is not None:
            kept.fresh = True

    def distinct(self, name_id: int) -> Sequence[int]:
        """Return all IPv4 addresses that a name is remembered to have had, ascending: a copy, for threads too."""
        slot = self._records.slot_of(name_id)
        if slot < 0:
            return ()
        kept = self._shelf.take(slot)
        return kept.history.spread.numbers[:] if kept is not None else numbers(self._records.sets[slot])

    def subjects(
        self, states: frozenset[State], *, tags: frozenset[str] = frozenset(), start: int = 0
    ) -> Iterator[Subject]:
        """Yield the names in these states (some 20 µs each), from the `start`th on and round.

        With `tags`: those that have one of them, hidden ones included. Names may come and go between two of them.
        """
        records = self._records
        slots = records.in_states(states)
        start %= len(slots) or 1
        for slot in itertools.chain(itertools.islice(slots, start, None), itertools.islice(slots, start)):
            if records.states[slot] not in states:
                continue
            label = records.label(slot)
            if tags and tags.isdisjoint((*label.tags, *label.hidden)):
                continue
            name = records.name(slot)
            yield Subject(
                records.ids[slot],
                name,
                registrable(name) or name,
                records.state(slot),
                label.tags,
                records.sets[slot],
                label.tlp,
            )

    # --- what is to be stored ---------------------------------------------------------------------------------------

    def drain(self) -> Batch:
        """Return what has gathered since the last call."""
        return self.pending.drain()

    def roll(self, most: int) -> None:
        """Hand over how far up to `most` names have come, in turn, so that each is told as often as the others."""
        records = self._records
        self._asking.look_at_the_clock()
        for _ in range(min(most, len(records))):
            if self._rolled >= len(records):
                self._rolled = 0
            slot = self._rolled
            self._rolled += 1
            if records.wires[slot] is None:
                continue
            self._changes.again(slot, self._answered.wall)
            if records.wires[slot] is not None and (records.unsaved(slot) or records.flags[slot] & UNTOLD):
                self._saving.save(slot)
                self._saving.roll(slot)

    def _due_of(self, slot: int) -> float:
        tick = self._records.due[slot]
        if tick != NEVER:
            return self._answered.wall + (tick - self._answered.ticks) / TICKS
        # Its question is under way: whoever goes on from here must not ask it within its TTL.
        return self._answered.wall + self._records.ttl[slot] if self._records.asked[slot] else 0.0

    def facts(self) -> dict[str, Any]:
        """Return how it is, JSON-ready."""
        answered, asking = self._answered, self._asking
        return {
            "names": self._records.count,
            "apexes": len(self._apexes),
            "states": self._records.by_state(),
            "kept": self._shelf.facts(),
            "asked": asking.asked,
            "asked_ipv6": asking.asked_six,
            "held": asking.held,
            "late": asking.lateness.facts(),
            "outcomes": {each.name.lower(): answered.outcomes[each] for each in Outcome},
            "unchanged": answered.unchanged,
            "changed": self._changes.taken,
            "waiting": len(answered.changed),
            "pending": len(self.pending),
            "refused": dict(self.refused),
            "stale": answered.stale,
            "lost": asking.lost,
            "faults": asking.faults,
        }
