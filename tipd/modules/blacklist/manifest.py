"""Collect a MISP feed: its manifest names events and when each was changed; those that are newer are fetched.

    manifest (304: nothing has changed) → newer events, oldest first, some at a time → read, guard → rows and cursor

The cursor is what was read of which event. A row that is in an event no more means nothing: feeds leave deleted
attributes out, so sightings end by ageing. An event that cannot be had does not stop the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

from tipd.config import duration
from tipd.modules.blacklist.body import max_body, request_for
from tipd.modules.blacklist.cursor import stored
from tipd.modules.blacklist.increment import Increment
from tipd.modules.blacklist.joined import Joined
from tipd.modules.blacklist.pages import Page, Pages, refusal
from tipd.modules.blacklist.paging import Look, Question
from tipd.modules.blacklist.reading.contents import Contents, ContentsJob, contents
from tipd.net.request import Fetched, FetchError, Validators

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.needs import Fetches
    from tipd.nursery.contract import Report

READER = "tipd.modules.blacklist.reading.contents:contents"
SAMPLED = 5  # events, to try a feed
AT_ONCE = 25  # events between two transactions
_MISSING = frozenset({404, 410})


class Manifest(Increment):
    """One run of one feed."""

    async def _collect(self, folder: Path) -> Report:
        tools, source, row = self._tools, self._source, self._row
        self._kept = stored(await tools.store.increments.cursor(row.id), source.request.digest(source))
        self._written = self._kept
        fetched = await self._fetch(source.url, folder / "manifest", first=True)
        if fetched.status == "unchanged" and self._kept.tag:
            return await self.settling.unchanged(fetched)
        found = await self._contents(folder / "manifest")
        known = {event: date for event, date in self._kept.events.items() if event in found.events}
        newer = sorted((date, event) for event, date in found.events.items() if date > int(known.get(event, -1)))
        most = source.request.pages.most
        missing: list[str] = []
        for start in range(0, min(len(newer), most), AT_ONCE):
            missing += await self._some(folder, newer[start : min(start + AT_ONCE, most)], known)
        complete = len(newer) <= most and not missing
        kept = msgspec.structs.replace(self._kept, events=known, tag=fetched.validators.etag or "" if complete else "")
        if kept != self._written:
            await tools.store.increments.keep(row.id, msgspec.to_builtins(kept))
        return await self._settle(_faults(missing, len(newer) - most, found.refused))

    async def _fetch(self, url: str, into: Path, *, first: bool = False) -> Fetched:
        if not first:
            await trio.sleep(duration(self._source.request.pages.pause).total_seconds())
        request = request_for(
            self._source,
            Validators(etag=self._kept.tag) if first and self._kept.tag else None,
            floor=self.settling.floor if first else duration("0s"),
            credentials=self._tools.credentials,
            asked=Question(url, self._source.request.headers, None),
        )
        return await self._tools.fetcher.fetch(request, into)

    async def _contents(self, manifest: Path) -> Contents:
        job = ContentsJob(body=str(manifest), max_body=max_body(self._source))
        found: Contents = await self._tools.workers.call(
            READER, job, Contents, deadline=self._tools.deadline, memory=self._tools.memory
        )
        if found.broken:
            raise FetchError("wrong_page", found.broken)
        return found

    async def _some(self, folder: Path, newer: list[tuple[int, str]], known: dict[str, str]) -> list[str]:
        """Fetch and store some events; `known` takes those that were. Returns those that are not there.

        What came before a fault is stored before it is raised.
        """
        joined = Joined(folder / "body", max_body(self._source), documents=True)
        came: dict[str, str] = {}
        missing: list[str] = []
        fault: FetchError | None = None
        last: Fetched | None = None
        try:
            for date, event in newer:
                try:
                    last = await self._fetch(address_of(self._source.url, event), folder / "event")
                except FetchError as error:
                    if error.http_status not in _MISSING:
                        fault = error
                        break
                    missing.append(event)
                    continue
                await trio.to_thread.run_sync(joined.add, folder / "event")
                came[event] = str(date)
        finally:
            joined.close()
        if last is not None and came:
            await self._store(folder, joined, last, known | came)
            known |= came
        if fault is not None:
            raise fault
        return missing

    async def _store(self, folder: Path, joined: Joined, last: Fetched, events: dict[str, str]) -> None:
        pages = Pages(self._tools, self._source, self._row, folder, self.settling.floor)
        result = await pages.read(joined.path)
        refused = refusal(self._source, Look(), result)
        if refused is not None:
            raise FetchError("wrong_page", refused.why)
        await self._write(
            folder,
            Page(joined.fetched(last), Look()),
            result,
            msgspec.structs.replace(self._kept, events=events, tag=""),
        )


async def sample(source: Source, fetcher: Fetches, into: Path, credentials: Path, count: int = SAMPLED) -> None:
    """Fetch the manifest and its newest events, as one body: to try a feed. Raises FetchError, OSError."""

    async def fetch(url: str, name: str) -> Path:
        path, asked = into.with_name(name), Question(url, source.request.headers, None)
        await fetcher.fetch(request_for(source, credentials=credentials, asked=asked), path)
        return path

    manifest = await fetch(source.url, "manifest")
    found = contents(ContentsJob(body=str(manifest), max_body=max_body(source)))
    if found.broken:
        raise FetchError("wrong_page", found.broken)
    newest = sorted(found.events, key=lambda event: (found.events[event], event))[-count:]
    joined = Joined(into, max_body(source), documents=True)
    await trio.to_thread.run_sync(into.touch)
    try:
        for event in newest:
            joined.add(await fetch(address_of(source.url, event), "event"))
    finally:
        joined.close()


def address_of(manifest: str, event: str) -> str:
    """Return the address of an event beside its manifest; `{credential}` stays in its place."""
    front, mark, query = manifest.partition("?")
    return f"{front.rpartition('/')[0]}/{event}.json{mark}{query}"


def _faults(missing: list[str], left: int, refused: int) -> str:
    told = []
    if missing:
        told.append(f"{len(missing)} events of the manifest are not there, first {missing[0]}")
    if left > 0:
        told.append(f"{left} events are left for the next time (request.pages.most)")
    if refused:
        told.append(f"{refused} entries of the manifest name no event or no date")
    return "; ".join(told)
