"""Collect a source whose whole set comes in pages: they are joined into one body for the ordinary reader.

A set that did not come to its end is no set: what would be missing from it was not delisted. So whatever is wrong with
a page, the last good set stays.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO

import trio

from tipd.modules.blacklist.body import max_body, since_of, validators_for
from tipd.modules.blacklist.collect import Collector
from tipd.modules.blacklist.cursor import Run
from tipd.modules.blacklist.pages import Page, Pages
from tipd.modules.blacklist.paging import first_at, turn
from tipd.modules.blacklist.reading.json_stream import SEPARATOR
from tipd.net.request import Fetched, FetchError, Validators

if TYPE_CHECKING:
    from pathlib import Path

_PIECE = 1 << 20


class Paged(Collector):
    """One run of one source."""

    async def _get(self, folder: Path, body: Path) -> Fetched:
        source = self._source
        pages = Pages(self._tools, source, self._row, folder, self.settling.floor)
        run, began = Run(began=self._tools.clock.now(), at=first_at(source)), trio.current_time()
        joined = _Joined(body, max_body(source))
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

    def _whole(self, last: Page, joined: _Joined, took: float) -> Fetched:
        digest = joined.digest.digest()
        known = validators_for(self._source, self._row)
        return Fetched(
            status="unchanged" if known and known.sha256 == digest else "ok",
            http_status=last.fetched.http_status,
            url=self._source.url,
            address=last.fetched.address,
            validators=Validators(sha256=digest),
            path=joined.path,
            sha256=digest,
            content_type=last.fetched.content_type,
            took=took,
            wire=joined.size,
            bytes=joined.size,
        )


class _Joined:
    """Pages one after the other in one file; documents with a SEPARATOR between."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.digest = hashlib.sha256()
        self.size = 0
        self._limit = limit
        self._file: BinaryIO | None = None

    def add(self, page: Path) -> None:
        """Append a page. Raises FetchError `wrong_page` where all is too large, OSError."""
        if self._file is None:
            self._file = self.path.open("wb")
        with page.open("rb") as file:
            piece = file.read(_PIECE)
            if self.size:
                document = piece.lstrip()[:1] in (b"{", b"[")
                self._write(b"\n" + SEPARATOR + b"\n" if document else b"\n")
            while piece:
                self._write(piece)
                piece = file.read(_PIECE)
        self._file.flush()

    def _write(self, piece: bytes) -> None:
        assert self._file is not None  # noqa: S101 - `add` opens it
        self.size += len(piece)
        if self.size > self._limit:
            raise FetchError("wrong_page", f"all pages together are larger than {self._limit} bytes")
        self.digest.update(piece)
        self._file.write(piece)

    def close(self) -> None:
        """Give back the file."""
        if self._file is not None:
            self._file.close()
