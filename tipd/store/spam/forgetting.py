"""Forget a value in what is stored of spam: relays, hosts, URLs and files that are it, and texts that mention it.

What counts mails (campaigns, days, networks) stays; it names nobody. Hashes that stay in rows of mails are keyed. Each
step may be done again.
"""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from tipd.mail.shapes import shape
from tipd.model.kind import Kind
from tipd.store.spam.ready import FILE, URL, part_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.store.connection import Connection
    from tipd.store.forgetting import Needle, Target
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

BLOCKS = 2000  # pages of a table a transaction
AT_ONCE = 500  # values a statement
_RELAYS = (
    """
UPDATE spam_mail SET relay = NULL, sighted = false
 WHERE relay = ANY($1::inet[])
""",
    "DELETE FROM spam_relay WHERE relay = ANY($1::inet[])",
)
_PARTS = """
WITH held AS (DELETE FROM spam_campaign_part WHERE part = ANY($1::bigint[]) RETURNING part),
     named AS (DELETE FROM spam_part WHERE hash = ANY($1::bigint[]) RETURNING hash)
SELECT (SELECT count(*) FROM held) + (SELECT count(*) FROM named)
"""
# $1, $2: from which page to which; $3: the pattern; $4: as JSON writes it; $5: what stands in its place.
_HERE = "ctid >= $1::text::tid AND ctid < $2::text::tid"
_NAMING = f"SELECT hash FROM spam_part WHERE {_HERE} AND (host ~* $3 OR shape ~* $3)"  # noqa: S608 - our own words
_HOSTS = f"""
DELETE FROM spam_campaign_host WHERE {_HERE} AND host ~* $3 AND $4::text IS NOT NULL AND $5::text IS NOT NULL
"""  # noqa: S608
_TEXTS = {
    "spam_campaign_source": "subject",
    "spam_campaign_part": "example",
    "spam_refusal": "detail",
    "spam_archive": "name",
}
_TEXT = f"""
UPDATE {{table}} SET {{column}} = regexp_replace({{column}}, $3, $5, 'gi')
 WHERE {_HERE} AND {{column}} ~* $3 AND $4::text IS NOT NULL
"""  # noqa: S608 - our own words
# Only the first mails of a campaign have a subject and a record.
_MAILS = f"""
UPDATE {{table}} SET subject = regexp_replace(subject, $3, $5, 'gi'),
       rest = convert_to(regexp_replace(convert_from(rest, 'UTF8'), $4, $5, 'gi'), 'UTF8')
 WHERE {_HERE} AND (subject <> '' OR rest <> '') AND (subject ~* $3 OR convert_from(rest, 'UTF8') ~* $4)
"""  # noqa: S608
_MONTHS = "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'spam_mail'::regclass"


class SpamForgetting:
    """Does it, step by step."""

    def __init__(self, pool: Pool, writer: Writer, seed: int) -> None:
        self._pool = pool
        self._writer = writer
        self._seed = seed

    async def forget(self, targets: Sequence[Target], needle: Needle, mark: str) -> int:
        """Forget what the targets name, and mentions of the needle (`mark` in their place); return how many rows."""
        number = 0
        addresses = [target.value for target in targets if target.kind in (Kind.IPV4, Kind.IPV6)]
        for some in batched(addresses, AT_ONCE, strict=False):
            for query in _RELAYS:
                number += await self._writer.write(_execute, query, (list(some),), alone=True)
        parts = [one for target in targets if (one := self._part(target)) is not None]
        async for first, last in self._pages("spam_part"):
            parts += await self._pool.run(_naming, first, last, needle.pattern)
        for part in batched(sorted(set(parts)), AT_ONCE, strict=False):
            number += await self._writer.write(_drop, list(part), alone=True)
        number += await self._walk("spam_campaign_host", _HOSTS, needle, mark)
        for table, column in _TEXTS.items():
            number += await self._walk(table, _TEXT.format(table=table, column=column), needle, mark)
        for table in await self._pool.run(_months):
            number += await self._walk(table, _MAILS.format(table=table), needle, mark)
        return number

    def _part(self, target: Target) -> int | None:
        if target.kind is Kind.URL:
            folded = shape(target.value)
            return part_hash(self._seed, URL, folded.host_folded, folded.shape)
        if target.kind is Kind.SHA256:
            return part_hash(self._seed, FILE, "", target.value)
        return None

    async def _walk(self, table: str, query: str, needle: Needle, mark: str) -> int:
        number = 0
        async for first, last in self._pages(table):
            place = (first, last, needle.pattern, needle.json_pattern, mark)
            number += await self._writer.write(_execute, query, place, alone=True)
        return number

    async def _pages(self, table: str) -> Any:
        """Yield (first place, the one past the last) over a table, as long as it grows."""
        first = 0
        while first < await self._pool.run(_size, table):
            yield f"({first},0)", f"({first + BLOCKS},0)"
            first += BLOCKS


async def _execute(connection: Connection, query: str, args: tuple[object, ...]) -> int:
    return int((await connection.execute(query, *args)).rpartition(" ")[2])


async def _drop(connection: Connection, parts: list[int]) -> int:
    return int(await connection.fetchval(_PARTS, parts))


async def _naming(connection: Connection, first: str, last: str, pattern: str) -> list[int]:
    return [row["hash"] for row in await connection.fetch(_NAMING, first, last, pattern)]


async def _months(connection: Connection) -> list[str]:
    return [row["name"] for row in await connection.fetch(_MONTHS)]


async def _size(connection: Connection, table: str) -> int:
    return int(await connection.fetchval("SELECT pg_relation_size($1::text::regclass)", table)) // 8192
