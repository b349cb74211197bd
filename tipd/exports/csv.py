"""CSV (RFC 4180) with a header; sources are separated by spaces, several values of one column by `|`.

`kind,value,sources,first_seen`, then what the sources say beside the indicator: `class,malware,port,reference,status,
confidence`, and their own dates `said_first_seen,said_last_seen`. Values stand exactly as they are, for programs. A
spreadsheet may take a value that begins with `=`, `+`, `-` or `@` for a formula; of all kinds only an email address can
begin so. What sources say is free text: an apostrophe is put before one that begins so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.exports.row import moment, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.exports.row import Row

NAME = "csv"
CONTENT_TYPE = "text/csv; charset=utf-8; header=present"
_BESIDE = ("class", "malware", "port", "reference", "status", "confidence", "first_seen", "last_seen")
HEAD = (
    b"kind,value,sources,first_seen,class,malware,port,reference,status,confidence,said_first_seen,said_last_seen\r\n"
)
_FORMULA = ("=", "+", "-", "@")


def lines(rows: Sequence[Row]) -> bytes:
    """Return the rows, a record each."""
    return "".join([_record(row) for row in rows if one_line(row.value)]).encode()


def _record(row: Row) -> str:
    beside = ",".join([_said(row.context[name]) if name in row.context else "" for name in _BESIDE])
    return f"{row.kind},{_quoted(row.value)},{_quoted(' '.join(row.sources))},{moment(row.first_seen)},{beside}\r\n"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return _quoted("|".join([_text(part) for part in value]))
    return _quoted(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _quoted(text: str) -> str:
    if "," in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text
