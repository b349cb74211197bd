"""What is done with an answer that changes something: history, verdict, state, and what is stored and told of it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tipd.model.dns import AAAA, Outcome, Route
from tipd.model.flux import State
from tipd.modules.fastflux.kept import COLD
from tipd.modules.fastflux.records import TRUE_TTL, UNASKED, UNTOLD
from tipd.modules.fastflux.saving import ABOVE, differs, shown_of
from tipd.modules.fastflux.scores.features import NOTHING
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.look import Look
from tipd.modules.fastflux.telling import nodes_finding, state_finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.model.dns import Answer
    from tipd.model.finding import NewFinding
    from tipd.modules.fastflux.answered import Answered
    from tipd.modules.fastflux.judging import Judge, Judgement
    from tipd.modules.fastflux.kept import Kept, Shelf, Shown
    from tipd.modules.fastflux.records import Records
    from tipd.modules.fastflux.saving import Saving

AUTHORITY = "authority"  # the upstream of what the zones' own servers said: they are too many to be told apart
MARK_EVERY = 60.0  # seconds between two marks of a name whose state and tier stay: its scores are stored meanwhile
_KEPT = ABOVE | {State.DORMANT}
# Look-ups after which a name is judged again, though they changed nothing.
_JUDGE_AFTER = {State.CANDIDATE: 1, State.WATCHED: 16, State.LIKELY: 1, State.CONFIRMED: 8, State.DORMANT: 1}


class Changes:
    """Takes in answers that change something; `let_go` is called with the slot of a name that is dropped."""

    def __init__(
        self,
        records: Records,
        shelf: Shelf,
        answered: Answered,
        *,
        saving: Saving,
        judge: Judge,
        let_go: Callable[[int], None],
    ) -> None:
        """Nothing has changed yet."""
        self.judge = judge
        self.taken = 0
        self._records = records
        self._shelf = shelf
        self._answered = answered
        self._saving = saving
        self._let_go = let_go

    # --- answers ----------------------------------------------------------------------------------------------------

    def take_in(self, slot: int, answer: Answer, at: float) -> None:
        """Take in an answer of `at` (seconds since 1970), judge the name, and put its slot back."""
        records = self._records
        self.taken += 1
        before: Look | None = None
        opening: Look | None = None
        if answer.outcome == records.outcomes[slot] and answer.rdata == records.sets[slot]:
            self._answered.count(slot, answer, records.stamp(at))
        else:
            before, opening = self._change(slot, answer, at)
        if not self._first(slot, answer):
            self._settle(slot, at, before, answer, opening)

    def _first(self, slot: int, answer: Answer) -> bool:
        """Pass over the first addresses of a name that is not kept: there is nothing to judge yet."""
        records = self._records
        if (
            slot in self._shelf
            or records.samples[slot] - records.fed[slot] != 1
            or records.states[slot] > State.WATCHED
            or not records.sets[slot]
        ):
            return False
        self._next_judgement(slot, None, records.state(slot))
        self._answered.again(slot, answer)
        if records.states[slot] == State.CANDIDATE:
            self._saving.roll(slot)
        return True

    def take_in_six(self, slot: int, answer: Answer, at: float) -> None:
        """Take in the IPv6 addresses of a name: evidence, stored where it changed, and counted in its history."""
        kept = self._shelf.take(slot)
        if answer.outcome != Outcome.NOERROR or not answer.rdata or (kept is not None and kept.six == answer.rdata):
            return
        if kept is not None:
            kept.six = answer.rdata
            kept.history.add6(self.judge.knowledge.sift(Look(at, addresses6=answer.rdata)).addresses6)
            kept.fresh = True
        rows = [(AAAA, answer.rdata[start : start + 16], 0) for start in range(0, len(answer.rdata), 16)]
        self._saving.observe(slot, rows, (at, at, 1, answer.ttl, answer.ttl))

    def _change(self, slot: int, answer: Answer, at: float) -> tuple[Look | None, Look | None]:
        """Take over what an answer brings for what was there before.

        Return the look-up before it, and the one that the window began with, if they are kept.
        """
        records = self._records
        kept = self._shelf.take(slot)
        if kept is None and (records.outcomes[slot] != UNASKED or records.state(slot) in _KEPT):
            kept = self._shelf.keep(slot, self.run_so_far(slot))
            records.fed[slot] = records.samples[slot]
        elif kept is not None:
            self.feed(slot, kept)
        self._saving.save(slot)
        before = kept.history.shown if kept is not None else None
        opening = kept.history.anchor if kept is not None else None
        if kept is not None and answer.ttl > records.ttl[slot]:
            kept.marked = 0.0  # for how long it is not asked must be known after a restart
        self._take_over(slot, answer, at)
        if kept is not None:
            kept.history.add(self._look(slot, at))
            records.fed[slot] = records.samples[slot]
            kept.fresh = True
        return before, opening

    def _take_over(self, slot: int, answer: Answer, at: float) -> None:
        """Write an answer into the record, and hand it over at once."""
        records = self._records
        records.sets[slot], records.outcomes[slot] = answer.rdata, answer.outcome
        records.fed[slot] = records.samples[slot]
        records.samples[slot] += 1
        records.began[slot] = records.first[slot] = records.last[slot] = records.stamp(at)
        records.ttl[slot] = records.low[slot] = records.high[slot] = answer.ttl
        records.flags[slot] = records.flags[slot] & ~TRUE_TTL | UNTOLD | (TRUE_TTL if answer.true_ttl else 0)
        authority = records.label(slot).route is Route.AUTHORITY
        records.servers[slot] = records.server_number(AUTHORITY if authority else answer.server)
        if answer.cname:
            records.ends[slot] = answer.cname[-1]
        else:
            records.ends.pop(slot, None)
        self._saving.save(slot)

    # --- histories --------------------------------------------------------------------------------------------------

    def _look(self, slot: int, at: float) -> Look:
        """Return what the record holds as a look-up of `at`, without the addresses that count for nothing."""
        records = self._records
        addresses = records.sets[slot]
        look = Look(
            at,
            Outcome(records.outcomes[slot]),
            addresses,
            self._saving.placed(addresses),
            b"",
            records.ttl[slot],
            bool(records.flags[slot] & TRUE_TTL),
            records.ends.get(slot, ""),
        )
        return self.judge.knowledge.sift(look) if addresses else look

    def run_so_far(self, slot: int) -> History:
        """Return the history of a name that is not kept: what it brings, since it began to bring it."""
        records = self._records
        history = History()
        if records.outcomes[slot] != UNASKED:
            history.add(self._look(slot, records.moment(records.began[slot])))
            more = records.samples[slot] - records.fed[slot] - 1
            history.again(more, records.moment(records.last[slot]), records.ttl[slot])
        return history

    def feed(self, slot: int, kept: Kept) -> None:
        """Count in a kept history what the record has counted."""
        records = self._records
        count = records.samples[slot] - records.fed[slot]
        if count > 0:
            kept.history.again(count, records.moment(records.last[slot]), records.ttl[slot])
            records.fed[slot] = records.samples[slot]

    def _place(self, kept: Kept) -> None:
        """Let a history know where its addresses are by the present AS table, should that be another than before."""
        table = self._saving.table
        if kept.table is table:
            return
        kept.table = table
        numbers = kept.history.spread.numbers
        if asns := self._saving.placed(struct.pack(f">{len(numbers)}I", *numbers)):
            kept.history.place(asns)

    # --- judging ----------------------------------------------------------------------------------------------------

    def again(self, slot: int, at: float) -> None:
        """Judge a kept name that has changed since its last mark, without an answer."""
        kept = self._shelf.warm(slot)
        if kept is not None and kept.fresh:
            kept.marked = 0.0
            self._settle(slot, at, None, None)

    def _settle(
        self, slot: int, at: float, before: Look | None, answer: Answer | None, opening: Look | None = None
    ) -> None:
        """Judge a name, put its slot back, and hand over what follows."""
        records = self._records
        kept = self._shelf.take(slot)
        if kept is not None:
            self.feed(slot, kept)
            self._place(kept)
        history = kept.history if kept is not None else self.run_so_far(slot)
        former, name = records.state(slot), records.name(slot)
        given, ns = (kept.given, kept.ns) if kept is not None else (NOTHING, ())
        found = self.judge.judge(name, former, history, at, given=given, servers=ns)
        if kept is None and found.state in _KEPT:
            kept = self._shelf.keep(slot, history)
            records.fed[slot] = records.samples[slot]
        if found.state is not former:
            if former is State.WATCHED and found.state in ABOVE:  # both look-ups that raised it are kept as well
                records.states[slot] = found.state
                if opening is not None and history.shown is not None:
                    self._saving.look(slot, opening)
                    self._saving.look(slot, history.shown)
            self._saving.save(slot)
            records.states[slot] = found.state
        if answer is not None and found.state is not State.DROPPED:
            self._next_judgement(slot, kept, found.state)
            self._answered.again(slot, answer)
        self._tell(slot, former, found, before=before, history=history)
        self._hand_over(slot, former, found, history=history, at=at)
        if found.state is State.DROPPED:
            self._let_go(slot)

    def _tell(self, slot: int, former: State, found: Judgement, *, before: Look | None, history: History) -> None:
        name, label, shown = self._records.name(slot), self._records.label(slot), history.shown
        told: list[NewFinding | None] = []
        if before is not None and shown is not None and shown.answered and former in ABOVE:
            told.append(nodes_finding(name, label, before, shown, len(history.spread)))
        if found.state is not former:
            kept = self._shelf.warm(slot)
            told.append(state_finding(name, label, former, found, look=shown, ns=kept.ns if kept else ()))
        self._saving.pending.findings += [each for each in told if each is not None]

    def _hand_over(self, slot: int, former: State, found: Judgement, *, history: History, at: float) -> None:
        moved, kept = found.state is not former, self._shelf.warm(slot)
        if kept is None and not moved:
            return  # it is only watched, and never changed: nothing is new about it
        shown = shown_of(found, history)
        scored = moved or differs(kept, shown)
        cold = found.state is State.WATCHED and history.stable >= COLD
        if scored and history.windows:
            self._saving.score(slot, shown, at)
        due = moved or (kept is not None and self._is_due(kept, shown, scored=scored, soon=cold, at=at))
        if kept is not None and scored:
            kept.shown, kept.fresh = shown, True
        memo = history.pack() if kept is not None and (due or cold) else b""
        if due:
            self._saving.mark(slot, found, shown, memo=memo, since=at if moved else 0.0)
            if kept is not None:
                kept.marked, kept.fresh = at, False
        if kept is not None and cold:
            self._shelf.cool(slot, memo)

    @staticmethod
    def _is_due(kept: Kept, shown: Shown, *, scored: bool, soon: bool, at: float) -> bool:
        """Whether a name that stays in its state is to be marked now; `soon`: whatever is new of it cannot wait."""
        if kept.shown is None or kept.shown.tier is not shown.tier:
            return True
        return (kept.fresh or scored) and (soon or at - kept.marked >= MARK_EVERY)

    def _next_judgement(self, slot: int, kept: Kept | None, state: State) -> None:
        """Say after how many look-ups without a change a name is judged again."""
        records = self._records
        after = _JUDGE_AFTER[state]
        if not records.sets[slot]:
            after = 1
        elif state is State.WATCHED:
            stable = kept.history.stable if kept is not None else records.samples[slot] - records.fed[slot] - 1
            left = max(1, self.judge.limits.let_go_after - stable)
            after = left if kept is None or stable >= COLD else min(after, left)
        records.judge_at[slot] = records.samples[slot] + after
