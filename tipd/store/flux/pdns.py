"""Passive DNS as rows: of a name, an address or a network. Asyncio-flavoured.

A row is shown where one of the watched names through which its owner is known may be seen. What was seen under several
AS numbers is one row, with the last of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.tracked import Seen
from tipd.store.flux.walks import PLAN

if TYPE_CHECKING:
    from datetime import datetime

    from tipd.model.tlp import Tlp
    from tipd.store.connection import Connection, Row
    from tipd.store.flux.asked import Asked

MOST_LOOKED_AT = 20_000

# $1: the caller's mark; $2: how many rows; $3: as of a moment: what was seen by then, and until then at the latest.
_SEEN = """
SELECT d.name, o.rtype, o.asn, o.first, least(o.last, $3) AS last, o.count, o.ttl_min, o.ttl_max, o.true_ttl,
       coalesce(host(o.address), (SELECT name FROM dns_name AS t WHERE t.id = o.target_id)) AS data,
       coalesce(v.vantage, '') AS vantage, coalesce(v.upstream, '') AS upstream
  FROM ({rows}) AS o
 CROSS JOIN LATERAL (SELECT name FROM dns_name AS d WHERE d.id = o.name_id AND d.tlp <= $1 OFFSET 0) AS d
  LEFT JOIN dns_vantage AS v ON v.id = o.vantage
 ORDER BY last DESC, d.name, o.rtype, data LIMIT $2
"""
_ROWS = f"""
SELECT * FROM dns_observation WHERE {{where}} AND ($3::timestamptz IS NULL OR first <= $3)
 ORDER BY {{order}} LIMIT {MOST_LOOKED_AT}
"""  # noqa: S608
_WHERE = {
    "owner": ("name_id = (SELECT id FROM dns_name WHERE name = $4)", "last DESC"),
    "target": ("target_id = (SELECT id FROM dns_name WHERE name = $4)", "day DESC"),
    "address": ("address = $4::inet", "day DESC"),
    "network": ("address >= $4::inet AND address <= $5::inet", "address"),
    "asn": ("asn = $4::bigint AND asn <> 0", "day DESC"),
}


async def of(connection: Connection, asked: Asked, max_tlp: Tlp, limit: int) -> list[Seen]:
    """Return rows of a name (as owner and as data), an address, a network or an AS, the latest first."""
    if asked.kind == "domain":
        rows = [
            await _rows(connection, what, asked.value, max_tlp=max_tlp, limit=limit) for what in ("owner", "target")
        ]
        return _one_each([row for part in rows for row in part])[:limit]
    if asked.kind == "network":
        return _one_each(await _rows(connection, "network", asked.first, asked.last, max_tlp=max_tlp, limit=limit))
    if asked.kind == "asn":
        return _one_each(await _rows(connection, "asn", asked.asn, max_tlp=max_tlp, limit=limit))
    return _one_each(await _rows(connection, "address", asked.value, max_tlp=max_tlp, limit=limit))


async def of_name(connection: Connection, name: str, max_tlp: Tlp, limit: int, at: datetime | None) -> list[Seen]:
    """Return what a name had until now, or until a moment, the latest first."""
    return _one_each(await _rows(connection, "owner", name, max_tlp=max_tlp, limit=limit, at=at))


async def _rows(
    connection: Connection,
    what: str,
    *args: object,
    max_tlp: Tlp,
    limit: int,
    at: datetime | None = None,
) -> list[Row]:
    where, order = _WHERE[what]
    query = _SEEN.format(rows=_ROWS.format(where=where, order=order))
    async with connection.transaction():
        await connection.execute(PLAN)
        return await connection.fetch(query, int(max_tlp), limit, at, *args)


def _one_each(rows: list[Row]) -> list[Seen]:
    found: dict[tuple[str, int, str], Seen] = {}
    for row in sorted(rows, key=lambda row: row["last"], reverse=True):
        if row["data"] is None:
            continue
        key = row["name"], row["rtype"], row["data"]
        seen = Seen(**row)
        known = found.get(key)
        found[key] = seen if known is None else _joined(known, seen)
    return list(found.values())


def _joined(late: Seen, early: Seen) -> Seen:
    return Seen(
        name=late.name,
        rtype=late.rtype,
        data=late.data,
        asn=late.asn,
        first=min(late.first, early.first),
        last=late.last,
        count=late.count + early.count,
        ttl_min=min(late.ttl_min, early.ttl_min),
        ttl_max=max(late.ttl_max, early.ttl_max),
        true_ttl=late.true_ttl or early.true_ttl,
        vantage=late.vantage,
        upstream=late.upstream,
    )
