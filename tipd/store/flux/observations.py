"""Passive DNS on its way in: counts are added to rows that are there."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, NamedTuple

from tipd.model.dns import AAAA, A
from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.store.flux import names, tuples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from tipd.model.flux import Observation
    from tipd.store.connection import Connection
    from tipd.store.flux.mentioned import Mentioned


class _Family(NamedTuple):
    """What a type's addresses are."""

    number: int
    size: int
    kind: Kind


_FAMILY = {A: _Family(socket.AF_INET, 4, Kind.IPV4), AAAA: _Family(socket.AF_INET6, 16, Kind.IPV6)}
# One call a row for the columns of fixed width: each after its length.
_head = struct.Struct("!hiiih").pack
_tail = struct.Struct("!iqiqiqiqiiiii?ih").pack
_COLUMNS = (
    "n", "rtype", "address", "target", "asn", "first", "last", "count", "ttl_min", "ttl_max", "true_ttl",
    "upstream",
)  # fmt: skip
_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS flux_seen (
    n integer, rtype smallint, address inet, target integer, asn bigint, first timestamptz,
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


async def packed(observations: Sequence[Observation], seed: int, shut: AbstractSet[int], mentioned: Mentioned) -> bytes:
    """Make the rows ready; what no DNS name or address can be, or may not be stored, is left out (trio-flavoured)."""
    known: dict[bytes, bool] = {}

    def pack(one: Observation) -> bytes:
        owner = mentioned.name(one.name)
        columns = _columns(one, mentioned)
        if owner is None or columns is None or (shut and _is_shut(one, shut, seed, known)):
            return b""
        head = _head(12, 4, owner, 2, one.rtype)
        upstream = mentioned.upstream(one.upstream)
        return head + columns + _tail(
            8, one.asn, 8, tuples.micros(one.first), 8, tuples.micros(one.last), 8, one.count, 4, one.ttl_min, 4,
            one.ttl_max, 1, one.true_ttl, 2, upstream,
        )  # fmt: skip

    return await tuples.packed(observations, pack)


def _columns(one: Observation, mentioned: Mentioned) -> bytes | None:
    """Return address and target; None where there is neither."""
    family = _FAMILY.get(one.rtype)
    if family is None:
        target = mentioned.name(one.data.decode("ascii", "replace"))
        return None if target is None else tuples.NULL + tuples.int4(target)
    return tuples.inet(one.data) + tuples.NULL if len(one.data) == family.size else None


def _is_shut(one: Observation, shut: AbstractSet[int], seed: int, known: dict[bytes, bool]) -> bool:
    """Say whether the row has an address that may not be stored."""
    family = _FAMILY.get(one.rtype)
    if family is None:
        return False
    found = known.get(one.data)
    if found is None:
        key = key_of(seed, family.kind, socket.inet_ntop(family.number, one.data))
        found = known[one.data] = key in shut
    return found


async def store(connection: Connection, rows: bytes, vantages: Sequence[int]) -> None:
    """Add what was seen to what is known (asyncio-flavoured); the names are taken already."""
    await connection.execute(_TABLE)
    await tuples.copy_in(connection, "flux_seen", _COLUMNS, rows)
    await connection.execute(_ADD, vantages)
    await names.lower_targets(connection, [row["id"] for row in await connection.fetch(_POINTING)])
