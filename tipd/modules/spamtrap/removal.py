"""A source that is no more, or switched off: what it listed ends, with that reason, and is told. Its mails stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tipd import __version__
from tipd.model.finding import SOURCE_REMOVED, NewFinding
from tipd.modules.spamtrap.states import MODULE, OFF, REMOVED
from tipd.store.rounds import Proof
from tipd.store.sources import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.store.sources import SourceRow

REASON = "source_removed"


class RoundStore(Protocol):
    """`store.rounds`, as far as ending goes."""

    async def begin(self, source_id: int) -> int:
        """Begin a round."""
        ...

    async def close_all(self, round_id: int, source_id: int, *, reason: str, at: datetime | None = None) -> int:
        """Close all that is open."""
        ...

    async def finish(
        self, round_id: int, source_id: int, proof: Proof, outcome: Outcome, findings: Sequence[NewFinding] = ()
    ) -> None:
        """End the round."""
        ...


def is_left(row: SourceRow) -> bool:
    """Say whether a row is of a source that is no more and has to be closed still."""
    return not row.declared and (row.entries > 0 or row.state not in {REMOVED, OFF})


async def remove(rounds: RoundStore, row: SourceRow, at: datetime) -> int:
    """Close every open interval of the source; return how many."""
    round_id = await rounds.begin(row.id)
    closed = await rounds.close_all(round_id, row.id, reason=REASON, at=at)
    state = OFF if row.state == OFF else REMOVED
    outcome = Outcome(state=state, at=at, due=at, error=row.error if state == OFF else None, last_round=round_id)
    finding = NewFinding(kind=SOURCE_REMOVED, module=MODULE, source=row.name, data={"delisted": closed})
    proof = Proof(status=state, ended=at, version=__version__, entries=0, why="removal")
    await rounds.finish(round_id, row.id, proof, outcome, [finding])
    return closed
