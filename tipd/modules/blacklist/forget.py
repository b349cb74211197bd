"""Forget a value everywhere: in the database (`tipd.store.forgetting`) and in the bodies that lie beside it.

One value at a time. What is asked for is written down until it is done (`errands`), so that no stop or kill ends it
half way. A body that holds the value is removed, as is one that cannot be looked through: its round keeps its hash and
says why the body is gone.
"""

from __future__ import annotations

import uuid
from functools import partial
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec
import trio

from tipd.errors import StoreAway, TipdError, TryAgain, WorkerFailed
from tipd.model.indicator import Indicator
from tipd.modules.blacklist.errands import Errand, Errands
from tipd.modules.blacklist.seek import SeekJob, SeekResult
from tipd.store.forgetting import Forgotten, Needle, Target, TooMany, Word

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from tipd.log import Log
    from tipd.modules.blacklist.needs import Workers
    from tipd.store.bodies import Bodies
    from tipd.store.store import Store

SEEKER = "tipd.modules.blacklist.seek:seek"
AT_ONCE = 25  # bodies a call of the worker
SEEK_WITHIN = 600.0  # seconds a call
SEEK_MEMORY = 512 * 2**20
GRACE = 2.0  # seconds for those who follow to hear that it is delisted, before the finding loses its value
REMEMBERED = 100
_RETRY = 2.0

type State = Literal["running", "done", "failed"]


class Job(msgspec.Struct, kw_only=True):
    """One value on its way out; `key` stands for it (a keyed hash). `unreachable`: bodies that could not be removed."""

    id: str
    key: str
    state: State = "running"
    why: str | None = None
    values: int = 0
    closed: int = 0
    sightings: int = 0
    findings: int = 0
    mentions: int = 0
    bodies: int = 0
    blocked: bool = False


class Elsewhere(Protocol):
    """Files of another module that may hold values too."""

    async def without(self, text: str, keys: Sequence[int]) -> int:
        """Remove what names a text, or what one of the keys stands for; return how many. May be done again."""
        ...


class Forgetter:
    """`run` is a task; `forget` begins and returns."""

    def __init__(
        self,
        store: Store,
        bodies: Bodies,
        state_dir: Path,
        workers: Workers,
        log: Log,
        *,
        elsewhere: Sequence[Elsewhere] = (),
    ) -> None:
        """Nothing happens yet."""
        self._elsewhere = elsewhere
        self._store = store
        self._bodies = bodies
        self._set_aside = state_dir / "set_aside"
        self._errands = Errands(state_dir)
        self._workers = workers
        self._log = log
        self._jobs: dict[str, Job] = {}
        self._turn = trio.Lock()
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Do what is asked, for ever; first what an earlier run left undone."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            for errand in await trio.to_thread.run_sync(self._errands.all):
                subject = Indicator(errand.kind, errand.value)
                job = Job(id=errand.id, key=self._key_of(subject), blocked=errand.block)
                self._remember(job)
                nursery.start_soon(self._work, job, errand, None)
            await trio.sleep_forever()

    async def forget(self, subject: Indicator, *, by: str, reason: str, block: bool, below: bool) -> Job:
        """Begin to forget a value. Raises TooMany, StoreAway, TryAgain."""
        if self._nursery is None:
            raise TryAgain("tipd is starting")
        targets = await self._store.forgetting.targets(subject, below=below)
        errand = Errand(
            id=uuid.uuid4().hex,
            kind=subject.kind,
            value=subject.value,
            by=by,
            reason=Needle.of(subject.value).cut_from(reason),
            block=block,
            below=below,
        )
        job = Job(id=errand.id, key=self._key_of(subject), values=len(targets), blocked=block)
        try:
            await trio.to_thread.run_sync(self._errands.put, errand)
        except OSError as error:  # a full disk must not keep anything from being forgotten
            self._log.warning("what is to be forgotten is not written down", key=job.key, error=error.strerror)
        self._remember(job)
        self._nursery.start_soon(self._work, job, errand, targets)
        return job

    def _remember(self, job: Job) -> None:
        while len(self._jobs) >= REMEMBERED:
            del self._jobs[next(iter(self._jobs))]
        self._jobs[job.id] = job

    def _key_of(self, subject: Indicator) -> str:
        return self._store.forgetting.name_of(self._store.forgetting.target(subject))

    def job(self, number: str) -> Job | None:
        """Return how far it is; None where nobody remembers."""
        return self._jobs.get(number)

    async def _work(self, job: Job, errand: Errand, targets: Sequence[Target] | None) -> None:
        """Do it to its end; `targets` where they are known."""
        needle = Needle.of(errand.value)
        word = Word(errand.by, errand.reason, errand.block, 0)
        async with self._turn:
            while job.state == "running":
                try:
                    if targets is None:
                        subject = Indicator(errand.kind, errand.value)
                        targets = await self._store.forgetting.targets(subject, below=errand.below)
                        job.values = len(targets)
                    await self._forget(job, targets, needle, word)
                    job.state, job.why = "done", None
                except (StoreAway, TryAgain) as away:
                    job.why = f"waits for the database: {away}"
                    await trio.sleep(_RETRY)
                except (
                    Exception
                ) as error:  # whatever it is, the next value has its turn; the log must not name this one
                    why = str(error) if isinstance(error, TipdError | OSError) else type(error).__name__
                    job.state, job.why = "failed", needle.cut_from(why)
                    self._log.error("forgetting failed", key=job.key, error=job.why)
            await trio.to_thread.run_sync(self._errands.drop, errand.id)

    async def _forget(self, job: Job, targets: Sequence[Target], needle: Needle, word: Word) -> None:
        """Each step may be done again, so all of them are, from the first, where one had to wait."""
        forgetting = self._store.forgetting
        if word.block:
            await forgetting.block(targets)
        closed = await forgetting.withdraw(targets)
        job.closed += closed
        if closed:
            await trio.sleep(GRACE)
        job.bodies += await self._bodies_without(needle, await forgetting.rounds_of(targets))
        for each in self._elsewhere:
            job.bodies += await each.without(needle.text, [target.key for target in targets])
        done = Forgotten(values=len(targets), closed=job.closed)
        await forgetting.blank(targets, needle, done)
        job.sightings += done.sightings
        job.findings += done.findings
        job.mentions += done.mentions
        await forgetting.tell(targets, done, word._replace(bodies=job.bodies))
        self._log.info("forgotten", key=job.key, values=len(targets), sightings=done.sightings, bodies=job.bodies)

    async def _bodies_without(self, needle: Needle, rounds: AbstractSet[int]) -> int:
        """Remove the bodies of these rounds, any that hold the value, and set-aside ones; return how many."""
        kept = await trio.to_thread.run_sync(self._bodies.all)
        removed = 0
        for part in batched(kept, AT_ONCE, strict=False):
            doubted = [one for one in part if one.round not in rounds]
            bad = await self._seek([str(self._bodies.folder / one.name) for one in doubted], needle)
            gone = [one for one in part if one.round in rounds] + [doubted[place] for place in bad]
            for one in gone:
                await trio.to_thread.run_sync(self._bodies.drop, one.name)
            if gone:
                await self._store.proofs.let_go([one.round for one in gone], forgotten=True)
            removed += len(gone)
        return removed + await self._set_aside_without(needle)

    async def _set_aside_without(self, needle: Needle) -> int:
        aside = await trio.to_thread.run_sync(lambda: sorted(self._set_aside.glob("*.body")))
        bad: list[Any] = []
        for part in batched(aside, AT_ONCE, strict=False):
            bad += [part[place] for place in await self._seek([str(path) for path in part], needle)]
        for path in bad:
            await trio.to_thread.run_sync(partial(path.unlink, missing_ok=True))
        return len(bad)

    async def _seek(self, paths: list[str], needle: Needle) -> list[int]:
        """Return which of the files hold the value or cannot be looked through."""
        if not paths:
            return []
        job = SeekJob(paths=paths, text=needle.text)
        try:
            result: SeekResult = await self._workers.call(
                SEEKER, job, SeekResult, deadline=SEEK_WITHIN, memory=SEEK_MEMORY
            )
        except WorkerFailed:
            if len(paths) == 1:
                return [0]
            return [place for place, path in enumerate(paths) if await self._seek([path], needle)]
        return sorted({*result.found, *result.unread})


__all__ = ["Forgetter", "Job", "TooMany"]
