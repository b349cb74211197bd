"""Sealed versions read, in a worker process: several small ones at once, a large one in pieces.

A version that is not what its manifest says (lines, bytes) yields nothing at all: it is looked through before a record
of it is taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import zstandard

from tipd.model.spam import SpamBatch
from tipd.modules.spamtrap.gathering import MOST_ROWS, Gathering, Rules
from tipd.modules.spamtrap.taking import LONGEST_LINE, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_MAILS = 10_000  # of one answer
ROWS_OF_A_MAIL = 1000  # more than one mail may add
_CHUNK = 256 * 1024
_WINDOW = 2**27


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One version: where its lines are (empty: they are gone) and what its manifest says of them."""

    number: int
    path: str = ""
    raw_bytes: int = 0
    records: int = 0


class ReadJob(msgspec.Struct, frozen=True, kw_only=True):
    """Versions in order; `skip`: lines of the first that were taken before."""

    rules: Rules
    parts: tuple[Part, ...]
    skip: int = 0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction's rows; all versions up to `upto` are whole with it."""

    batch: SpamBatch
    upto: int


class ReadResult(msgspec.Struct, frozen=True, kw_only=True):
    """`next`: the version to go on with and the lines of it to skip, None at the end.

    `bad`: the version that is not what its manifest says, and why; nothing of it is in the steps.
    """

    steps: tuple[Step, ...] = ()
    next: tuple[int, int] | None = None
    bad: tuple[int, str] | None = None
    taken: int = 0
    refused: dict[str, int] = {}


def read(job: ReadJob) -> ReadResult:
    """Read versions' records, about `MOST_MAILS` of them at once."""
    return _Reading(job).run()


class _Reading:
    def __init__(self, job: ReadJob) -> None:
        self._job = job
        self._gathering = Gathering(job.rules)
        self._steps: list[Step] = []
        self._whole = job.parts[0].number - 1

    def run(self) -> ReadResult:
        skip = self._job.skip
        for part in self._job.parts:
            if self._gathering.taken >= MOST_MAILS:
                return self._result(following=(part.number, 0))
            if part.path:
                if not skip and (why := fault(part)):
                    return self._result(bad=(part.number, why))
                following = self._part(part, skip)
                if following is not None:
                    return self._result(following=(part.number, following))
            self._whole, skip = part.number, 0
        return self._result()

    def _part(self, part: Part, skip: int) -> int | None:
        """Take a version's lines; return which line is next where there are more than one answer holds."""
        self._gathering.of_version(part.number)
        for number, line in enumerate(lines_of(Path(part.path), part.raw_bytes)):
            if number < skip:
                continue
            if self._gathering.taken >= MOST_MAILS:
                return number
            if self._gathering.rows >= MOST_ROWS - ROWS_OF_A_MAIL:
                self._step()
            self._gathering.line(line)
        return None

    def _step(self) -> None:
        self._steps.append(Step(batch=self._gathering.batch(), upto=self._whole))

    def _result(self, following: tuple[int, int] | None = None, bad: tuple[int, str] | None = None) -> ReadResult:
        marked = self._steps[-1].upto if self._steps else self._job.parts[0].number - 1
        if self._gathering.rows or self._whole > marked:
            self._step()
        return ReadResult(
            steps=tuple(self._steps),
            next=following,
            bad=bad,
            taken=self._gathering.taken,
            refused=dict(self._gathering.refused),
        )


def fault(part: Part) -> str:
    """Look a version through; return in what it is not what its manifest says, empty where it is."""
    size = count = run = 0
    last = b"\n"
    try:
        for chunk in _chunks(Path(part.path)):
            size += len(chunk)
            if size > part.raw_bytes:
                return f"it unpacks to more than {part.raw_bytes} bytes"
            count += chunk.count(b"\n")
            if count > part.records:
                return f"it holds more than {part.records} lines"
            end = chunk.rfind(b"\n")
            run = run + len(chunk) if end < 0 else len(chunk) - end - 1
            if run > LONGEST_LINE:
                return f"a line is longer than {LONGEST_LINE} bytes"
            last = chunk
    except zstandard.ZstdError as error:
        return f"it is no zstd: {error}"
    count += not last.endswith(b"\n")
    if (size, count) != (part.raw_bytes, part.records):
        return f"it holds {count} lines of {size} bytes, not {part.records} of {part.raw_bytes}"
    return ""


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file, zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(file) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


class FindJob(msgspec.Struct, frozen=True, kw_only=True):
    """Which of these versions hold a record of one of these mails (SHA-256, raw)?"""

    parts: tuple[Part, ...]
    hashes: tuple[bytes, ...]


def find(job: FindJob) -> tuple[int, ...]:
    """Return the numbers of versions that hold one; what cannot be read holds none."""
    wanted = {each.hex() for each in job.hashes}
    return tuple(part.number for part in job.parts if _holds(part, wanted))


class _Named(msgspec.Struct):
    sha256: str = ""


def _holds(part: Part, wanted: set[str]) -> bool:
    try:
        return any(_hash(line) in wanted for line in lines_of(Path(part.path), part.raw_bytes))
    except (OSError, ValueError):
        return False


def _hash(line: bytes) -> str:
    try:
        return _named.decode(line).sha256.lower()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""


_named = msgspec.json.Decoder(_Named)
