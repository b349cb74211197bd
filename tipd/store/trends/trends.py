"""Counts along the log, and counts by period.

Each page's counts and the cursor behind them are committed together, and only if the cursor stands where it was read:
so every finding counts once, whatever ends in between and however many processes count.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import trio

from tipd.model.kind import CODE_OF, KIND_OF, Kind
from tipd.store.pool import copy_out
from tipd.store.text import storable
from tipd.store.trends.page import DELISTED, LAYOUTS, LISTED, LOADED, ROW_CLASS, Piece, count, counted, queries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tipd.clock import Clock
    from tipd.model.tlp import Tlp
    from tipd.model.trend import By
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.trends.page import Asns, Counts
    from tipd.store.writer import Writer

READER = "trends"
PAGE = 20_000  # findings, and so at most as many rows a transaction
WITHIN = 120.0  # seconds
MOST_NAMES = 2000


class Trend(NamedTuple):
    """What happened in a period (from its first day) to one source, kind, class or AS."""

    period: date
    name: str
    listed: int
    delisted: int
    loaded: int


class _Page(NamedTuple):
    since: int
    until: int
    last: int
    classes: dict[int, str]
    source_classes: dict[int, str]
    pieces: dict[str, Piece]


class Trends:
    """Counts and reads."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock

    async def count(self, asns: Callable[[], Asns]) -> int:
        """Count one page of the log; return how many findings may be left. Raises StoreAway, TryAgain."""
        page = await self._pool.within(WITHIN, _page)
        if page.until == page.since:
            return 0
        counts = await trio.to_thread.run_sync(count, page.pieces, asns())
        rows = await trio.to_thread.run_sync(_rows, page, counts)
        await self._writer.write(_note, page.since, page.until, rows, self._clock.now(), alone=True)
        return page.last - page.until

    async def read(
        self,
        by: By,
        of: str,
        since: date,
        until: date,
        *,
        max_tlp: Tlp,
        only: dict[str, Sequence[str]] | None = None,
    ) -> list[Trend]:
        """Return counts by period and source, kind, class or AS (`of`), of the names that have most, by period.

        `only` leaves in what has one of these sources, kinds, classes, asns (`AS64500`). Raises ValueError for a kind
        or an AS that is none; StoreAway.
        """
        where, arguments = _conditions(only or {})
        query = _READ.format(name=_NAMES[of], where=where)
        rows = await self._pool.within(WITHIN, _read, query, [by, since, until, int(max_tlp), MOST_NAMES, *arguments])
        return [Trend(row["period"], _name(of, row["name"]), *(int(row[n]) for n in Trend._fields[2:])) for row in rows]

    async def begun(self) -> date | None:
        """Return the first day there are counts of, None where there is none yet."""
        return await self._pool.run(_begun)

    async def behind(self) -> int:
        """Return how many findings are not counted yet, at most."""
        return await self._pool.run(_behind)


_FLOOR = "SELECT pruned, (SELECT seq FROM finding ORDER BY seq DESC LIMIT 1) AS last FROM finding_floor"
_PAGE_END = "SELECT max(seq) FROM (SELECT seq FROM finding WHERE seq > $1 ORDER BY seq LIMIT $2) AS page"
_CURSOR = f"SELECT seq FROM reader_cursor WHERE reader = '{READER}'"  # noqa: S608
_MOVE = f"""
INSERT INTO reader_cursor (reader, seq, at) VALUES ('{READER}', $2, $3)
    ON CONFLICT (reader) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE reader_cursor.seq = $1
RETURNING true
"""  # noqa: S608
_ADD = """
INSERT INTO trend (day, source_id, kind, class, asn, tlp, listed, delisted, loaded)
SELECT * FROM unnest($1::date[], $2::int[], $3::smallint[], $4::text[], $5::bigint[], $6::smallint[],
                     $7::bigint[], $8::bigint[], $9::bigint[])
    ON CONFLICT (day, source_id, kind, class, asn, tlp) DO UPDATE
   SET listed = trend.listed + excluded.listed, delisted = trend.delisted + excluded.delisted,
       loaded = trend.loaded + excluded.loaded
"""


async def _page(connection: Connection) -> _Page:
    """Asyncio: read one page after the cursor, in one snapshot."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        floor = await connection.fetchrow(_FLOOR)
        assert floor is not None  # noqa: S101 - it has one row
        # What retention removed before it was counted is not counted; numbers from another log mean nothing.
        stored = await connection.fetchval(_CURSOR) or 0
        last = max(floor["last"] or 0, floor["pruned"])
        begin = max(stored, floor["pruned"]) if stored <= last else last
        until = await connection.fetchval(_PAGE_END, begin, PAGE) or begin
        pieces: dict[str, Piece] = {}
        classes: dict[int, str] = {}
        sources: dict[int, str] = {}
        if until > begin:
            found = await connection.fetch(
                f"SELECT DISTINCT {ROW_CLASS} AS class, hashtextextended({ROW_CLASS}, 0) AS hash "  # noqa: S608
                f"FROM finding WHERE {counted(begin, until)}"
            )
            classes = {row["hash"]: row["class"] for row in found}
            sources = {row["id"]: row["class"] for row in await connection.fetch("SELECT id, class FROM source")}
            pieces = {name: Piece(layout) for name, layout in LAYOUTS.items()}
            for name, query in queries(begin, until).items():
                await copy_out(connection, query, into=pieces[name].take)
    return _Page(stored, until, last, classes, sources, pieces)


def _rows(page: _Page, counts: Counts) -> list[tuple[Any, ...]]:
    """Return the rows to add, merged where a row's own class is its source's."""
    added: dict[tuple[Any, ...], list[int]] = {}
    columns = [counts.columns[name].tolist() for name in ("day", "source", "kind", "class", "asn", "tlp", "what")]
    for (day, source, kind, hashed, asn, tlp, what), number in zip(
        zip(*columns, strict=True), counts.numbers.tolist(), strict=True
    ):
        name = page.classes.get(hashed) or page.source_classes.get(source, "")
        key = (date.fromordinal(_EPOCH + day), source, kind, name[:64], asn, tlp)
        added.setdefault(key, [0, 0, 0])[_PLACE[what]] += number
    return [(*key, *numbers) for key, numbers in added.items()]


_EPOCH = date(1970, 1, 1).toordinal()
_PLACE = {LISTED: 0, DELISTED: 1, LOADED: 2}


async def _note(connection: Connection, since: int, until: int, rows: Sequence[tuple[Any, ...]], at: datetime) -> bool:
    if not await connection.fetchval(_MOVE, since, until, at):
        return False  # another process has counted them
    if rows:
        await connection.execute(_ADD, *(list(column) for column in zip(*rows, strict=True)))
    return True


_NAMES = {
    "source": "source.name",
    "kind": "trend.kind::text",
    "class": "trend.class",
    "asn": "trend.asn::text",
}
_READ = """
WITH shown AS (
    SELECT date_trunc($1, day::timestamp)::date AS period, {name} AS name, sum(listed) AS listed,
           sum(delisted) AS delisted, sum(loaded) AS loaded
      FROM trend JOIN source ON source.id = source_id
     WHERE day >= $2 AND day < $3 AND greatest(trend.tlp, source.tlp) <= $4 {where}
     GROUP BY 1, 2
), most AS (
    SELECT name FROM shown GROUP BY name ORDER BY sum(listed + delisted) DESC, sum(loaded) DESC, name LIMIT $5
)
SELECT * FROM shown WHERE name IN (SELECT name FROM most) ORDER BY period, name
"""


async def _read(connection: Connection, query: str, arguments: Sequence[Any]) -> list[Row]:
    return await connection.fetch(query, *arguments)


def _conditions(only: dict[str, Sequence[str]]) -> tuple[str, list[Any]]:
    columns: dict[str, tuple[str, Callable[[str], Any]]] = {
        "source": ("source.name = ANY(${}::text[])", storable),
        "kind": ("trend.kind = ANY(${}::int[])", lambda text: CODE_OF[Kind(text)]),
        "class": ("trend.class = ANY(${}::text[])", storable),
        "asn": ("trend.asn = ANY(${}::bigint[])", asn_of),
    }
    where, arguments = "", []
    for name, texts in only.items():
        if texts:
            condition, read = columns[name]
            arguments.append([read(text) for text in texts])
            where += f" AND {condition.format(5 + len(arguments))}"
    return where, arguments


def asn_of(text: str) -> int:
    """Return the number of `AS64500` or `64500`; raises ValueError."""
    digits = text.strip().upper().removeprefix("AS")
    if not (digits.isascii() and digits.isdigit()) or int(digits) >= 2**32:
        raise ValueError(f"{text!r} is no AS number")
    return int(digits)


def _name(of: str, name: str) -> str:
    if of == "kind":
        return KIND_OF[int(name)].value
    if of == "asn":
        return f"AS{name}" if name != "0" else "unknown"
    return name


async def _begun(connection: Connection) -> date | None:
    first: date | None = await connection.fetchval("SELECT min(day) FROM trend")
    return first


async def _behind(connection: Connection) -> int:
    floor = await connection.fetchrow(_FLOOR)
    assert floor is not None  # noqa: S101 - it has one row
    stored: int = await connection.fetchval(_CURSOR) or 0
    last: int = floor["last"] or 0
    pruned: int = floor["pruned"]
    return max(0, last - max(stored, pruned))
