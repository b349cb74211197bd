"""Reads one archive in a worker process: mails out of it, those that are new parsed, batches to the daemon.

The process is limited and may be killed at any time: nothing of it is needed but what it has said. Which mail it parses
it notes beforehand where the daemon can see it, so that one that kills it, twice, is recognised and read by its header
alone the next time, and by its hash alone after that.
"""

from __future__ import annotations

import mmap
import os
import time
from pathlib import Path

import msgspec

from tipd.mail.context import Context
from tipd.mail.defects import BROKEN
from tipd.mail.limits import DEFAULT
from tipd.mail.read import read
from tipd.mail.record import Record, Trap
from tipd.mail.view import SHIPPED
from tipd.mail.views import apply
from tipd.modules.spamtrap.archives.members import Found, Members
from tipd.modules.spamtrap.archives.talk import PLACE, PLACES, Mouth, Said
from tipd.modules.spamtrap.gathering import Gathering, Rules
from tipd.modules.spamtrap.settings import Layout, networks_of
from tipd.work.unpack import UnpackError, UnpackLimits

VIEW = "redacted"  # recipients are masked, also of archives that anybody may read
MOST_ASKED = 500  # mails a question
MOST_HELD = 8 * 2**20  # bytes of mails that wait for its answer
MOST_TOLD = 2000  # rows a batch
ONCE_MORE = 2  # a process may have been killed by anybody: whoever killed two did it himself
_HEADER = 64 * 1024  # bytes read of a mail that killed its reader


class ReadJob(msgspec.Struct, frozen=True, kw_only=True):
    """An archive to read: where it lies, and the folder with the FIFOs.

    `deadly`: how often mails, by their number from 1, killed whoever parsed them. `member`: the archive's name.
    """

    path: bytes
    folder: str
    rules: Rules
    member: str
    layout: Layout = Layout()
    authserv_id: str = ""
    trap: Trap = ""
    key: bytes = b""
    max_bytes: int = 2**36
    max_members: int = 2_000_000
    deadly: dict[int, int] = {}


class ReadResult(msgspec.Struct, frozen=True, kw_only=True):
    """How an archive was read. `fault`: why not to its end; `parsing`: seconds spent in mails, from bytes to rows."""

    mails: int = 0
    size: int = 0
    new: int = 0
    refused: dict[str, int] = {}
    unseen: dict[str, int] = {}
    parsing: float = 0.0
    fault: str = ""


def read_archive(job: ReadJob) -> ReadResult:
    """Read an archive as far as it goes. Raises OSError."""
    mouth = Mouth(Path(job.folder))
    try:
        with (Path(job.folder) / PLACE).open("r+b") as file, mmap.mmap(file.fileno(), PLACES.size) as place:
            return _Reader(job, mouth, place).run()
    finally:
        mouth.close()


class _Reader:
    def __init__(self, job: ReadJob, mouth: Mouth, place: mmap.mmap) -> None:
        self._job = job
        self._mouth = mouth
        self._place = place
        self._gathering = Gathering(job.rules)
        self._context = Context(own=networks_of(job.rules.own, "own"), authserv_id=job.authserv_id, trap=job.trap)
        self._waiting: list[tuple[int, Found]] = []
        self._held = 0
        self._met: set[bytes] = set()  # halves of hashes: what an archive holds twice is one mail
        self._mails = self._bytes = self._new = self._pieces = 0
        self._parsing = 0.0
        self._at = ""

    def run(self) -> ReadResult:
        limits = UnpackLimits(max_bytes=self._job.max_bytes, max_entries=self._job.max_members, max_ratio=1000)
        self._beat()
        members = Members(Path(os.fsdecode(self._job.path)), self._job.layout, limits, DEFAULT.size, self._beat)
        fault = ""
        try:
            for found in members:
                self._meet(found)
        except UnpackError as error:  # what came before it counts all the same
            fault = str(error)
        self._take()
        self._tell()
        self._mouth.say(Said(end=True, mails=self._mails, size=self._bytes, at=self._at))
        return ReadResult(
            mails=self._mails,
            size=self._bytes,
            new=self._new,
            refused=dict(members.refused + self._gathering.refused),
            unseen=dict(self._gathering.unseen),
            parsing=self._parsing,
            fault=fault,
        )

    def _meet(self, found: Found) -> None:
        self._mails += 1
        self._bytes += found.size
        self._at = found.name.encode("utf-8", "replace").decode()[:500]
        half = found.sha256[:12]
        if half in self._met:
            return
        self._met.add(half)
        self._waiting.append((self._mails, found))
        self._held += len(found.raw)
        if len(self._waiting) >= MOST_ASKED or self._held >= MOST_HELD:
            self._take()

    def _beat(self) -> None:
        self._pieces += 1
        PLACES.pack_into(self._place, 0, 0, self._pieces)

    def _take(self) -> None:
        """Ask which of the waiting mails are known, and parse the others."""
        waiting, self._waiting, self._held = self._waiting, [], 0
        if not waiting:
            return
        asks = tuple(found.sha256 for _, found in waiting)
        known = self._mouth.ask(Said(asks=asks, mails=self._mails, size=self._bytes, at=self._at)).known
        for number, found in (each for each, is_known in zip(waiting, known, strict=True) if not is_known):
            self._new += 1
            self._parse(number, found)
            if self._gathering.rows >= MOST_TOLD:
                self._tell()

    def _parse(self, number: int, found: Found) -> None:
        self._pieces += 1
        PLACES.pack_into(self._place, 0, number, self._pieces)
        began = time.perf_counter()
        self._gathering.add(self._record(found, self._job.deadly.get(number, 0)))
        self._parsing += time.perf_counter() - began
        PLACES.pack_into(self._place, 0, 0, self._pieces)

    def _record(self, found: Found, deaths: int) -> Record:
        """Return a mail's record, masked; of one that kills, what its header says, and else its hash and size."""
        raw = found.raw
        if deaths >= ONCE_MORE:
            header = raw[:_HEADER].partition(b"\n\n")[0].partition(b"\r\n\r\n")[0] + b"\n\n"
            raw = header if deaths == ONCE_MORE else b""
        record = apply(SHIPPED[VIEW], VIEW, self._job.key, read(raw, self._context))
        if deaths >= ONCE_MORE:
            record = msgspec.structs.replace(record, defects=(*record.defects, BROKEN))
        if len(raw) != found.size:
            record = msgspec.structs.replace(record, sha256=found.sha256.hex(), size=found.size)
        return record

    def _tell(self) -> None:
        if self._gathering.rows:
            batch = msgspec.structs.replace(self._gathering.batch(), member=self._job.member)
            self._mouth.say(Said(batch=batch, mails=self._mails, size=self._bytes, at=self._at))
