"""`delimited`: columns between delimiters (CSV, tabs, pipes, runs of blanks)."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from tipd.model.context import PORT
from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows, Where
from tipd.modules.blacklist.reading.batch import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
            name.strip(_BLANKS + '"').casefold(): place
            for place, name in reversed(list(enumerate(self._table([line])[0])))
        }

    @property
    def mark(self) -> str:
        """The order of named columns."""
        return "\t".join(sorted(self._names, key=self._names.__getitem__)) if self._names else ""

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each row's value and what the declaration wants beside it; a column at a time, which is quicker."""
        lines, places = self.without_blanks(units)
        table = self._table(lines)
        rows = Rows(blank=len(units) - len(lines))
        if self._where:
            passed = [row for row, columns in enumerate(table) if self._passes(columns)]
            rows.filtered = len(lines) - len(passed)
            table, places = _chosen(table, passed), _chosen(places, passed)
        values = self._values(table)
        if not all(values):
            refused = [(place, value) for place, value in zip(places, values, strict=True) if not value]
            rows.refused = [(place, "malformed" if value is None else "empty") for place, value in refused]
            fine = [row for row, value in enumerate(values) if value]
            table, places, values = _chosen(table, fine), _chosen(places, fine), _chosen(values, fine)
        if self._options.split:
            parts = [str(value).split(self._options.split) for value in values]
            again = [row for row, several in enumerate(parts) for _ in several]
            table, places = _chosen(table, again), _chosen(places, again)
            values = [part for several in parts for part in several]
        rows.values = "\n".join(map(str, values)).encode().split(b"\n") if values else []
        rows.units = None if len(places) == len(units) and not self._options.split else list(places)
        if self._fields or self._options.port_column is not None:
            rows.columns = self._columns(table)
        return rows

    def _passes(self, columns: list[str]) -> bool:
        return self._where.passes(lambda name: self._at(columns, _column(name)))

    def _table(self, lines: Sequence[bytes]) -> list[list[str]]:
        try:
            texts = b"\n".join(lines).decode().split("\n") if lines else []
        except UnicodeDecodeError:
            texts = [text_of(line) for line in lines]
        return [text.split() for text in texts] if self._options.delimiter == " " else self._split(texts)

    def _split(self, texts: list[str]) -> list[list[str]]:
        options = self._options
        if not options.quote or len(options.delimiter) > 1 or options.quote not in "".join(texts):
            return [text.split(options.delimiter) for text in texts]
        quoted = iter(self._unquoted([text for text in texts if options.quote in text]))
        return [next(quoted) if options.quote in text else text.split(options.delimiter) for text in texts]

    def _unquoted(self, texts: list[str]) -> list[list[str]]:
        """Return the columns of lines with quotes; a quote that is not closed ends with its line."""
        try:
            rows = list(self._csv(texts))
        except csv.Error:
            rows = []
        return rows if len(rows) == len(texts) else [next(self._csv([text]), []) for text in texts]

    def _csv(self, texts: list[str]) -> Iterator[list[str]]:
        options = self._options
        return csv.reader(texts, delimiter=options.delimiter, quotechar=options.quote, skipinitialspace=True)

    def _place(self, column: int | str) -> int | None:
        return column if isinstance(column, int) else self._names.get(column.casefold())

    def _at(self, columns: list[str], column: int | str) -> str | None:
        place = self._place(column)
        try:
            return None if place is None else columns[place]
        except IndexError:
            return None

    def _values(self, table: list[list[str]]) -> list[str | None]:
        options = self._options
        values = self._stripped(table, options.column)
        for column, joint in ((options.prefix_column, "/"), (options.end_column, "-")):
            if column is not None:
                others = self._stripped(table, column)
                values = [
                    (f"{value}{joint}{other}" if other else None) if value else value
                    for value, other in zip(values, others, strict=True)
                ]
        return values

    def _stripped(self, table: list[list[str]], column: int | str) -> list[str | None]:
        texts = _cut(table, self._place(column), None)
        return [text and text.strip(_BLANKS) for text in texts] if self._options.strip else texts

    def _columns(self, table: list[list[str]]) -> dict[str, list[str]]:
        """Return the fields, blanks around them and all: who reads them takes those off."""
        columns = {name: _cut(table, self._place(column), "") for name, column in self._fields.items()}
        if self._options.port_column is not None:
            given = columns.get(PORT, [""] * len(table))
            ports = _cut(table, self._place(self._options.port_column), "")
            columns[PORT] = [port.strip(_BLANKS) or other for port, other in zip(ports, given, strict=True)]
        return columns


def _chosen[T](rows: Sequence[T], which: list[int]) -> list[T]:
    return [rows[row] for row in which]


def _cut[T](table: list[list[str]], place: int | None, missing: T) -> list[str | T]:
    """Return one column, with what stands for it in rows that have none."""
    if place is None:
        return [missing] * len(table)
    try:
        return [row[place] for row in table]
    except IndexError:
        return [row[place] if -len(row) <= place < len(row) else missing for row in table]


def _column(place: int | str) -> int | str:
    """`[where] 3 = …` is a string in TOML: take it as the number."""
    if isinstance(place, str) and place.isascii() and place.isdigit():
        return int(place)
    return place
