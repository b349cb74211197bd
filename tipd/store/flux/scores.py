"""Score over time: a row where it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.store.flux import tuples

if TYPE_CHECKING:
    from tipd.model.flux import Score
    from tipd.store.connection import Connection

_COLUMNS = ("id", "at", "holz", "n_a", "n_asn", "total", "tier", "state")
_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS flux_scored (
    id integer, at timestamptz, holz integer, n_a integer, n_asn integer, total integer, tier text, state smallint
) ON COMMIT DELETE ROWS
"""
# Of names that are gone nothing is kept.
_STORE = """
INSERT INTO flux_score (id, at, holz, n_a, n_asn, total, tier, state)
SELECT DISTINCT ON (id, at) s.* FROM flux_scored AS s
 WHERE EXISTS (SELECT FROM (SELECT 1 FROM flux_name AS n WHERE n.id = s.id OFFSET 0) AS still) ORDER BY id, at
    ON CONFLICT (id, at) DO UPDATE
   SET holz = excluded.holz, n_a = excluded.n_a, n_asn = excluded.n_asn, total = excluded.total, tier = excluded.tier,
       state = excluded.state
"""


def pack(score: Score) -> bytes:
    """Return a score as a tuple of binary COPY."""
    return tuples.row(
        tuples.int4(score.id),
        tuples.moment(score.at),
        tuples.NULL if score.holz is None else tuples.int4(score.holz),
        tuples.int4(score.n_a),
        tuples.int4(score.n_asn),
        tuples.int4(score.total),
        tuples.text(score.tier.value),
        tuples.int2(score.state),
    )


async def store(connection: Connection, scores: bytes) -> None:
    """Store scores (asyncio-flavoured); the same moment again takes the place of what was said of it."""
    await connection.execute(_TABLE)
    await tuples.copy_in(connection, "flux_scored", _COLUMNS, scores)
    await connection.execute(_STORE)
