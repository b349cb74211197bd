"""Plain text."""

from __future__ import annotations

from hypothesis import given
from support.export_rows import ROWS, rows

from tipd.exports.formats import FORMATS
from tipd.exports.row import Row, one_line


def test_text_is_one_value_a_line() -> None:
    assert FORMATS["txt"].lines(ROWS) == b'198.51.100.7\nhttps://example.org/?a=1,2&b="x"\n'


@given(rows)
def test_text_never_grows_a_line_out_of_a_value(given_rows: list[Row]) -> None:
    text = FORMATS["txt"].lines(given_rows).decode()
    assert text.splitlines() == [row.value for row in given_rows if one_line(row.value)]
