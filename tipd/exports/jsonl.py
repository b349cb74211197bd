"""JSON Lines: one object a line, `{"kind","value","sources","first_seen","context"}`.

`context` is what the sources say beside the indicator, all of it, each source's class with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.exports.row import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.exports.row import Row

NAME = "jsonl"
CONTENT_TYPE = "application/x-ndjson"
HEAD = b""

_encoder = msgspec.json.Encoder()


def lines(rows: Sequence[Row]) -> bytes:
    """Return the rows, an object each."""
    return _encoder.encode_lines([_object(row) for row in rows])


def _object(row: Row) -> dict[str, object]:
    return {
        "kind": row.kind,
        "value": row.value,
        "sources": row.sources,
        "first_seen": moment(row.first_seen),
        "context": row.context,
    }
