"""Read one body in a worker process: its rows, what is new and what has left, and the snapshot for the next time.

Everything hostile happens here: unpacking, decoding, parsing. Nothing is decided (guards.py decides) and nothing is
written but files in the job's folder: `opened` (frames.py), `closed` and `withdrawn` (little-endian int64 keys), and
`snapshot`.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.modules.blacklist.reading.course import Course, TooManyRows
from tipd.modules.blacklist.reading.difference import Difference
from tipd.modules.blacklist.reading.frames import FrameWriter
from tipd.modules.blacklist.reading.intake import BodyFault, Intake
from tipd.modules.blacklist.reading.job import ReadJob, ReadResult
from tipd.modules.blacklist.reading.signed import SignatureFault, checked
from tipd.modules.blacklist.reading.snapshot import Mapped, open_snapshot
from tipd.work.unpack import UnpackError, UnpackLimits, open_body

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENED, CLOSED, SNAPSHOT, WITHDRAWN = "opened", "closed", "snapshot", "withdrawn"


def read(job: ReadJob) -> ReadResult:
    """Read the body; an unreadable one gives a result with `broken`, and files that must not be used.

    Where a signature is declared, nothing of the body is read before it was found good; else `unsigned` says why.
    """
    result = ReadResult()
    if job.source.signature is not None:
        try:
            job, result.signer = checked(job)
        except SignatureFault as fault:
            return ReadResult(unsigned=str(fault))
    difference = _difference(job)
    if difference is None:
        return ReadResult(wants_keys=True)
    intake = _intake(job)
    folder = Path(job.folder)
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context((folder / OPENED).open("wb"))
        stack.callback(difference.close)
        course = Course(job, result, difference, folder)
        stack.callback(course.close)
        try:
            course.run(_until_html(job, intake))
            again = course.lines_to_read_again()
            if len(again):
                course.run_again(_until_html(job, _intake(job)), again)
        except (UnpackError, BodyFault, TooManyRows) as fault:
            result.broken = str(fault)
        result.html, result.canary, result.stamp = intake.html, intake.canary, intake.stamp
        result.bytes, result.nuls, result.had = intake.bytes, intake.nuls, difference.had
        if not result.broken:
            course.write(FrameWriter(opened))
            totals = difference.finish(
                folder / CLOSED, folder / SNAPSHOT, job.identity, course.parser.mark, says_more=result.says_more
            )
            result.entries, result.opened, result.closed = totals
            result.withdrawn = course.withdrawn.write(folder / WITHDRAWN)
    return result


def _intake(job: ReadJob) -> Intake:
    return Intake(job.source.expect.must_match or None, keep_line_ends=job.source.parser == "json")


def _until_html(job: ReadJob, intake: Intake) -> Iterator[bytes]:
    """Give the body's bytes; stop early where it is a page and should not be, since it is refused anyway."""
    chunks = open_body(Path(job.body), UnpackLimits(max_bytes=job.max_body), member=job.source.member)
    for number, piece in enumerate(intake.clean(chunks)):
        if not number and intake.html and not job.source.may_be_page:
            return
        yield piece


def _difference(job: ReadJob) -> Difference | None:
    old = open_snapshot(Path(job.old_snapshot), job.identity) if job.old_snapshot else None
    if old is None and job.old_snapshot and not job.open_keys:
        return None
    keys = None
    if old is None and job.open_keys and Path(job.open_keys).stat().st_size:
        keys = Mapped(Path(job.open_keys))
    return Difference(old, keys, Path(job.folder), open_more=job.open_more)
