"""Read a source's kept bodies again, after its parser or declaration was mended.

Older bodies add what was missed as history, under their own times, told to nobody. The last one is read as an ordinary
round, now: what really differs is told. A body that is damaged or gone is passed over and named.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import trio

from tipd.model.finding import SOURCE_REPLAYED, NewFinding
from tipd.modules.blacklist.collect import Collector
from tipd.modules.blacklist.history import Past
from tipd.modules.blacklist.states import MODULE
from tipd.net.request import Fetched, FetchError, Validators
from tipd.store.bodies import BodyDamaged, BodyGone
from tipd.store.history import HistoryRefused
from tipd.store.sources import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.tools import Tools
    from tipd.nursery.contract import Report
    from tipd.store.proofs import ProofRow
    from tipd.store.rounds import Proof
    from tipd.store.sources import SourceRow

WORD = "replay:"
MOST_FAULTS = 20  # named in the finding


def word_for(name: str, since: datetime | None = None) -> str:
    """Return how a replay is asked for among the names of sources to run."""
    return f"{WORD}{name}" + (f"@{since.isoformat()}" if since else "")


def replays_of(words: Iterable[str]) -> dict[str, datetime | None]:
    """Return which of the words ask for replays: source → from which moment on (None: from the first kept body)."""
    asked: dict[str, datetime | None] = {}
    for word in words:
        if word.startswith(WORD):
            name, _, since = word.removeprefix(WORD).partition("@")
            asked[name] = _moment(since)
    return asked


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class Replay(Collector):
    """One replay of one source; `row` is leased."""

    why = "replay"

    def __init__(self, tools: Tools, source: Source, row: SourceRow, since: datetime | None = None) -> None:
        """Nothing happens yet."""
        super().__init__(tools, source, row)
        self._since = since
        self._faults: list[str] = []
        self._last: ProofRow | None = None

    async def _collect(self, folder: Path) -> Report:
        tools, row = self._tools, self._row
        if self._source.request.increments:
            return await self._not_read("what it sends are changes, no sets: they cannot be read again")
        kept = await tools.store.proofs.kept(row.id, self._since)
        read = added = 0
        for proof in _last_of_each(kept):
            count = await self._fill(folder, proof)
            if count is not None:
                read += 1
                added += count
                self._last = proof
        report = await self._read_last(folder)
        await self._tell(read, added, report)
        return report

    async def _fill(self, folder: Path, proof: ProofRow) -> int | None:
        """Add what one body holds and was missed; None where the body cannot be used, which is noted."""
        tools = self._tools
        body = folder / "past"
        try:
            await trio.to_thread.run_sync(tools.bodies.restore, proof.body, proof.body_sha256, body)
            until = await tools.store.proofs.following(self._row.id, proof.at) if proof.at else None
            return await Past(tools, self._source, self._row, folder).fill(body, proof, until or tools.clock.now())
        except (BodyDamaged, BodyGone, HistoryRefused) as fault:
            tools.log.warning("a kept body is passed over", source=self._row.name, round=proof.id, why=str(fault))
            self._faults.append(f"round {proof.id}: {fault}")
            return None

    async def _read_last(self, folder: Path) -> Report:
        """Read the last body as an ordinary round, where it is the one that was read last."""
        row, last = self._row, self._last
        if last is None or last.body_sha256 != row.body_sha256 or row.body_sha256 is None:
            return await self._not_read("the last body it read is not kept: what is listed now stays as it is")
        return await super()._collect(folder)

    async def _not_read(self, why: str) -> Report:
        """Give the lease back: the source is due as after any round."""
        now = self._tools.clock.now()
        row, due = self._row, self.settling.next_due(now)
        outcome = Outcome(state=row.state, at=row.last_attempt or now, due=due, failures=row.failures, error=row.error)
        await self._tools.store.sources.settle(row.id, outcome)
        return self.settling.report(row.state, None, error=why)

    async def _get(self, folder: Path, body: Path) -> Fetched:
        last = self._last
        if last is None:
            raise FetchError("gone", "no kept body can be read")
        (folder / "past").replace(body)
        return Fetched(
            status="ok",
            http_status=last.http_status or 0,
            url=last.url or "",
            address=last.address or "",
            validators=Validators(etag=last.etag, last_modified=last.last_modified, sha256=last.body_sha256),
            path=body,
            sha256=last.body_sha256,
            content_type=None,
            took=0.0,
            bytes=last.body_bytes or 0,
        )

    def _outcome(self, proof: Proof, why: str | None, round_id: int, *, changed: bool) -> Outcome:
        """Nobody was asked: neither its state nor its time has come."""
        outcome = super()._outcome(proof, why, round_id, changed=changed)
        row = self._row
        return msgspec.structs.replace(
            outcome,
            state=row.state,
            error=row.error,
            at=row.last_attempt or outcome.at,
            failures=row.failures,
            confirmed=False,
            set_aside=msgspec.UNSET,
        )

    async def _tell(self, read: int, added: int, report: Report) -> None:
        facts = {
            "bodies": read,
            "added": added,
            "listed": report.listed,
            "delisted": report.delisted,
            "passed_over": self._faults[:MOST_FAULTS],
            "error": report.error,
        }
        told = NewFinding(kind=SOURCE_REPLAYED, module=MODULE, source=self._row.name, data=facts)
        await self._tools.store.writer.tell([told])


def _last_of_each(kept: list[ProofRow]) -> list[ProofRow]:
    """Return the newest round of each moment: a body that was replayed before stands twice."""
    return list({proof.at: proof for proof in kept}.values())
