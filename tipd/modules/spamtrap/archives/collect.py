"""One archive source, once: look what there is, take what is new of it, newest first, say how it went.

Each archive stands for itself: one that fails is tried again the next time, and the others are taken all the same.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.errors import TipdError, WorkerFailed
from tipd.modules.spamtrap.archives.listing import (
    LARGEST_PAGE,
    FolderJob,
    Listing,
    PageJob,
    Piece,
    in_order,
)
from tipd.modules.spamtrap.archives.members import matches
from tipd.modules.spamtrap.archives.reading import Deadly, UnpackFailed
from tipd.modules.spamtrap.archives.taker import Taker
from tipd.modules.spamtrap.states import DAMAGED, OK, UNREACHABLE, WRONG_PAGE
from tipd.net.request import FetchError, Limits, Request

if TYPE_CHECKING:
    from tipd.model.spam import ArchiveMark
    from tipd.modules.spamtrap.archives.tools import Tools
    from tipd.modules.spamtrap.settings import ArchiveSettings

MOST_PAGES = 500  # index pages of one source
MOST_PIECES = 100_000
LISTING_MAY_TAKE = 120.0  # seconds
_PAGE = "tipd.modules.spamtrap.archives.listing:read_page"
_FOLDER = "tipd.modules.spamtrap.archives.listing:read_folder"
_TOLD = 3  # faults that a report spells out


class Unlisted(TipdError):
    """It cannot be told what there is; `state` is the source's."""

    def __init__(self, state: str, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.state = state
        self.retry_after = retry_after


@dataclass(slots=True)
class Tally:
    """How a source went: its state, archives there are and were read, mails new, what was refused, what failed."""

    state: str = OK
    why: str | None = None
    retry_after: float | None = None
    archives: int = 0
    taken: int = 0
    mails: int = 0
    new: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Collect:
    """One run of one source."""

    def __init__(self, tools: Tools, source: ArchiveSettings) -> None:
        """Nothing happens yet."""
        self._tools = tools
        self._source = source
        self._cut = False  # there was more than is looked at
        self._root = ""  # where the first index page stood, redirects followed

    async def run(self) -> Tally:
        """Do it; expected trouble is in the tally. Raises StoreAway, and OSError of our own disk."""
        tally = Tally()
        self._tools.show(self._source.name, "", state="listing")
        try:
            pieces = in_order(await self._pieces())
        except Unlisted as error:
            tally.state, tally.why, tally.retry_after = error.state, str(error), error.retry_after
            self._tools.show(self._source.name, "", state=tally.state, why=tally.why)
            return tally
        tally.archives = len(pieces)
        if self._cut:
            tally.faults.append(f"there is more than is looked at: {len(pieces)} archives of it are")
        marks = await self._tools.store.spam.marks(self._source.name)
        wanted = self._wanted(pieces, marks)
        for number, piece in enumerate(wanted, 1):
            self._tools.show(self._source.name, piece.name, number=number, of=len(wanted))
            await self._take(piece, marks.get(piece.name), tally)
        if tally.faults:
            more = f" and {len(tally.faults) - _TOLD} more" if len(tally.faults) > _TOLD else ""
            tally.why = "; ".join(tally.faults[:_TOLD]) + more
        self._tools.show(self._source.name, "", state="done" if tally.state == OK else tally.state, why=tally.why)
        return tally

    def _wanted(self, pieces: list[Piece], marks: dict[str, ArchiveMark]) -> list[Piece]:
        """Return what is to be looked at: what was never taken whole, and what may have grown since."""
        grows = {piece.name for piece in pieces[: self._source.layout.grows]}
        return [
            piece
            for piece in pieces
            if (mark := marks.get(piece.name)) is None
            or not mark.done
            or (mark.stamp != piece.stamp if piece.path else piece.name in grows)
        ]

    async def _take(self, piece: Piece, mark: ArchiveMark | None, tally: Tally) -> None:
        try:
            took = await Taker(self._tools, self._source).take(piece, mark)
        except FetchError as error:
            tally.state, tally.retry_after = error.state, error.retry_after
            tally.faults.append(f"{piece.name}: {error}")
        except WorkerFailed as error:
            tally.state = UNREACHABLE
            tally.faults.append(f"{piece.name}: {error}")
        except (Deadly, UnpackFailed) as error:
            tally.state = DAMAGED
            tally.faults.append(f"{piece.name}: {error}")
        else:
            tally.taken += not took.unchanged
            tally.mails += took.mails
            tally.new += took.new
            tally.refused.update(took.refused)
            return
        self._tools.log.warning("an archive was not taken", archive=self._source.name, why=tally.faults[-1])

    async def _pieces(self) -> list[Piece]:
        """Return all there is; raises Unlisted."""
        if self._source.path:
            return await self._of_folder()
        last = self._source.url.rpartition("/")[2]
        if last and matches(last, self._source.layout.archives):
            return [Piece(name=last, url=self._source.url)]
        return await self._of_pages()

    async def _of_folder(self) -> list[Piece]:
        job = FolderJob(path=self._source.path, layout=self._source.layout)
        try:
            listing = await self._work(_FOLDER, job)
        except WorkerFailed as error:
            why = f"{self._source.path}: cannot be read ({error})"
            raise Unlisted("gone" if "FileNotFound" in str(error) else UNREACHABLE, why) from None
        self._cut = listing.cut
        return list(listing.pieces)

    async def _of_pages(self) -> list[Piece]:
        found: dict[str, Piece] = {}
        waiting, seen = [self._source.url], {self._source.url}
        read = 0
        while waiting and read < MOST_PAGES and len(found) < MOST_PIECES:
            read += 1
            listing = await self._page(waiting.pop())
            self._cut |= listing.cut
            found |= {piece.name: piece for piece in listing.pieces}
            fresh = [page for page in listing.pages if page not in seen]
            seen.update(fresh)
            waiting += fresh
        self._cut |= bool(waiting)
        if not found:
            raise Unlisted(WRONG_PAGE, f"{self._source.url}: links to no archive")
        return list(found.values())

    async def _page(self, url: str) -> Listing:
        with tempfile.TemporaryDirectory(dir=self._tools.scratch) as folder:
            body = Path(folder) / "page"
            request = Request(
                url=url,
                limits=Limits(max_wire=LARGEST_PAGE, max_body=LARGEST_PAGE),
                allow_networks=self._source.allow_networks,
                ca_file=Path(self._source.ca_file) if self._source.ca_file else None,
            )
            try:
                fetched = await self._tools.fetcher.fetch(request, body)
                self._root = self._root or fetched.url
                job = PageJob(path=str(body), url=fetched.url, root=self._root, layout=self._source.layout)
                return await self._work(_PAGE, job)
            except FetchError as error:
                raise Unlisted(error.state, f"{url}: {error}", error.retry_after) from None
            except WorkerFailed as error:
                raise Unlisted(WRONG_PAGE, f"{url}: {error}") from None

    async def _work(self, function: str, job: PageJob | FolderJob) -> Listing:
        listing: Listing = await self._tools.workers.call(
            function, job, Listing, deadline=LISTING_MAY_TAKE, memory=self._tools.memory
        )
        return listing
