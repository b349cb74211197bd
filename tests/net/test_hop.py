"""Redirects, and what a URL may be."""

from pathlib import Path

import pytest
from support import http_server as http
from support.fetching import BODY, refused
from support.http_server import serving

from tipd.net.fetch import Fetcher
from tipd.net.hop import shown
from tipd.net.request import Request


async def test_redirects_are_followed_and_the_last_url_told(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        for number in range(5):
            server.on(f"/{number}", http.redirect(f"{number + 1}", code=(301, 302, 303, 307, 308)[number]))
        server.on("/5", http.page(BODY))
        fetched = await fetcher.fetch(Request(url=server.url("/0")), into)
    assert fetched.url == server.url("/5") and len(server.seen) == 6


async def test_a_sixth_redirect_is_one_too_many(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        for number in range(6):
            server.on(f"/{number}", http.redirect(f"{number + 1}"))
        error = await refused(fetcher, Request(url=server.url("/0")), into)
    assert "more than 5 redirects" in str(error) and len(server.seen) == 6


async def test_redirects_in_a_circle(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/a", http.redirect("/b"))
        server.on("/b", http.redirect("/a#again"))
        error = await refused(fetcher, Request(url=server.url("/a")), into)
    assert "circle" in str(error) and len(server.seen) == 2


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/_x", "data:,x", "javascript:1"]
)
async def test_redirect_to_another_scheme(fetcher: Fetcher, into: Path, location: str) -> None:
    async with serving() as server:
        server.on("/", http.redirect(location))
        error = await refused(fetcher, Request(url=server.url()), into)
    assert error.state == "unreachable" and "only http and https" in str(error)


@pytest.mark.parametrize(
    "location", ["http://[", "http://u:p@127.0.0.1/", "http://127.0.0.1:99999/", "//", "http://x y/"]
)
async def test_redirect_to_what_is_no_url(fetcher: Fetcher, into: Path, location: str) -> None:
    async with serving() as server:
        server.on("/", http.redirect(location))
        assert (await refused(fetcher, Request(url=server.url()), into)).state == "unreachable"


async def test_post_becomes_get_where_http_says_so(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/see", http.redirect("/end", code=303))
        server.on("/keep", http.redirect("/end", code=307))
        server.on("/end", http.page(BODY))
        for start in ("/see", "/keep"):
            await fetcher.fetch(Request(url=server.url(start), method="POST", body="x"), into)
    assert [(seen.method, seen.body) for seen in server.seen if seen.path == "/end"] == [("GET", b""), ("POST", b"x")]


def test_shown_without_what_is_secret() -> None:
    assert (
        shown("http://u:sesame@Lists.example.org:8080/a?b={credential}")
        == "http://lists.example.org:8080/a?b={credential}"
    )
    assert shown("http://[") == "?"
