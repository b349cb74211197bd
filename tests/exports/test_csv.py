"""CSV reads back with Python's own reader."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from support.export_rows import ROWS, rows

from tipd.exports.formats import FORMATS
from tipd.exports.row import Row, moment, one_line


def test_csv_is_as_rfc_4180_wants_it() -> None:
    one = FORMATS["csv"]
    assert one.HEAD == b"kind,value,sources,first_seen\r\n"
    assert one.lines(ROWS) == (
        b"ipv4,198.51.100.7,example_drop ipsum,2026-11-22T04:00:01Z\r\n"
        b'url,"https://example.org/?a=1,2&b=""x""",phish,2026-11-22T04:00:01Z\r\n'
    )


@given(rows)
def test_csv_reads_back(given_rows: list[Row]) -> None:
    text = FORMATS["csv"].lines(given_rows).decode()
    kept = [row for row in given_rows if one_line(row.value)]
    read = list(csv.reader(io.StringIO(text, newline="")))
    expected = [[row.kind, row.value, " ".join(row.sources), moment(row.first_seen)] for row in kept]
    assert read == expected
