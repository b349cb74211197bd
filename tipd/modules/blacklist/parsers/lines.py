"""`lines`: one value a line, and a comment behind it at most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows
from tipd.modules.blacklist.reading.batch import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options import LinesOptions

VERSION = 2
_BLANKS = b" \t\x0b\x0c"


class Lines(LineParser):
    """Values as they stand; a run without blanks and comment marks is passed on untouched."""

    def __init__(self, source: Source, options: LinesOptions) -> None:
        """Compile what ends a value; raises ValueError."""
        super().__init__(options)
        if source.where or any(place != "comment" for place in source.places.values()):
            raise ValueError('parser lines has one field, "comment": other [fields] and [where] want another parser')
        self._kept = list(source.fields)
        self.separator = options.separator.encode()
        self._prefix = options.prefix.encode()
        marks = b"|".join(re.escape(mark) for mark in self.comments)
        self._ending = re.compile(rb"[ \t]+(?:" + marks + rb")(.*)", re.DOTALL) if marks and options.inline else None
        if self._kept and self._ending is None:
            raise ValueError("inline: without comments behind values there is no field to keep")

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each line's value."""
        joined = b"\n".join(units)
        if not self._prefix and self._is_bare(joined):
            return Rows(list(units), None)
        rows = Rows(contexts=[] if self._kept else None)
        for place, line in enumerate(units):
            value = line.strip(_BLANKS)
            if not value or value.startswith(self.comments):
                rows.blank += 1
                continue
            comment = self._ending.search(value) if self._ending else None
            if comment:
                value = value[: comment.start()]
            if not value.startswith(self._prefix):
                rows.refused.append((place, "malformed"))
                continue
            rows.add(place, value.removeprefix(self._prefix), self._beside(comment))
        return rows

    def _beside(self, comment: re.Match[bytes] | None) -> dict[str, Any] | None:
        """Return the text of the comment under each name that `[fields]` gives it."""
        if not self._kept or comment is None:
            return None
        text = text_of(comment[1]).strip()
        return dict.fromkeys(self._kept, text) if text else None

    def _is_bare(self, joined: bytes) -> bool:
        """Whether no line is empty, indented or commented, by a few searches of the whole run."""
        if b"\n\n" in joined or joined.startswith(b"\n") or joined.endswith(b"\n") or not joined:
            return False
        return not any(mark in joined for mark in (b" ", b"\t", *self.comments))
