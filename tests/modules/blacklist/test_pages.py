"""One page: how it is judged, and whose clock it tells."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.pages import began_by, refusal
from tipd.modules.blacklist.paging import Look
from tipd.modules.blacklist.reading.job import ReadResult
from tipd.net.request import Fetched, Validators

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = msgspec.convert(
    {"name": "one", "url": "https://lists.example.org/x", "expect": {"min_rows": 100, "must_match": "ok"}}, Source
)


def fetched(**headers: str) -> Fetched:
    return Fetched(
        status="ok",
        http_status=200,
        url="https://lists.example.org/x",
        address="192.0.2.9",
        validators=Validators(),
        path=None,
        sha256=b"1" * 32,
        content_type=None,
        took=0.0,
        headers=headers,
    )


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Sun, 22 Nov 2026 11:58:00 GMT", NOON - timedelta(minutes=2)),
        ("Sun, 22 Nov 2026 14:00:00 GMT", NOON + timedelta(hours=2)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", NOON),
        ("Thu, 01 Jan 1970 00:00:00 GMT", NOON),
        ("Sun, 22 Nov 2026 11:58:00", NOON),
        ("soon", NOON),
        ("", NOON),
    ],
)
def test_their_clock_counts_where_it_can_be_right(date: str, moment: datetime) -> None:
    assert began_by(fetched(date=date), NOON) == moment


def test_how_much_a_page_holds_is_no_fault_what_it_is_may_be_one() -> None:
    assert refusal(SOURCE, Look(), ReadResult()) is None
    assert refusal(SOURCE, Look(), ReadResult(rows=5, entries=5)) is None
    bad = {"malformed": 9}
    for look, result, state in (
        (Look(html=True), ReadResult(), "wrong_page"),
        (Look(broken="is no JSON"), ReadResult(), "drifted"),
        (Look(), ReadResult(html=True), "wrong_page"),
        (Look(), ReadResult(broken="ends early"), "drifted"),
        (Look(), ReadResult(rows=5, canary=False), "wrong_page"),
        (Look(), ReadResult(rows=10, entries=1, refused=bad), "drifted"),
    ):
        refused = refusal(SOURCE, look, result)
        assert refused is not None and refused.state == state
