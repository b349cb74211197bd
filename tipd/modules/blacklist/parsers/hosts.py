"""`hosts`: `0.0.0.0 name [name…]`, the format of /etc/hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.canonical.address import parse_address
from tipd.model.canonical.domain import LOCAL_NAMES
from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options import HostsOptions

VERSION = 1
# What hosts files say of the machine itself: no rows of the list.
_OWN = frozenset(name.encode() for name in LOCAL_NAMES) | {
    b"localhost",
    b"localhost.localdomain",
    b"localhost4",
    b"localhost6",
    b"local",
    b"0.0.0.0",
}
# The address hosts files point at nowhere with; any other is checked the long way.
_NOWHERE = frozenset({b"0.0.0.0", b"127.0.0.1", b"::", b"::1", b"0"})


class Hosts(LineParser):
    """Names after an address; a bare name alone on its line is taken too."""

    def __init__(self, source: Source, options: HostsOptions) -> None:
        """Raise ValueError for tables that hosts files have no fields for."""
        super().__init__(options)
        if source.where or source.fields:
            raise ValueError("parser hosts has no fields: [fields] and [where] want another parser")

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return every name."""
        rows = Rows()
        for place, line in enumerate(units):
            words = line.split()
            if not words or words[0].startswith(self.comments):
                rows.blank += 1
                continue
            self._names(place, words, rows)
        return rows

    def _names(self, place: int, words: list[bytes], rows: Rows) -> None:
        is_address = words[0] in _NOWHERE or parse_address(words[0].decode("latin-1").partition("%")[0]) is not None
        names = words[1:] if is_address else words
        count = 0
        for name in names:
            if name.startswith(self.comments):
                break
            count += 1
            if name.lower() not in _OWN:
                rows.add(place, name)
        if not count or (not is_address and count > 1):
            rows.refused.append((place, "malformed"))
