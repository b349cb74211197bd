"""`delimited`: columns between delimiters (CSV, tabs, pipes, runs of blanks)."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows, Where
from tipd.modules.blacklist.reading.batch import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options import DelimitedOptions

VERSION = 2
_BLANKS = " \t\x0b\x0c\u00a0"


class Delimited(LineParser):
    """Columns by number, or by the name a header line gives them."""

    def __init__(self, source: Source, options: DelimitedOptions) -> None:
        """Resolve columns that are numbers now, names when the header is seen; raises ValueError."""
        super().__init__(options)
        self._options = options
        self._where = Where(source.where)
        self._fields = {name: _column(place) for name, place in source.places.items()}
        wanted = [options.column, options.prefix_column, options.end_column, options.port_column]
        wanted += [*self._fields.values(), *map(_column, source.where)]
        self._names: dict[str, int] = {}
        named = any(isinstance(place, str) for place in wanted)
        self._comment_header = options.header_comment
        if (named or options.header) and not self._comment_header and not self._skip:
            self._skip = 1
        self._header_due = named and not self._comment_header
        self._seen_comment = b""
        self._skipped = 0
        csv.field_size_limit(max(csv.field_size_limit(), options.longest + 1))

    def begin(self, units: list[bytes]) -> list[bytes]:
        """Learn the columns' names from the header row, or from the last comment above the first row."""
        if self._comment_header:
            for line in units:
                if self.is_blank(line):
                    self._seen_comment = line if self._options.delimiter.encode() in line else self._seen_comment
                    continue
                self._learn(self._seen_comment.lstrip(b"".join(self.comments) + b" \t"))
                self._comment_header = False
                break
        return super().begin(units)

    def header(self, line: bytes) -> None:
        """The last row that is skipped names the columns."""
        self._learn(line)

    def _learn(self, line: bytes) -> None:
        self._names = {
            name.strip(_BLANKS + '"').casefold(): place for place, name in reversed(list(enumerate(self._split(line))))
        }

    @property
    def mark(self) -> str:
        """The order of named columns."""
        return "\t".join(sorted(self._names, key=self._names.__getitem__)) if self._names else ""

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each row's value and what the declaration wants beside it."""
        rows = Rows(contexts=[] if self._fields or self._options.port_column is not None else None)
        for place, line in enumerate(units):
            if self.is_blank(line):
                rows.blank += 1
                continue
            columns = self._split(line)
            if self._where and not self._passes(columns):
                rows.filtered += 1
                continue
            value = self._value(columns)
            if not value:
                rows.refused.append((place, "malformed" if value is None else "empty"))
                continue
            context = self._context(columns) if rows.contexts is not None else None
            for part in value.split(self._options.split) if self._options.split else (value,):
                rows.add(place, part.encode(), context)
        return rows

    def _passes(self, columns: list[str]) -> bool:
        return self._where.passes(lambda name: self._at(columns, _column(name)))

    def _split(self, line: bytes) -> list[str]:
        text = text_of(line)
        options = self._options
        if options.delimiter == " ":
            return text.split()
        if not options.quote or options.quote not in text or len(options.delimiter) > 1:
            columns = text.split(options.delimiter)
        else:
            columns = next(
                csv.reader((text,), delimiter=options.delimiter, quotechar=options.quote, skipinitialspace=True), []
            )
        return [column.strip(_BLANKS) for column in columns] if options.strip else columns

    def _at(self, columns: list[str], column: int | str) -> str | None:
        place = column if isinstance(column, int) else self._names.get(column.casefold(), len(columns))
        try:
            return columns[place]
        except IndexError:
            return None

    def _value(self, columns: list[str]) -> str | None:
        options = self._options
        value = self._at(columns, options.column)
        for column, joint in ((options.prefix_column, "/"), (options.end_column, "-")):
            if value and column is not None:
                other = self._at(columns, column)
                value = f"{value}{joint}{other}" if other else None
        return value

    def _context(self, columns: list[str]) -> dict[str, Any] | None:
        context: dict[str, Any] = {}
        for name, column in self._fields.items():
            try:
                value = columns[column] if isinstance(column, int) else self._at(columns, column)
            except IndexError:
                continue
            if value:
                context[name] = value
        port = self._at(columns, self._options.port_column) if self._options.port_column is not None else None
        if port:
            context["port"] = port
        return context or None


def _column(place: int | str) -> int | str:
    """`[where] 3 = …` is a string in TOML: take it as the number."""
    if isinstance(place, str) and place.isascii() and place.isdigit():
        return int(place)
    return place
