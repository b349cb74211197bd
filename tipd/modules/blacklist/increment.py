"""Collect a source that tells what has changed since the last time, page by page.

    cursor → ask a page → look, read, guard → its round: rows, what is taken back, cursor, proof in one → next page

A row that comes is listed or brought up to date, one that is taken back ends (`withdrawn`), and one that does not come
means nothing. No snapshot, no comparison with the set: what a run costs hangs on what came. A run that is cut off has
kept what came, and the next one goes on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tipd.config import duration
from tipd.modules.blacklist.collect import Collector
from tipd.modules.blacklist.cursor import REMEMBERED, Cursor, Run, advanced, greatest, shown, stored, whole_is_due
from tipd.modules.blacklist.freshness import freshness
from tipd.modules.blacklist.keeping import keep_body, note_declaration
from tipd.modules.blacklist.pages import Page, Pages, began_by, refusal
from tipd.modules.blacklist.paging import first_at, turn
from tipd.modules.blacklist.proof import proof_of
from tipd.modules.blacklist.reader import OPENED, WITHDRAWN
from tipd.modules.blacklist.reading.job import SAMPLES, ReadResult
from tipd.modules.blacklist.states import State, finding_of_load, findings_of_change
from tipd.net.request import FetchError, TooSoon
from tipd.store.sources import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.paging import Turn
    from tipd.modules.blacklist.tools import Tools
    from tipd.nursery.contract import Report
    from tipd.store.sources import SourceRow

# What a server answers to a cursor or a page that it does not know any more.
_FORGOTTEN = frozenset({400, 404, 410, 416, 422})
RESUMED_WITHIN = duration("7d")  # a run that was cut off longer ago begins anew


class Increment(Collector):
    """One run of one source."""

    why = "page"

    def __init__(self, tools: Tools, source: Source, row: SourceRow) -> None:
        """Nothing happens yet."""
        super().__init__(tools, source, row)
        self._kept = Cursor(digest="")  # as it was before this run
        self._written = self._kept
        self._tally = ReadResult(entries=row.entries)
        self._listed = self._ended = 0

    async def _collect(self, folder: Path) -> Report:
        tools, source, row = self._tools, self._source, self._row
        digest = source.request.digest(source)
        self._kept = self._written = stored(await tools.store.increments.cursor(row.id), digest)
        pages = Pages(tools, source, row, folder, self.settling.floor)
        run, resumed = self._begin()
        while True:
            body = folder / "body"
            try:
                page = await pages.get(run, self._since(run), body)
            except FetchError as error:
                if not resumed or isinstance(error, TooSoon) or error.http_status not in _FORGOTTEN:
                    raise
                tools.log.info("a run that was cut off begins anew", source=row.name, why=str(error))
                run, resumed = self._fresh(), False
                continue
            resumed = False
            if not run.pages:
                run = msgspec.structs.replace(run, began=began_by(page.fetched, tools.clock.now()))
                if not run.whole and self._is_unchanged(page):
                    return await self.settling.unchanged(page.fetched)
            result = await pages.read(body)
            refused = refusal(source, page.look, result)
            if refused is not None and not self._accepted(refused, result, page.fetched):
                return await self.settling.refused(refused, result, page.fetched, body)
            ended = self._turned(run, page)
            await self._write(folder, page, result, self._cursor(ended, page))
            if ended.done or ended.fault:
                return await self._settle(self._why(ended, result))
            run = ended.run

    # --- the run ----------------------------------------------------------------------------------------------------

    def _begin(self) -> tuple[Run, bool]:
        """Return the run to go on with, with all of what one may fetch before it, and whether it was cut off before."""
        run = self._kept.run
        if run is not None and self._tools.clock.now() - run.began < RESUMED_WITHIN:
            return msgspec.structs.replace(run, before=run.pages, bytes=0), True
        return self._fresh(), False

    def _fresh(self) -> Run:
        now, since = self._tools.clock.now(), self._source.request.since
        whole = not self._kept.since or whole_is_due(since, self._kept, now)
        return Run(began=now, since="" if whole else self._kept.since, at=first_at(self._source), whole=whole)

    def _since(self, run: Run) -> str:
        since = self._source.request.since
        return shown(since, run.since, run.began) if since else ""

    def _is_unchanged(self, page: Page) -> bool:
        """The same single page as the last time says nothing new."""
        digest = page.fetched.sha256
        return digest is not None and digest.hex() == self._kept.body and self._kept.run is None

    def _turned(self, run: Run, page: Page) -> Turn:
        """Return what follows the page, with how far the rows have come."""
        fetched, since = page.fetched, self._source.request.since
        if since is not None and since.from_ != "began":
            said = page.look.greatest if since.from_ == "greatest" else fetched.headers.get(since.header.lower(), "")
            run = msgspec.structs.replace(run, top=greatest([run.top, said], since.format))
        return turn(
            self._source,
            run,
            page.look,
            digest=fetched.sha256 or b"",
            length=fetched.bytes,
            url=fetched.url,
            link=fetched.headers.get("link", ""),
        )

    def _cursor(self, ended: Turn, page: Page) -> Cursor:
        """Return what is kept with the page's rows."""
        kept, run, since = self._kept, ended.run, self._source.request.since
        if not ended.done:
            seen = run.seen[-REMEMBERED:]
            return msgspec.structs.replace(kept, run=msgspec.structs.replace(run, seen=seen), body="")
        changes: dict[str, Any] = {"run": None, "body": ""}
        # A header says how far the answers reach whatever follows; a greatest value means nothing before the last page.
        if since is not None and (not ended.fault or since.from_ == "header"):
            changes["since"] = advanced(since, kept.since, run.top, run.began)[0]
        if not ended.fault:
            changes["whole"] = run.began if run.whole else kept.whole
            changes["body"] = page.fetched.sha256.hex() if page.fetched.sha256 and run.pages == 1 else ""
        return msgspec.structs.replace(kept, **changes)

    def _why(self, ended: Turn, result: ReadResult) -> str:
        """Return what is to be told of a run that ended otherwise than it should."""
        since, run = self._source.request.since, ended.run
        if ended.fault or since is None:
            return ended.fault
        if since.from_ != "began" and not run.top and result.rows:
            return f"rows came, and nothing to go on from at {since.path or since.header!r} (request.since)"
        return advanced(since, self._kept.since, run.top, run.began)[1]

    # --- writing ----------------------------------------------------------------------------------------------------

    async def _write(self, folder: Path, page: Page, result: ReadResult, cursor: Cursor) -> None:
        """Store what the page says and the cursor behind it, as a round of its own."""
        tools, row = self._tools, self._row
        kept = msgspec.to_builtins(cursor)
        if not result.entries and not result.withdrawn:
            if cursor != self._written:
                await tools.store.increments.keep(row.id, kept)
        else:
            at = tools.clock.now()
            round_id = await tools.store.rounds.begin(row.id, started=at)
            body = await keep_body(tools, row, round_id, folder / "body", at, read_in=folder)
            await note_declaration(tools, self._source, at)
            proof = proof_of(
                self._source, page.fetched, result, status=State.OK, at=at, ended=at, body=body, why=self.why
            )
            listed, ended = await tools.store.increments.apply(
                round_id,
                row.id,
                folder / OPENED,
                folder / WITHDRAWN,
                cursor=kept,
                proof=proof,
                initial=row.last_success is None,
            )
            self._listed, self._ended = self._listed + listed, self._ended + ended
        self._written = cursor
        self._count(result)

    def _count(self, result: ReadResult) -> None:
        tally = self._tally
        tally.rows += result.rows
        tally.bytes += result.bytes
        tally.entries = self._row.entries + self._listed - self._ended
        tally.samples = [*tally.samples, *result.samples][:SAMPLES]
        tally.refused = {
            reason: tally.refused.get(reason, 0) + result.refused.get(reason, 0)
            for reason in {**tally.refused, **result.refused}
        }

    async def _settle(self, fault: str) -> Report:
        """End the run: rows have come, so the source lives; what was wrong with its pages is told all the same."""
        tools, row, at = self._tools, self._row, self._tools.clock.now()
        moved = bool(self._listed or self._ended)
        state, why = freshness(self._source, row, State.OK if moved else State.UNCHANGED, None, at)
        if fault:
            state, why = State.DRIFTED, fault
            tools.log.warning("the pages of a source are wrong", source=row.name, why=fault)
        initial = row.last_success is None
        findings = findings_of_change(row.name, row.state, state, why)
        if initial:
            findings.append(finding_of_load(row.name, self._tally))
        outcome = Outcome(
            state=State.OK if initial and not fault else state,
            at=at,
            due=self.settling.next_due(at),
            failures=row.failures + 1 if fault else 0,
            error=why,
            confirmed=True,
            changed=moved or initial,
            refused=self._tally.refused if self._tally.rows else msgspec.UNSET,
            set_aside=None,
        )
        await tools.store.sources.settle(row.id, outcome, findings)
        return self.settling.report(outcome.state, self._tally, error=why, listed=self._listed, delisted=self._ended)
