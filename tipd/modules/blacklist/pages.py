"""Get one page of a source and let worker processes look at it and read it."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import trio

from tipd.config import duration
from tipd.modules.blacklist import guards
from tipd.modules.blacklist.body import max_body, request_for
from tipd.modules.blacklist.hand_over import identity_of
from tipd.modules.blacklist.paging import Look, question
from tipd.modules.blacklist.reading.job import ReadJob, ReadResult
from tipd.modules.blacklist.reading.look import LookJob
from tipd.modules.blacklist.states import State

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tipd.modules.blacklist.cursor import Run
    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.tools import Tools
    from tipd.net.request import Fetched
    from tipd.store.sources import SourceRow

READER = "tipd.modules.blacklist.reader:read"
LOOKER = "tipd.modules.blacklist.reading.look:look"
BELIEVED = timedelta(days=1)  # how far a source's clock may be off for its word on the time to count


class Page(NamedTuple):
    """A page that came: what was fetched, and what it says about pages."""

    fetched: Fetched
    look: Look


class Pages:
    """The pages of one run of one source."""

    def __init__(self, tools: Tools, source: Source, row: SourceRow, folder: Path, floor: timedelta) -> None:
        """Nothing is asked yet; files are made in `folder`."""
        self._tools = tools
        self._source = source
        self._row = row
        self._folder = folder
        self._floor = floor
        self._asked = False

    async def get(self, run: Run, since: str, into: Path) -> Page:
        """Fetch the run's next page. Raises FetchError, OSError, WorkerFailed.

        The provider's floor holds between two runs; between two pages it is the pause of the declaration.
        """
        if self._asked:
            await trio.sleep(duration(self._source.request.pages.pause).total_seconds())
        request = request_for(
            self._source,
            floor=timedelta(0) if self._asked else self._floor,
            credentials=self._tools.credentials,
            asked=question(self._source, run, since),
        )
        self._asked = True
        fetched = await self._tools.fetcher.fetch(request, into)
        job = LookJob(body=str(into), source=self._source, max_body=max_body(self._source))
        look: Look = await self._tools.workers.call(
            LOOKER, job, Look, deadline=self._tools.deadline, memory=self._tools.memory
        )
        return Page(fetched, look)

    async def read(self, body: Path) -> ReadResult:
        """Return what a page holds, by itself: what it lists and takes back lies in the folder."""
        job = ReadJob(
            body=str(body),
            folder=str(self._folder),
            source=self._source,
            seed=self._tools.store.hash_seed,
            identity=identity_of(self._tools, self._source, self._row, 0),
            max_body=max_body(self._source),
            max_rows=self._tools.max_rows,
        )
        result: ReadResult = await self._tools.workers.call(
            READER, job, ReadResult, deadline=self._tools.deadline, memory=self._tools.memory
        )
        return result


def refusal(source: Source, look: Look, result: ReadResult) -> guards.Refusal | None:
    """Return why a page must not be used: what is wrong with its form, never how much there is."""
    if look.html and not source.may_be_page:
        return guards.Refusal(State.WRONG_PAGE, "an HTML page where a list is due", unread=True)
    if not result.html and not result.broken and look.broken:
        return guards.Refusal(State.DRIFTED, look.broken, unread=True)
    if not result.rows and not result.html and not result.broken:
        return None  # nothing has changed
    expect = msgspec.structs.replace(source.expect, min_rows=0, max_growth=None, max_shrink=None, may_be_empty=True)
    return guards.refusal(msgspec.structs.replace(source, expect=expect), result)


def began_by(fetched: Fetched, now: datetime) -> datetime:
    """Return the moment of an answer by the source's own clock, by ours where it tells none or one beyond belief."""
    try:
        said = parsedate_to_datetime(fetched.headers.get("date", ""))
        return said if abs(said - now) < BELIEVED else now
    except (ValueError, TypeError, IndexError, OverflowError):
        return now
