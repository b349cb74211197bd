"""`html`: tables of a page, or its links, or the lines of its text.

A unit is a row of a table (JSON: texts and links of its cells), an address, or a line. The page is held as a whole, so
its size is bounded.
"""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.modules.blacklist.parsers.html_walk import Cell, lines, links, rows
from tipd.modules.blacklist.parsers.matching import compiled, values_in
from tipd.modules.blacklist.parsers.misp import one_line
from tipd.modules.blacklist.parsers.named import Named
from tipd.modules.blacklist.parsers.rows import Rows
from tipd.modules.blacklist.reading.batch import text_of
from tipd.modules.blacklist.reading.intake import BodyFault, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options_structured import HtmlOptions

VERSION = 1
_RUN = 1000


class Html:
    """What the options take of a page."""

    def __init__(self, source: Source, options: HtmlOptions) -> None:
        """Compile the pattern; raises ValueError where it is broken, or fields are no columns of a table."""
        self._options = options
        self._pattern = compiled(options.pattern) if options.pattern else None
        self._beside = Named(source, {}, None if options.take == "table" else ())
        self._decode = msgspec.json.Decoder(list[Cell]).decode
        self._names: dict[str, int] = {}

    @property
    def mark(self) -> str:
        """The order of named columns."""
        return "\t".join(sorted(self._names, key=self._names.__getitem__))

    def units(self, chunks: Iterable[bytes]) -> Iterator[Unit]:
        """Cut into rows; raises BodyFault for a page that is too long."""
        page = text_of(b"".join(self._bounded(chunks)))
        options = self._options
        if options.take == "table":
            found = self._table_rows(page)
        else:
            texts = links(page) if options.take == "links" else lines(page, preformatted=options.take == "pre")
            found = (one_line(text) for text in texts)
        number = 1
        for run in batched(found, _RUN, strict=False):
            yield Unit(number, list(run))
            number += len(run)

    def _bounded(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > self._options.longest:
                raise BodyFault(f"a page of more than {self._options.longest} bytes")
            yield chunk

    def _table_rows(self, page: str) -> Iterator[bytes]:
        for row in rows(page, self._options.table):
            if all(cell.heading for cell in row):
                if not self._names:
                    self._names = {cell.text.casefold(): place for place, cell in reversed(list(enumerate(row)))}
                continue
            yield msgspec.json.encode(row)

    def begin(self, units: list[bytes]) -> list[bytes]:
        """The row of headings was seen when the page was cut."""
        return units

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each row's value and what the declaration wants beside it."""
        found = Rows(contexts=[] if self._options.take == "table" else None)
        for place, unit in enumerate(units):
            if self._options.take == "table":
                self._row(place, self._decode(unit), found)
            elif unit:
                self._add(place, unit.decode(), None, found)
            else:
                found.blank += 1
        return found

    def _row(self, place: int, row: list[Cell], found: Rows) -> None:
        def get(column: int | str) -> Any:
            cell = self._cell(row, column)
            return cell.text if cell is not None else None

        if not self._beside.passes(get):
            found.filtered += 1
            return
        options = self._options
        cell = self._cell(row, options.column)
        context = self._beside.context(get) or {}
        port = get(options.port_column) if options.port_column is not None else None
        if port:
            context = {"port": port, **context}
        self._add(place, "" if cell is None else cell.href if options.href else cell.text, context or None, found)

    def _cell(self, row: list[Cell], column: int | str) -> Cell | None:
        if isinstance(column, str):
            place = int(column) if column.isascii() and column.isdigit() else self._names.get(column.casefold())
        else:
            place = column
        return row[place] if place is not None and place < len(row) else None

    def _add(self, place: int, text: str, context: dict[str, Any] | None, found: Rows) -> None:
        if self._pattern is None:
            if text:
                found.add(place, one_line(text), context)
            else:
                found.refused.append((place, "empty"))
            return
        values = list(values_in(self._pattern, text))
        found.blank += not values
        for value in values:
            found.add(place, one_line(value), context)
