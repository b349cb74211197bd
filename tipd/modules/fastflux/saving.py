"""What of a record is handed over to be stored: observations and runs in parts, rolls, marks and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.model.dns import CNAME, A, Outcome
from tipd.model.flux import Mark, Observation, Roll, Run, Score, State
from tipd.modules.fastflux.kept import Shown
from tipd.modules.fastflux.records import TRUE_TTL, UNTOLD
from tipd.modules.fastflux.telling import stored_verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.modules.fastflux.judging import Judgement
    from tipd.modules.fastflux.kept import Kept
    from tipd.modules.fastflux.pending import Pending
    from tipd.modules.fastflux.records import Records
    from tipd.modules.fastflux.scores.history import History
    from tipd.modules.fastflux.scores.look import Look

ABOVE = frozenset({State.LIKELY, State.CONFIRMED})
WITH_RUNS = frozenset({State.CANDIDATE, State.LIKELY, State.CONFIRMED, State.DORMANT})

type Span = tuple[float, float, int, int, int]  # first and last (seconds), how many, least and greatest TTL


class Saving:
    """Hands over what records have counted. `due_of`: when a slot is due (seconds since 1970), 0: not at all.

    `asns`: whoever has the present AS table as `table`, or None.
    """

    def __init__(self, records: Records, pending: Pending, asns: Any, due_of: Callable[[int], float]) -> None:
        """Hold nothing itself."""
        self.pending = pending
        self._records = records
        self._asns = asns
        self._due_of = due_of
        self._placed: tuple[Any, bytes, tuple[int, ...]] = (None, b"", ())  # the last: each is asked for twice

    @property
    def table(self) -> Any:
        """The present AS table, None where there is none."""
        return self._asns.table if self._asns is not None else None

    def placed(self, addresses: bytes) -> tuple[int, ...]:
        """Return the AS of each packed IPv4 address, 0 where it is not known; empty where there is no table."""
        table = self.table
        if self._placed[0] is table and self._placed[1] is addresses:
            return self._placed[2]
        found: tuple[int, ...] = table.of_packed(addresses) if table is not None and len(table) else ()
        self._placed = (table, addresses, found)
        return found

    def save(self, slot: int) -> None:
        """Hand over the answers counted since the last time."""
        records = self._records
        count = records.unsaved(slot)
        if not count or not records.first[slot]:
            return
        first = records.moment(records.first[slot])
        last = max(first, records.moment(records.last[slot]))  # the clock may have been set back
        span = (first, last, count, records.low[slot], records.high[slot])
        asns = self.placed(records.sets[slot])
        self._observe_all(slot, asns, span)
        if records.states[slot] in WITH_RUNS:
            self._run(slot, asns, span)
        records.saved[slot] = records.samples[slot]
        records.first[slot] = 0

    def _observe_all(self, slot: int, asns: tuple[int, ...], span: Span) -> None:
        addresses, end = self._records.sets[slot], self._records.ends.get(slot)
        size = 4
        rows = [
            (A, addresses[at : at + size], asns[at // size] if asns else 0) for at in range(0, len(addresses), size)
        ]
        if end is not None:
            rows.append((CNAME, end.encode(), 0))
        self.observe(slot, rows, span)

    def observe(self, slot: int, rows: list[tuple[int, bytes, int]], span: Span) -> None:
        """Hand over rows of passive DNS: type, data and AS."""
        records, into = self._records, self.pending.observations
        first, last, count, low, high = span
        name, server, true_ttl = records.name(slot), records.server(slot), bool(records.flags[slot] & TRUE_TTL)
        for rtype, rdata, asn in rows:
            into.append(
                Observation(
                    name=name,
                    rtype=rtype,
                    data=rdata,
                    asn=asn,
                    first=first,
                    last=last,
                    count=count,
                    ttl_min=low,
                    ttl_max=high,
                    true_ttl=true_ttl,
                    upstream=server,
                )
            )

    def _run(self, slot: int, asns: tuple[int, ...], span: Span) -> None:
        records = self._records
        first, last, count, low, high = span
        self.pending.runs.append(
            Run(
                name_id=records.ids[slot],
                first=first,
                last=last,
                count=count,
                outcome=Outcome(records.outcomes[slot]),
                addresses=records.sets[slot],
                asns=asns,
                ttl_min=low,
                ttl_max=high,
                true_ttl=bool(records.flags[slot] & TRUE_TTL),
                cname=records.ends.get(slot, ""),
                upstream=records.server(slot),
            )
        )

    def look(self, slot: int, look: Look) -> None:
        """Hand over one look-up of before, as a run."""
        records = self._records
        at = records.moment(records.stamp(look.at + 0.001))  # as it is stored where it is stored already
        self.pending.runs.append(
            Run(
                name_id=records.ids[slot],
                first=at,
                last=at,
                count=1,
                outcome=look.outcome,
                addresses=look.addresses,
                asns=look.asns,
                ttl_min=look.ttl,
                ttl_max=look.ttl,
                true_ttl=look.true_ttl,
                cname=look.cname,
                upstream=records.server(slot),
            )
        )

    def _longest_ttl(self, slot: int) -> int:
        """Return the longest TTL of late: what a cache has left of it may be short now, and whole the next time."""
        return max(self._records.ttl[slot], self._records.high[slot])

    def roll(self, slot: int) -> None:
        """Hand over how far a name has come."""
        records = self._records
        records.flags[slot] &= ~UNTOLD
        self.pending.roll(
            Roll(
                id=records.ids[slot],
                due=self._due_of(slot),
                ttl=self._longest_ttl(slot),
                samples=records.samples[slot],
                last_sample=records.moment(records.last[slot]),
            )
        )

    def mark(self, slot: int, found: Judgement, shown: Shown, *, memo: bytes, since: float) -> None:
        """Hand over where a name stands; `since` 0: its state and the reason for it are what they were."""
        records = self._records
        records.flags[slot] &= ~UNTOLD
        self.pending.mark(
            Mark(
                id=records.ids[slot],
                state=found.state,
                reason=found.reason,
                since=since,
                due=self._due_of(slot),
                ttl=self._longest_ttl(slot),
                samples=records.samples[slot],
                last_sample=records.moment(records.last[slot]),
                holz=shown.holz,
                tier=shown.tier,
                verdict=stored_verdict(found),
                memo=memo,
                revision=records.revision(slot),
            )
        )

    def refuse(self, name_id: int, reason: str, at: float, revision: int) -> None:
        """Hand over that a name is not taken under watch."""
        state = State.DROPPED
        self.pending.mark(
            Mark(
                id=name_id,
                state=state,
                reason=reason,
                since=at,
                due=0.0,
                ttl=0,
                samples=0,
                last_sample=0.0,
                revision=revision,
            )
        )

    def score(self, slot: int, shown: Shown, at: float) -> None:
        """Hand over a score that changed."""
        self.pending.scores.append(Score(id=self._records.ids[slot], at=at, **shown._asdict()))


def shown_of(found: Judgement, history: History) -> Shown:
    """Return what of a judgement is stored as a score."""
    window = found.window
    holz = window.holz if window is not None else None
    return Shown(
        holz=holz.hundredths if holz is not None else None,
        n_a=window.n_a if window is not None else 0,
        n_asn=(window.n_asn or 0) if window is not None else 0,
        total=len(history.spread),
        tier=found.verdict.tier,
        state=found.state,
    )


def differs(kept: Kept | None, shown: Shown) -> bool:
    """Whether a score is worth storing: of names that are only watched, how many addresses there were so far is not."""
    before = kept.shown if kept is not None else None
    if before is None or before == shown:
        return before is None
    return shown.state in ABOVE or before._replace(total=shown.total) != shown
