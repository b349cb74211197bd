"""What the rest of tipd sees of spamtraps in the store: `store.spam`."""

from __future__ import annotations

from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING

import msgspec

from tipd.model.spam import SpamBatch, Taken
from tipd.store.spam import ageing, archives, cursors, known, pruning, taking
from tipd.store.spam.reads import Reads
from tipd.store.spam.ready import MOST_MAILS, hashes_of, ready

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from tipd.clock import Clock
    from tipd.model.spam import ArchiveMark, Cursor
    from tipd.store.ageing import Ageing
    from tipd.store.pool import Pool
    from tipd.store.spam.pruning import Pruned
    from tipd.store.writer import Writer

SIGHTING_KEEP = timedelta(days=14)
MOST_HASHES = 20_000  # a statement


def _nobody(_address: str) -> int | None:
    return None


class Spam(Reads):
    """Mails, campaigns, archives and agents; raises StoreAway while the database is away."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock, ageing_: Ageing, hash_seed: int) -> None:
        super().__init__(pool, clock, hash_seed)
        self._writer = writer
        self._ageing = ageing_
        self.asn_of: Callable[[str], int | None] = _nobody
        """Which AS announces an address: whoever knows sets it; what comes before counts as unknown."""

    async def take(self, batch: SpamBatch, *, sighting_keep: timedelta = SIGHTING_KEEP) -> Taken:
        """Store a batch whole, with its marks and findings, or nothing of it; what is known already is passed over.

        Relays of mails younger than `sighting_keep` are listed. Mails of the future count as of now. May be done again.
        Raises ValueError for a source that is not declared, over 20,000 mails or a name that is no SHA-256, CursorMoved
        (a TryAgain) where the batch's versions do not go on where the cursor stands.
        """
        now = self._clock.now()
        done = Taken()
        if len(batch.withdraws) > MOST_MAILS:
            done, batch = await self._take_back(batch, sighting_keep)
        rows = await ready(batch, self._seed, now, self.asn_of)
        terms = taking.Terms(now, sighting_keep, self._seed)
        last = await self._writer.write(taking.take, batch, rows, terms, findings=batch.findings, alone=True)
        return msgspec.structs.replace(last, withdrawn=last.withdrawn + done.withdrawn, new=last.new + done.new)

    async def _take_back(self, batch: SpamBatch, keep: timedelta) -> tuple[Taken, SpamBatch]:
        """Store the mails and take back most of what is withdrawn, without the marks; return what is left to do."""
        done = await self.take(
            msgspec.structs.replace(batch, withdraws=(), versions=(), archive=None, findings=()), sighting_keep=keep
        )
        parts = list(batched(batch.withdraws, MOST_MAILS, strict=False))
        for part in parts[:-1]:
            gone = await self.take(SpamBatch(source=batch.source, withdraws=part), sighting_keep=keep)
            done = msgspec.structs.replace(done, withdrawn=done.withdrawn + gone.withdrawn)
        return done, msgspec.structs.replace(batch, mails=(), urls=(), files=(), sights=(), withdraws=parts[-1])

    async def known(self, hashes: Collection[bytes], *, source: str | None = None, member: str = "") -> set[bytes]:
        """Return those mails (SHA-256) that are stored, by any source or by this one.

        `member`: an archive of that source; what it held before counts too, also where the rows are gone. Raises
        ValueError for a name that is no SHA-256.
        """
        found: set[bytes] = set()
        for part in batched(hashes, MOST_HASHES, strict=False):
            halves = await hashes_of(part)
            there = await self._pool.run(known.known, halves, source, member)
            found.update(part[place] for place in there)
        return found

    async def cursors(self) -> dict[tuple[str, str], Cursor]:
        """Return how far each agent (by its source's name) was taken, by view."""
        return await self._pool.run(cursors.cursors)

    async def marks(self, archive: str) -> dict[str, ArchiveMark]:
        """Return how far the archives of a source were taken, by their names."""
        return await self._pool.run(archives.marks, archive)

    async def refused(self, agent: str, view: str, number: int, reason: str, detail: str = "") -> bool:
        """Note that a version was refused, and tell it unless the same was told within the hour; say whether.

        Raises ValueError where the agent is not declared.
        """
        return await self._writer.write(cursors.refuse, agent, view, (number, reason, detail), self._clock.now())

    async def agent(
        self,
        name: str,
        *,
        view: str | None = None,
        there: int | None = None,
        key: bytes | None = None,
        pinned: bool | None = None,
    ) -> None:
        """Note that a source is an agent, and what is known of it; what is None stays as it was.

        `there`: the highest number it told of; `key`: the public key that is believed; `pinned`: it was taken at the
        first contact. Raises ValueError where there is no such source.
        """
        await self._writer.write(cursors.note_agent, name, (view, there, key, pinned))

    async def age(self, now: datetime, *, sighting_keep: timedelta = SIGHTING_KEEP) -> int:
        """End what was last seen `sighting_keep` ago or longer, with its findings; return how many sightings."""
        return await ageing.age(self._pool, self._writer, self._ageing, now, sighting_keep)

    async def prune(self, keep: timedelta, *, campaigns_keep: timedelta = pruning.CAMPAIGNS_KEEP) -> Pruned:
        """Drop mails taken in longer than `keep` ago, by whole months, and what nobody needs any more (`pruning`).

        Raises ValueError where `keep` is not positive, TryAgain where readers are in the way for too long.
        """
        return await pruning.prune(self._writer, self._clock.now(), keep, campaigns_keep)
