"""Posting a message: bounded, guarded, to one place only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trustme
from support.http_server import chunked, drip, head, page, raw, redirect, serving, silence, status

from tipd.net.fetch import Fetcher
from tipd.net.request import FetchError
from tipd.net.webhook import Post, Poster

BODY = b'{"findings":[]}'


@pytest.fixture
def poster(fetcher: Fetcher) -> Poster:
    return Poster(fetcher.tools)


async def test_what_is_posted(poster: Poster) -> None:
    async with serving() as server:
        server.on("/hook", status(204))
        post = Post(url=server.url("/hook?key=x"), body=BODY, headers={"Tipd-Delivery": "abc"})
        assert await poster.post(post) == (204, None)
    (seen,) = server.seen
    assert (seen.method, seen.target, seen.body) == ("POST", "/hook?key=x", BODY)
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["tipd-delivery"] == "abc"
    assert seen.headers["host"] == f"127.0.0.1:{server.port}"
    assert seen.headers["user-agent"].startswith("tipd/")


@pytest.mark.parametrize(
    ("script", "answered"),
    [
        (status(410), (410, None)),
        (status(429, retry_after=7), (429, 7.0)),
        (status(503, retry_after=10**9), (503, 86400.0)),
        (status(500), (500, None)),
        (chunked(b"x", end=False), (200, None)),
        (raw(head(200, {"Content-Length": 10**12}) + b"x" * 100_000), (200, None)),
        (drip(head(200, {"Content-Length": 10**6}), b"x", 1.0), (200, None)),
    ],
    ids=["gone", "later", "much later", "broken", "cut off", "huge", "dripping"],
)
async def test_any_status_is_an_answer_and_the_rest_is_left_unread(poster: Poster, script, answered) -> None:
    async with serving() as server:
        server.on("/", script)
        with trio.fail_after(5):
            assert await poster.post(Post(url=server.url("/"), body=BODY)) == answered


async def test_redirects_are_not_followed(poster: Poster) -> None:
    async with serving() as server:
        server.on("/", redirect("/elsewhere", 307))
        server.on("/elsewhere", page(b"caught"))
        assert (await poster.post(Post(url=server.url("/"), body=BODY))).status == 307
    assert [seen.path for seen in server.seen] == ["/"]


@pytest.mark.parametrize("script", [silence(), drip(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05)], ids=["silent", "dripping"])
async def test_one_that_does_not_answer_is_left(poster: Poster, script) -> None:
    async with serving() as server:
        server.on("/", script)
        with pytest.raises(FetchError, match="timeout") as caught, trio.fail_after(5):
            await poster.post(Post(url=server.url("/"), body=BODY, within=0.3))
    assert caught.value.state == "unreachable"


@pytest.mark.parametrize("script", [raw(b""), raw(b"SSH-2.0-OpenSSH\r\n"), raw(b"HTTP/1.1 200 OK\r\nbroken")])
async def test_what_is_no_answer(poster: Poster, script) -> None:
    async with serving() as server:
        server.on("/", script)
        with pytest.raises(FetchError):
            await poster.post(Post(url=server.url("/"), body=BODY))


async def test_a_large_message_to_one_that_hangs_up_early(poster: Poster) -> None:
    async def script(stream: trio.abc.Stream, _seen: object) -> None:
        await stream.send_all(head(413, {"Content-Length": 0}))

    async with serving() as server:
        server.on("/", script)
        assert (await poster.post(Post(url=server.url("/"), body=b"x" * 8_000_000))).status == 413


async def test_the_guard_stands_before_it(make_fetcher: Callable[..., Fetcher]) -> None:
    guarded = Poster(make_fetcher(allow=()).tools)
    async with serving() as server:
        server.on("/", status(204))
        with pytest.raises(FetchError, match="refused by the guard"):
            await guarded.post(Post(url=server.url("/"), body=BODY))
        allowed = Post(url=server.url("/"), body=BODY, allow_networks=("127.0.0.0/8",))
        assert (await guarded.post(allowed)).status == 204
    assert len(server.seen) == 1


async def test_tls_is_checked(poster: Poster, tmp_path: Path) -> None:
    import ssl

    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    async with serving(context) as server:
        server.on("/", status(204))
        with pytest.raises(FetchError, match=r"TLS: the certificate of 127\.0\.0\.1"):
            await poster.post(Post(url=server.url("/"), body=BODY))
        assert (await poster.post(Post(url=server.url("/"), body=BODY, ca_file=ca_file))).status == 204
    wrong = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example.org").configure_cert(wrong)
    async with serving(wrong) as server:
        with pytest.raises(FetchError, match="is for another"):
            await poster.post(Post(url=server.url("/"), body=BODY, ca_file=ca_file))


async def test_nobody_there(poster: Poster) -> None:
    async with serving() as server:
        url = server.url("/")
    with pytest.raises(FetchError, match="connection refused"):
        await poster.post(Post(url=url, body=BODY))


async def test_through_a_proxy(make_fetcher: Callable[..., Fetcher]) -> None:
    async with serving() as proxy:
        proxy.on("/hook", status(204))
        poster = Poster(make_fetcher(proxy=proxy.url("").rstrip("/")).tools)
        assert (await poster.post(Post(url="http://198.51.100.7/hook", body=BODY))).status == 204
    assert proxy.seen[0].target == "http://198.51.100.7/hook"
