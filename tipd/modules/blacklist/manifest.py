"""Collect a MISP feed: its manifest names events and when each was changed; those that are newer are fetched.

    manifest (304: nothing has changed) → newer events, oldest first, some at a time → read, guard → rows and cursor

The cursor is what was read of which event. A row that is in an event no more means nothing: feeds leave deleted
attributes out, so sightings end by ageing. An event that cannot be had does not stop the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import trio

from tipd.config import duration
from tipd.errors import WorkerFailed
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
    from tipd.modules.blacklist.tools import Tools
    from tipd.nursery.contract import Report
    from tipd.store.sources import SourceRow

READER = "tipd.modules.blacklist.reading.contents:contents"
SAMPLED = 5  # events, to try a feed
AT_ONCE = 25  # events between two transactions
_MISSING = frozenset({404, 410})
_TROUBLE = 3  # events that their server failed to give, after which it is left in peace


class _Came(NamedTuple):
    """An event that came."""

    name: str
    date: int
    path: Path
    fetched: Fetched


class _Left(NamedTuple):
    """Events that are not there, and those that cannot be read, with why."""

    missing: list[str]
    unread: dict[str, str]


class Manifest(Increment):
    """One run of one feed."""

    def __init__(self, tools: Tools, source: Source, row: SourceRow) -> None:
        """Nothing happens yet."""
        super().__init__(tools, source, row)
        self._failed: dict[str, str] = {}  # events that their server failed to give, and how

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
        left = _Left([], {})
        for start in range(0, min(len(newer), most), AT_ONCE):
            some = await self._some(folder, newer[start : min(start + AT_ONCE, most)], known)
            left = _Left(left.missing + some.missing, left.unread | some.unread)
            if left.unread and not known:
                raise FetchError("wrong_page", next(iter(left.unread.values())))  # not one of the first can be read
        left = _Left(left.missing, left.unread | self._failed)
        complete = len(newer) <= most and not left.missing and not left.unread
        kept = msgspec.structs.replace(self._kept, events=known, tag=fetched.validators.etag or "" if complete else "")
        if kept != self._written:
            await tools.store.increments.keep(row.id, msgspec.to_builtins(kept))
        return await self._settle(_faults(left, len(newer) - most, found.refused))

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

    async def _some(self, folder: Path, newer: list[tuple[int, str]], known: dict[str, str]) -> _Left:
        """Fetch and store some events; `known` takes those that were. Returns those that were not.

        What came before a fault is stored before it is raised.
        """
        came: list[_Came] = []
        missing: list[str] = []
        fault: FetchError | None = None
        for date, event in newer:
            path = folder / event
            try:
                fetched = await self._fetch(address_of(self._source.url, event), path)
            except FetchError as error:
                if error.http_status in _MISSING:
                    missing.append(event)
                elif known and error.state == "unreachable" and error.http_status and len(self._failed) + 1 < _TROUBLE:
                    self._failed[event] = str(error)
                else:
                    fault = error
                    break
                continue
            came.append(_Came(event, date, path, fetched))
        unread = await self._store(folder, came, known) if came else {}
        await trio.to_thread.run_sync(_remove, [each.path for each in came])
        if fault is not None:
            raise fault
        return _Left(missing, unread)

    async def _store(self, folder: Path, came: list[_Came], known: dict[str, str]) -> dict[str, str]:
        """Store events in one round; of those that cannot be read together each half, so that a bad one stops no other.

        Returns the bad ones, with why.
        """
        why = await self._together(folder, came, known)
        if not why:
            return {}
        if len(came) == 1:
            return {came[0].name: why}
        half = len(came) // 2
        return await self._store(folder, came[:half], known) | await self._store(folder, came[half:], known)

    async def _together(self, folder: Path, came: list[_Came], known: dict[str, str]) -> str:
        """Store events as one body, or say why it cannot be read."""
        joined = Joined(folder / "body", max_body(self._source), documents=True)
        try:
            for each in came:
                await trio.to_thread.run_sync(joined.add, each.path)
            joined.close()
            result = await Pages(self._tools, self._source, self._row, folder, self.settling.floor).read(joined.path)
        except FetchError as error:
            return str(error)
        except WorkerFailed as error:
            if error.ours:
                raise
            return f"reading it failed: {error}"
        finally:
            joined.close()
        refused = refusal(self._source, Look(), result)
        if refused is not None:
            return refused.why
        known |= {each.name: str(each.date) for each in came}
        page = Page(joined.fetched(came[-1].fetched), Look())
        await self._write(folder, page, result, msgspec.structs.replace(self._kept, events=dict(known), tag=""))
        return ""


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


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


def _faults(left: _Left, later: int, refused: int) -> str:
    told = []
    if left.missing:
        told.append(f"{len(left.missing)} events of the manifest are not there, first {left.missing[0]}")
    if left.unread:
        event, why = next(iter(left.unread.items()))
        told.append(f"{len(left.unread)} events cannot be read, first {event}: {why}")
    if later > 0:
        told.append(f"{later} events are left for the next time (request.pages.most)")
    if refused:
        told.append(f"{refused} entries of the manifest name no event or no date")
    return "; ".join(told)
