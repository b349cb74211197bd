"""Collect a source whose whole set comes in pages: they are joined into one body for the ordinary reader.

A set that did not come to its end is no set: what would be missing from it was not delisted. So whatever is wrong with
a page, the last good set stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import trio

from tipd.modules.blacklist.body import DOCUMENTS, max_body, since_of, validators_for
from tipd.modules.blacklist.collect import Collector
from tipd.modules.blacklist.cursor import Run
from tipd.modules.blacklist.joined import Joined
from tipd.modules.blacklist.pages import Page, Pages
from tipd.modules.blacklist.paging import first_at, turn
from tipd.net.request import Fetched, FetchError, Validators

if TYPE_CHECKING:
    from pathlib import Path


class Paged(Collector):
    """One run of one source."""

    async def _get(self, folder: Path, body: Path) -> Fetched:
        source = self._source
        pages = Pages(self._tools, source, self._row, folder, self.settling.floor)
        run, began = Run(began=self._tools.clock.now(), at=first_at(source)), trio.current_time()
        joined = Joined(body, max_body(source), documents=source.parser in DOCUMENTS)
        try:
            while True:
                page = await pages.get(run, since_of(source), folder / "page")
                if page.look.html and not source.expect.html:
                    raise FetchError("wrong_page", f"page {run.pages + 1}: an HTML page where a list is due")
                if page.look.broken:
                    raise FetchError("wrong_page", f"page {run.pages + 1} {page.look.broken}")
                await trio.to_thread.run_sync(joined.add, folder / "page")
                ended = turn(
                    source,
                    run,
                    page.look,
                    digest=page.fetched.sha256 or b"",
                    length=page.fetched.bytes,
                    url=page.fetched.url,
                    link=page.fetched.headers.get("link", ""),
                )
                if ended.fault:
                    raise FetchError("wrong_page", ended.fault, address=page.fetched.address)
                if ended.done:
                    return self._whole(page, joined, trio.current_time() - began)
                run = ended.run
        finally:
            joined.close()

    def _whole(self, last: Page, joined: Joined, took: float) -> Fetched:
        known = validators_for(self._source, self._row)
        whole = joined.fetched(last.fetched)
        return replace(
            whole,
            status="unchanged" if known and known.sha256 == whole.sha256 else "ok",
            url=self._source.url,
            validators=Validators(sha256=whole.sha256),
            took=took,
        )
