"""One body under way: its units to rows, its rows to indicators with what stands beside them.

The first pass reads what the last body did not have. Where rows say something beside their indicator, that of all rows
of one indicator is kept together, so a second pass reads again the known lines of indicators of which another line is
new or gone; mostly there are none.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from tipd.model.context import PORT
from tipd.model.kind import KIND_OF, Kind
from tipd.modules.blacklist.parsers.registry import build
from tipd.modules.blacklist.reading.batch import BatchReader, hashes_of, positions, text_of
from tipd.modules.blacklist.reading.beside import NOTHING, BesideReader, read_back
from tipd.modules.blacklist.reading.frames import kind_of, parted, value_of
from tipd.modules.blacklist.reading.gather import Gather
from tipd.modules.blacklist.reading.job import SAMPLES, First, ReadJob, ReadResult, Sample
from tipd.modules.blacklist.reading.withdrawn import Withdrawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tipd.modules.blacklist.parsers.rows import Rows
    from tipd.modules.blacklist.reading.batch import U64, Bools, Found, Group, Index
    from tipd.modules.blacklist.reading.difference import Difference
    from tipd.modules.blacklist.reading.frames import FrameWriter
    from tipd.modules.blacklist.reading.gather import Slice
    from tipd.modules.blacklist.reading.intake import Unit

_NO_PORT_KINDS = frozenset({Kind.URL})
# Units of which something was refused are read (and counted) at every round: they are remembered under another hash.
_IN_PART = np.uint64(0x9E3779B97F4A7C15)


class TooManyRows(ValueError):
    """The body has more rows than the job allows."""


class Course:
    """Feeds units to a difference and gathers what has to be written. `folder` takes scratch files."""

    def __init__(self, job: ReadJob, result: ReadResult, difference: Difference, folder: Path) -> None:
        self.parser = build(job.source)
        self.withdrawn = Withdrawn()
        self._job = job
        self._result = result
        self._difference = difference
        self._says_more = False  # beside an indicator
        self._batch = BatchReader(job.source.kinds, job.seed)
        self._beside = BesideReader(job.source)
        self._gather = Gather(folder)
        self._refused: Counter[str] = Counter()
        self._mark: str | None = None
        self._first: dict[int, int] = {}  # keys of the first indicators, and which each is

    def close(self) -> None:
        """Give back scratch files."""
        self._gather.close()

    def run(self, chunks: Iterable[bytes]) -> None:
        """Read a body; raises TooManyRows, and what its parser and its bytes raise."""
        for run in self.parser.units(chunks):
            self._run(run)

    def _run(self, run: Unit) -> None:
        units = self.parser.begin(run.units)
        self._check_mark(units)
        for place in run.overlong:
            self._refuse(run.first + place, "too_long", b"")
        hashes = hashes_of(self._job.seed, units)
        unknown = self._difference.unknown(hashes)
        known = len(units) if unknown is None else int(len(units) - np.count_nonzero(unknown))
        self._result.known += known
        self._result.rows += known + len(run.overlong)
        if unknown is not None:
            self._parse(run.first, units, hashes, np.flatnonzero(unknown))
        self._result.refused = dict(self._refused)
        if self._result.rows > self._job.max_rows:
            raise TooManyRows(f"more than {self._job.max_rows} rows")

    def lines_to_read_again(self) -> U64:
        """Return the sorted hashes of known lines that the second pass must read, mostly none."""
        return self._difference.changed(says_more=self._says_more)

    def run_again(self, chunks: Iterable[bytes], wanted: U64) -> None:
        """Read the wanted units of the same body once more, with a parser that has seen nothing."""
        parser = build(self._job.source)
        for run in parser.units(chunks):
            units = parser.begin(run.units)
            chosen = np.flatnonzero(positions(wanted, hashes_of(self._job.seed, units))[1]).tolist()
            if not chosen:
                continue
            rows = parser.parse([units[place] for place in chosen])
            found = self._batch.read(rows.values)
            for group in found.groups:
                self._keep(Withdrawn().part(group, rows.withdrawn), rows, found)

    def write(self, frames: FrameWriter) -> None:
        """Write the rows of indicators that are new or of which something else is said now."""
        kinds: Counter[int] = Counter()
        firsts: dict[int, First] = {}
        for part in self._gather.slices():
            fresh, changed = self._difference.sort_out(part.keys)
            kinds.update(kind_of(part.rows[place]) for place in np.flatnonzero(fresh).tolist())
            self._note_first(part, firsts)
            rows = fresh | changed
            frames.add(part.rows if rows.all() else [part.rows[place] for place in np.flatnonzero(rows).tolist()])
        frames.close()
        self._result.kinds = {KIND_OF[code]: number for code, number in sorted(kinds.items())}
        self._result.first = [firsts[place] for place in sorted(firsts)]
        self._result.unread = dict(self._beside.unread)
        self._result.says_more = self._says_more

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
        hashes, new = self._in_part(hashes, whole)
        of_row = None if rows.units is None else np.array(rows.units, np.int64)
        for all_of_it in found.groups:
            group = self.withdrawn.part(all_of_it, rows.withdrawn)
            at = group.rows if of_row is None else of_row[group.rows]
            fresh = new[at]
            self._difference.remember(hashes[at[fresh]], group.keys[fresh])
            self._difference.opened(group.keys, fresh)
            self._keep(group, rows, found)
        if len(self._first) < self._job.first:
            self._remember_first(found.groups)

    def _in_part(self, hashes: U64, whole: Bools) -> tuple[U64, Bools]:
        """Return what to remember the units by, and which of them the last body had not."""
        if whole.all():
            return hashes, whole
        part = ~whole
        hashes = hashes.copy()
        hashes[part] ^= _IN_PART
        new = np.ones(len(whole), np.bool_)
        unknown = self._difference.unknown(hashes[part])
        new[part] = False if unknown is None else unknown
        return hashes, new

    def _refuse(self, line: int, reason: str, text: bytes) -> None:
        self._refused[reason] += 1
        if len(self._result.samples) < SAMPLES:
            self._result.samples.append(Sample(line, reason, text_of(text[:200])))

    def _keep(self, group: Group, rows: Rows, found: Found) -> None:
        if group.values:
            self._gather.add(group.code, group.keys, group.values, self._besides(group, rows, found))

    def _besides(self, group: Group, rows: Rows, found: Found) -> Sequence[bytes] | None:
        """Return what stands beside each value of the group, None where there is nothing beside any."""
        ports = found.ports if KIND_OF[group.code] not in _NO_PORT_KINDS else {}
        if rows.contexts is None and rows.columns is None and not ports:
            return None
        at = group.rows.tolist()
        if rows.contexts is None:
            columns = {name: [texts[row] for row in at] for name, texts in (rows.columns or {}).items()}
            if ports:
                given = columns.get(PORT) or [""] * len(at)
                columns[PORT] = [text or str(ports.get(row, "")) for text, row in zip(given, at, strict=True)]
            besides = self._beside.of_columns(columns, len(at))
        else:
            besides = [self._said(rows.contexts[row], ports.get(row)) for row in at]
        self._says_more = self._says_more or besides.count(NOTHING) < len(besides)
        return besides

    def _said(self, raw: Mapping[str, Any] | None, port: int | None) -> bytes:
        if port is not None:
            raw = {PORT: port, **(raw or {})}
        return self._beside.columns(raw) if raw else NOTHING

    def _remember_first(self, groups: Sequence[Group]) -> None:
        pairs = sorted(pair for group in groups for pair in zip(group.rows.tolist(), group.keys.tolist(), strict=True))
        for _, key in pairs:
            if len(self._first) < self._job.first:
                self._first.setdefault(key, len(self._first))

    def _note_first(self, part: Slice, firsts: dict[int, First]) -> None:
        if not self._first:
            return
        wanted = np.array(sorted(self._first), np.uint64)
        for place in np.flatnonzero(positions(wanted, part.keys)[1]).tolist():
            row = part.rows[place]
            beside = read_back(parted(row)[1])
            firsts[self._first[int(part.keys[place])]] = First(
                KIND_OF[kind_of(row)], value_of(row), beside.context, beside.tlp, beside.end
            )
