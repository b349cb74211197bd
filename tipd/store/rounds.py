"""Rounds: one run of a source that read a body or failed in a new way, and the intervals it opens and closes.

Only differences are written, at most 20,000 rows a transaction, each with its finding. A round that is cut off leaves
what it has written: that stands, but the source's `last_round`, validators and body hash are gone from the first of its
transactions until it is finished, so that neither an old snapshot nor a 304 is believed about a set that has moved.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import trio

from tipd.store import closing, partitions
from tipd.store.beginning import open_frame
from tipd.store.closing import Change
from tipd.store.frames import next_frame, next_keys
from tipd.store.sources import LONGEST_ERROR, Outcome, settle
from tipd.store.text import storable, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tipd.clock import Clock
    from tipd.model.finding import NewFinding
    from tipd.store.batch import Written
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How a round came to what it says: kept with the round; see migrations for what the columns mean."""

    status: str
    ended: datetime
    url: str | None = None
    address: str | None = None  # the address connected to
    http_status: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: bytes | None = None
    body_bytes: int | None = None
    read_digest: bytes | None = None
    version: str | None = None  # of tipd
    entries: int | None = None
    refused: dict[str, int] = {}
    error: str | None = None
    why: str = "poll"
    at: datetime | None = None  # the moment whose set the body tells
    declaration: bytes | None = None  # SHA-256 of the declaration it was run under
    body: str | None = None  # the kept body's name


class RoundRow(Proof, frozen=True, kw_only=True):
    """A round as stored; `ended` and `status` are None while it runs, and for ever where it was cut off."""

    id: int
    source_id: int
    started: datetime
    status: str | None  # type: ignore[assignment]
    ended: datetime | None  # type: ignore[assignment]
    listed: int
    delisted: int


class Rounds:
    """Begins, applies and finishes rounds."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock

    async def begin(self, source_id: int, *, started: datetime | None = None) -> int:
        """Store that a round of the source has begun; return its id."""
        return await self._writer.write(_begin, source_id, started or self._clock.now())

    async def claim(self, round_id: int, proof: Proof) -> None:
        """Store what proves the round before it writes, so that what is cut off can be proved too; not how it ended."""
        await self._writer.write(prove, round_id, proof, tuple(name for name in _PROOF if name not in _ENDING))

    async def apply(
        self,
        round_id: int,
        source_id: int,
        opened: Path | None,
        closed: Path | None,
        *,
        initial: bool = False,
        reason: str = closing.LEFT,
        at: datetime | None = None,
        vanished: datetime | None = None,
    ) -> tuple[int, int]:
        """Open and close intervals as the two files say (`tipd.store.frames`); return how many were.

        What is open already and what is not open are passed over, so the same round may be applied again. `at` (now
        where not given) is the time of the intervals and their findings. `vanished`: what the second file names does
        not end, it was last seen then and ages (a list of recent rows). Raises FrameError, OSError.
        """
        at = at or self._clock.now()
        await self._writer.write(partitions.ensure, at)
        change = Change(round_id, source_id, at)
        listed = await self._each(opened, next_frame, partial(open_frame, change=change, initial=initial))
        if vanished is None:
            delisted = await self._each(closed, next_keys, partial(_close_left, change=change, reason=reason))
        else:
            delisted = await self._each(closed, next_keys, partial(_vanish, change=change, seen=vanished))
        return listed, delisted

    async def close_all(self, round_id: int, source_id: int, *, reason: str, at: datetime | None = None) -> int:
        """Close every open interval of the source, for `reason`; return how many. Whatever comes back is new."""
        at = at or self._clock.now()
        await self._writer.write(partitions.ensure, at)
        change = Change(round_id, source_id, at)
        number = 0
        while part := await self._writer.write(closing.close_some, change, reason, alone=True):
            number += part
        while await self._writer.write(closing.forget_standing, source_id, alone=True):
            pass
        return number

    async def finish(
        self, round_id: int, source_id: int, proof: Proof, outcome: Outcome, findings: Sequence[NewFinding] = ()
    ) -> None:
        """Store how the round ended, the source's row and findings, together."""
        await self._writer.write(_finish, round_id, source_id, proof, outcome, findings=findings)

    async def end(self, round_id: int, proof: Proof) -> None:
        """Store how a round ended that asked nobody (ageing): the source's state is what it was."""
        await self._writer.write(prove, round_id, proof)

    async def last_entries(self, source_id: int) -> int:
        """Return how many indicators the source had after its last round that was not cut off, 0 before the first."""
        return await self._pool.run(_last_entries, source_id)

    async def last(self, source_id: int, limit: int = 20) -> list[RoundRow]:
        """Return the source's rounds, newest first."""
        return [_round(row) for row in await self._pool.run(_last, source_id, limit)]

    async def _each[T](
        self, path: Path | None, read: Callable[[BinaryIO], T | None], write: Callable[[Connection, T], Any]
    ) -> int:
        if path is None:
            return 0
        number = 0
        file = await trio.to_thread.run_sync(path.open, "rb")
        try:
            while part := await trio.to_thread.run_sync(read, file):
                number += await self._writer.write(write, part, alone=True)
        finally:
            file.close()
        return number


async def _close_left(connection: Connection, keys: list[int], change: Change, reason: str) -> Written[int]:
    return await closing.close_left(connection, change, keys, reason)


async def _vanish(connection: Connection, keys: list[int], change: Change, seen: datetime) -> int:
    return await closing.vanish(connection, change, keys, seen)


_PROOF = tuple(name for name in Proof.__struct_fields__ if name != "address")
_ENDING = frozenset({"status", "ended", "entries", "refused", "error"})


async def _begin(connection: Connection, source_id: int, started: datetime) -> int:
    return await connection.fetchval(  # type: ignore[no-any-return]
        "INSERT INTO round (source_id, started) VALUES ($1, $2) RETURNING id", source_id, started
    )


async def _finish(connection: Connection, round_id: int, source_id: int, proof: Proof, outcome: Outcome) -> None:
    await prove(connection, round_id, proof)
    await settle(connection, source_id, outcome)


async def prove(connection: Connection, round_id: int, proof: Proof, names: Sequence[str] = _PROOF) -> None:
    """Store how a round ended, or of its proof only what is named (asyncio-flavoured)."""
    values = {name: _fit(getattr(proof, name)) for name in names}
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, start=3))
    await connection.execute(
        f"UPDATE round SET address = $2::text::inet, {sets} WHERE id = $1",  # noqa: S608 - names of our own columns
        round_id,
        proof.address,
        *values.values(),
    )


def _fit(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)[:LONGEST_ERROR]
    return to_json(value) if isinstance(value, dict) else value


async def _last_entries(connection: Connection, source_id: int) -> int:
    number = await connection.fetchval(
        "SELECT entries FROM round WHERE source_id = $1 AND entries IS NOT NULL ORDER BY id DESC LIMIT 1", source_id
    )
    return number or 0


async def _last(connection: Connection, source_id: int, limit: int) -> list[Row]:
    return await connection.fetch(
        "SELECT * FROM round WHERE source_id = $1 ORDER BY id DESC LIMIT $2", source_id, limit
    )


def _round(row: Row) -> RoundRow:
    fields = dict(row)
    fields["address"] = None if fields["address"] is None else str(fields["address"])
    fields["refused"] = {} if fields["refused"] is None else msgspec.json.decode(fields["refused"])
    return RoundRow(**fields)
