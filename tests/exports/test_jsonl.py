"""JSON Lines."""

from __future__ import annotations

import json

from hypothesis import given
from support.export_rows import ROWS, SAID, rows

from tipd.exports.formats import FORMATS
from tipd.exports.row import Row


def test_json_lines_are_objects() -> None:
    first = json.loads(FORMATS["jsonl"].lines(ROWS).splitlines()[0])
    assert first == {
        "kind": "ipv4",
        "value": "198.51.100.7",
        "sources": ["example_drop", "ipsum"],
        "first_seen": "2026-11-22T04:00:01Z",
        "context": SAID,
    }


@given(rows)
def test_json_lines_read_back_whatever_the_value(given_rows: list[Row]) -> None:
    lines = FORMATS["jsonl"].lines(given_rows).split(b"\n")[:-1]
    assert [json.loads(line)["value"] for line in lines] == [row.value for row in given_rows]
