"""How pages are asked for, and what follows them."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.cursor import Run
from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.paging import Look, Turn, first_at, link_of, question, turn

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://lists.example.org/api"


def source_of(url: str = URL, **request: Any) -> Source:
    absence = "nothing" if "since" in request else "left"
    tree = {"name": "one", "url": url, "absence": absence, "credential": "k", "request": request}
    return msgspec.convert(tree, Source)


def after(source: Source, look: Look, run: Run | None = None, *, digest: bytes = b"1", link: str = "") -> Turn:
    run = run or Run(began=BEGAN, at=first_at(source))
    return turn(source, run, look, digest=digest, length=10, url=URL, link=link)


SINCE = {"from": "began"}


def test_places_are_filled_each_as_its_room_needs() -> None:
    source = source_of(
        URL + "?a={since}&b={page}&n={size}&k={credential}&c=1",
        method="POST",
        headers={"X-Page": "{page}", "Authorization": "{credential}"},
        body='{"since": "{since}", "page": {page}, "key": "{credential}"}',
        pages={"by": "page", "size": 50, "first": 0},
        since=SINCE,
    )
    asked = question(source, Run(began=BEGAN, at=3), 'a"b &\\')
    assert asked.url == URL + "?a=a%22b%20%26%5C&b=3&n=50&k={credential}&c=1"
    assert asked.headers == {"X-Page": "3", "Authorization": "{credential}", "Content-Type": "application/json"}
    assert asked.body == '{"since": "a\\"b &\\\\", "page": 3, "key": "{credential}"}'


def test_a_form_is_sent_as_one() -> None:
    source = source_of(method="POST", body="q={since}&format=csv", since=SINCE)
    asked = question(source, Run(began=BEGAN), "a&b")
    assert asked.body == "q=a%26b&format=csv"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_parameters_that_are_empty_are_left_out() -> None:
    source = source_of(
        URL + "?added_after={since}&next={cursor}&empty=&x={since}!",
        pages={"by": "cursor", "next": "next"},
        since=SINCE,
    )
    assert question(source, Run(began=BEGAN), "").url == URL + "?empty=&x=!"
    only = source_of(URL + "?next={cursor}", pages={"by": "cursor", "next": "next"})
    assert question(only, Run(began=BEGAN), "").url == URL
    assert question(only, Run(began=BEGAN, token="a/b"), "").url == URL + "?next=a%2Fb"


def test_pages_by_number_end_with_a_short_one() -> None:
    source = source_of(URL + "?p={page}", pages={"by": "page", "size": 10, "rows": "rows"})
    full = after(source, Look(rows=10))
    assert (full.done, full.run.at, full.fault) == (False, 2, "")
    assert after(source, Look(rows=9), full.run, digest=b"2").done
    assert after(source, Look(rows=10, more=False), full.run, digest=b"3").done


def test_a_server_that_gives_fewer_rows_than_asked_for_is_taken_at_its_word() -> None:
    source = source_of(URL + "?p={page}", pages={"by": "page", "size": 10, "rows": "rows", "more": "more"})
    first = after(source, Look(rows=3, more=True))
    assert (first.done, first.run.at) == (False, 2)
    assert after(source, Look(rows=3, more=False), first.run, digest=b"2").done
    assert after(source, Look(rows=0, more=True), first.run, digest=b"3").done


def test_pages_of_unknown_size_end_with_an_empty_one() -> None:
    source = source_of(URL + "?o={offset}", pages={"by": "offset", "rows": "rows"})
    first = after(source, Look(rows=7))
    second = after(source, Look(rows=3), first.run, digest=b"2")
    assert (first.run.at, second.run.at, second.done) == (7, 10, False)
    assert after(source, Look(rows=0), second.run, digest=b"2").done


def test_rows_that_cannot_be_counted() -> None:
    source = source_of(URL + "?p={page}", pages={"by": "page"})
    assert "request.pages.rows" in after(source, Look(rows=-1)).fault


def test_a_page_that_repeats() -> None:
    source = source_of(URL + "?p={page}", pages={"by": "page", "rows": "rows"})
    first = after(source, Look(rows=7))
    assert after(source, Look(rows=7), first.run).fault == "page 2 holds the same as one before: it repeats"


def test_cursors_end_circles_and_more_without_next() -> None:
    source = source_of(URL + "?c={cursor}", pages={"by": "cursor", "next": "next", "more": "more"})
    first = after(source, Look(next="a", more=True))
    assert (first.run.token, first.done) == ("a", False)
    second = after(source, Look(next="b", more=True), first.run, digest=b"2")
    assert "circle" in after(source, Look(next="a", more=True), second.run, digest=b"3").fault
    assert "circle" in after(source, Look(next="b", more=True), second.run, digest=b"3").fault
    assert "more without next" in after(source, Look(more=True), second.run, digest=b"3").fault
    assert "5000 characters" in after(source, Look(next="x" * 5000, more=True), second.run, digest=b"3").fault
    for look in (Look(next="c", more=False), Look(more=False), Look()):
        end = after(source, look, second.run, digest=b"3")
        assert (end.done, end.fault) == (True, "")


def test_caps() -> None:
    many = source_of(URL + "?p={page}", pages={"by": "page", "rows": "r", "most": 2})
    second = after(many, Look(rows=5), after(many, Look(rows=5)).run, digest=b"2")
    assert (second.done, second.fault, second.run.at) == (False, "stopped after 2 pages (request.pages.most)", 3)
    large = source_of(URL + "?p={page}", pages={"by": "page", "rows": "r", "max_bytes": "15"})
    first = after(large, Look(rows=5))
    assert not first.fault
    assert "max_bytes" in after(large, Look(rows=5), first.run, digest=b"2").fault


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("?page=2", URL + "?page=2"),
        ("/other", "https://lists.example.org/other"),
        ("https://lists.example.org:443/x", "https://lists.example.org:443/x"),
        ("?k={credential}&page=2", URL + "?k={credential}&page=2"),
        ("/{credential}/2", "https://lists.example.org/{credential}/2"),
    ],
)
def test_the_next_address_at_the_same_origin(link: str, address: str) -> None:
    source = source_of(pages={"by": "link", "next": "links.next"})
    following = after(source, Look(next=link))
    assert not following.fault
    assert question(source, following.run, "").url in (address, address.replace(":443", ""))


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.org/x?k={credential}",
        "http://lists.example.org/api?page=2",
        "https://lists.example.org:8443/api",
        "//evil.example.org/",
        "https://lists.example.org@evil.example.org/",
        "https://evil.example.org\\@lists.example.org/",
        "file:///etc/passwd",
        "https://user:pass@lists.example.org/",
        "https://[",
        "javascript:alert(1)",
    ],
)
def test_no_next_address_leads_to_another_origin(link: str) -> None:
    source = source_of(pages={"by": "link", "next": "links.next"})
    following = after(source, Look(next=link))
    assert following.done and following.fault


@given(st.text(max_size=200))
def test_whatever_they_say_the_next_page_is_at_home(link: str) -> None:
    source = source_of(pages={"by": "link", "next": "n"})
    following = after(source, Look(next=link))
    if not following.done:
        assert following.run.token.startswith("https://lists.example.org/")


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ('<https://a.example/2>; rel="next", <https://a.example/9>; rel="last"', "https://a.example/2"),
        ("</9>; rel=last, </2>; rel=next", "/2"),
        ('</2>; title="a, b"; rel="prev next"', "/2"),
        ('</2>; REL = "NEXT"', "/2"),
        ("</2>", ""),
        ('</2>; rel="nextish"', ""),
        ("", ""),
        ("<" * 9000, ""),
    ],
)
def test_link_headers(header: str, address: str) -> None:
    assert link_of(header) == address


def test_without_pages_one_answer_is_all() -> None:
    assert after(source_of(), Look()) == Turn(Run(began=BEGAN, pages=1, bytes=10, seen=(b"1".hex(),)), done=True)
