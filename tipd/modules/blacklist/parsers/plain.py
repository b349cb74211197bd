"""What parsers of lines share: units are lines, comments and header rows are known by their marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.modules.blacklist.reading.intake import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tipd.modules.blacklist.parsers.options import Options
    from tipd.modules.blacklist.reading.intake import Unit

_WHITE = frozenset({b"", b" ", b"\t", b"\n", b"\r", b"\x0b", b"\x0c"})  # what a line begins with that may be blank


class LineParser:
    """The half of a parser that is the same for all formats of lines."""

    separator = b""

    def __init__(self, options: Options) -> None:
        """Keep the options."""
        self.comments = options.comments
        self._skip = options.skip
        self._longest = options.longest
        self._blank_starts = _WHITE | {mark[:1] for mark in self.comments}

    def units(self, chunks: Iterable[bytes]) -> Iterator[Unit]:
        """Cut into lines."""
        return split_lines(chunks, self._longest, self.separator)

    def is_blank(self, line: bytes) -> bool:
        """Whether the line is empty or a comment."""
        stripped = line.lstrip()
        return not stripped or stripped.startswith(self.comments)

    def without_blanks(self, units: Sequence[bytes]) -> tuple[Sequence[bytes], Sequence[int]]:
        """Return the units that are rows, and the place of each."""
        if self._blank_starts.isdisjoint({line[:1] for line in units}):
            return units, range(len(units))
        places = [place for place, line in enumerate(units) if not self.is_blank(line)]
        return [units[place] for place in places], places

    def begin(self, units: list[bytes]) -> list[bytes]:
        """Take the rows to skip out; free once they are gone."""
        if not self._skip:
            return units
        made = list(units)
        for place, line in enumerate(made):
            if self._skip and not self.is_blank(line):
                self.header(line)
                made[place] = b""
                self._skip -= 1
            elif self._skip:
                self.saw_comment(line)
        return made

    def header(self, line: bytes) -> None:
        """See a row that is skipped."""

    def saw_comment(self, line: bytes) -> None:
        """See a comment line before the first row."""

    @property
    def mark(self) -> str:
        """Rows of most formats mean the same whatever the header says."""
        return ""
