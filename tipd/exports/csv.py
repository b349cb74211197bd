"""CSV (RFC 4180) with a header: `kind,value,sources,first_seen`; sources are separated by spaces.

Values stand exactly as they are, for programs. A spreadsheet may take a value that begins with `=`, `+`, `-` or `@`
for a formula; of all kinds only an email address can begin so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.exports.row import moment, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.exports.row import Row

NAME = "csv"
CONTENT_TYPE = "text/csv; charset=utf-8; header=present"
HEAD = b"kind,value,sources,first_seen\r\n"


def lines(rows: Sequence[Row]) -> bytes:
    """Return the rows, a record each."""
    return "".join([_record(row) for row in rows if one_line(row.value)]).encode()


def _record(row: Row) -> str:
    return f"{row.kind},{_quoted(row.value)},{_quoted(' '.join(row.sources))},{moment(row.first_seen)}\r\n"


def _quoted(text: str) -> str:
    if "," in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text
