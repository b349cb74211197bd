"""`lines`: one value a line, and a comment behind it at most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options import LinesOptions

VERSION = 1
_BLANKS = b" \t\x0b\x0c"


class Lines(LineParser):
    """Values as they stand; a run without blanks and comment marks is passed on untouched."""

    def __init__(self, source: Source, options: LinesOptions) -> None:
        """Compile what ends a value; raises ValueError."""
        super().__init__(options)
        if source.where or source.fields:
            raise ValueError("parser lines has no fields: [fields] and [where] want another parser")
        self.separator = options.separator.encode()
        self._prefix = options.prefix.encode()
        marks = b"|".join(re.escape(mark) for mark in self.comments)
        self._ending = re.compile(rb"[ \t]+(?:" + marks + rb").*", re.DOTALL) if marks and options.inline else None

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each line's value."""
        joined = b"\n".join(units)
        if not self._prefix and self._is_bare(joined):
            return Rows(list(units), None)
        rows = Rows()
        for place, line in enumerate(units):
            value = line.strip(_BLANKS)
            if not value or value.startswith(self.comments):
                rows.blank += 1
                continue
            if self._ending:
                value = self._ending.sub(b"", value)
            if not value.startswith(self._prefix):
                rows.refused.append((place, "malformed"))
                continue
            rows.add(place, value.removeprefix(self._prefix))
        return rows

    def _is_bare(self, joined: bytes) -> bool:
        """Whether no line is empty, indented or commented, by a few searches of the whole run."""
        if b"\n\n" in joined or joined.startswith(b"\n") or joined.endswith(b"\n") or not joined:
            return False
        return not any(mark in joined for mark in (b" ", b"\t", *self.comments))
