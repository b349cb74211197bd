"""Rounds as proofs: one by its id with the source and the declaration it was run under, and which bodies are kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.store.bodies import FORGOTTEN
from tipd.store.text import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

_LARGEST = 2**63 - 1


class ProofRow(msgspec.Struct, frozen=True, kw_only=True):
    """A round with all that proves it; see migrations for what the columns mean.

    `tlp` and `source` are its source's; `declared` the text of the declaration it was run under, None where that is not
    known.
    """

    id: int
    source: str
    source_id: int
    tlp: int
    why: str
    at: datetime | None
    started: datetime
    ended: datetime | None
    status: str | None
    url: str | None
    address: str | None
    http_status: int | None
    etag: str | None
    last_modified: str | None
    body_sha256: bytes | None
    body_bytes: int | None
    body: str | None
    declaration: bytes | None
    declared: dict[str, Any] | None
    read_digest: bytes | None
    version: str | None
    entries: int | None
    listed: int
    delisted: int
    refused: dict[str, int]
    error: str | None


_SELECT = """
SELECT round.id, source.name AS source, source_id, source.tlp, why, at, started, ended, status, url,
       host(address) AS address, http_status, round.etag, round.last_modified, round.body_sha256, body_bytes, body,
       declaration, text AS declared, round.read_digest, version, round.entries, listed, delisted, round.refused,
       round.error
  FROM round JOIN source ON source.id = source_id LEFT JOIN declaration ON digest = declaration
"""
_GET = f"{_SELECT} WHERE round.id = $1"
_PAGE = f"{_SELECT} WHERE source_id = $1 AND round.id < $2 ORDER BY round.id DESC LIMIT $3"
# Those whose own body can be read again, in the order of the moments they tell; the last reading of each.
_KEPT = f"""
{_SELECT}
 WHERE source_id = $1 AND body = source_id || '/' || round.id || '.zst' AND at IS NOT NULL AND why <> 'backfill'
   AND at >= coalesce($2::timestamptz, '-infinity')
 ORDER BY at, round.id
"""
# When the source's set was looked at next: whatever that round read, it ends what the one before can say.
_FOLLOWING = """
SELECT min(at) FROM round WHERE source_id = $1 AND at > $2 AND why <> 'backfill' AND entries IS NOT NULL
"""

# A replay names the body of the round that it read again.
_LET_GO = f"""
WITH gone AS (SELECT source_id, body FROM round WHERE id = ANY($1::bigint[]) AND body <> '{FORGOTTEN}')
UPDATE round SET body = $2 FROM gone WHERE round.source_id = gone.source_id AND round.body = gone.body
"""  # noqa: S608 - our own word


class Proofs:
    """Reads rounds; notes which bodies are not kept any more."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer

    async def get(self, round_id: int) -> ProofRow | None:
        """Return one round, None where there never was one."""
        if round_id > _LARGEST:
            return None
        row = await self._pool.run(_get, round_id)
        return None if row is None else _proof(row)

    async def page(self, source_id: int, *, before: int | None = None, limit: int = 100) -> list[ProofRow]:
        """Return rounds of a source, the newest first; with `before`, those whose id is smaller."""
        rows = await self._pool.run(_page, source_id, _LARGEST if before is None else min(before, _LARGEST), limit)
        return [_proof(row) for row in rows]

    async def kept(self, source_id: int, since: datetime | None = None) -> list[ProofRow]:
        """Return the rounds whose bodies are kept, by the moments whose sets they tell."""
        return [_proof(row) for row in await self._pool.run(_kept, source_id, since)]

    async def following(self, source_id: int, at: datetime) -> datetime | None:
        """Return when the source's set was next read after a moment, None where it was not."""
        return await self._pool.run(_following, source_id, at)

    async def note_declaration(self, digest: bytes, name: str, text: Any, first: datetime) -> None:
        """Keep what a source declared, by its digest, once."""
        await self._writer.write(_note, digest, name, to_json(text), first)

    async def blocked(self) -> list[int]:
        """Return the keys of what is never to be taken in again."""
        return await self._pool.run(_blocked)

    async def let_go(self, rounds: Sequence[int], *, forgotten: bool = False) -> None:
        """Note that the bodies of these rounds are not kept any more; `forgotten`: because of what they held."""
        await self._writer.write(_let_go, list(rounds), FORGOTTEN if forgotten else None)


def _proof(row: Row) -> ProofRow:
    fields = dict(row)
    fields["refused"] = {} if fields["refused"] is None else msgspec.json.decode(fields["refused"])
    fields["declared"] = None if fields["declared"] is None else msgspec.json.decode(fields["declared"])
    return ProofRow(**fields)


async def _get(connection: Connection, round_id: int) -> Row | None:
    return await connection.fetchrow(_GET, round_id)


async def _page(connection: Connection, source_id: int, before: int, limit: int) -> list[Row]:
    return await connection.fetch(_PAGE, source_id, before, limit)


async def _kept(connection: Connection, source_id: int, since: datetime | None) -> list[Row]:
    return await connection.fetch(_KEPT, source_id, since)


async def _following(connection: Connection, source_id: int, at: datetime) -> datetime | None:
    return await connection.fetchval(_FOLLOWING, source_id, at)  # type: ignore[no-any-return]


async def _blocked(connection: Connection) -> list[int]:
    return [row["key"] for row in await connection.fetch("SELECT key FROM blocked")]


async def _let_go(connection: Connection, rounds: list[int], mark: str | None) -> None:
    await connection.execute(_LET_GO, rounds, mark)


async def _note(connection: Connection, digest: bytes, name: str, text: str, first: datetime) -> None:
    await connection.execute(
        "INSERT INTO declaration (digest, name, first, text) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        digest,
        name,
        first,
        text,
    )
