"""Rows for the tests of export formats."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from tipd.exports.row import Row

SINCE = datetime(2026, 11, 22, 4, 0, 1, 500_000, tzinfo=UTC)
ROWS = [
    Row("ipv4", "198.51.100.7", ("example_drop", "ipsum"), SINCE),
    Row("url", 'https://example.org/?a=1,2&b="x"', ("phish",), SINCE),
]


def row(kind: str, value: str) -> Row:
    """Return a row of one source."""
    return Row(kind, value, ("one",), SINCE)


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
