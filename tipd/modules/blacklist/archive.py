"""What the API asks of the past, beside the collecting module: bodies loaded as history, and proofs read again.

Files that are loaded wait in a short queue and are taken one after the other; what became of them is kept in memory,
the round in the database. Nothing here leases a source: tipd's own time is not touched.
"""

from __future__ import annotations

import shutil
import struct
import uuid
from collections import deque
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import trio

from tipd.config import duration
from tipd.errors import StoreAway, TryAgain, WorkerFailed
from tipd.model.key import key_of
from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.body import max_body
from tipd.modules.blacklist.credentials import folder_of
from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.hand_over import READER
from tipd.modules.blacklist.history import Past
from tipd.modules.blacklist.places import Places
from tipd.modules.blacklist.reader import OPENED
from tipd.modules.blacklist.reading.job import ReadJob, ReadResult
from tipd.modules.blacklist.reading.snapshot import Identity
from tipd.modules.blacklist.tools import Ground, Tools
from tipd.store.bodies import BodyDamaged, BodyGone
from tipd.store.frames import next_frame
from tipd.store.history import HistoryRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.model.indicator import Indicator
    from tipd.modules.blacklist.settings import BlacklistSettings
    from tipd.nursery.contract import Context
    from tipd.store.bodies import Bodies
    from tipd.store.proofs import ProofRow

WAITING = 100
REMEMBERED = 200
_RETRY = 2.0

type JobState = Literal["waiting", "running", "done", "known", "refused", "failed"]


class Job(msgspec.Struct, kw_only=True):
    """One file on its way into history. `known`: that very body was loaded for that moment already."""

    id: str
    source: str
    at: datetime
    origin: str
    state: JobState = "waiting"
    why: str | None = None
    round: int | None = None
    entries: int = 0
    added: int = 0
    cut: int = 0


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A kept body read again for one value.

    `body` is `kept`, `gone` or `damaged`, and `why` says how; `holds`: the value stands in it, None where it could not
    be read; `same_reading`: today's tipd reads it as the round did.
    """

    body: Literal["kept", "gone", "damaged"]
    holds: bool | None = None
    same_reading: bool | None = None
    why: str | None = None


class Archive:
    """`run` takes files one after the other; everything else may be called at any time."""

    def __init__(
        self, settings: BlacklistSettings, state_dir: Path, bodies: Bodies, allow_networks: tuple[str, ...] = ()
    ) -> None:
        """Read declarations as the module of these settings does."""
        self._settings = settings
        self._places = Places(state_dir, "spool_past")
        self._bodies = bodies
        self._credentials = folder_of(settings.credentials_dir, state_dir)
        self._allow_networks = allow_networks
        self._tools: Tools | None = None
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[tuple[Job, Path]] = deque()
        self._wake = trio.Event()

    def sweep(self) -> None:
        """Remove what a killed run left, for whoever alone works on this folder; touches the disk."""
        self._places.sweep()

    def begin(self, ctx: Context) -> None:
        """Take what the work needs; before that nothing can be asked."""
        ground = Ground(self._places, self._bodies, self._credentials, self._allow_networks)
        self._tools = Tools.of(ctx, self._settings, ground)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Load what waits, for ever."""
        task_status.started()
        while True:
            while self._waiting:
                job, path = self._waiting[0]
                await self._load(job, path)
                self._waiting.popleft()
                await trio.to_thread.run_sync(partial(path.unlink, missing_ok=True))
            self._wake = trio.Event()
            await self._wake.wait()

    async def backfill(self, name: str, body: Path, at: datetime, origin: str) -> Job:
        """Let a file be loaded as the source's whole set at a moment; the file is taken over and removed.

        Raises HistoryRefused where it can be said at once that it will not be, TryAgain where too many wait.
        """
        if len(self._waiting) >= WAITING:
            raise TryAgain(f"{WAITING} files wait to be loaded already")
        tools = self._ready()
        source, row = await self._source(name), await tools.store.sources.get(name)
        if row is None:
            raise HistoryRefused(f"tipd has not met {name!r} yet: it is declared, and not yet known to the database")
        await tools.store.history.window(row.id, at, duration(source.keep))
        job = Job(id=uuid.uuid4().hex, source=name, at=at, origin=origin)
        while len(self._jobs) >= REMEMBERED:
            del self._jobs[next(iter(self._jobs))]
        self._jobs[job.id] = job
        self._waiting.append((job, body))
        self._wake.set()
        return job

    def job(self, number: str) -> Job | None:
        """Return what became of a file; None where nobody remembers."""
        return self._jobs.get(number)

    async def read_again(self, proof: ProofRow, subject: Indicator) -> Read:
        """Say whether a round's kept body is whole and holds an indicator, read as it was declared then."""
        tools = self._ready()
        folder = await trio.to_thread.run_sync(tools.places.scratch, f"proof-{proof.id}")
        try:
            body = folder / "body"
            await trio.to_thread.run_sync(tools.bodies.restore, proof.body, proof.body_sha256, body)
            return await self._look(proof, subject, body, folder)
        except BodyGone as gone:
            return Read(body="gone", why=str(gone))
        except BodyDamaged as damaged:
            return Read(body="damaged", why=str(damaged))
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(partial(shutil.rmtree, folder, ignore_errors=True))

    async def _look(self, proof: ProofRow, subject: Indicator, body: Path, folder: Path) -> Read:
        tools = self._ready()
        try:
            source = msgspec.convert(proof.declared, Source)
            job = ReadJob(
                body=str(body),
                folder=str(folder),
                source=msgspec.structs.replace(source, absence="left"),
                trusted=True,  # its signature was good when it came, and may have expired since
                seed=tools.store.hash_seed,
                identity=Identity(store_id="", source_id=0, last_round=0, read_digest=""),
                max_body=max_body(source),
                max_rows=tools.max_rows,
            )
            result: ReadResult = await tools.workers.call(
                READER, job, ReadResult, deadline=tools.deadline, memory=tools.memory
            )
        except (msgspec.ValidationError, WorkerFailed) as fault:
            return Read(body="kept", why=f"it cannot be read again: {fault}")
        if result.broken:
            return Read(body="kept", why=f"it cannot be read again: {result.broken}")
        key = key_of(tools.store.hash_seed, subject.kind, subject.value)
        holds = await trio.to_thread.run_sync(_holds, folder / OPENED, key)
        return Read(body="kept", holds=holds, same_reading=source.digest() == proof.read_digest)

    async def _load(self, job: Job, path: Path) -> None:
        """Load one file; while the database is away, wait for it."""
        job.state = "running"
        folder = await trio.to_thread.run_sync(self._places.scratch, f"past-{job.source}")
        try:
            while True:
                try:
                    return await self._load_once(job, path, folder)
                except (StoreAway, TryAgain) as away:
                    job.why = f"waits for the database: {away}"
                    await trio.sleep(_RETRY)
        except HistoryRefused as refused:
            job.state, job.why = "refused", str(refused)
        except Exception as error:  # a file may be anything: it must not end the task
            self._ready().log.exception("loading history failed", source=job.source, at=job.at)
            job.state, job.why = "failed", f"{type(error).__name__}: {error}"
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(partial(shutil.rmtree, folder, ignore_errors=True))

    async def _load_once(self, job: Job, path: Path, folder: Path) -> None:
        tools = self._ready()
        source, row = await self._source(job.source), await tools.store.sources.get(job.source)
        if row is None:
            raise HistoryRefused(f"there is no source {job.source!r}")
        done = await Past(tools, source, row, folder).backfill(path, job.at, job.origin)
        job.why = None
        if done is None:
            job.state = "known"
            return
        job.round, job.entries, job.added, job.cut = done.round, done.entries, done.added, done.cut
        job.state = "done"
        tools.log.info("history loaded", source=job.source, at=job.at, round=done.round, entries=done.entries)

    async def _source(self, name: str) -> Source:
        sources = await trio.to_thread.run_sync(catalogue.load, self._settings)
        source = sources.ok.get(name)
        if source is None:
            fault = next((fault.message for fault in sources.errors if fault.name == name), None)
            raise HistoryRefused(fault or f"{name!r} is not declared: nobody knows how to read its body")
        if source.request.increments:
            raise HistoryRefused(f"what {name} sends are changes, no sets: history cannot be made of them")
        return source

    def _ready(self) -> Tools:
        if self._tools is None:
            raise TryAgain("tipd is starting")
        return self._tools


def _holds(opened: Path, key: int) -> bool:
    """Say whether one of the rows has the key: the first column of each, after its own length."""
    wanted = struct.pack(">iq", 8, key)
    return any(wanted in tuples for tuples in _frames(opened))


def _frames(opened: Path) -> Iterator[bytes]:
    with opened.open("rb") as file:
        while tuples := next_frame(file):
            yield tuples
