"""`p2p`: `label:first-last`, the label may hold colons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows
from tipd.modules.blacklist.reading.batch import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options import P2pOptions

VERSION = 2
_ROW = re.compile(r"(.*):\s*([0-9.]{7,15})\s*-\s*([0-9.]{7,15})\s*\Z", re.DOTALL)
_LEADING_ZEROS = re.compile(r"\b0+(?=\d)")


class P2p(LineParser):
    """Ranges to networks; `[fields] label = "label"` keeps the label."""

    def __init__(self, source: Source, options: P2pOptions) -> None:
        """Raise ValueError for fields other than the label."""
        super().__init__(options)
        if source.where or any(column != "label" for column in source.places.values()):
            raise ValueError('parser p2p has one field, "label"')
        self._kept = list(source.fields)

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each range as `first-last`."""
        rows = Rows(contexts=[] if self._kept else None)
        for place, line in enumerate(units):
            if self.is_blank(line):
                rows.blank += 1
                continue
            match = _ROW.match(text_of(line))
            if match is None:
                rows.refused.append((place, "malformed"))
                continue
            context: dict[str, Any] = {name: match[1].strip() for name in self._kept}
            # This format pads octets (`001.002.003.004`) and means them as decimal.
            first, last = (_LEADING_ZEROS.sub("", match[group]) for group in (2, 3))
            rows.add(place, f"{first}-{last}".encode(), context or None)
        return rows
