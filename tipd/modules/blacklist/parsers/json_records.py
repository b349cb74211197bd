"""`json` and `jsonl`: records, a dotted path to the value in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tipd.modules.blacklist.parsers.rows import Rows, Where
from tipd.modules.blacklist.reading.batch import text_of
from tipd.modules.blacklist.reading.intake import Unit, split_lines
from tipd.modules.blacklist.reading.json_stream import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options import JsonOptions

VERSION = 2
_RUN = 2000


def find(record: Any, path: str) -> list[Any]:
    """Return all values at a dotted path; `*` stands for every element, a number for one. Absent: none."""
    found = [record]
    for step in path.split(".") if path else []:
        nearer: list[Any] = []
        for value in found:
            if step == "*":
                nearer += value if isinstance(value, list) else value.values() if isinstance(value, dict) else []
            elif isinstance(value, dict) and step in value:
                nearer.append(value[step])
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                nearer.append(value[int(step)])
        found = nearer
    return found


class JsonRecords:
    """What the two formats share: a record's bytes to values and context."""

    def __init__(self, source: Source, options: JsonOptions) -> None:
        """Keep the paths; raises ValueError for fields that are no paths."""
        for name, path in source.places.items():
            if not isinstance(path, str):
                raise ValueError(f"fields.{name}: expected a path as a string")
        self._options = options
        self._fields = {name: str(path) for name, path in source.places.items()}
        self._where = Where(source.where)
        self._withdrawn = Where(options.withdrawn)
        self._decoder = msgspec.json.Decoder()

    @property
    def mark(self) -> str:
        """Records mean the same wherever they stand."""
        return ""

    def begin(self, units: list[bytes]) -> list[bytes]:
        """There are no header lines."""
        return units

    def _decode(self, raw: bytes) -> Any:
        try:
            return self._decoder.decode(raw)
        except UnicodeDecodeError:
            return self._decoder.decode(text_of(raw))

    def _read(self, place: int, record: Any, key: str | None, rows: Rows) -> None:
        gone = bool(self._withdrawn) and self._withdrawn.passes(lambda name: find(record, name))
        if not gone and self._where and not self._where.passes(lambda name: find(record, name)):
            rows.filtered += 1
            return
        values = [key] if self._options.key else find(record, self._options.field)
        found = [value for value in values if isinstance(value, str | int) and not isinstance(value, bool)]
        if not found:
            rows.refused.append((place, "malformed"))
            return
        context = self._context(record)
        prefix = next(iter(find(record, self._options.prefix_field)), None) if self._options.prefix_field else None
        for value in found:
            text = f"{value}/{prefix}" if prefix is not None else str(value)
            rows.add(place, text.encode("utf-8", "replace").replace(b"\n", b" "), context, withdrawn=gone)

    def _context(self, record: Any) -> dict[str, Any] | None:
        context: dict[str, Any] = {}
        for name, path in self._fields.items():
            found = [value for value in find(record, path) if value not in (None, "")]
            if found:
                context[name] = found[0] if len(found) == 1 else found
        port = next(iter(find(record, self._options.port_field)), None) if self._options.port_field else None
        if port is not None:
            context["port"] = port
        return context or None


class Json(JsonRecords):
    """One document."""

    def units(self, chunks: Iterable[bytes]) -> Iterator[Unit]:
        """Cut into records: raw bytes, with the record's key before a newline where the key is the value."""
        number, run = 1, []
        for key, raw in records(chunks, self._options.records, self._options.longest):
            # Outside strings a line end is white space, inside it is an error: one record is one line.
            record = raw.replace(b"\n", b" ")
            run.append(f"{key or ''}\n".encode("utf-8", "replace") + record if self._options.key else record)
            if len(run) == _RUN:
                yield Unit(number, run)
                number, run = number + len(run), []
        yield Unit(number, run)

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each record's values."""
        rows = Rows(contexts=[])
        for place, unit in enumerate(units):
            key, _, raw = unit.rpartition(b"\n")
            try:
                record = self._decode(raw)
            except (msgspec.DecodeError, RecursionError):
                rows.refused.append((place, "malformed"))
                continue
            self._read(place, record, key.decode("utf-8", "replace"), rows)
        return rows


class JsonLines(JsonRecords):
    """A record a line; lines of records without the value (a closing metadata row) are no rows."""

    def __init__(self, source: Source, options: JsonOptions) -> None:
        """Raise ValueError for options that only a whole document has."""
        super().__init__(source, options)
        if options.records or options.key:
            raise ValueError("records and key belong to parser json")
        marks = (options.comment,) if isinstance(options.comment, str) else options.comment
        self._comments = tuple(mark.encode() for mark in marks if mark)

    def units(self, chunks: Iterable[bytes]) -> Iterator[Unit]:
        """Cut into lines."""
        return split_lines(chunks, self._options.longest)

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each line's values."""
        rows = Rows(contexts=[])
        for place, line in enumerate(units):
            stripped = line.strip()
            if not stripped or stripped.startswith(self._comments):
                rows.blank += 1
                continue
            try:
                record = self._decode(stripped)
            except (msgspec.DecodeError, RecursionError):
                rows.refused.append((place, "malformed"))
                continue
            if isinstance(record, dict) and record.get("type") == "metadata" and not find(record, self._options.field):
                rows.blank += 1
                continue
            self._read(place, record, None, rows)
        return rows
