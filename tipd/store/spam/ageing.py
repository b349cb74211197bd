"""Sightings of relays that end: nobody saw them for as long as a sighting lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.kind import CODE_OF, Kind
from tipd.store.ageing import Policy
from tipd.store.frames import MOST_ROWS
from tipd.store.spam.told import MODULE

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tipd.store.ageing import Ageing
    from tipd.store.connection import Connection
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

_SOURCES = "SELECT id FROM source WHERE module = $1 AND entries > 0"
# A sighting is written again only where it was seen a good deal later (`sightings`): before it ends, what is known.
_SEEN = f"""
UPDATE sighting AS s SET seen = d.last FROM (
    SELECT d.place, r.sighted_last AS last FROM (
        SELECT ctid AS place, value, seen FROM sighting AS o
         WHERE o.closed IS NULL AND o.source_id = $1 AND o.kind = ANY($2::smallint[]) AND o.seen <= $3
         LIMIT {MOST_ROWS}) AS d
     CROSS JOIN LATERAL (SELECT sighted_last FROM spam_relay AS r
            WHERE r.relay = d.value::inet AND r.source_id + 0 = $1 AND r.sighted_last > $3 OFFSET 0) AS r) AS d
 WHERE s.ctid = d.place
"""  # noqa: S608 - our own number


async def age(pool: Pool, writer: Writer, ageing: Ageing, now: datetime, keep: timedelta) -> int:
    """End what was last seen `keep` ago or longer (trio-flavoured); return how many sightings."""
    ended = 0
    for source_id in await pool.run(_sources):
        policy = Policy(source_id=source_id, spans={Kind.IPV4: keep, Kind.IPV6: keep})
        ends = (await ageing.ends([policy])).get(source_id)
        if ends is None or ends.aged is None or ends.aged > now:
            continue
        while await writer.write(_refresh, source_id, now - keep, alone=True):
            pass
        ended += (await ageing.sweep(policy, now)).number
    return ended


async def _sources(connection: Connection) -> list[int]:
    return [row["id"] for row in await connection.fetch(_SOURCES, MODULE)]


async def _refresh(connection: Connection, source_id: int, before: datetime) -> int:
    kinds = [CODE_OF[Kind.IPV4], CODE_OF[Kind.IPV6]]
    return int((await connection.execute(_SEEN, source_id, kinds, before)).rpartition(" ")[2])
