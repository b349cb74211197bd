"""Collect one source: fetch, read, guard, write the difference, say how it went.

    lease → body (fetched or local) → unchanged? one row
          → read in a worker → guards → refused? set aside, the last good set stays
          → round: apply, finish → snapshot into its place

Expected trouble ends as a state and a report, never as an exception.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import trio

from tipd import __version__
from tipd.config import duration
from tipd.errors import StoreAway, WorkerFailed
from tipd.modules.blacklist import due, guards
from tipd.modules.blacklist.body import get_body, max_body
from tipd.modules.blacklist.reader import CLOSED, OPENED, SNAPSHOT
from tipd.modules.blacklist.reading.job import ReadJob, ReadResult
from tipd.modules.blacklist.reading.snapshot import Identity, claim
from tipd.modules.blacklist.states import State, finding_of_load, findings_of_change
from tipd.net.request import FetchError, TooSoon
from tipd.nursery.contract import Report
from tipd.store.rounds import Proof
from tipd.store.sources import Outcome, acceptance

if TYPE_CHECKING:
    import random

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.needs import BlacklistStore, Fetches, Workers
    from tipd.modules.blacklist.places import Places
    from tipd.net.request import Fetched
    from tipd.store.sources import SourceRow

READER = "tipd.modules.blacklist.reader:read"
MARGIN = 5.0  # seconds of the deadline that are left for saying so
# A source that refuses us does so for longer than a hiccup lasts: asked at its own pace, not by backoff.
_LASTING = frozenset({State.FORBIDDEN, State.GONE, State.NEEDS_KEY, State.WRONG_PAGE, State.DRIFTED})


@dataclass(frozen=True, slots=True)
class Tools:
    """What collecting needs, the same for all sources of a run."""

    store: BlacklistStore
    fetcher: Fetches
    workers: Workers
    clock: Clock
    rng: random.Random
    log: Log
    places: Places
    credentials: Path
    every: timedelta
    deadline: float
    memory: int
    max_rows: int
    allow_networks: tuple[str, ...]


class Collector:
    """One run of one source; `row` is leased."""

    def __init__(self, tools: Tools, source: Source, row: SourceRow) -> None:
        """Nothing happens yet."""
        self._tools = tools
        self._source = source
        self._row = row
        self._floor = source.floor(nearby=source.is_nearby(tools.allow_networks))
        self._every = duration(source.every) if source.every else tools.every
        self._began = trio.current_time()
        self._fetched: Fetched | None = None

    async def collect(self) -> Report:
        """Do it; return how it went. Raises StoreAway where there is no database to tell."""
        folder = None
        try:
            with trio.fail_after(self._tools.deadline):
                folder = await trio.to_thread.run_sync(self._tools.places.scratch, self._row.name)
                return await self._collect(folder)
        except TooSoon as wait:
            return await self._not_asked(wait)
        except FetchError as error:
            reached = error.address is not None
            return await self._failed(State(error.state), str(error), error.retry_after, reached=reached)
        except trio.TooSlowError:
            return await self._failed(State.UNREACHABLE, f"took longer than {self._tools.deadline:g} s", None)
        except WorkerFailed as error:
            return await self._worker_failed(error)
        except StoreAway:
            raise
        except OSError as error:
            return await self._our_fault(error)
        finally:
            if folder is not None:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def _collect(self, folder: Path) -> Report:
        tools, source, row = self._tools, self._source, self._row
        body = folder / "body"
        fetched = await get_body(tools.fetcher, source, row, body, floor=self._floor, credentials=tools.credentials)
        self._fetched = fetched
        if fetched.status == "unchanged":
            return await self._unchanged(fetched)
        result = await self._read(folder, body)
        if row.last_round is None:
            # A round was cut off: what is open is neither yesterday's set nor today's, and no measure for a guard.
            result.had = min(result.had, await tools.store.rounds.last_entries(row.id))
        refused = guards.refusal(source, result)
        if refused is not None and not self._accepted(refused, result, fetched):
            return await self._refused(refused, result, fetched, body)
        return await self._apply(folder, result, fetched)

    def _accepted(self, refused: guards.Refusal, result: ReadResult, fetched: Fetched) -> bool:
        word = acceptance(self._row.set_aside)
        covered = guards.overruled(self._source, result, refused, fetched.sha256, word)
        if covered:
            self._tools.log.info("a refused body is used, as accepted", source=self._row.name, why=refused.why)
        return covered

    async def _read(self, folder: Path, body: Path) -> ReadResult:
        tools, row = self._tools, self._row
        identity = Identity(
            store_id=tools.store.store_id,
            source_id=row.id,
            last_round=row.last_round or 0,
            read_digest=self._source.digest().hex(),
        )
        job = ReadJob(
            body=str(body),
            folder=str(folder),
            source=self._source,
            seed=tools.store.hash_seed,
            identity=identity,
            old_snapshot=str(tools.places.snapshot(row.id)) if row.last_round else "",
            now=int(tools.clock.now().timestamp() // 60),
            max_body=max_body(self._source),
            max_rows=tools.max_rows,
        )
        result = await self._call(job) if job.old_snapshot else ReadResult(wants_keys=True)
        if result.wants_keys:
            keys = folder / "open_keys"
            await tools.store.sightings.open_keys(row.id, keys)
            result = await self._call(_with_keys(job, keys))
        return result

    async def _call(self, job: ReadJob) -> ReadResult:
        result: ReadResult = await self._tools.workers.call(
            READER, job, ReadResult, deadline=self._tools.deadline, memory=self._tools.memory
        )
        return result

    async def _apply(self, folder: Path, result: ReadResult, fetched: Fetched) -> Report:
        tools, row = self._tools, self._row
        at = tools.clock.now()
        state, why = self._freshness(State.OK, result.stamp, at)
        initial = row.last_success is None
        round_id = await tools.store.rounds.begin(row.id)
        listed, delisted = await tools.store.rounds.apply(
            round_id,
            row.id,
            folder / OPENED,
            folder / CLOSED,
            initial=initial,
            reason="aged" if self._source.absence == "nothing" else "left",
            at=at,
        )
        findings = findings_of_change(row.name, row.state, state, why)
        if initial:
            findings.append(finding_of_load(row.name, result))
        proof = self._proof(state, result, fetched)
        outcome = Outcome(
            state=state,
            at=at,
            due=due.after_success(at, self._every, self._floor),
            error=why,
            confirmed=True,
            changed=bool(listed or delisted or initial),
            refused=result.refused,
            last_round=round_id,
            etag=fetched.validators.etag,
            last_modified=fetched.validators.last_modified,
            body_sha256=fetched.sha256,
            read_digest=self._source.digest(),
            set_aside=None,
        )
        await tools.store.rounds.finish(round_id, row.id, proof, outcome, findings)
        await self._keep_snapshot(folder / SNAPSHOT, round_id)
        return self._report(state, result, error=why, listed=listed, delisted=delisted)

    async def _keep_snapshot(self, made: Path, round_id: int) -> None:
        """Only a help for the next round: the round stands without it."""
        identity = Identity(
            store_id=self._tools.store.store_id,
            source_id=self._row.id,
            last_round=round_id,
            read_digest=self._source.digest().hex(),
        )
        try:
            await trio.to_thread.run_sync(claim, made, identity)
            await trio.to_thread.run_sync(self._tools.places.keep_snapshot, made, self._row.id)
        except OSError as error:
            self._tools.log.warning("the snapshot is not kept", source=self._row.name, error=str(error))

    def _proof(self, state: str, result: ReadResult, fetched: Fetched) -> Proof:
        return Proof(
            status=state,
            ended=self._tools.clock.now(),
            url=fetched.url,
            address=fetched.address or None,
            http_status=fetched.http_status or None,
            etag=fetched.validators.etag,
            last_modified=fetched.validators.last_modified,
            body_sha256=fetched.sha256,
            body_bytes=fetched.bytes,
            read_digest=self._source.digest(),
            version=__version__,
            entries=result.entries,
            refused=result.refused,
        )

    def _freshness(self, healthy: State, stamp: str | None, now: datetime) -> tuple[State, str | None]:
        """Return the state of a list that answered: healthy, or stale with the reason."""
        if not self._source.expect.max_age:
            return healthy, None
        oldest = now - duration(self._source.expect.max_age)
        said = parse_stamp(stamp, self._source.timezone) if stamp else None
        if said is not None and said < oldest:
            return State.STALE, f"says of itself {stamp}, older than {self._source.expect.max_age} (max_age)"
        if healthy is State.UNCHANGED and self._row.last_change and self._row.last_change < oldest:
            return State.STALE, f"has not changed for {self._source.expect.max_age} (max_age)"
        return healthy, None

    async def _unchanged(self, fetched: Fetched) -> Report:
        row, at = self._row, self._tools.clock.now()
        state, why = self._freshness(State.UNCHANGED, None, at)
        outcome = Outcome(
            state=state,
            at=at,
            due=due.after_success(at, self._every, self._floor),
            error=why,
            confirmed=True,
            etag=fetched.validators.etag,
            last_modified=fetched.validators.last_modified,
            set_aside=None,  # it is well again: nothing waits for a review, and no acceptance outlives its occasion
        )
        await self._tools.store.sources.settle(row.id, outcome, findings_of_change(row.name, row.state, state, why))
        return self._report(state, None, error=why)

    async def _refused(self, refused: guards.Refusal, result: ReadResult, fetched: Fetched, body: Path) -> Report:
        kept = await trio.to_thread.run_sync(self._tools.places.set_aside, body, self._row.name)
        aside: dict[str, Any] = {
            "path": str(kept),
            "sha256": fetched.sha256.hex() if fetched.sha256 else None,
            "why": refused.why,
            "when": self._tools.clock.now().isoformat(),
            "rows": result.rows,
            "entries": None if refused.unread else result.entries,
            "refused": result.refused,
            "samples": [f"{sample.line}: {sample.reason}: {sample.text}" for sample in result.samples],
        }
        return await self._failed(refused.state, refused.why, None, result=result, set_aside=aside)

    async def _failed(
        self,
        state: State,
        why: str,
        retry_after: float | None,
        *,
        result: ReadResult | None = None,
        set_aside: Any = None,
        reached: bool = True,
    ) -> Report:
        row, at = self._row, self._tools.clock.now()
        lasting = state in _LASTING or result is not None
        outcome = Outcome(
            state=state,
            at=at,
            due=self._due_after_failure(at, retry_after, lasting=lasting, reached=reached),
            failures=row.failures + 1,
            error=why,
            **({"set_aside": set_aside} if set_aside else {}),
        )
        await self._tools.store.sources.settle(row.id, outcome, findings_of_change(row.name, row.state, state, why))
        self._tools.log.info("source failed", source=row.name, state=state, why=why, due=outcome.due)
        return self._report(state, result, error=why)

    def _due_after_failure(
        self, at: datetime, retry_after: float | None, *, lasting: bool, reached: bool = True
    ) -> datetime:
        wait = due.after_failure(
            at,
            every=self._every,
            floor=self._floor if reached else min(self._floor, due.UNREACHED),
            failures=self._row.failures + 1,
            retry_after=retry_after,
            rng=self._tools.rng,
        )
        return max(wait, due.after_success(at, self._every, self._floor)) if lasting else wait

    async def _not_asked(self, wait: TooSoon) -> Report:
        """The provider's floor has not passed: nothing is known, so nothing changes but the due time."""
        row = self._row
        now = self._tools.clock.now()
        seconds = max(wait.retry_after or 0.0, 1.0)
        outcome = Outcome(
            state=row.state,
            at=row.last_attempt or now,
            due=now + timedelta(seconds=seconds),
            failures=row.failures,
            error=row.error,
        )
        await self._tools.store.sources.settle(row.id, outcome)
        return self._report(row.state, None, error=str(wait))

    async def _worker_failed(self, error: WorkerFailed) -> Report:
        why = f"reading it failed: {error}"
        self._tools.log.warning("reading failed", source=self._row.name, reason=error.reason, error=str(error))
        return await self._failed(State.DRIFTED, why, None)

    async def _our_fault(self, error: OSError) -> Report:
        """Our disk, not the source: its state stays as it was."""
        self._tools.log.error("collecting failed", source=self._row.name, error=str(error))
        await self.stumbled(str(error))
        return self._report(self._row.state, None, error=str(error))

    async def stumbled(self, why: str) -> None:
        """Note a fault that is ours: the state stays, the next try comes by backoff."""
        at, row = self._tools.clock.now(), self._row
        outcome = Outcome(
            state=row.state,
            at=at,
            due=self._due_after_failure(at, None, lasting=False),
            failures=row.failures + 1,
            error=why,
        )
        await self._tools.store.sources.settle(row.id, outcome)

    def _report(
        self, state: str, result: ReadResult | None, *, error: str | None, listed: int = 0, delisted: int = 0
    ) -> Report:
        return Report(
            source=self._row.name,
            status=state,
            entries=result.entries if result else self._row.entries,
            refused=result.refused if result else {},
            took=trio.current_time() - self._began,
            error=error,
            listed=listed,
            delisted=delisted,
        )


def _with_keys(job: ReadJob, keys: Path) -> ReadJob:
    import msgspec

    return msgspec.structs.replace(job, old_snapshot="", open_keys=str(keys))


def parse_stamp(text: str, timezone: str) -> datetime | None:
    """Return a source's own date (`2026-11-22`, with a time or without) as a moment; None where it is none."""
    try:
        stamp = datetime.fromisoformat(text)
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except (ValueError, OverflowError):  # no date, or one at the edge of what can be said
        return None
