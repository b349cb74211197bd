"""Read a body of the past by its source's declaration, and write it as history (`tipd.store.history`).

The body is read in a worker like any other, compared with what stands for its moment instead of with what is open now.
Nothing of the source's own row moves: not its set, its validators, its snapshot.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import trio

from tipd import __version__
from tipd.config import duration
from tipd.modules.blacklist import guards
from tipd.modules.blacklist.body import max_body
from tipd.modules.blacklist.hand_over import READER, identity_of
from tipd.modules.blacklist.keeping import keep_body, note_declaration
from tipd.modules.blacklist.reader import CLOSED, OPENED
from tipd.modules.blacklist.reading.job import ReadJob, ReadResult
from tipd.store.history import BACKFILL, REPLAY, HistoryRefused, Loaded, Observation, Window

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.tools import Tools
    from tipd.store.proofs import ProofRow
    from tipd.store.sources import SourceRow

_PIECE = 1 << 20


class Seen(NamedTuple):
    """A body's SHA-256 and bytes."""

    sha256: bytes
    size: int


class Past:
    """The past of one source; `folder` is for scratch files."""

    def __init__(self, tools: Tools, source: Source, row: SourceRow, folder: Path) -> None:
        """Nothing happens yet."""
        self._tools = tools
        self._source = source
        self._row = row
        self._folder = folder

    async def backfill(self, body: Path, at: datetime, origin: str) -> Loaded | None:
        """Load a body as the source's whole set at a moment; None where that very body was loaded for it already.

        Raises HistoryRefused in plain words, WorkerFailed, StoreAway, OSError.
        """
        async with self._tools.store.history.alone(self._row.id):
            return await self._backfill(body, at, origin)

    async def _backfill(self, body: Path, at: datetime, origin: str) -> Loaded | None:
        history, row = self._tools.store.history, self._row
        seen = self._observation(BACKFILL, at, origin, await trio.to_thread.run_sync(_hashed, body))
        window = await history.window(row.id, at, duration(self._source.keep))
        if await history.known(row.id, seen):
            return None
        result = await self._read(body, at, live=False)
        round_id = await self._begin(seen)
        now = self._tools.clock.now()
        await history.keep(
            round_id, await keep_body(self._tools, row, round_id, body, now, read_in=self._folder, past=True)
        )
        added, cut = await history.replace(round_id, row.id, window, self._folder / OPENED, self._folder / CLOSED)
        await history.finish(round_id, result.entries, result.refused)
        return Loaded(round=round_id, entries=result.entries, added=added, cut=cut)

    async def fill(self, body: Path, proof: ProofRow, until: datetime) -> int:
        """Add what a kept body holds and its round missed, up to `until`; return how many. Raises as `backfill`."""
        if proof.at is None or proof.body_sha256 is None or proof.at >= until:
            return 0
        async with self._tools.store.history.alone(self._row.id):
            return await self._fill(body, proof, proof.at, until)

    async def _fill(self, body: Path, proof: ProofRow, at: datetime, until: datetime) -> int:
        result = await self._read(body, at, live=True)
        if not result.opened:
            return 0
        seen = Seen(proof.body_sha256 or b"", proof.body_bytes or 0)
        round_id = await self._begin(self._observation(REPLAY, at, f"kept body of round {proof.id}", seen))
        window = Window(at, until)
        history = self._tools.store.history
        await history.keep(round_id, proof.body)
        added = await history.fill(round_id, self._row.id, window, self._folder / OPENED)
        await history.finish(round_id, result.entries, result.refused)
        return added

    async def _begin(self, seen: Observation) -> int:
        await note_declaration(self._tools, self._source, self._tools.clock.now())
        return await self._tools.store.history.begin(self._row.id, seen)

    async def _read(self, body: Path, at: datetime, *, live: bool) -> ReadResult:
        """Read the body against what stands for its moment. Raises HistoryRefused where it must not be used."""
        tools, source = self._tools, self._source
        standing = self._folder / "standing"
        await tools.store.history.standing(self._row.id, at, standing, live=live)
        job = ReadJob(
            body=str(body),
            folder=str(self._folder),
            source=msgspec.structs.replace(source, absence="left"),  # what stood and is not in the body was not there
            seed=tools.store.hash_seed,
            identity=identity_of(tools, source, self._row, 0),
            open_keys=str(standing),
            trusted=True,  # the operator's own file
            max_body=max_body(source),
            max_rows=tools.max_rows,
        )
        result: ReadResult = await tools.workers.call(
            READER, job, ReadResult, deadline=tools.deadline, memory=tools.memory
        )
        result.had = 0  # the past is no measure of today's size, nor the other way round
        refused = guards.refusal(source, result)
        if refused is not None and not (refused.amount and result.rows):
            raise HistoryRefused(f"this cannot be a body of {source.name}: {refused.why}")
        return result

    def _observation(self, why: str, at: datetime, origin: str, seen: Seen) -> Observation:
        return Observation(
            why=why,
            at=at,
            origin=origin,
            body_sha256=seen.sha256,
            body_bytes=seen.size,
            declaration=self._source.declared(),
            read_digest=self._source.digest(),
            version=__version__,
        )


def _hashed(path: Path) -> Seen:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Seen(digest.digest(), size)
