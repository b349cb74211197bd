"""Takes one archive: gets it, reads it, stores what is new, marks it. However that ends, no mark comes too early."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import trio

from tipd.model.finding import NewFinding
from tipd.model.spam import ARCHIVE, ArchiveMark, SpamBatch
from tipd.modules.spamtrap.archives.reading import Deadly
from tipd.modules.spamtrap.archives.worker import ReadJob, ReadResult
from tipd.modules.spamtrap.states import MODULE
from tipd.net.request import Limits, Request, Validators

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.spamtrap.archives.listing import Piece
    from tipd.modules.spamtrap.archives.talk import Said
    from tipd.modules.spamtrap.archives.tools import Tools
    from tipd.modules.spamtrap.settings import ArchiveSettings

MOST_DEATHS = 1000  # mails of one archive that may kill a process before it is given up


class Took(NamedTuple):
    """What came of one archive: mails in it, those that were new; `unchanged`: it was not read at all."""

    mails: int = 0
    new: int = 0
    unchanged: bool = False
    refused: dict[str, int] = {}  # noqa: RUF012 - never changed


class Body(NamedTuple):
    """An archive as it lies on our disk, its hash, and its stamp."""

    path: Path
    sha256: bytes
    stamp: str


class Taker:
    """Takes archives of one source, one after the other; also keeps for the process that reads, and shows progress."""

    def __init__(self, tools: Tools, source: ArchiveSettings) -> None:
        """Take nothing yet."""
        self._tools = tools
        self._source = source
        self._piece: Piece | None = None
        self._new = 0

    async def take(self, piece: Piece, mark: ArchiveMark | None) -> Took:
        """Take one. Raises FetchError, UnpackFailed, WorkerFailed, OSError, StoreAway."""
        self._piece, self._new = piece, 0
        folder = Path(await trio.to_thread.run_sync(lambda: tempfile.mkdtemp(dir=self._tools.scratch)))
        try:
            body = await self._get(piece, mark, folder)
            if body is None:
                return Took(unchanged=True)
            result = await self._read(piece, body, folder)
            await self._finish(piece, body, result)
            return Took(result.mails, self._new, refused=result.refused)
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def _get(self, piece: Piece, mark: ArchiveMark | None, folder: Path) -> Body | None:
        """Return the archive's body, None where it is what it was when it was taken whole."""
        done = mark is not None and mark.done
        if piece.path:
            if mark is not None and done and mark.stamp == piece.stamp:
                return None
            # What lies on our own disk is not read twice only to be hashed.
            return Body(Path(os.fsdecode(piece.path)), hashlib.sha256(piece.stamp.encode()).digest(), piece.stamp)
        self._tools.show(self._source.name, piece.name, state="fetching")
        most = self._tools.most_packed
        request = Request(
            url=piece.url,
            validators=_validators(mark) if done else None,
            limits=Limits(deadline=self._tools.patience, max_wire=most, max_body=most),
            allow_networks=self._source.allow_networks,
            ca_file=Path(self._source.ca_file) if self._source.ca_file else None,
        )
        fetched = await self._tools.fetcher.fetch(request, folder / "body")
        if fetched.status == "unchanged" and done:
            return None
        return Body(folder / "body", fetched.sha256 or b"", _stamp(fetched.validators))

    async def _read(self, piece: Piece, body: Body, folder: Path) -> ReadResult:
        """Read it; a mail that kills the process is told apart, and the rest is read all the same."""
        deadly: dict[int, int] = {}
        for attempt in range(MOST_DEATHS):
            talk = folder / f"talk-{attempt}"
            talk.mkdir()
            try:
                return await self._tools.reading.read(self._job(piece, body, talk, deadly), talk, self)
            except Deadly as killed:
                deadly[killed.number] = deadly.get(killed.number, 0) + 1
                self._tools.log.warning(
                    "a mail killed the process that read it",
                    archive=self._source.name,
                    name=piece.name,
                    number=killed.number,
                    times=deadly[killed.number],
                    why=str(killed),
                )
                if deadly[killed.number] > 3:
                    raise
        raise Deadly(0, f"more than {MOST_DEATHS} mails killed whoever read them")

    def _job(self, piece: Piece, body: Body, talk: Path, deadly: dict[int, int]) -> ReadJob:
        return ReadJob(
            path=os.fsencode(body.path),
            folder=str(talk),
            rules=self._tools.rules(self._source),
            member=piece.name,
            layout=self._source.layout,
            authserv_id=self._source.authserv_id,
            trap=self._source.trap,
            key=self._tools.trap_key,
            max_bytes=self._tools.most_unpacked,
            max_members=self._tools.most_members,
            deadly=dict(deadly),
        )

    async def _finish(self, piece: Piece, body: Body, result: ReadResult) -> None:
        """Mark it as taken: all of it is stored."""
        source = self._source.name
        mark = ArchiveMark(
            archive=source, name=piece.name, sha256=body.sha256, members=result.mails, done=True, stamp=body.stamp
        )
        facts = {"archive": piece.name, "mails": result.mails, "new": self._new}
        told = [NewFinding(kind=ARCHIVE, module=MODULE, source=source, data=facts)] if self._new else []
        await self._tools.store.spam.take(
            SpamBatch(source=source, archive=mark, findings=tuple(told)), sighting_keep=self._tools.sighting_keep
        )

    # --- what the reading asks for

    async def known(self, hashes: Sequence[bytes]) -> set[bytes]:
        """Return which mails are known."""
        member = self._piece.name if self._piece else ""
        return await self._tools.store.spam.known(hashes, source=self._source.name, member=member)

    async def keep(self, batch: SpamBatch, _said: Said) -> None:
        """Store a batch."""
        taken = await self._tools.store.spam.take(batch, sighting_keep=self._tools.sighting_keep)
        self._new += taken.new

    def shows(self, said: Said) -> None:
        """Show how far it is."""
        if self._piece is not None:
            facts = {"state": "reading", "mails": said.mails, "bytes": said.size, "new": self._new, "at": said.at}
            self._tools.show(self._source.name, self._piece.name, **facts)


def _validators(mark: ArchiveMark | None) -> Validators | None:
    if mark is None:
        return None
    try:
        kept = msgspec.json.decode(mark.stamp, type=dict[str, str | None])
    except msgspec.MsgspecError:
        kept = {}
    return Validators(etag=kept.get("etag"), last_modified=kept.get("last_modified"), sha256=mark.sha256 or None)


def _stamp(validators: Validators) -> str:
    return msgspec.json.encode({"etag": validators.etag, "last_modified": validators.last_modified}).decode()
