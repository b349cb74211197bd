"""Passive DNS on its way in: counts are added to rows that are there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tipd.model.dns import AAAA, A
from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.store.flux import names, tuples
from tipd.store.flux.mentioned import leave_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.flux import Observation
    from tipd.store.connection import Connection
    from tipd.store.flux.mentioned import Mentioned

_FAMILY = {A: (socket.AF_INET, Kind.IPV4), AAAA: (socket.AF_INET6, Kind.IPV6)}
_COLUMNS = (
    "n", "rtype", "address", "target", "key", "asn", "first", "last", "count", "ttl_min", "ttl_max", "true_ttl",
    "upstream",
)  # fmt: skip
_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS flux_seen (
    n integer, rtype smallint, address inet, target integer, key bigint, asn bigint, first timestamptz,
    last timestamptz, count bigint, ttl_min integer, ttl_max integer, true_ttl boolean, upstream smallint
) ON COMMIT DELETE ROWS
"""
_ADD = """
INSERT INTO dns_observation AS o
       (name_id, rtype, address, target_id, asn, first, last, count, ttl_min, ttl_max, true_ttl, vantage)
SELECT own.id, s.rtype, s.address, target.id, s.asn, min(s.first), max(s.last), sum(s.count), min(s.ttl_min),
       max(s.ttl_max), bool_or(s.true_ttl), max(($1::smallint[])[s.upstream])
  FROM flux_seen AS s JOIN flux_ids AS own ON own.n = s.n LEFT JOIN flux_ids AS target ON target.n = s.target
 WHERE s.target IS NULL OR target.id IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (name_id, rtype, address, target_id, asn) DO UPDATE
   SET first = least(o.first, excluded.first), last = greatest(o.last, excluded.last),
       count = o.count + excluded.count, ttl_min = least(o.ttl_min, excluded.ttl_min),
       ttl_max = greatest(o.ttl_max, excluded.ttl_max), true_ttl = o.true_ttl OR excluded.true_ttl,
       vantage = excluded.vantage
"""
_POINTING = "SELECT DISTINCT own.id FROM flux_seen AS s JOIN flux_ids AS own ON own.n = s.n WHERE s.target IS NOT NULL"


async def packed(observations: Sequence[Observation], seed: int, mentioned: Mentioned) -> bytes:
    """Make the rows ready; what no DNS name or address can be is left out (trio-flavoured)."""

    def pack(one: Observation) -> bytes:
        owner = mentioned.name(one.name)
        columns = _columns(one, mentioned, seed)
        if owner is None or columns is None:
            return b""
        return tuples.row(
            tuples.int4(owner),
            tuples.int2(one.rtype),
            *columns,
            tuples.int8(one.asn),
            tuples.moment(one.first),
            tuples.moment(one.last),
            tuples.int8(one.count),
            tuples.int4(one.ttl_min),
            tuples.int4(one.ttl_max),
            tuples.boolean(one.true_ttl),
            tuples.int2(mentioned.upstream(one.upstream)),
        )

    return await tuples.packed(observations, pack)


def _columns(one: Observation, mentioned: Mentioned, seed: int) -> tuple[bytes, bytes, bytes] | None:
    """Return address, target and key; None where there is neither."""
    family = _FAMILY.get(one.rtype)
    if family is None:
        target = mentioned.name(one.data.decode("ascii", "replace"))
        return None if target is None else (tuples.NULL, tuples.int4(target), tuples.NULL)
    try:
        text = socket.inet_ntop(family[0], one.data)
    except ValueError:
        return None
    return tuples.inet(one.data), tuples.NULL, tuples.int8(key_of(seed, family[1], text))


async def store(connection: Connection, rows: bytes, vantages: Sequence[int]) -> None:
    """Add what was seen to what is known (asyncio-flavoured); the names are taken already."""
    await connection.execute(_TABLE)
    await tuples.copy_in(connection, "flux_seen", _COLUMNS, rows)
    await leave_out(connection, "flux_seen")
    await connection.execute(_ADD, vantages)
    await names.lower_targets(connection, [row["id"] for row in await connection.fetch(_POINTING)])
