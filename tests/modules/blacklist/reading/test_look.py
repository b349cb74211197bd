"""What a page says about pages."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.reading.look import LookJob, look, look_at

URL = "https://lists.example.org/api"


def source_of(url: str = URL, **request: Any) -> Source:
    absence = "nothing" if "since" in request else "left"
    return msgspec.convert({"name": "one", "url": url, "absence": absence, "request": request}, Source)


MISP = source_of(
    URL + "?p={page}&t={since}",
    pages={"by": "page", "rows": "response.Attribute"},
    since={"path": "response.Attribute.*.timestamp", "format": "epoch"},
)
TAXII = source_of(
    URL + "?n={cursor}", pages={"by": "cursor", "next": "next", "more": "more", "rows": "objects", "size": 2}
)


def test_rows_and_the_greatest_of_their_dates() -> None:
    rows = [{"timestamp": "100"}, {"timestamp": 1000}, {"timestamp": "soon"}, {}]
    found = look_at(json.dumps({"response": {"Attribute": rows}}).encode(), MISP)
    assert (found.rows, found.greatest) == (4, "1000")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"response": []}', b'{"response": {"Attribute": []}}', b"[]", b"null"])
def test_no_rows(body: bytes) -> None:
    assert (look_at(body, MISP).rows, look_at(body, MISP).greatest) == (0, "")


@pytest.mark.parametrize(
    ("body", "token", "more"),
    [
        ({"more": True, "next": "abc"}, "abc", True),
        ({"more": True, "next": 7}, "7", True),
        ({"more": False}, "", False),
        ({"more": "false", "next": None}, "", False),
        ({"more": 1, "next": {"a": 1}}, "", True),
        ({"next": True}, "", None),
        ({}, "", None),
    ],
)
def test_next_and_more(body: dict[str, Any], token: str, more: bool | None) -> None:
    found = look_at(json.dumps(body).encode(), TAXII)
    assert (found.next, found.more) == (token, more)


def test_a_cursor_is_bounded() -> None:
    assert len(look_at(json.dumps({"next": "x" * 100_000}).encode(), TAXII).next) == 4097


def test_lines_are_counted_where_pages_are_no_json() -> None:
    source = source_of(URL + "?p={page}", pages={"by": "page"})
    assert look_at(b"192.0.2.1\n\n192.0.2.2", source).rows == 2
    assert look_at(b'["192.0.2.1"]', source).rows == 1
    assert look_at(b'{"a": 1}', source).rows == -1


@pytest.mark.parametrize("body", [b"<html>", b"{", b"[" * 100_000, b'"\xff"'])
def test_what_is_no_json(body: bytes) -> None:
    assert look_at(body, TAXII).broken.startswith("is no JSON")


@given(st.binary(max_size=300))
def test_rubbish_raises_nothing(body: bytes) -> None:
    look_at(body, MISP)


def test_a_file_unpacked_and_seen_as_a_web_page(tmp_path: Path) -> None:
    path = tmp_path / "page"
    path.write_bytes(gzip.compress(b'{"objects": [1, 2], "more": true, "next": "n"}'))
    assert look(LookJob(body=str(path), source=TAXII)).rows == 2
    path.write_bytes(b"<!DOCTYPE html><html></html>")
    assert look(LookJob(body=str(path), source=TAXII)).html
    path.write_bytes(gzip.compress(b"x" * 100)[:-9])
    assert look(LookJob(body=str(path), source=TAXII)).broken
