"""Forget names and addresses in tracking and passive DNS: rows that bear them go, texts that mention them are blanked.

Of a watched name its number stays, without the name and dropped, so that the tracker hears of it and nothing that it
still says of that number is kept. For a while nothing that was forgotten is taken in from the tracker's memory
(`flux_forgotten`); what is blocked is never taken in. Each step may be done again.
"""

from __future__ import annotations

import socket
from itertools import batched
from typing import TYPE_CHECKING, Any

from tipd.model.flux import State
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.flux import marks
from tipd.store.frames import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.store.connection import Connection
    from tipd.store.forgetting import Needle, Target
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

NOBODY = int(Tlp.RED) + 1  # the mark of a number without a name
AT_ONCE = 500  # names or addresses a statement
BLOCKS = 2000  # pages of a table a transaction

_REMEMBER = """
INSERT INTO flux_forgotten (key, at) SELECT key, $2 FROM unnest($1::bigint[]) AS k (key)
    ON CONFLICT (key) DO UPDATE SET at = excluded.at
"""
_IDS = "SELECT id FROM dns_name WHERE name = ANY($1::text[])"
_UNSEE = """
DELETE FROM dns_observation WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM dns_observation WHERE {which} LIMIT $2)) RETURNING name_id
"""
_OF_NAMES = ("name_id = ANY($1::integer[])", "target_id = ANY($1::integer[])")
_OF_ADDRESSES = "address = ANY($1::inet[])"
_RUNS = f"""
DELETE FROM flux_run WHERE (name_id, first) IN (
    SELECT name_id, first FROM flux_run WHERE name_id = ANY($1::integer[]) LIMIT {MOST_ROWS})
"""  # noqa: S608 - a number of ours
_UNSCORE = f"""
DELETE FROM flux_score WHERE (id, at) IN (
    SELECT id, at FROM flux_score WHERE id = ANY($1::integer[]) LIMIT {MOST_ROWS})
"""  # noqa: S608
_UNNAME = f"""
WITH gone AS (
    UPDATE flux_name SET tags = '{{}}', note = '', path = '{{}}', tlp = {NOBODY}, revision = nextval('flux_revision')
     WHERE id = ANY($1::integer[]) RETURNING id, revision
), stands AS (
    UPDATE flux_state AS s
       SET state = {State.DROPPED:d}, tier = 'unknown', reason = 'forgotten', since = $2, due = NULL, holz = NULL,
           network = NULL, decided = gone.revision, verdict = '{{}}', memo = ''
      FROM gone WHERE s.id = gone.id
), origins AS (
    DELETE FROM flux_origin WHERE id = ANY($1::integer[])
)
UPDATE dns_name AS d SET name = '(forgotten) ' || d.id, apex = '', tlp = {NOBODY} FROM gone WHERE d.id = gone.id
"""  # noqa: S608
_REMOVE = """
DELETE FROM dns_name AS d WHERE d.id = ANY($1::integer[])
   AND NOT EXISTS (SELECT FROM flux_name AS n WHERE n.id = d.id)
"""
_ENDS = """
UPDATE {table} SET cname_id = NULL
 WHERE ctid >= $2::text::tid AND ctid < $3::text::tid AND cname_id = ANY($1::integer[])
"""
_HOLDING = """
SELECT ctid::text AS place, addresses, asns FROM {table}
 WHERE ctid >= $2::text::tid AND ctid < $3::text::tid AND position($1::bytea IN addresses) > 0
"""
_CUT = "UPDATE {table} SET addresses = $2, asns = $3 WHERE ctid = $1::text::tid"
# What the tracker had packed of it is taken from it, too.
_UNLEARN = """
WITH changed AS (
    UPDATE flux_name SET revision = nextval('flux_revision') WHERE id = ANY($1::integer[]) RETURNING id
)
UPDATE flux_state AS s SET memo = '' FROM changed WHERE s.id = changed.id
"""
_MENTIONS = {
    "flux_name": """
UPDATE flux_name SET note = regexp_replace(note, $3, $5, 'gi'),
       path = ARRAY(SELECT regexp_replace(step, $3, $5, 'gi')
                      FROM unnest(path) WITH ORDINALITY AS p (step, n) ORDER BY n),
       tags = ARRAY(SELECT tag FROM unnest(tags) AS t (tag) WHERE tag !~* $3 ORDER BY tag),
       revision = nextval('flux_revision')
 WHERE ctid >= $1::text::tid AND ctid < $2::text::tid AND $4::text IS NOT NULL
   AND (note ~* $3 OR array_to_string(path || tags, ' ') ~* $3)
""",
    "flux_state": """
UPDATE flux_state SET verdict = regexp_replace(verdict::text, $4, $5, 'gi')::jsonb,
       reason = regexp_replace(reason, $3, $5, 'gi')
 WHERE ctid >= $1::text::tid AND ctid < $2::text::tid AND (reason ~* $3 OR verdict::text ~* $4)
""",
}
_PARTITIONS = "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'flux_run'::regclass"


class FluxForgetting:
    """Does it, step by step."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer

    async def forget(self, targets: Sequence[Target], needle: Needle, now: datetime, mark: str) -> int:
        """Forget names and addresses among the targets, and mentions of the needle; return how many rows it took."""
        names = [target for target in targets if target.kind is Kind.DOMAIN]
        addresses = [target for target in targets if target.kind in (Kind.IPV4, Kind.IPV6)]
        await self._writer.write(_remember, [target.key for target in (*names, *addresses)], now)
        number = 0
        for part in batched(names, AT_ONCE, strict=False):
            number += await self._names([target.value for target in part], now)
        for some in batched(addresses, AT_ONCE, strict=False):
            number += await self._addresses([target.value for target in some])
        for table, query in _MENTIONS.items():
            number += await self._mentions(table, query, needle, mark)
        return number

    async def _names(self, names: list[str], now: datetime) -> int:
        ids = await self._pool.run(_ids, names)
        if not ids:
            return 0
        number = 0
        around = await self._pool.run(marks.around, ids)
        for which in _OF_NAMES:
            number += len(await self._unsee(which, ids))
        for query in (_RUNS, _UNSCORE):
            while part := await self._writer.write(_some, query, ids, alone=True):
                number += part
        for table in await self._pool.run(_partitions):
            async for first, last in self._parts(table):
                number += await self._writer.write(_ends, table, ids, first, last, alone=True)
        number += await self._writer.write(_unname, ids, now, alone=True)
        left = sorted(set(around) - set(ids))
        for some in batched(left, MOST_ROWS, strict=False):
            await self._writer.write(marks.hide, list(some), alone=True)
        return number

    async def _addresses(self, addresses: list[str]) -> int:
        had = await self._unsee(_OF_ADDRESSES, addresses)
        number = len(had)
        packed = [socket.inet_aton(one) for one in addresses if ":" not in one]
        for table in await self._pool.run(_partitions) if packed else ():
            async for first, last in self._parts(table):
                for one in packed:
                    number += await self._writer.write(_cut, table, one, first, last, alone=True)
        for part in batched(sorted(set(had)), MOST_ROWS, strict=False):
            await self._writer.write(_unlearn, list(part), alone=True)
        return number

    async def _unsee(self, which: str, values: list[int] | list[str]) -> list[int]:
        owners: list[int] = []
        while part := await self._writer.write(_unsee, which, values, alone=True):
            owners += part
        return owners

    async def _mentions(self, table: str, query: str, needle: Needle, mark: str) -> int:
        number = 0
        async for first, last in self._parts(table):
            place = (first, last, needle.pattern, needle.json_pattern, mark)
            number += await self._writer.write(_execute, query, place, alone=True)
        return number

    async def _parts(self, table: str) -> Any:
        """Yield (first place, the one past the last) over a table, as long as it grows."""
        first = 0
        while first < await self._pool.run(_pages, table):
            yield f"({first},0)", f"({first + BLOCKS},0)"
            first += BLOCKS


async def _remember(connection: Connection, keys: list[int], now: datetime) -> None:
    await connection.execute(_REMEMBER, keys, now)


async def _ids(connection: Connection, names: list[str]) -> list[int]:
    return [row["id"] for row in await connection.fetch(_IDS, names)]


async def _unsee(connection: Connection, which: str, values: list[int] | list[str]) -> list[int]:
    return [row["name_id"] for row in await connection.fetch(_UNSEE.format(which=which), values, MOST_ROWS)]


async def _some(connection: Connection, query: str, ids: list[int]) -> int:
    return _number(await connection.execute(query, ids))


async def _ends(connection: Connection, table: str, ids: list[int], first: str, last: str) -> int:
    return _number(await connection.execute(_ENDS.format(table=table), ids, first, last))


async def _unname(connection: Connection, ids: list[int], now: datetime) -> int:
    unnamed = _number(await connection.execute(_UNNAME, ids, now))
    return unnamed + _number(await connection.execute(_REMOVE, ids))


async def _cut(connection: Connection, table: str, packed: bytes, first: str, last: str) -> int:
    number = 0
    for row in await connection.fetch(_HOLDING.format(table=table), packed, first, last):
        addresses, asns = cut(row["addresses"], row["asns"], packed)
        if addresses != row["addresses"]:  # else it stood across two of them
            await connection.execute(_CUT.format(table=table), row["place"], addresses, asns)
            number += 1
    return number


def cut(addresses: bytes, asns: Sequence[int], packed: bytes) -> tuple[bytes, list[int]]:
    """Return the addresses of a run, and their AS numbers, without one of them."""
    places = [place for place in range(len(addresses) // 4) if addresses[4 * place : 4 * place + 4] != packed]
    left = b"".join(addresses[4 * place : 4 * place + 4] for place in places)
    return left, [asns[place] for place in places if place < len(asns)]


async def _unlearn(connection: Connection, ids: list[int]) -> None:
    await connection.execute(_UNLEARN, ids)


async def _execute(connection: Connection, query: str, args: tuple[object, ...]) -> int:
    return _number(await connection.execute(query, *args))


async def _partitions(connection: Connection) -> list[str]:
    return [row["name"] for row in await connection.fetch(_PARTITIONS)]


async def _pages(connection: Connection, table: str) -> int:
    return int(await connection.fetchval("SELECT pg_relation_size($1::text::regclass)", table)) // 8192


def _number(done: str) -> int:
    return int(done.rpartition(" ")[2])
