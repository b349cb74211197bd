"""`regex`: every match of an RE2 expression in each line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import re2

from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows, Where
from tipd.modules.blacklist.reading.batch import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options import RegexOptions

VERSION = 2
_LONGEST_PATTERN = 2000
_MATCHES = 1000  # of one line


class Regex(LineParser):
    """Lines without a match are no rows."""

    def __init__(self, source: Source, options: RegexOptions) -> None:
        """Compile; raises ValueError where the expression is broken or a field names no group."""
        super().__init__(options)
        if len(options.pattern) > _LONGEST_PATTERN:
            raise ValueError(f"pattern: over {_LONGEST_PATTERN} characters")
        quiet = re2.Options()
        quiet.log_errors = False
        quiet.max_mem = 8 << 20
        try:
            self._pattern = re2.compile(options.pattern, quiet)
        except re2.error as error:
            reason = error.args[0] if error.args else error
            raise ValueError(f"pattern: {reason.decode() if isinstance(reason, bytes) else reason}") from None
        groups = self._pattern.groupindex
        for table, names in (("fields", source.places.values()), ("where", source.where)):
            for name in names:
                if name not in groups:
                    raise ValueError(f"pattern: has no group {name!r}, which [{table}] names")
        self._groups = frozenset(groups)
        self._fields = source.places
        self._where = Where(source.where)
        self._value_group: str | int = "value" if "value" in groups else (1 if self._pattern.groups else 0)

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return what each match says."""
        rows = Rows(contexts=[] if self._fields or "port" in self._groups else None)
        for place, line in enumerate(units):
            found = 0
            if line and not self.is_blank(line):
                for match in self._pattern.finditer(text_of(line)):
                    found += 1
                    if found > _MATCHES:
                        break
                    self._add(place, match, rows)
            rows.blank += not found
        return rows

    def _add(self, place: int, match: Any, rows: Rows) -> None:
        if self._where and not self._where.passes(match.group):
            rows.filtered += 1
            return
        if {"first", "last"} <= self._groups:
            value = f"{match.group('first')}-{match.group('last')}"
        elif {"network", "mask"} <= self._groups:
            value = f"{match.group('network')}/{match.group('mask')}"
        else:
            value = match.group(self._value_group) or ""
        if not value:
            rows.refused.append((place, "empty"))
            return
        rows.add(place, value.encode(), self._context(match) if rows.contexts is not None else None)

    def _context(self, match: Any) -> dict[str, Any] | None:
        context = {name: match.group(group) for name, group in self._fields.items() if match.group(group)}
        port = match.group("port") if "port" in self._groups else None
        if port:
            context["port"] = port
        return context or None
