"""Changes of a source that tells only what has changed: rows that came, rows that were taken back, how far it is.

What a page says is written with the cursor that lies behind it: the cursor stands in the transaction of the page's last
rows, so that a kill between two pages loses nothing and repeats nothing that can be seen. At most 20,000 rows a
transaction; what a page costs hangs on its rows, not on the set.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from tipd.store import closing, partitions
from tipd.store.batch import Written
from tipd.store.beginning import open_frame
from tipd.store.closing import Change
from tipd.store.frames import next_frame, next_keys
from tipd.store.rounds import prove
from tipd.store.text import to_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from tipd.clock import Clock
    from tipd.store.connection import Connection
    from tipd.store.pool import Pool
    from tipd.store.rounds import Proof
    from tipd.store.writer import Writer


class Increments:
    """Reads and moves sources' cursors."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock

    async def cursor(self, source_id: int) -> Any:
        """Return what was kept with the source's last rows, None where nothing was."""
        return await self._pool.run(_cursor, source_id)

    async def keep(self, source_id: int, cursor: Any) -> None:
        """Move the cursor where there are no rows to move it with."""
        await self._writer.write(_keep, source_id, cursor)

    async def apply(
        self,
        round_id: int,
        source_id: int,
        opened: Path,
        withdrawn: Path,
        *,
        cursor: Any,
        proof: Proof,
        initial: bool = False,
    ) -> tuple[int, int]:
        """List what a page brought, end what it takes back, keep the cursor and the round's proof.

        Returns how many were listed and ended. May be applied again. Raises FrameError, OSError.
        """
        at = proof.at or self._clock.now()
        await self._writer.write(partitions.ensure, at)
        change = Change(round_id, source_id, at)
        frames = await trio.to_thread.run_sync(_all, opened, next_frame)
        keys = await trio.to_thread.run_sync(_all, withdrawn, next_keys)
        listed = ended = 0
        # Of the many parts of a huge page each is a transaction, the last one takes the cursor along.
        for number in range(max(len(frames), len(keys), 1)):
            frame, gone = frames[number : number + 1], keys[number : number + 1]
            last = number + 1 >= max(len(frames), len(keys))
            part = _Part(change, frame, gone, initial, cursor if last else None, proof if last else None)
            more, less = await self._writer.write(partial(_write, part=part), alone=True)
            listed, ended = listed + more, ended + less
        return listed, ended


class _Part(msgspec.Struct, frozen=True):
    """What one transaction writes."""

    change: Any
    frames: list[bytes]
    keys: list[list[int]]
    initial: bool
    cursor: Any
    proof: Any


async def _write(connection: Connection, part: _Part) -> Written[tuple[int, int]]:
    change, done = part.change, []
    for tuples in part.frames:
        # What came was last seen now: it ages from here on unless it comes again.
        done.append(await open_frame(connection, tuples, change, initial=part.initial, seen=change.at))
    done += [await closing.close(connection, change, keys, closing.WITHDRAWN) for keys in part.keys]
    if part.cursor is not None:
        await _keep(connection, change.source_id, part.cursor)
    if part.proof is not None:
        await prove(connection, change.round_id, part.proof)
    kinds = frozenset[str]().union(*(each.kinds for each in done))
    listed = sum(each.result for each in done[: len(part.frames)])
    ended = sum(each.result for each in done[len(part.frames) :])
    return Written((listed, ended), max((each.last_seq for each in done), default=0), kinds)


def _all[T](path: Path, read: Callable[[BinaryIO], T | None]) -> list[T]:
    with path.open("rb") as file:
        parts: list[T] = []
        while part := read(file):
            parts.append(part)
        return parts


async def _cursor(connection: Connection, source_id: int) -> Any:
    text = await connection.fetchval("SELECT request_cursor FROM source WHERE id = $1", source_id)
    return None if text is None else msgspec.json.decode(text)


async def _keep(connection: Connection, source_id: int, cursor: Any) -> None:
    await connection.execute("UPDATE source SET request_cursor = $2::jsonb WHERE id = $1", source_id, to_json(cursor))
