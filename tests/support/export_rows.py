"""Rows for the tests of export formats."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from tipd.exports.row import Row

SINCE = datetime(2026, 11, 22, 4, 0, 1, 500_000, tzinfo=UTC)
SAID = {
    "class": ["c2-server", "scanner"],
    "malware": '=HYPERLINK("x")',
    "port": [80, 443],
    "confidence": 75,
    "status": True,
    "reference": "https://example.org/1,2",
    "last_seen": "2026-11-21T00:00:00Z",
    "lists": 7,
}
ROWS = [
    Row("ipv4", "198.51.100.7", ("example_drop", "ipsum"), SINCE, SAID),
    Row("url", 'https://example.org/?a=1,2&b="x"', ("phish",), SINCE),
]


def row(kind: str, value: str) -> Row:
    """Return a row of one source."""
    return Row(kind, value, ("one",), SINCE)


values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
said = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20) | st.integers() | st.booleans()
rows = st.lists(
    st.builds(
        Row,
        kind=st.sampled_from(["ipv4", "domain", "url", "email"]),
        value=values,
        sources=st.lists(st.from_regex(r"[a-z0-9_]{1,10}", fullmatch=True), max_size=3).map(tuple),
        context=st.dictionaries(st.sampled_from(["class", "malware", "reference", "x"]), said | st.lists(said)),
        first_seen=st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    )
)
