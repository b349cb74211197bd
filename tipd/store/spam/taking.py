"""One batch, taken: mails, campaigns, sightings, what is taken back, marks and findings, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.model.finding import INDICATOR_LISTED
from tipd.model.spam import Taken
from tipd.model.tlp import Tlp
from tipd.store.batch import Written
from tipd.store.spam import archives, campaigns, cursors, incoming, sightings, sums, told, withdrawing

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tipd.model.spam import SpamBatch
    from tipd.store.connection import Connection
    from tipd.store.spam.ready import Ready

_SOURCE = "SELECT id, tlp FROM source WHERE name = $1"
_REPORTED = """
UPDATE source SET last_success = greatest(last_success, $2),
       last_change = CASE WHEN $3 THEN greatest(last_change, $2) ELSE last_change END
 WHERE id = $1
"""


_VISIBLE = "SELECT id FROM source WHERE module = 'spamtrap' AND tlp <= $1"


class Terms(NamedTuple):
    """What a batch is stored under: now, how long sightings last, the keys' seed."""

    now: datetime
    keep: timedelta
    seed: int


async def take(connection: Connection, batch: SpamBatch, rows: Ready, terms: Terms) -> Written[Taken]:
    """Store a batch (asyncio-flavoured). Raises ValueError where its source is not declared, CursorMoved."""
    source = await connection.fetchrow(_SOURCE, batch.source)
    if source is None:
        raise ValueError(f"mails come from a source that is not declared: {batch.source!r}")
    source_id, now, today = source["id"], terms.now, terms.now.date()
    if await cursors.move(connection, source_id, batch.versions, now):
        return Written(Taken(known=rows.number), 0)
    new, begun, listed, last, kinds = 0, 0, sightings.Listed(0, 0), 0, frozenset[str]()
    member = batch.archive.name if batch.archive is not None else batch.member
    if rows.number:
        await incoming.MONTHLY.ensure(connection, now)
        new = await incoming.enter(connection, rows, incoming.Place(source_id, today, member, terms.seed))
    if new:
        belong, begun = await campaigns.settle(connection, await incoming.new_lists(connection, rows), today)
        own = await sums.store(connection, source_id, belong, today)
        listed = await sightings.sight(connection, source_id, now, terms.keep)
        teller = told.Teller(
            source_id,
            batch.source,
            Tlp(source["tlp"]),
            now,
            now - terms.keep,
            terms.seed,
            await _visible(connection, source["tlp"]),
        )
        last, kinds = await told.tell(connection, own, teller)
        if member:
            await archives.hold(connection, source_id, member, today)
    gone = await withdrawing.withdraw(connection, source_id, batch.withdraws, now, terms.seed)
    if batch.archive is not None:
        await archives.mark(connection, source_id, batch.archive, now)
    await connection.execute(_REPORTED, source_id, now, bool(new or gone.mails))
    known = len(batch.mails) - new
    done = Taken(new=new, known=known, withdrawn=gone.mails, campaigns=begun, listed=listed.number)
    kinds |= {INDICATOR_LISTED} if listed.number else frozenset()
    return Written(done, max(last, listed.last_seq, gone.last_seq), kinds | gone.kinds)


async def _visible(connection: Connection, tlp: int) -> list[int]:
    return [row["id"] for row in await connection.fetch(_VISIBLE, tlp)]
