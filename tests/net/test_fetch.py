"""Fetching as a whole, over real sockets: what comes back, and servers that lie about it or take for ever."""

import hashlib
from pathlib import Path

import pytest
import trio
from support import http_server as http
from support.encodings import ENCODERS
from support.fetching import BODY, Make, refused
from support.http_server import serving

from tipd.net.fetch import Fetcher, user_agent
from tipd.net.request import Limits, Request, Validators

QUICK = Limits(deadline=5.0, connect=2.0, answer=2.0, rate_window=0.1, min_rate=1024, max_body=32 * 2**20)


async def test_first_fetch_writes_body_and_says_all_about_it(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        answer = http.page(
            BODY, etag='W/"1"', last_modified="Sun, 22 Nov 2026 10:00:00 GMT", content_type="Text/Plain; x"
        )
        server.on("/list", answer)
        fetched = await fetcher.fetch(Request(url=server.url("/list#part")), into)
    assert (fetched.status, fetched.http_status, fetched.address) == ("ok", 200, "127.0.0.1")
    assert (fetched.url, fetched.content_type, fetched.bytes) == (server.url("/list"), "text/plain", len(BODY))
    digest = hashlib.sha256(BODY).digest()
    assert fetched.validators == Validators('W/"1"', "Sun, 22 Nov 2026 10:00:00 GMT", digest)
    assert fetched.path == into and into.read_bytes() == BODY
    assert into.stat().st_mode & 0o777 == 0o600
    seen = server.seen[0].headers
    assert seen["user-agent"] == user_agent("") and "if-none-match" not in seen
    assert seen["host"] == f"127.0.0.1:{server.port}" and seen["connection"] == "close"


@pytest.mark.parametrize("validator", ["etag", "last_modified"])
async def test_validators_are_sent_back_as_they_came(fetcher: Fetcher, into: Path, validator: str) -> None:
    value = {"etag": 'W/"weak-7"', "last_modified": "Sun, 22 Nov 2026 10:00:00 GMT"}[validator]
    async with serving() as server:
        server.on("/", http.conditional(BODY, **{validator: value}))
        first = await fetcher.fetch(Request(url=server.url()), into)
        second = await fetcher.fetch(Request(url=server.url(), validators=first.validators), into.with_name("again"))
    assert (second.status, second.http_status, second.path) == ("unchanged", 304, None)
    assert second.validators == first.validators and second.sha256 == first.sha256
    assert not into.with_name("again").exists()


async def test_304_does_not_change_what_is_known(fetcher: Fetcher, into: Path) -> None:
    known = Validators('"1"', "Sun, 22 Nov 2026 10:00:00 GMT", bytes(32))
    async with serving() as server:
        server.on("/", http.status(304, etag='"2"', last_modified="Sat, 21 Nov 2026 10:00:00 GMT"))
        fetched = await fetcher.fetch(Request(url=server.url(), validators=known), into)
    assert fetched.validators == known


async def test_304_without_validators_sent_is_a_wrong_page(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/", http.status(304))
        error = await refused(fetcher, Request(url=server.url()), into)
        only_hash = Request(url=server.url(), validators=Validators(sha256=bytes(32)))
        again = await refused(fetcher, only_hash, into)
    assert (error.state, error.http_status, again.state) == ("wrong_page", 304, "wrong_page")


async def test_new_etag_and_a_clock_that_went_back_but_the_same_body_is_unchanged(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        first = http.page(BODY, etag='"1"', last_modified="Sun, 22 Nov 2026 10:00:00 GMT")
        earlier = http.page(BODY, etag='"2"', last_modified="Sun, 22 Nov 2020 10:00:00 GMT")
        server.on("/", http.in_turn(first, earlier))
        one = await fetcher.fetch(Request(url=server.url()), into)
        two = await fetcher.fetch(Request(url=server.url(), validators=one.validators), into)
    assert (two.status, two.http_status) == ("unchanged", 200)
    assert two.validators.etag == '"2"' and two.validators.last_modified == "Sun, 22 Nov 2020 10:00:00 GMT"


@pytest.mark.parametrize("name", ENCODERS)
async def test_content_encoding_is_undone_before_hashing(fetcher: Fetcher, into: Path, name: str) -> None:
    encoding, encode = ENCODERS[name]
    async with serving() as server:
        server.on("/", http.page(encode(BODY), content_encoding=encoding))
        fetched = await fetcher.fetch(Request(url=server.url()), into)
    assert into.read_bytes() == BODY and fetched.sha256 == hashlib.sha256(BODY).digest()


async def test_a_body_of_megabytes_in_chunks(fetcher: Fetcher, into: Path) -> None:
    piece = bytes(range(256)) * 1024
    async with serving() as server:
        server.on("/", http.chunked(*[piece] * 20))
        fetched = await fetcher.fetch(Request(url=server.url()), into)
    assert fetched.bytes == len(piece) * 20 and into.read_bytes() == piece * 20


async def test_post_sends_its_body_and_no_validators(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/search", http.page(BODY))
        request = Request(
            url=server.url("/search"),
            method="POST",
            headers={"Content-Type": "application/json", "User-Agent": "example/7"},
            body='{"page":1}',
            validators=Validators(etag='"1"'),
        )
        await fetcher.fetch(request, into)
    seen = server.seen[0]
    assert (seen.method, seen.body, seen.headers["content-type"]) == ("POST", b'{"page":1}', "application/json")
    assert "if-none-match" not in seen.headers
    assert seen.headers["user-agent"] == f"example/7 {user_agent('')}", "a declared name hides not who asks"


async def test_user_agent_names_the_contact(make_fetcher: Make, into: Path) -> None:
    fetcher = make_fetcher(contact="https://soc.example.org/tipd")
    async with serving() as server:
        server.on("/", http.page(BODY))
        await fetcher.fetch(Request(url=server.url()), into)
    assert server.seen[0].headers["user-agent"].endswith(" (+https://soc.example.org/tipd)")


@pytest.mark.parametrize(
    "script",
    [
        http.raw(http.head(200, {"Content-Length": 100}) + BODY),
        http.chunked(BODY, end=False),
        http.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nshort"),
        http.raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    ],
    ids=["content length", "no last chunk", "inside a chunk", "inside the head"],
)
async def test_truncated(fetcher: Fetcher, into: Path, script: http.Script) -> None:
    async with serving() as server:
        server.on("/", script)
        error = await refused(fetcher, Request(url=server.url()), into)
    assert error.state == "unreachable" and "truncated" in str(error)


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "a moment later"])
async def test_longer_than_it_said(fetcher: Fetcher, into: Path, apart: bool) -> None:
    async def script(stream: trio.abc.Stream, seen: http.Seen) -> None:
        await stream.send_all(http.head(200, {"Content-Length": 5}) + BODY[: 5 if apart else 9])
        await trio.sleep(0.02)
        await stream.send_all(BODY[5:])

    async with serving() as server:
        server.on("/", script)
        error = await refused(fetcher, Request(url=server.url()), into)
    assert error.state == "unreachable" and "wrong length" in str(error)


async def test_drip_for_ever_is_cut(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/", http.drip(http.head(200, {"Content-Length": 10**9}), b"x", every=0.01))
        error = await refused(fetcher, Request(url=server.url(), limits=QUICK), into)
    assert error.state == "unreachable" and "too slow" in str(error)


async def test_drip_of_the_head_is_cut(fetcher: Fetcher, into: Path) -> None:
    limits = Limits(answer=0.1)
    async with serving() as server:
        server.on("/", http.drip(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n", every=0.01))
        error = await refused(fetcher, Request(url=server.url(), limits=limits), into)
    assert "timeout" in str(error) and "no answer" in str(error)


async def test_the_whole_has_a_deadline(fetcher: Fetcher, into: Path) -> None:
    limits = Limits(deadline=0.15, min_rate=0)
    async with serving() as server:
        server.on("/", http.drip(http.head(200), b"192.0.2.1\n" * 500, every=0.01))
        error = await refused(fetcher, Request(url=server.url(), limits=limits), into)
    assert str(error).startswith("timeout: 0.15 s passed while ")


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ],
    ids=["nothing", "ssh", "two lengths", "negative", "bad chunk", "endless head", "endless 100", "101"],
)
async def test_not_http(fetcher: Fetcher, into: Path, wire: bytes) -> None:
    async with serving() as server:
        server.on("/", http.raw(wire))
        assert (await refused(fetcher, Request(url=server.url()), into)).state == "unreachable"
