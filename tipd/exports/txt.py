"""Plain text: one value a line, nothing else, as firewalls, proxies and resolvers read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.exports.row import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.exports.row import Row

NAME = "txt"
CONTENT_TYPE = "text/plain; charset=utf-8"
HEAD = b""


def lines(rows: Sequence[Row]) -> bytes:
    """Return the rows' values, a line each."""
    return "".join([f"{row.value}\n" for row in rows if one_line(row.value)]).encode()
