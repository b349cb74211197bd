"""Where tracked names stand: loaded by the tracker at its start, followed by revision, stored as it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.flux import KnownName, Mark, Roll, State
from tipd.model.tlp import Tlp
from tipd.store.flux import tuples
from tipd.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.store.connection import Connection, Row

# Times as numbers: they are read in a third of the time that moments take.
_KNOWN = """
SELECT n.id, d.name, d.apex, s.state, n.tlp, n.revision,
       CASE WHEN n.words <= n.tlp THEN n.tags ELSE ARRAY[]::text[] END AS tags,
       coalesce(date_part('epoch', s.due), 0) AS due, s.ttl, s.samples,
       coalesce(date_part('epoch', s.last_sample), 0) AS last_sample, s.memo,
       CASE WHEN n.words <= n.tlp THEN ARRAY[]::text[] ELSE n.tags END AS hidden
  FROM flux_name AS n JOIN flux_state AS s USING (id) JOIN dns_name AS d USING (id)
"""
# The plan is given: before there are statistics all names would be sorted for each page, and with them two indexes be
# read from their begin for each, to merge them.
_PLAN = """
SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_seqscan = off;
SET LOCAL enable_mergejoin = off
"""
_LOAD = f"{_KNOWN} WHERE n.id > $1 AND s.state <> {State.DROPPED:d} ORDER BY n.id LIMIT $2"
_CHANGED = f"{_KNOWN} WHERE n.revision > $1 ORDER BY n.revision LIMIT $2"

_STATES = {int(state): state for state in State}
_MARKS = {int(mark): mark for mark in Tlp}

_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS flux_marks (
    id integer, state smallint, tier text, reason text, since timestamptz, due timestamptz, last_sample timestamptz,
    ttl integer, samples bigint, holz integer, verdict jsonb, memo bytea, revision bigint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS flux_rolls (
    id integer, due timestamptz, last_sample timestamptz, ttl integer, samples bigint
) ON COMMIT DELETE ROWS
"""
_MARK_COLUMNS = (
    "id", "state", "tier", "reason", "since", "due", "last_sample", "ttl", "samples", "holz", "verdict", "memo",
    "revision",
)  # fmt: skip
_ROLL_COLUMNS = ("id", "due", "last_sample", "ttl", "samples")
_MARK = """
UPDATE flux_state AS s
   SET state = m.state, tier = m.tier, reason = CASE WHEN m.since IS NULL THEN s.reason ELSE m.reason END,
       since = coalesce(m.since, s.since), due = m.due, last_sample = m.last_sample, ttl = m.ttl,
       samples = m.samples, holz = m.holz, verdict = m.verdict, memo = m.memo
  FROM flux_marks AS m
 WHERE s.id = m.id AND (m.revision = 0 OR m.revision >= s.decided)
"""
_ROLL = """
UPDATE flux_state AS s SET due = m.due, last_sample = m.last_sample, ttl = m.ttl, samples = m.samples
  FROM flux_rolls AS m WHERE s.id = m.id AND s.due IS NOT NULL
"""
# Row by row by the key: the planner would read the whole table for a batch.
_BY_KEY = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"


async def load(connection: Connection, after: int, limit: int) -> list[Row]:
    """Return the next names that are not dropped, by id."""
    async with connection.transaction():
        await connection.execute(_PLAN)
        return await connection.fetch(_LOAD, after, limit)


async def changed_since(connection: Connection, revision: int, limit: int) -> list[Row]:
    """Return the next names that changed after a revision, dropped ones too, by revision."""
    async with connection.transaction():
        await connection.execute(_PLAN)
        return await connection.fetch(_CHANGED, revision, limit)


def known(row: Row) -> KnownName:
    """Return a row as the tracker takes it."""
    name_id, name, apex, state, tlp, revision, tags, due, ttl, samples, last_sample, memo, hidden = row.values()
    return KnownName(
        id=name_id,
        name=name,
        apex=apex,
        state=_STATES[state],
        tags=tuple(tags),
        tlp=_MARKS.get(tlp, Tlp.RED),  # of a forgotten name it is beyond
        revision=revision,
        due=due,
        ttl=ttl,
        samples=samples,
        last_sample=last_sample,
        memo=memo,
        hidden=tuple(hidden),
    )


def pack_mark(mark: Mark) -> bytes:
    """Return a mark as a tuple of binary COPY."""
    return tuples.row(
        tuples.int4(mark.id),
        tuples.int2(mark.state),
        tuples.text(mark.tier.value),
        tuples.text(storable(mark.reason)),
        tuples.moment_or_none(mark.since),
        tuples.moment_or_none(mark.due),
        tuples.moment_or_none(mark.last_sample),
        tuples.int4(mark.ttl),
        tuples.int8(mark.samples),
        tuples.NULL if mark.holz is None else tuples.int4(mark.holz),
        tuples.json(mark.verdict),
        tuples.octets(mark.memo),
        tuples.int8(mark.revision),
    )


def pack_roll(roll: Roll) -> bytes:
    """Return how far a name has come as a tuple of binary COPY."""
    return tuples.row(
        tuples.int4(roll.id),
        tuples.moment_or_none(roll.due),
        tuples.moment_or_none(roll.last_sample),
        tuples.int4(roll.ttl),
        tuples.int8(roll.samples),
    )


async def store_marks(connection: Connection, marks: bytes, rolls: bytes) -> None:
    """Store where names stand; those that are gone, and those whose state somebody set meanwhile, are passed over."""
    await connection.execute(_TABLES)
    await connection.execute(_BY_KEY)
    if marks:
        await tuples.copy_in(connection, "flux_marks", _MARK_COLUMNS, marks)
        await connection.execute(_MARK)
    if rolls:
        await tuples.copy_in(connection, "flux_rolls", _ROLL_COLUMNS, rolls)
        await connection.execute(_ROLL)


def of_rows(rows: Sequence[Row]) -> list[KnownName]:
    """Return rows as the tracker takes them."""
    return [known(row) for row in rows]
