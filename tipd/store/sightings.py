"""Sightings read: what is open now, page by page, and the history of one indicator."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.model.key import key_of
from tipd.model.kind import CODE_OF, KIND_OF, Kind
from tipd.store.key_file import copy_keys, key_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from tipd.store.connection import Connection, Row
    from tipd.store.key_file import KeyFile
    from tipd.store.pool import Pool

PAGE = 5000
LONG = 600.0  # seconds: the deadline of reading everything there is
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


class Listed(msgspec.Struct, frozen=True, gc=False):
    """An indicator that is listed now: by which sources, and since when by the first of them."""

    kind: Kind
    value: str
    sources: list[str]
    since: datetime


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One interval: the source named the indicator from `opened` to `closed` (None: it still does).

    `last_seen` of an open one is its source's last success.
    """

    kind: Kind
    value: str
    source: str
    opened: datetime
    closed: datetime | None
    last_seen: datetime | None
    reason: str | None
    opened_round: int
    closed_round: int | None
    context: dict[str, Any]


_EXPORT = """
SELECT key, kind, value, array_agg(source_id ORDER BY source_id) AS sources, min(opened) AS since FROM (
    SELECT key, kind, value, source_id, opened FROM sighting
     WHERE closed IS NULL AND key >= $1 {filters}
     ORDER BY key FETCH FIRST $2 ROWS WITH TIES) AS page
 GROUP BY key, kind, value ORDER BY key
"""
_HISTORY = """
SELECT kind, value, name AS source, opened, closed, coalesce(closed, last_success) AS last_seen, reason,
       opened_round, closed_round, context
  FROM sighting JOIN source ON source.id = source_id
 WHERE key = ANY($1::bigint[]) AND value = $2
 ORDER BY opened DESC, name LIMIT $3
"""


class Sightings:
    """Reads intervals; only rounds write them."""

    def __init__(self, pool: Pool, hash_seed: int) -> None:
        self._pool = pool
        self._seed = hash_seed

    def begin_anew(self, hash_seed: int) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._seed = hash_seed

    async def export(self, kinds: Sequence[str] = (), sources: Sequence[str] = ()) -> AsyncIterator[list[Listed]]:
        """Yield pages of what is listed now, each indicator once, of these kinds and by these sources (none: all).

        The order is that of the keys. A page is read at its own moment. Raises ValueError for an unknown kind.
        """
        names = await self._pool.run(_names)
        codes = [CODE_OF[Kind(kind)] for kind in kinds]
        ids = [number for number, name in names.items() if name in set(sources)]
        start = _LOWEST
        while rows := await self._pool.within(LONG, _export, start, codes, ids if sources else None):
            yield [_listed(row, names) for row in rows]
            start = rows[-1]["key"] + 1
            if start > _HIGHEST:
                return

    async def history(self, value: str, limit: int = 1000) -> list[Sighting]:
        """Return the intervals of an indicator, given its canonical value, newest first."""
        keys = [key_of(self._seed, kind, value) for kind in Kind]
        return [_sighting(row) for row in await self._pool.run(_history, keys, value, limit)]

    async def open_keys(self, source_id: int, into: Path) -> int:
        """Write the keys the source has open, sorted, as little-endian uint64; return how many. Raises OSError."""
        async with key_file(into) as keys:
            await self._pool.within(LONG, _open_keys, source_id, keys)
        return keys.number


def _listed(row: Row, names: Mapping[int, str]) -> Listed:
    return Listed(KIND_OF[row["kind"]], row["value"], [names[number] for number in row["sources"]], row["since"])


def _sighting(row: Row) -> Sighting:
    fields = dict(row)
    fields["kind"] = KIND_OF[fields["kind"]]
    fields["context"] = {} if fields["context"] is None else msgspec.json.decode(fields["context"])
    return Sighting(**fields)


async def _export(connection: Connection, start: int, codes: list[int], ids: list[int] | None) -> list[Row]:
    filters, args = "", list[Any]((start, PAGE))
    if codes:
        args.append(codes)
        filters += f" AND kind = ANY(${len(args)}::smallint[])"
    if ids is not None:
        args.append(ids)
        filters += f" AND source_id = ANY(${len(args)}::integer[])"
    async with connection.transaction():
        # Without statistics yet (after the first load) the planner would sort all that is left for each page.
        await connection.execute("SET LOCAL enable_sort = off")
        return await connection.fetch(_EXPORT.format(filters=filters), *args)


async def _history(connection: Connection, keys: list[int], value: str, limit: int) -> list[Row]:
    return await connection.fetch(_HISTORY, keys, value, limit)


async def _names(connection: Connection) -> dict[int, str]:
    return {row["id"]: row["name"] for row in await connection.fetch("SELECT id, name FROM source")}


async def _open_keys(connection: Connection, source_id: int, keys: KeyFile) -> None:
    await copy_keys(
        connection, "SELECT key FROM sighting WHERE source_id = $1 AND closed IS NULL", source_id, into=keys
    )
