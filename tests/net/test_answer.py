"""Heads of answers: dates, validators, media types."""

from datetime import UTC, datetime

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.net import answer
from tipd.net.request import Validators

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def said(**headers: str) -> h11.Response:
    return h11.Response(status_code=200, headers=[(name.replace("_", "-"), value) for name, value in headers.items()])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("99999999999999999999", 86400),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60),
        ("Sunday, 22-Nov-26 12:01:00 GMT", 60),
        ("Sun Nov 22 12:01:00 2026", 60),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Sun, 99 Nov 2026 12:01:00 GMT", None),
        ("x" * 5000, None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    reply = h11.Response(status_code=429, headers=[(b"retry-after", text.encode("utf-8"))])
    assert answer.retry_after(reply, NOON) == seconds


def test_retry_after_goes_by_the_servers_own_clock() -> None:
    reply = said(retry_after="Sat, 01 Jan 2000 00:02:00 GMT", date="Sat, 01 Jan 2000 00:00:00 GMT")
    assert answer.retry_after(reply, NOON) == 120
    assert answer.retry_after(said(), NOON) is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=70))
def test_retry_after_never_raises(text: str) -> None:
    seconds = answer.retry_after(said(retry_after=text.strip()), NOON)
    assert seconds is None or 0 <= seconds <= 86400


def test_validators_are_kept_as_they_came_where_they_can_be_sent_back() -> None:
    assert answer.validators(said(etag='W/"a"', last_modified="yesterday"), b"h") == Validators(
        'W/"a"', "yesterday", b"h"
    )
    assert answer.validators(said(etag="unquoted"), b"h").etag == "unquoted"
    odd = h11.Response(status_code=200, headers=[(b"etag", b"\xff"), (b"last-modified", b"x" * 2000)])
    assert answer.validators(odd, b"h") == Validators(None, None, b"h")
    assert answer.validators(said(etag=""), b"h").etag is None


def test_media_type() -> None:
    assert answer.content_type(said(content_type="Text/CSV ; charset=x")) == "text/csv"
    assert answer.content_type(said()) is None


def test_codings_of_several_headers_are_one_list() -> None:
    reply = h11.Response(status_code=200, headers=[("content-encoding", "gzip"), ("content-encoding", "br")])
    assert answer.content_encoding(reply) == "gzip, br"


def test_headers_that_are_kept() -> None:
    reply = said(link="<a>", x_taxii_date_added_last="2026-11-22T00:00:00Z", other="x")
    twice = h11.Response(status_code=200, headers=[("Link", "<a>"), ("Link", "<b>"), ("Date", "x" * 9000)])
    assert answer.kept(reply, ("link", "x-taxii-date-added-last")) == {
        "link": "<a>",
        "x-taxii-date-added-last": "2026-11-22T00:00:00Z",
    }
    assert answer.kept(twice, ("link", "date")) == {"link": "<a>, <b>"}, "and one that is too long is none"
