"""How far archives were taken, and the mails they held, for when the rows of these are gone. Asyncio-flavoured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tipd.model.spam import ArchiveMark

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from tipd.store.connection import Connection

_MARK = """
INSERT INTO spam_archive (source_id, name, sha256, members, done, stamp, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (source_id, name) DO UPDATE
   SET sha256 = excluded.sha256, members = excluded.members, done = excluded.done, stamp = excluded.stamp,
       at = excluded.at
"""
_MARKS = """
SELECT a.name, a.sha256, a.members, a.done, a.stamp FROM spam_archive AS a JOIN source ON source.id = a.source_id
 WHERE source.name = $1
"""
# In the order of the hashes, so that what is asked is found by bisection.
_HELD = """
INSERT INTO spam_archived (source_id, name, taken, hashes)
SELECT $1, $2, $3, string_agg(int8send(hash), ''::bytea ORDER BY hash) FROM spam_in HAVING count(*) > 0
"""
_BEFORE = "SELECT hashes FROM spam_archived WHERE source_id = $1 AND name = $2 AND taken < $3"


async def mark(connection: Connection, source_id: int, archive: ArchiveMark, now: datetime) -> None:
    """Note how far an archive was taken."""
    await connection.execute(
        _MARK, source_id, archive.name, archive.sha256, archive.members, archive.done, archive.stamp, now
    )


async def marks(connection: Connection, source: str) -> dict[str, ArchiveMark]:
    """Return how far the archives of a source were taken, by their names."""
    return {row["name"]: ArchiveMark(archive=source, **row) for row in await connection.fetch(_MARKS, source)}


async def hold(connection: Connection, source_id: int, name: str, today: date) -> None:
    """Remember the batch's new mails (`spam_in`) as the archive's."""
    await connection.execute(_HELD, source_id, name, today)


async def held_before(
    connection: Connection, source_id: int, name: str, hashes: Sequence[int], floor: date
) -> list[int]:
    """Return the places of those mails that the archive held already, and whose rows are gone (before `floor`)."""
    asked = np.array(hashes, "i8")
    found = np.zeros(len(asked), bool)
    for row in await connection.fetch(_BEFORE, source_id, name, floor):
        block = np.frombuffer(row["hashes"], ">i8").astype("i8")
        at = np.minimum(np.searchsorted(block, asked), len(block) - 1)
        found |= block[at] == asked
    return [int(place) for place in np.flatnonzero(found)]
