"""Every format: what it writes can be read again by somebody else's reader."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.exports.formats import FORMATS
from tipd.exports.row import Row, moment, one_line

SINCE = datetime(2026, 11, 22, 4, 0, 1, 500_000, tzinfo=UTC)
ROWS = [
    Row("ipv4", "198.51.100.7", ("example_drop", "ipsum"), SINCE),
    Row("url", 'https://example.org/?a=1,2&b="x"', ("phish",), SINCE),
]
values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
rows = st.lists(
    st.builds(
        Row,
        kind=st.sampled_from(["ipv4", "domain", "url", "email"]),
        value=values,
        sources=st.lists(st.from_regex(r"[a-z0-9_]{1,10}", fullmatch=True), max_size=3).map(tuple),
        first_seen=st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    )
)


def test_text_is_one_value_a_line() -> None:
    assert FORMATS["txt"].lines(ROWS) == b'198.51.100.7\nhttps://example.org/?a=1,2&b="x"\n'


def test_csv_is_as_rfc_4180_wants_it() -> None:
    one = FORMATS["csv"]
    assert one.HEAD == b"kind,value,sources,first_seen\r\n"
    assert one.lines(ROWS) == (
        b"ipv4,198.51.100.7,example_drop ipsum,2026-11-22T04:00:01Z\r\n"
        b'url,"https://example.org/?a=1,2&b=""x""",phish,2026-11-22T04:00:01Z\r\n'
    )


def test_json_lines_are_objects() -> None:
    first = json.loads(FORMATS["jsonl"].lines(ROWS).splitlines()[0])
    assert first == {
        "kind": "ipv4",
        "value": "198.51.100.7",
        "sources": ["example_drop", "ipsum"],
        "first_seen": "2026-11-22T04:00:01Z",
    }


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_gives_nothing(name: str) -> None:
    assert FORMATS[name].lines([]) == b""


@given(rows)
def test_csv_reads_back(given_rows: list[Row]) -> None:
    text = FORMATS["csv"].lines(given_rows).decode()
    kept = [row for row in given_rows if one_line(row.value)]
    read = list(csv.reader(io.StringIO(text, newline="")))
    expected = [[row.kind, row.value, " ".join(row.sources), moment(row.first_seen)] for row in kept]
    assert read == expected


@given(rows)
def test_json_lines_read_back_whatever_the_value(given_rows: list[Row]) -> None:
    lines = FORMATS["jsonl"].lines(given_rows).split(b"\n")[:-1]
    assert [json.loads(line)["value"] for line in lines] == [row.value for row in given_rows]


@given(rows)
def test_text_never_grows_a_line_out_of_a_value(given_rows: list[Row]) -> None:
    text = FORMATS["txt"].lines(given_rows).decode()
    assert text.splitlines() == [row.value for row in given_rows if one_line(row.value)]
