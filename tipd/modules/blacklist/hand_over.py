"""Hand a body to a worker process, with the snapshot of the last round or, where it does not fit, the open keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

from tipd.modules.blacklist.body import max_body
from tipd.modules.blacklist.reading.job import ReadJob, ReadResult
from tipd.modules.blacklist.reading.snapshot import Identity, claim
from tipd.modules.blacklist.signed import get_signature

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.tools import Tools
    from tipd.store.sources import SourceRow

READER = "tipd.modules.blacklist.reader:read"


async def read_body(tools: Tools, source: Source, row: SourceRow, folder: Path, body: Path) -> ReadResult:
    """Return what the body holds; the files of what changed are made in `folder`.

    Raises WorkerFailed, OSError, and FetchError where its signature may come another time.
    """
    job = ReadJob(
        body=str(body),
        folder=str(folder),
        source=source,
        seed=tools.store.hash_seed,
        identity=identity_of(tools, source, row, row.last_round or 0),
        old_snapshot=str(tools.places.snapshot(row.id)) if row.last_round else "",
        max_body=max_body(source),
        max_rows=tools.max_rows,
        signature=await get_signature(tools.fetcher, source, folder / "signature", tools.credentials),
    )
    result = await _call(tools, job) if job.old_snapshot else ReadResult(wants_keys=True)
    if result.wants_keys:
        keys = folder / "open_keys"
        await tools.store.sightings.open_keys(row.id, keys)
        more = await tools.store.sightings.says_more(row.id)
        job = msgspec.structs.replace(job, old_snapshot="", open_keys=str(keys), open_more=more)
        result = await _call(tools, job)
    if result.nuls:
        tools.log.warning("NULs were taken out of a body", source=row.name, number=result.nuls)
    return result


async def keep_snapshot(tools: Tools, source: Source, row: SourceRow, made: Path, round_id: int) -> None:
    """Put the snapshot of the round into its place. Only a help for the next round: this one stands without it."""
    try:
        await trio.to_thread.run_sync(claim, made, identity_of(tools, source, row, round_id))
        await trio.to_thread.run_sync(tools.places.keep_snapshot, made, row.id)
    except OSError as error:
        tools.log.warning("the snapshot is not kept", source=row.name, error=str(error))


def identity_of(tools: Tools, source: Source, row: SourceRow, round_id: int) -> Identity:
    """Return what a snapshot of this source, made in that round, belongs to."""
    return Identity(
        store_id=tools.store.store_id,
        source_id=row.id,
        last_round=round_id,
        read_digest=source.digest().hex(),
    )


async def _call(tools: Tools, job: ReadJob) -> ReadResult:
    result: ReadResult = await tools.workers.call(READER, job, ReadResult, deadline=tools.deadline, memory=tools.memory)
    return result
