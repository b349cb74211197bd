"""A sealed version in, what the store takes out. In a worker process: what an agent says is hostile too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import zstandard

from tipd.model.spam import SpamBatch
from tipd.modules.spamtrap.gathering import MOST_ROWS, Gathering, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_MAILS = 10_000  # of one answer
LONGEST_LINE = 1 << 20
_CHUNK = 256 * 1024
_ROWS_OF_A_MAIL = 1000  # more than one mail may add


class TakeJob(msgspec.Struct, frozen=True, kw_only=True):
    """A version's lines (`N.jsonl.zst`); `skip`: lines that were taken before; `raw_bytes`: what it may unpack to."""

    rules: Rules
    path: str
    raw_bytes: int
    skip: int = 0


class TakeResult(msgspec.Struct, frozen=True, kw_only=True):
    """Batches of a version, without marks; `next`: which `skip` to go on with, None at its end."""

    batches: tuple[SpamBatch, ...] = ()
    next: int | None = None
    taken: int = 0
    refused: dict[str, int] = {}
    unseen: dict[str, int] = {}


def take(job: TakeJob) -> TakeResult:
    """Read a version's records, at most `MOST_MAILS` of them at once. Raises ValueError where it is damaged."""
    gathering = Gathering(job.rules)
    batches: list[SpamBatch] = []
    following: int | None = None
    for number, line in enumerate(lines_of(Path(job.path), job.raw_bytes)):
        if number < job.skip:
            continue
        if number >= job.skip + MOST_MAILS:
            following = number
            break
        gathering.line(line)
        if gathering.rows >= MOST_ROWS - _ROWS_OF_A_MAIL:
            batches.append(gathering.batch())
    if gathering.rows or not batches:
        batches.append(gathering.batch())
    return TakeResult(
        batches=tuple(batches),
        next=following,
        taken=gathering.taken,
        refused=dict(gathering.refused),
        unseen=dict(gathering.unseen),
    )


def lines_of(path: Path, most: int) -> Iterator[bytes]:
    """Yield the lines of a zstd file; raises ValueError where it is damaged or unpacks to more than `most` bytes."""
    rest, read = b"", 0
    with path.open("rb") as file, zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(file) as stream:
        while True:
            try:
                chunk = stream.read(_CHUNK)
            except zstandard.ZstdError as error:
                raise ValueError(f"the version is damaged: {error}") from None
            if not chunk:
                break
            read += len(chunk)
            if read > most:
                raise ValueError(f"the version unpacks to more than {most} bytes")
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LONGEST_LINE:
                raise ValueError(f"a line is longer than {LONGEST_LINE} bytes")
            yield from (line for line in lines if line)
    if rest:
        yield rest
