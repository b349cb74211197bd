"""Collect one source: fetch, read, guard, write the difference, say how it went.

    lease → body (fetched or local) → unchanged? one row
          → read in a worker → guards → refused? set aside, the last good set stays
          → round: apply, finish → snapshot into its place

Expected trouble ends as a state and a report, never as an exception. How an attempt ends that brought no new set stands
in settling.py.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
import trio

from tipd.errors import StoreAway, WorkerFailed
from tipd.modules.blacklist import guards
from tipd.modules.blacklist.body import get_body
from tipd.modules.blacklist.freshness import freshness
from tipd.modules.blacklist.hand_over import keep_snapshot, read_body
from tipd.modules.blacklist.keeping import keep_body, note_declaration
from tipd.modules.blacklist.proof import proof_of
from tipd.modules.blacklist.reader import CLOSED, OPENED, SNAPSHOT
from tipd.modules.blacklist.settling import Settling
from tipd.modules.blacklist.states import State, finding_of_load, findings_of_change
from tipd.net.request import FetchError, TooSoon
from tipd.store.sources import Outcome, acceptance

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.reading.job import ReadResult
    from tipd.modules.blacklist.tools import Tools
    from tipd.net.request import Fetched
    from tipd.nursery.contract import Report
    from tipd.store.rounds import Proof
    from tipd.store.sources import SourceRow


def collector(tools: Tools, source: Source, row: SourceRow) -> Collector:
    """Return who collects this source; `row` is leased."""
    from tipd.modules.blacklist.by_hand import ByHand
    from tipd.modules.blacklist.increment import Increment
    from tipd.modules.blacklist.manifest import Manifest
    from tipd.modules.blacklist.paged import Paged

    if source.entries:
        return ByHand(tools, source, row)
    if source.request.increments:
        return (Manifest if source.request.pages.by == "manifest" else Increment)(tools, source, row)
    return (Paged if source.request.paged else Collector)(tools, source, row)


class Collector:
    """One run of one source; `row` is leased. Another way of asking replaces `_get` or `_collect`."""

    why = "poll"

    def __init__(self, tools: Tools, source: Source, row: SourceRow) -> None:
        """Nothing happens yet."""
        self._tools = tools
        self._source = source
        self._row = row
        self.settling = Settling(tools, source, row)
        self._began = tools.clock.now()

    async def collect(self) -> Report:
        """Do it; return how it went. Raises StoreAway where there is no database to tell."""
        folder = None
        try:
            with trio.fail_after(self._tools.deadline):
                folder = await trio.to_thread.run_sync(self._tools.places.scratch, self._row.name)
                return await self._collect(folder)
        except TooSoon as wait:
            return await self.settling.not_asked(wait)
        except FetchError as error:
            reached = error.address is not None
            return await self.settling.failed(State(error.state), str(error), error.retry_after, reached=reached)
        except trio.TooSlowError:
            why = f"took longer than {self._tools.deadline:g} s"
            return await self.settling.failed(State.UNREACHABLE, why, None)
        except WorkerFailed as error:
            return await self._worker_failed(error)
        except StoreAway:
            raise
        except OSError as error:
            return await self.settling.our_fault(str(error))
        finally:
            if folder is not None:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def _collect(self, folder: Path) -> Report:
        tools, source, row = self._tools, self._source, self._row
        body = folder / "body"
        self._began = tools.clock.now()
        fetched = await self._get(folder, body)
        if fetched.status == "unchanged":
            return await self.settling.unchanged(fetched)
        result = await read_body(tools, source, row, folder, body)
        if row.last_round is None:
            # A round was cut off: what is open is neither yesterday's set nor today's, and no measure for a guard.
            result.had = min(result.had, await tools.store.rounds.last_entries(row.id))
        refused = guards.refusal(source, result)
        if refused is not None and not self._accepted(refused, result, fetched):
            return await self.settling.refused(refused, result, fetched, body)
        return await self._apply(folder, result, fetched)

    async def _get(self, folder: Path, body: Path) -> Fetched:
        """Get the whole set as one body. Raises FetchError, OSError."""
        tools, floor = self._tools, self.settling.floor
        return await get_body(tools.fetcher, self._source, self._row, body, floor=floor, credentials=tools.credentials)

    def _accepted(self, refused: guards.Refusal, result: ReadResult, fetched: Fetched) -> bool:
        word = acceptance(self._row.set_aside)
        covered = guards.overruled(self._source, result, refused, fetched.sha256, word)
        if covered:
            self._tools.log.info("a refused body is used, as accepted", source=self._row.name, why=refused.why)
        return covered

    async def _apply(self, folder: Path, result: ReadResult, fetched: Fetched) -> Report:
        tools, source, row = self._tools, self._source, self._row
        at = tools.clock.now()
        state, why = freshness(source, row, State.OK, result.stamp, at)
        initial = row.last_success is None
        round_id = await tools.store.rounds.begin(row.id, started=self._began)
        kept = await keep_body(tools, row, round_id, folder / "body", at, read_in=folder)
        await note_declaration(tools, source, at)
        proof = proof_of(source, fetched, result, status=state, at=at, ended=at, body=kept, why=self.why)
        await tools.store.rounds.claim(round_id, proof)
        listed, delisted = await tools.store.rounds.apply(
            round_id,
            row.id,
            folder / OPENED,
            folder / CLOSED,
            initial=initial,
            at=at,
            vanished=(row.last_success or at) if source.absence == "nothing" else None,
        )
        findings = findings_of_change(row.name, row.state, state, why)
        if initial:
            findings.append(finding_of_load(row.name, result))
        proof = msgspec.structs.replace(proof, ended=tools.clock.now())
        outcome = self._outcome(proof, why, round_id, changed=bool(listed or delisted or initial))
        await tools.store.rounds.finish(round_id, row.id, proof, outcome, findings)
        await keep_snapshot(tools, source, row, folder / SNAPSHOT, round_id)
        return self.settling.report(state, result, error=why, listed=listed, delisted=delisted)

    def _outcome(self, proof: Proof, why: str | None, round_id: int, *, changed: bool) -> Outcome:
        at = proof.at or proof.ended
        return Outcome(
            state=proof.status,
            at=at,
            due=self.settling.next_due(at),
            error=why,
            confirmed=True,
            changed=changed,
            refused=proof.refused,
            last_round=round_id,
            etag=proof.etag,
            last_modified=proof.last_modified,
            body_sha256=proof.body_sha256,
            read_digest=proof.read_digest,
            set_aside=None,
            moves=self._row.moves,
        )

    async def _worker_failed(self, error: WorkerFailed) -> Report:
        why = f"reading it failed: {error}"
        self._tools.log.warning("reading failed", source=self._row.name, reason=error.reason, error=str(error))
        if error.ours:
            return await self.settling.our_fault(f"{why} (a fault of this machine, not of the list)")
        return await self.settling.failed(State.DRIFTED, why, None)
