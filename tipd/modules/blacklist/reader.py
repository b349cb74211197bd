"""Read one body in a worker process: its rows, what is new and what has left, and the snapshot for the next time.

Everything hostile happens here: unpacking, decoding, parsing. Nothing is decided (guards.py decides) and nothing is
written but files in the job's folder: `opened` (frames.py), `closed` and `withdrawn` (little-endian int64 keys), and
`snapshot`.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from tipd.model.kind import KIND_OF, Kind
from tipd.modules.blacklist.parsers.registry import build
from tipd.modules.blacklist.reading.batch import BatchReader, hashes_of, text_of
from tipd.modules.blacklist.reading.difference import Difference
from tipd.modules.blacklist.reading.frames import FrameWriter
from tipd.modules.blacklist.reading.intake import Intake
from tipd.modules.blacklist.reading.job import SAMPLES, ReadJob, ReadResult, Sample
from tipd.modules.blacklist.reading.json_stream import JsonFault
from tipd.modules.blacklist.reading.snapshot import Mapped, open_snapshot
from tipd.modules.blacklist.reading.withdrawn import Withdrawn
from tipd.work.unpack import UnpackError, UnpackLimits, open_body

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tipd.modules.blacklist.parsers.rows import Rows
    from tipd.modules.blacklist.reading.batch import U64, Found, Group, Index
    from tipd.modules.blacklist.reading.intake import Unit

OPENED, CLOSED, SNAPSHOT, WITHDRAWN = "opened", "closed", "snapshot", "withdrawn"
_NO_PORT_KINDS = frozenset({Kind.URL})


class TooManyRows(ValueError):
    """The body has more rows than the job allows."""


def read(job: ReadJob) -> ReadResult:
    """Read the body; an unreadable one gives a result with `broken`, and files that must not be used."""
    result = ReadResult()
    difference = _difference(job)
    if difference is None:
        return ReadResult(wants_keys=True)
    intake = Intake(job.source.expect.must_match or None, keep_line_ends=job.source.parser == "json")
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context((Path(job.folder) / OPENED).open("wb"))
        stack.callback(difference.close)
        reading = _Reading(job, result, difference, FrameWriter(opened))
        try:
            for run in reading.parser.units(_until_html(job, intake)):
                reading.run(run)
        except (UnpackError, JsonFault, TooManyRows) as fault:
            result.broken = str(fault)
        reading.frames.close()
        result.html, result.canary, result.stamp = intake.html, intake.canary, intake.stamp
        result.bytes, result.had = intake.bytes, difference.had
        if not result.broken:
            folder = Path(job.folder)
            totals = difference.finish(folder / CLOSED, folder / SNAPSHOT, job.identity, reading.parser.mark)
            result.entries, result.opened, result.closed = totals
            result.withdrawn = reading.withdrawn.write(folder / WITHDRAWN)
    return result


def _until_html(job: ReadJob, intake: Intake) -> Iterator[bytes]:
    """Give the body's bytes; stop early where it is a page and should not be, since it is refused anyway."""
    chunks = open_body(Path(job.body), UnpackLimits(max_bytes=job.max_body), member=job.source.member)
    for number, piece in enumerate(intake.clean(chunks)):
        if not number and intake.html and not job.source.expect.html:
            return
        yield piece


def _difference(job: ReadJob) -> Difference | None:
    old = open_snapshot(Path(job.old_snapshot), job.identity) if job.old_snapshot else None
    if old is None and job.old_snapshot and not job.open_keys:
        return None
    keys = None
    if old is None and job.open_keys and Path(job.open_keys).stat().st_size:
        keys = Mapped(Path(job.open_keys))
    return Difference(old, keys, Path(job.folder))


class _Reading:
    """One body under way."""

    def __init__(self, job: ReadJob, result: ReadResult, difference: Difference, frames: FrameWriter) -> None:
        self.parser = build(job.source)
        self.frames = frames
        self.withdrawn = Withdrawn()
        self._seed = job.seed
        self._max_rows = job.max_rows
        self._result = result
        self._difference = difference
        self._batch = BatchReader(job.source.kinds, job.seed)
        self._refused: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._mark: str | None = None

    def run(self, run: Unit) -> None:
        """Read one run of units."""
        units = self.parser.begin(run.units)
        self._check_mark(units)
        for place in run.overlong:
            self._refuse(run.first + place, "too_long", b"")
        hashes = hashes_of(self._seed, units)
        unknown = self._difference.unknown(hashes)
        known = len(units) if unknown is None else int(len(units) - np.count_nonzero(unknown))
        self._result.known += known
        self._result.rows += known + len(run.overlong)
        if unknown is not None:
            self._parse(run.first, units, hashes, np.flatnonzero(unknown))
        self._result.refused = dict(self._refused)
        if self._result.rows > self._max_rows:
            raise TooManyRows(f"more than {self._max_rows} rows")

    def _check_mark(self, units: list[bytes]) -> None:
        mark = self.parser.mark
        if self._mark is None and (mark or any(units)):
            self._mark = mark
            self._difference.hold_lines(mark)

    def _parse(self, first: int, units: list[bytes], hashes: U64, chosen: Index) -> None:
        if len(chosen) < len(units):
            units = [units[place] for place in chosen.tolist()]
            hashes = hashes[chosen]
        rows = self.parser.parse(units)
        found = self._batch.read(rows.values)
        whole = np.ones(len(units), np.bool_)  # units that gave indicators and no refusal
        for unit, reason in rows.refused:
            whole[unit] = False
            self._refuse(first + int(chosen[unit]), reason, units[unit])
        for row, reason in found.refused:
            unit = row if rows.units is None else rows.units[row]
            whole[unit] = False
            self._refuse(first + int(chosen[unit]), reason, rows.values[row])
        self._result.filtered += rows.filtered
        self._result.rows += len(units) - rows.blank
        of_row = None if rows.units is None else np.array(rows.units, np.int64)
        for whole_group in found.groups:
            group = self.withdrawn.part(whole_group, rows.withdrawn)
            at = group.rows if of_row is None else of_row[group.rows]
            stays = whole[at]
            self._difference.remember(hashes[at[stays]], group.keys[stays])
            self._write(group, rows, found)

    def _refuse(self, line: int, reason: str, text: bytes) -> None:
        self._refused[reason] += 1
        if len(self._result.samples) < SAMPLES:
            self._result.samples.append(Sample(line, reason, text_of(text[:200])))

    def _write(self, group: Group, rows: Rows, found: Found) -> None:
        """Write those of the group's indicators that are not open yet."""
        fresh = self._difference.opened(group.keys)
        if not fresh.all():
            places = np.flatnonzero(fresh)
            values = [group.values[place] for place in places.tolist()]
            group = group._replace(values=values, keys=group.keys[places], rows=group.rows[places])
        if group.values:
            self._kinds[KIND_OF[group.code]] += len(group.values)
            self._result.kinds = dict(self._kinds)
            self.frames.add(group.code, group.keys, group.values, _contexts(group, rows, found))


def _contexts(group: Group, rows: Rows, found: Found) -> Sequence[bytes | None] | None:
    """Return the JSON beside each value of the group, None where there is nothing beside any."""
    if rows.contexts is None and not found.ports:
        return None
    ports = found.ports if KIND_OF[group.code] not in _NO_PORT_KINDS else {}
    contexts: list[bytes | None] = []
    for row in group.rows.tolist():
        context: dict[str, Any] | None = rows.contexts[row] if rows.contexts is not None else None
        if row in ports:
            context = {"port": ports[row], **(context or {})}
        contexts.append(msgspec.json.encode(context) if context else None)
    return contexts
