"""How far agents' views were taken, and what was refused of them. Asyncio-flavoured, in a writer's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.errors import TryAgain
from tipd.model.finding import NewFinding
from tipd.model.spam import REFUSED, Cursor
from tipd.store import partitions, telling
from tipd.store.batch import Written
from tipd.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.spam import VersionMark
    from tipd.store.connection import Connection

AGAIN = timedelta(hours=1)  # the same refusal is told no more often
LONGEST_DETAIL = 2000
_WHERE = "SELECT number FROM spam_cursor WHERE source_id = $1 AND view = $2"
_MOVE = """
INSERT INTO spam_cursor AS c (source_id, view, number, sha256, key, manifest, taken, sealed, records,
                              bytes, gaps, withdrawn)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (source_id, view) DO UPDATE
   SET number = excluded.number, sha256 = excluded.sha256, key = excluded.key, manifest = excluded.manifest,
       taken = excluded.taken, sealed = excluded.sealed, records = c.records + excluded.records,
       bytes = c.bytes + excluded.bytes, gaps = c.gaps + excluded.gaps, withdrawn = c.withdrawn + excluded.withdrawn
"""
_MENDED = "DELETE FROM spam_refusal WHERE source_id = $1 AND view = $2"
_CURSORS = """
SELECT source.name, c.view, c.number, c.sha256, c.key FROM spam_cursor AS c JOIN source ON source.id = c.source_id
"""
_REFUSAL = """
SELECT source.id, r.told FROM source LEFT JOIN spam_refusal AS r
    ON r.source_id = source.id AND r.view = $2 AND r.reason = $3
 WHERE source.name = $1
"""
_REFUSE = """
INSERT INTO spam_refusal AS r (source_id, view, reason, number, detail, first, last, count, told)
VALUES ($1, $2, $3, $4, $5, $6, $6, 1, $6)
    ON CONFLICT (source_id, view, reason) DO UPDATE
   SET number = excluded.number, detail = excluded.detail, last = excluded.last, count = r.count + 1,
       told = CASE WHEN $7 THEN excluded.told ELSE r.told END
"""

_NOTE_AGENT = """
INSERT INTO spam_agent AS a (source_id, view, there, key, pinned)
SELECT id, coalesce($2, ''), $3, coalesce($4, ''::bytea), coalesce($5, false) FROM source WHERE name = $1
    ON CONFLICT (source_id) DO UPDATE
   SET view = coalesce($2, a.view), there = coalesce($3, a.there), key = coalesce($4, a.key),
       pinned = coalesce($5, a.pinned)
"""


class CursorMoved(TryAgain):
    """The batch does not go on where the cursor stands: somebody else has taken what was before it."""


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a manifest."""

    sealed: str = ""
    records: int = 0
    bytes: int = 0
    withdraws: tuple[str, ...] = ()


async def move(connection: Connection, source_id: int, versions: Sequence[VersionMark], now: datetime) -> bool:
    """Move the cursor to the last of these versions; say whether it stood there, or further, already.

    Raises CursorMoved where something is missing between.
    """
    if not versions:
        return False
    view, last = versions[-1].view, versions[-1]
    stands = await connection.fetchval(_WHERE, source_id, view)
    if stands is not None and stands >= last.number:
        return True
    if stands is not None and versions[0].number != stands + 1:
        raise CursorMoved(f"version {stands + 1} of {last.agent} is next, not {versions[0].number}")
    said = [(one, _said(one.manifest)) for one in versions]
    taken = [each for one, each in said if not one.gone]
    await connection.execute(
        _MOVE,
        source_id,
        view,
        last.number,
        last.sha256,
        last.key,
        last.manifest,
        now,
        _moment(said[-1][1].sealed),
        sum(each.records for each in taken),
        sum(each.bytes for each in taken),
        sum(one.gone for one in versions),
        sum(len(each.withdraws) for _, each in said),
    )
    await connection.execute(_MENDED, source_id, view)
    return False


def _said(manifest: bytes) -> _Said:
    try:
        return msgspec.json.decode(manifest, type=_Said)
    except (msgspec.MsgspecError, UnicodeError):
        return _Said()


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


async def cursors(connection: Connection) -> dict[tuple[str, str], Cursor]:
    """Return how far each agent's view was taken."""
    return {
        (row["name"], row["view"]): Cursor(number=row["number"], manifest_sha256=row["sha256"], key=row["key"])
        for row in await connection.fetch(_CURSORS)
    }


async def refuse(
    connection: Connection, agent: str, view: str, what: tuple[int, str, str], now: datetime
) -> Written[bool]:
    """Note what was refused (number, reason, detail), and tell it unless it was told within the hour; say whether.

    Raises ValueError where the agent is not declared.
    """
    number, reason, detail = what
    reason, detail = storable(reason)[:100], storable(detail)[:LONGEST_DETAIL]
    row = await connection.fetchrow(_REFUSAL, agent, view, reason)
    if row is None:
        raise ValueError(f"there is no agent {agent!r}")
    tells = row["told"] is None or now - row["told"] >= AGAIN or row["told"] > now
    await connection.execute(_REFUSE, row["id"], view, reason, number, detail, now, tells)
    if not tells:
        return Written(tells, 0)
    facts: dict[str, Any] = {"view": view, "version": number, "reason": reason, "detail": detail}
    await partitions.ensure(connection, now)
    found = telling.told(NewFinding(kind=REFUSED, module="spamtrap", source=agent, data=facts), 0)
    (seq,) = await telling.insert(connection, [found], now, {agent: row["id"]})
    return Written(tells, seq, frozenset((REFUSED,)))


async def note_agent(
    connection: Connection, name: str, facts: tuple[str | None, int | None, bytes | None, bool | None]
) -> None:
    """Note what is known of an agent (view, highest number, key, whether pinned). Raises ValueError."""
    done = await connection.execute(_NOTE_AGENT, name, *facts)
    if done != "INSERT 0 1":
        raise ValueError(f"there is no agent {name!r}")
