"""Look-up sets: what one name answered again and again, in monthly partitions; enough to take every score anew.

A run that goes on where the name's last one ended, with the same result, makes that one longer.
"""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.store.flux import tuples
from tipd.store.partitions import Monthly

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from tipd.model.flux import Run
    from tipd.store.connection import Connection
    from tipd.store.flux.mentioned import Mentioned

MONTHLY = Monthly("flux_run")
_DAY = 86400.0  # seconds
_COLUMNS = (
    "n", "name_id", "first", "last", "count", "outcome", "ttl_min", "ttl_max", "true_ttl", "upstream", "cname",
    "addresses", "asns",
)  # fmt: skip
_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS flux_ran (
    n integer, name_id integer, first timestamptz, last timestamptz, count integer, outcome smallint, ttl_min integer,
    ttl_max integer, true_ttl boolean, upstream smallint, cname integer, addresses bytea, asns bigint[]
) ON COMMIT DELETE ROWS
"""
# A pause in which nobody asked is no run.
_GO_ON = """
WITH first AS (
    SELECT DISTINCT ON (name_id) f.*, c.id AS cname_id FROM flux_ran AS f LEFT JOIN flux_ids AS c ON c.n = f.cname
     ORDER BY name_id, f.first
), same AS (
    SELECT f.n, f.name_id, r.first AS began, f.last, f.count, f.ttl_min, f.ttl_max
      FROM first AS f CROSS JOIN LATERAL (
        SELECT * FROM flux_run AS r
         WHERE r.name_id = f.name_id AND r.first < f.first
           AND r.first >= date_trunc('month', f.first, 'UTC') ORDER BY r.first DESC LIMIT 1) AS r
     WHERE f.first <= r.last + greatest(interval '2 hours', f.ttl_max * interval '4 seconds')
       AND (r.outcome, r.addresses, r.asns, r.true_ttl) = (f.outcome, f.addresses, f.asns, f.true_ttl)
       AND r.cname_id IS NOT DISTINCT FROM f.cname_id
), longer AS (
    UPDATE flux_run AS r SET last = greatest(r.last, s.last), count = r.count + s.count,
           ttl_min = least(r.ttl_min, s.ttl_min), ttl_max = greatest(r.ttl_max, s.ttl_max)
      FROM same AS s WHERE r.name_id = s.name_id AND r.first = s.began
    RETURNING s.n
)
DELETE FROM flux_ran WHERE n IN (SELECT n FROM longer)
"""
_STORE = """
INSERT INTO flux_run AS r (name_id, first, last, count, outcome, ttl_min, ttl_max, true_ttl, vantage, cname_id,
                           addresses, asns)
SELECT DISTINCT ON (f.name_id, f.first) f.name_id, f.first, f.last, f.count, f.outcome, f.ttl_min, f.ttl_max,
       f.true_ttl, ($1::smallint[])[f.upstream], c.id, f.addresses, f.asns
  FROM flux_ran AS f LEFT JOIN flux_ids AS c ON c.n = f.cname
 WHERE EXISTS (SELECT FROM (SELECT 1 FROM flux_name AS n WHERE n.id = f.name_id OFFSET 0) AS still)
 ORDER BY f.name_id, f.first, f.n DESC
    ON CONFLICT (name_id, first) DO UPDATE
   SET last = greatest(r.last, excluded.last), count = greatest(r.count, excluded.count), outcome = excluded.outcome,
       addresses = excluded.addresses, asns = excluded.asns, cname_id = excluded.cname_id
"""


class Ran(NamedTuple):
    """Rows of one transaction, and the months they began in."""

    rows: bytes
    months: frozenset[datetime]


def joined(runs: Sequence[Run]) -> list[Run]:
    """Return the runs in the order of names and time, those that follow each other with one result as one."""
    found: list[Run] = []
    for run in sorted(runs, key=lambda run: (run.name_id, run.first)):
        last = found[-1] if found else None
        if last is not None and last.name_id == run.name_id and _goes_on(last, run):
            found[-1] = msgspec.structs.replace(
                last,
                last=max(last.last, run.last),
                count=last.count + run.count,
                ttl_min=min(last.ttl_min, run.ttl_min),
                ttl_max=max(last.ttl_max, run.ttl_max),
            )
        else:
            found.append(run)
    return found


def _goes_on(last: Run, run: Run) -> bool:
    """Say whether a run has the result of the one before, nobody paused between them, and both stand in one month."""
    if last.addresses != run.addresses or last.outcome != run.outcome or last.asns != run.asns:
        return False
    if last.cname != run.cname or last.true_ttl != run.true_ttl or last.upstream != run.upstream:
        return False
    return run.first <= last.last + max(7200, 4 * run.ttl_max) and _month(run.first) == _month(last.first)


def without(run: Run, shut: AbstractSet[int], seed: int, known: dict[bytes, bool]) -> Run:
    """Return a run without the addresses whose keys are in `shut`; `known` remembers which were looked at."""
    kept = []
    for place in range(0, len(run.addresses), 4):
        packed = run.addresses[place : place + 4]
        if packed not in known:
            known[packed] = key_of(seed, Kind.IPV4, socket.inet_ntop(socket.AF_INET, packed)) in shut
        if not known[packed]:
            kept.append(place // 4)
    if len(kept) * 4 == len(run.addresses):
        return run
    asns = tuple(run.asns[place] for place in kept) if run.asns else ()
    addresses = b"".join(run.addresses[4 * place : 4 * place + 4] for place in kept)
    return msgspec.structs.replace(run, addresses=addresses, asns=asns)


async def packed(runs: Sequence[Run], seed: int, shut: AbstractSet[int], mentioned: Mentioned) -> Ran:
    """Make the rows ready, without addresses that may not be stored (trio-flavoured)."""
    days: set[float] = set()
    known: dict[bytes, bool] = {}

    def pack(numbered: tuple[int, Run]) -> bytes:
        n, run = numbered
        if shut:
            run = without(run, shut, seed, known)
        days.add(run.first // _DAY)
        cname = mentioned.name(run.cname) if run.cname else None
        return tuples.row(
            tuples.int4(n),
            tuples.int4(run.name_id),
            tuples.moment(run.first),
            tuples.moment(run.last),
            tuples.int4(run.count),
            tuples.int2(run.outcome),
            tuples.int4(run.ttl_min),
            tuples.int4(run.ttl_max),
            tuples.boolean(run.true_ttl),
            tuples.int2(mentioned.upstream(run.upstream)),
            tuples.NULL if cname is None else tuples.int4(cname),
            tuples.octets(run.addresses),
            tuples.longs(run.asns),
        )

    rows = await tuples.packed(enumerate(joined(runs)), pack)
    return Ran(rows, frozenset(_month(day * _DAY) for day in days))


def _month(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


async def store(connection: Connection, ran: Ran, vantages: Sequence[int]) -> None:
    """Store runs (asyncio-flavoured), the names taken already; of names that are gone nothing is kept."""
    for month in sorted(ran.months):
        await MONTHLY.ensure(connection, month)
    await connection.execute(_TABLE)
    await tuples.copy_in(connection, "flux_ran", _COLUMNS, ran.rows)
    await connection.execute(_GO_ON)
    await connection.execute(_STORE, vantages)
