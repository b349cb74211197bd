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
    assert one.HEAD == (
        b"kind,value,sources,first_seen,class,malware,port,reference,status,confidence,said_first_seen,said_last_seen\r\n"
    )
    assert one.lines(ROWS) == (
        b'ipv4,198.51.100.7,example_drop ipsum,2026-11-22T04:00:01Z,c2-server|scanner,"\'=HYPERLINK(""x"")",80|443,'
        b'"https://example.org/1,2",true,75,,2026-11-21T00:00:00Z\r\n'
        b'url,"https://example.org/?a=1,2&b=""x""",phish,2026-11-22T04:00:01Z,,,,,,,,\r\n'
    )


@given(rows)
def test_csv_reads_back(given_rows: list[Row]) -> None:
    text = FORMATS["csv"].lines(given_rows).decode()
    kept = [row for row in given_rows if one_line(row.value)]
    read = list(csv.reader(io.StringIO(text, newline="")))
    expected = [[row.kind, row.value, " ".join(row.sources), moment(row.first_seen)] for row in kept]
    assert [record[:4] for record in read] == expected
    assert all(len(record) == 12 for record in read)


@given(rows)
def test_what_sources_say_is_no_formula(given_rows: list[Row]) -> None:
    text = FORMATS["csv"].lines([row._replace(value="a.example") for row in given_rows]).decode()
    for record, row in zip(csv.reader(io.StringIO(text, newline="")), given_rows, strict=True):
        if isinstance(row.context.get("malware"), str):
            assert record[5].startswith("'") == (row.context["malware"][0] in "=+-@'")
            assert record[5].endswith(row.context["malware"])
