"""Loads history into a store in whole days around START, and reads back what stands."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.stores import START, HandClock, names, write_closed, write_opened
from tipd.model.key import key_of
from tipd.store.history import BACKFILL, REPLAY, Observation, Window
from tipd.store.sources import Declared
from tipd.store.store import Store

DAY = timedelta(days=1)


def days(at: datetime | None) -> int | None:
    """Return a moment as days from START."""
    return None if at is None else round((at - START) / DAY)


def spans(rows: Collection[Any]) -> dict[int, list[tuple[int | None, int | None]]]:
    """Return intervals by the number of the name, in order."""
    numbers = {one.value: number for number, one in enumerate(names(*range(50)))}
    found: dict[int, list[tuple[int | None, int | None]]] = {}
    for row in sorted(rows, key=lambda row: row["opened"]):
        found.setdefault(numbers[row["value"]], []).append((days(row["opened"]), days(row["closed"])))
    return dict(sorted(found.items()))


@dataclass
class Historian:
    """One source of one store."""

    store: Store
    folder: Path
    clock: HandClock
    source: int
    made: int = field(default=0)

    @classmethod
    async def of(cls, store: Store, folder: Path, clock: HandClock, name: str = "src") -> Historian:
        rows = await store.sources.declare("blacklist", {name: Declared()})
        return cls(store, folder, clock, next(row.id for row in rows if row.name == name))

    @staticmethod
    def body(numbers: Collection[int]) -> bytes:
        """Return the body that holds these."""
        return repr(sorted(numbers)).encode()

    async def load(
        self,
        day: int,
        numbers: set[int],
        *,
        keep: int = 30,
        body: bytes | None = None,
        digest: bytes = b"digest",
        cut_off: bool = False,
    ) -> int | None:
        """Load an observation; return its round, None where it is known. `cut_off`: as if killed in the middle."""
        at = START + day * DAY
        seen = self._seen(BACKFILL, at, body if body is not None else self.body(numbers), digest)
        history = self.store.history
        window = await history.window(self.source, at, keep * DAY)
        if await history.known(self.source, seen):
            return None
        standing = self.folder / "standing"
        await history.standing(self.source, at, standing)
        round_id = await history.begin(self.source, seen)
        opened = write_opened(self.folder / "opened", self.store.hash_seed, names(*numbers), rows=2)
        gone = names(*await self._standing(at) - numbers)
        closed = write_closed(self.folder / "closed", self.store.hash_seed, gone[:1] if cut_off else gone)
        if cut_off:
            opened = write_opened(opened, self.store.hash_seed, names(*sorted(numbers)[:1]))
        await history.replace(round_id, self.source, window, opened, closed)
        if not cut_off:
            await history.finish(round_id, len(numbers), {})
        return round_id

    async def fill(self, day: int, numbers: set[int], *, until: int) -> int:
        """Add what was missed from a day on; return how many."""
        at = START + day * DAY
        seen = self._seen(REPLAY, at, self.body(numbers), b"digest")
        round_id = await self.store.history.begin(self.source, seen)
        opened = write_opened(self.folder / "opened", self.store.hash_seed, names(*numbers))
        window = Window(at, START + until * DAY)
        added = await self.store.history.fill(round_id, self.source, window, opened)
        await self.store.history.finish(round_id, len(numbers), {})
        return added

    async def live(self, day: int, *, on: Collection[int] = (), off: Collection[int] = ()) -> None:
        """Let tipd itself see a change on a day."""
        at, seed = START + day * DAY, self.store.hash_seed
        round_id = await self.store.rounds.begin(self.source, started=at)
        opened = write_opened(self.folder / "opened", seed, names(*on))
        closed = write_closed(self.folder / "closed", seed, names(*off))
        await self.store.rounds.apply(round_id, self.source, opened, closed, at=at)

    async def block(self, number: int) -> None:
        one = names(number)[0]
        await self.store.pool.run(_block, key_of(self.store.hash_seed, one.kind, one.value))

    async def rows(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.store.pool.run(_rows, self.source)]

    async def spans(self) -> dict[int, list[tuple[int | None, int | None]]]:
        return spans(await self.rows())

    async def _standing(self, at: datetime) -> set[int]:
        rows = [row for row in await self.rows() if row["backfilled"] and row["opened"] <= at < row["closed"]]
        return set(spans(rows))

    def _seen(self, why: str, at: datetime, body: bytes, digest: bytes) -> Observation:
        return Observation(
            why=why,
            at=at,
            origin="list.txt",
            body_sha256=hashlib.sha256(body).digest(),
            body_bytes=len(body),
            declaration=b"d" * 32,
            read_digest=digest,
            version="1",
        )


async def _rows(connection: Any, source: int) -> list[Any]:
    return await connection.fetch("SELECT * FROM sighting WHERE source_id = $1 ORDER BY opened, key", source)


async def _block(connection: Any, key: int) -> None:
    await connection.execute("INSERT INTO blocked VALUES ($1, now())", key)
