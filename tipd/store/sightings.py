"""Sightings read: what is open now, page by page, and the history of one indicator."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tipd.model.context import CLASS, merged
from tipd.model.key import key_of
from tipd.model.kind import CODE_OF, KIND_OF, Kind
from tipd.model.tlp import Tlp
from tipd.store.key_file import copy_keys, key_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from tipd.model.context import Context
    from tipd.store.connection import Connection, Row
    from tipd.store.key_file import KeyFile
    from tipd.store.pool import Pool

PAGE = 5000
LONG = 600.0  # seconds: the deadline of reading everything there is
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


class Listed(msgspec.Struct, frozen=True, gc=False):
    """An indicator that is listed now: by which sources, since when by the first of them, and what they say together.

    The `class` in the context is that of each source, or of its row where that has its own.
    """

    kind: Kind
    value: str
    sources: list[str]
    since: datetime
    context: dict[str, Any] = {}


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One interval: the source named the indicator from `opened` to `closed` (None: it still does).

    `last_seen` of an open one is its source's last success; the `class` in the context is the source's where the row
    has none of its own.
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
    tlp: Tlp  # the stricter of its own mark and its source's
    backfilled: bool  # loaded as history: tipd did not see it itself


_EXPORT = """
SELECT key, kind, value, array_agg(source_id ORDER BY source_id) AS sources, min(opened) AS since,
       array_agg(context ORDER BY source_id) AS contexts
  FROM (
    SELECT key, kind, value, source_id, opened, context FROM sighting
     WHERE closed IS NULL AND key >= $1 {filters}
     ORDER BY key FETCH FIRST $2 ROWS WITH TIES) AS page
 GROUP BY key, kind, value ORDER BY key
"""
_HISTORY = """
SELECT kind, value, name AS source, opened, closed, coalesce(seen, closed, last_success) AS last_seen, reason,
       opened_round, closed_round, context, class, greatest(sighting.tlp, source.tlp) AS tlp,
       backfilled
  FROM sighting JOIN source ON source.id = source_id
 WHERE key = ANY($1::bigint[]) AND value = $2 AND greatest(sighting.tlp, source.tlp) <= $4
 ORDER BY opened DESC, name LIMIT $3
"""


_ONLY_ABOVE = """
SELECT sighting.key FROM sighting JOIN source ON source.id = source_id
 WHERE sighting.key = ANY($1::bigint[])
 GROUP BY sighting.key HAVING min(greatest(sighting.tlp, source.tlp)) > $2
"""
# Whoever allows a fingerprint of a certificate writes it as a file's hash.
_ALSO = {Kind.SHA1: Kind.CERT_SHA1, Kind.SHA256: Kind.CERT_SHA256}


_SAID = """
SELECT kind, value, name AS source, opened, context, class
  FROM unnest($1::bigint[]) AS asked (key) JOIN sighting ON sighting.key = asked.key AND closed IS NULL
  JOIN source ON source.id = source_id
 WHERE greatest(sighting.tlp, source.tlp) <= $2
 ORDER BY name
"""


class Said(NamedTuple):
    """What one source says beside an entry, and since when it lists it."""

    source: str
    first_seen: datetime
    context: Context


class Sightings:
    """Reads intervals; only rounds write them."""

    def __init__(self, pool: Pool, hash_seed: int) -> None:
        self._pool = pool
        self._seed = hash_seed

    def begin_anew(self, hash_seed: int) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._seed = hash_seed

    async def export(
        self, kinds: Sequence[str] = (), sources: Sequence[str] = (), *, max_tlp: Tlp, public: bool = False
    ) -> AsyncIterator[list[Listed]]:
        """Yield pages of what is listed now, each indicator once, of these kinds and by these sources (none: all).

        What is marked above `max_tlp` is left out; with `public` also what its source does not let be passed on to
        anybody (`redistribute`, and clear). The order is that of the keys. A page is read at its own moment, with the
        marks of that moment. Raises ValueError for an unknown kind.
        """
        codes = [CODE_OF[Kind(kind)] for kind in kinds]
        scope = _Scope(codes, frozenset(sources), Tlp.CLEAR if public else max_tlp, public)
        start = _LOWEST
        while True:
            known, rows = await self._pool.within(LONG, _export, start, scope)
            if not rows:
                return
            classes: dict[tuple[int, ...], Context] = {}
            yield [_listed(row, known, classes) for row in rows]
            start = rows[-1]["key"] + 1
            if start > _HIGHEST:
                return

    async def history(self, value: str, limit: int = 1000, *, max_tlp: Tlp) -> list[Sighting]:
        """Return the intervals of an indicator marked `max_tlp` or less, given its canonical value, newest first."""
        keys = [key_of(self._seed, kind, value) for kind in Kind]
        return [_sighting(row) for row in await self._pool.run(_history, keys, value, limit, int(max_tlp))]

    async def said(self, entries: Sequence[tuple[Kind, str]], max_tlp: Tlp) -> dict[tuple[Kind, str], list[Said]]:
        """Return what the sources of open entries say beside them, by name, as far as `max_tlp` allows."""
        keys = [key_of(self._seed, kind, value) for kind, value in entries]
        found: dict[tuple[Kind, str], list[Said]] = {}
        for row in await self._pool.run(_said, keys, int(max_tlp)):
            said = Said(row["source"], row["opened"], {CLASS: row["class"], **_decoded(row["context"])})
            found.setdefault((KIND_OF[row["kind"]], row["value"]), []).append(said)
        return found

    async def only_above(self, values: Sequence[tuple[Kind, str]], max_tlp: Tlp) -> set[tuple[Kind, str]]:
        """Return those of the indicators that are or were listed, and only under marks above `max_tlp`."""
        of = {key_of(self._seed, kind, value): (kind, value) for kind, value in values}
        of |= {key_of(self._seed, _ALSO[kind], value): (kind, value) for kind, value in values if kind in _ALSO}
        rows = await self._pool.run(_only_above, list(of), int(max_tlp))
        return {of[row["key"]] for row in rows}

    async def open_keys(self, source_id: int, into: Path) -> int:
        """Write the keys of what stood in the source's last body, as little-endian uint64; return how many.

        That is what is open, without recent rows that vanished, and with rows that aged where they stand. Sorted.
        Raises OSError.
        """
        async with key_file(into) as keys:
            await self._pool.within(LONG, _open_keys, source_id, keys)
        return keys.number

    async def says_more(self, source_id: int) -> bool:
        """Say whether anything stands beside a row that `open_keys` names: a context, a mark, an end of its own."""
        return await self._pool.within(LONG, _says_more, source_id)


class _Scope(NamedTuple):
    """What an export holds."""

    codes: list[int]  # of kinds; none: all
    sources: frozenset[str]  # none: all
    max_tlp: Tlp
    public: bool

    def admits(self, source: Row) -> bool:
        """Say whether anything of this source may be in it."""
        if source["tlp"] > self.max_tlp or (self.public and not source["redistribute"]):
            return False
        return not self.sources or source["name"] in self.sources


def _listed(row: Row, known: Mapping[int, Row], classes: dict[tuple[int, ...], Context]) -> Listed:
    """`classes`: what rows without context say, by their sources, for the next such rows."""
    ids = tuple(row["sources"])
    context = classes.get(ids) if not any(row["contexts"]) else None
    if context is None:
        pairs = zip(ids, row["contexts"], strict=True)
        context = merged([{CLASS: known[number]["class"], **_decoded(text)} for number, text in pairs])
        if not any(row["contexts"]):
            classes[ids] = context
    return Listed(KIND_OF[row["kind"]], row["value"], [known[number]["name"] for number in ids], row["since"], context)


def _decoded(text: str | None) -> Context:
    return {} if text is None else msgspec.json.decode(text)


def _sighting(row: Row) -> Sighting:
    fields = dict(row)
    fields["kind"] = KIND_OF[fields["kind"]]
    fields["tlp"] = Tlp(fields["tlp"])
    fields["context"] = {CLASS: fields.pop("class"), **_decoded(fields["context"])}
    return Sighting(**fields)


async def _export(connection: Connection, start: int, scope: _Scope) -> tuple[dict[int, Row], list[Row]]:
    filters, args = "", list[Any]((start, PAGE))
    sources = await connection.fetch("SELECT id, name, class, tlp, redistribute FROM source")
    known = {row["id"]: row for row in sources if scope.admits(row)}
    if len(known) < len(sources):
        args.append(list(known))
        filters += f" AND source_id = ANY(${len(args)}::integer[])"
    if scope.max_tlp < Tlp.RED:
        args.append(int(scope.max_tlp))
        filters += f" AND (tlp IS NULL OR tlp <= ${len(args)})"
    if scope.codes:
        args.append(scope.codes)
        filters += f" AND kind = ANY(${len(args)}::smallint[])"
    async with connection.transaction():
        # Without statistics yet (after the first load) the planner would sort all that is left for each page.
        await connection.execute("SET LOCAL enable_sort = off")
        return known, await connection.fetch(_EXPORT.format(filters=filters), *args)


async def _history(connection: Connection, keys: list[int], value: str, limit: int, max_tlp: int) -> list[Row]:
    return await connection.fetch(_HISTORY, keys, value, limit, max_tlp)


async def _said(connection: Connection, keys: list[int], max_tlp: int) -> list[Row]:
    return await connection.fetch(_SAID, keys, max_tlp)


async def _only_above(connection: Connection, keys: list[int], max_tlp: int) -> list[Row]:
    return await connection.fetch(_ONLY_ABOVE, keys, max_tlp)


# What the last body had: not recent rows that vanished since, but what aged where it stands.
_STOOD = """
SELECT key FROM (
    SELECT key FROM sighting WHERE source_id = $1 AND closed IS NULL AND seen IS NULL
    UNION ALL
    SELECT key FROM sighting WHERE source_id = $1 AND closed IS NOT NULL AND reason = 'aged' AND seen IS NULL
) AS stood WHERE true
"""


_SAYS_MORE = """
SELECT EXISTS (SELECT FROM sighting WHERE source_id = $1 AND closed IS NULL
                  AND (context IS NOT NULL OR tlp IS NOT NULL OR until IS NOT NULL))
    OR EXISTS (SELECT FROM sighting WHERE source_id = $1 AND closed IS NOT NULL AND reason = 'aged' AND seen IS NULL
                  AND (context IS NOT NULL OR tlp IS NOT NULL OR until IS NOT NULL))
"""


async def _says_more(connection: Connection, source_id: int) -> bool:
    return await connection.fetchval(_SAYS_MORE, source_id)  # type: ignore[no-any-return]


async def _open_keys(connection: Connection, source_id: int, keys: KeyFile) -> None:
    await copy_keys(connection, _STOOD, source_id, into=keys)
