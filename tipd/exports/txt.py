"""Plain text: one value a line, nothing else, as firewalls, proxies and resolvers read it.

Only a list that is passed on to anybody begins with lines that say whose it is: `# source: licence`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.exports.row import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tipd.exports.row import Row

NAME = "txt"
CONTENT_TYPE = "text/plain; charset=utf-8"
HEAD = b""


def lines(rows: Sequence[Row]) -> bytes:
    """Return the rows' values, a line each."""
    return "".join([f"{row.value}\n" for row in rows if one_line(row.value)]).encode()


def credits_of(licences: Mapping[str, str]) -> bytes:
    """Return a line a source with what its provider asks of whoever passes its list on."""
    said = ((name, " ".join(licence.split())) for name, licence in sorted(licences.items()))
    return "".join([f"# {name}: {licence or 'no licence is stated'}\n" for name, licence in said]).encode()
