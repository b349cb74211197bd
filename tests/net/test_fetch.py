"""What a source may do to us, over real sockets; every case of the issue's list that concerns fetching."""

import gzip
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
import trio
import zstandard
from support import http_server as http
from support.http_server import serving
from support.names import FakeResolver

from tipd.errors import Unavailable
from tipd.net.fetch import Fetcher, user_agent
from tipd.net.request import FetchError, Limits, Request, TooSoon, Validators

BODY = b"# a list\n192.0.2.1\n192.0.2.2\n"
QUICK = Limits(deadline=5.0, connect=2.0, answer=2.0, rate_window=0.1, min_rate=1024, max_body=32 * 2**20)

type Make = Callable[..., Fetcher]


async def refused(fetcher: Fetcher, request: Request, into: Path) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(request, into)
    assert not into.exists(), "a fetch that failed leaves nothing behind"
    return caught.value


# --- what works ------------------------------------------------------------------------------------------------------


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


def zstd_compress(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "two members": ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", lambda data: brotli.compress(data, quality=5)),
    "zstd": ("zstd", zstd_compress),
    "two frames": ("zstd", lambda data: zstd_compress(data[:9]) + zstd_compress(data[9:])),
}


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


# --- statuses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "headers", "state", "wait"),
    [
        (401, {}, "forbidden", None),
        (403, {}, "forbidden", None),
        (404, {}, "gone", None),
        (410, {}, "gone", None),
        (429, {"retry_after": 120}, "rate_limited", 120),
        (429, {}, "rate_limited", None),
        (509, {"retry_after": 99999999999}, "rate_limited", 86400),
        (503, {"retry_after": "Sun, 22 Nov 2026 12:05:00 GMT"}, "rate_limited", 300),
        (503, {"retry_after": "Sun, 22 Nov 2026 11:00:00 GMT"}, "rate_limited", 0),
        (503, {}, "unreachable", None),
        (500, {}, "unreachable", None),
        (302, {}, "unreachable", None),
        (206, {}, "wrong_page", None),
        (204, {}, "wrong_page", None),
    ],
)
async def test_statuses(
    fetcher: Fetcher, into: Path, code: int, headers: dict[str, object], state: str, wait: float | None
) -> None:
    async with serving() as server:
        server.on("/", http.status(code, **headers))
        error = await refused(fetcher, Request(url=server.url()), into)
    assert (error.state, error.http_status, error.retry_after) == (state, code, wait)
    assert error.address == "127.0.0.1"


async def test_a_host_that_asked_for_peace_is_left_alone_by_all_its_sources(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/a", http.status(429, retry_after=600))
        server.on("/b", http.page(BODY))
        await refused(fetcher, Request(url=server.url("/a")), into)
        error = await refused(fetcher, Request(url=server.url("/b")), into)
    assert isinstance(error, TooSoon) and error.retry_after and 590 < error.retry_after <= 600
    assert len(server.seen) == 1


async def test_floor_holds_whoever_asks(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/", http.page(BODY))
        request = Request(url=server.url(), min_interval=3600)
        await fetcher.fetch(request, into)
        into.unlink()
        error = await refused(fetcher, request, into)
    assert isinstance(error, TooSoon) and error.retry_after and error.retry_after > 3590
    assert len(server.seen) == 1


async def test_floor_does_not_begin_before_the_source_was_reached(make_fetcher: Make, into: Path) -> None:
    async with serving() as server:
        server.on("/", http.page(BODY))
        request = Request(url=f"http://lists.example.org:{server.port}/", min_interval=3600)
        fetcher = make_fetcher(FakeResolver({"lists.example.org": [["192.0.2.1"], ["127.0.0.1"]]}))
        await refused(fetcher, request, into)
        assert (await fetcher.fetch(request, into)).status == "ok"


# --- lies about length, and slowness ---------------------------------------------------------------------------------


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


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
async def test_truncated_inside_the_encoding(fetcher: Fetcher, into: Path, name: str) -> None:
    encoding, encode = ENCODERS[name]
    async with serving() as server:
        server.on("/", http.page(encode(BODY * 50)[:-6], content_encoding=encoding))
        error = await refused(fetcher, Request(url=server.url()), into)
    assert error.state == "wrong_page" and "ends too early" in str(error)


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
    assert str(error) == "timeout: 0.15 s passed while reading the body"


async def test_a_body_larger_than_the_caps(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/", http.page(bytes(300_000)))
        on_the_wire = await refused(fetcher, Request(url=server.url(), limits=Limits(max_wire=100_000)), into)
        on_the_disk = await refused(fetcher, Request(url=server.url(), limits=Limits(max_body=100_000)), into)
    assert (on_the_wire.state, on_the_disk.state) == ("wrong_page", "wrong_page")


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
async def test_bombs(fetcher: Fetcher, into: Path, name: str) -> None:
    encoding, encode = ENCODERS[name]
    async with serving() as server:
        server.on("/", http.page(encode(bytes(64 * 2**20)), content_encoding=encoding))
        error = await refused(fetcher, Request(url=server.url()), into)
    assert error.state == "wrong_page" and "200 times" in str(error)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"not gzip", "gzip"), (b"\xffnot br", "br"), (b"not zstd", "zstd"), (BODY, "compress"), (BODY, "gzip, gzip")],
)
async def test_an_encoding_that_is_a_lie(fetcher: Fetcher, into: Path, body: bytes, encoding: str) -> None:
    async with serving() as server:
        server.on("/", http.page(body, content_encoding=encoding))
        assert (await refused(fetcher, Request(url=server.url()), into)).state == "wrong_page"


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


# --- redirects -------------------------------------------------------------------------------------------------------


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


# --- the guard -------------------------------------------------------------------------------------------------------


async def test_loopback_is_refused_unless_allowed(make_fetcher: Make, into: Path) -> None:
    closed = make_fetcher(allow=())
    async with serving() as server:
        server.on("/", http.page(BODY))
        error = await refused(closed, Request(url=server.url()), into)
        assert error.state == "unreachable" and "127.0.0.1 is loopback" in str(error) and not server.connections
        by_source = Request(url=server.url(), allow_networks=("127.0.0.1/32",))
        assert (await closed.fetch(by_source, into)).status == "ok"
        into.unlink()
        await refused(closed, Request(url=server.url()), into)  # one source's allowance is no other's


async def test_redirect_to_loopback_from_an_allowed_host(make_fetcher: Make, into: Path) -> None:
    fetcher = make_fetcher(allow=("127.0.0.1/32",))
    async with serving() as server, serving(host="127.0.0.2") as inner:
        server.on("/", http.redirect(inner.url("/", host="127.0.0.2")))
        error = await refused(fetcher, Request(url=server.url()), into)
    assert "127.0.0.2 is loopback" in str(error) and not inner.connections


async def test_name_that_resolves_to_an_inner_address_the_second_time(make_fetcher: Make, into: Path) -> None:
    resolver = FakeResolver({"lists.example.org": [["127.0.0.1"], ["127.0.0.2"]]})
    fetcher = make_fetcher(resolver, allow=("127.0.0.1/32",))
    async with serving() as server, serving(host="127.0.0.2") as inner:
        server.on("/", http.page(BODY))
        request = Request(url=f"http://lists.example.org:{server.port}/")
        assert (await fetcher.fetch(request, into)).status == "ok"
        into.unlink()
        again = Request(url=f"http://lists.example.org:{inner.port}/")
        error = await refused(fetcher, again, into)
    assert "refused by the guard" in str(error) and not inner.connections


async def test_rebinding_between_two_hops(make_fetcher: Make, into: Path) -> None:
    resolver = FakeResolver({"lists.example.org": [["127.0.0.1"], ["10.0.0.1"]]})
    async with serving() as server:
        server.on("/", http.redirect("/next"))
        server.on("/next", http.page(BODY))
        error = await refused(make_fetcher(resolver), Request(url=f"http://lists.example.org:{server.port}/"), into)
    assert "10.0.0.1 is private" in str(error) and len(server.seen) == 1


async def test_inner_addresses_beside_public_ones_are_not_tried(make_fetcher: Make, into: Path) -> None:
    resolver = FakeResolver({"lists.example.org": [["127.0.0.2", "::ffff:127.0.0.1", "127.0.0.1"]]})
    fetcher = make_fetcher(resolver, allow=("127.0.0.1/32",))
    async with serving() as server:
        server.on("/", http.page(BODY))
        fetched = await fetcher.fetch(Request(url=f"http://lists.example.org:{server.port}/"), into)
    assert fetched.address == "127.0.0.1"


@pytest.mark.parametrize(
    "host", ["0x7f.1", "2130706433", "127.1", "[::ffff:127.0.0.1]", "[::1]", "127.0.0.1.", "①②⑦.0.0.1"]
)
async def test_loopback_in_other_shapes(make_fetcher: Make, into: Path, host: str) -> None:
    error = await refused(make_fetcher(allow=()), Request(url=f"http://{host}:1/"), into)
    assert "refused by the guard" in str(error)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://192.0.2.1/", "lists.example.org", "http://", "http://a:b@c/"]
)
async def test_urls_that_are_not_fetched(fetcher: Fetcher, into: Path, url: str) -> None:
    error = await refused(fetcher, Request(url=url), into)
    assert error.state == "unreachable" and "a:b" not in str(error)


# --- connecting ------------------------------------------------------------------------------------------------------


async def test_connection_refused_in_words(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        pass
    error = await refused(fetcher, Request(url=server.url()), into)
    assert str(error) == f"cannot connect: 127.0.0.1 port {server.port}: connection refused"


async def test_a_name_that_does_not_exist(make_fetcher: Make, into: Path) -> None:
    error = await refused(make_fetcher(FakeResolver({})), Request(url="http://nowhere.example.org/"), into)
    assert str(error) == "DNS: nowhere.example.org: there is no such name"


async def test_one_connection_to_a_host_at_a_time(fetcher: Fetcher, tmp_path: Path) -> None:
    async def slow(stream: trio.abc.Stream, seen: http.Seen) -> None:
        await trio.sleep(0.01)
        await http.page(BODY)(stream, seen)

    async with serving() as server, trio.open_nursery() as nursery:
        server.on_any(slow)
        for number in range(5):
            nursery.start_soon(fetcher.fetch, Request(url=server.url(f"/{number}")), tmp_path / str(number))
        while len(server.seen) < 5:
            await trio.sleep(0.01)
        await trio.sleep(0.05)
        assert server.most_at_once == 1 and len(list(tmp_path.iterdir())) == 5


async def test_cancelled_fetch_closes_its_connection_and_removes_its_file(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/", http.drip(http.head(200), bytes(300_000), every=0.01))
        with trio.move_on_after(0.1):
            await fetcher.fetch(Request(url=server.url()), into)
        assert not into.exists()
        with trio.fail_after(2):
            while server.at_once:
                await trio.sleep(0.01)


async def test_our_disk_is_not_the_sources_fault(fetcher: Fetcher, tmp_path: Path) -> None:
    async with serving() as server:
        server.on("/", http.page(BODY))
        with pytest.raises(Unavailable, match=r"cannot write .*No such file"):
            await fetcher.fetch(Request(url=server.url()), tmp_path / "missing" / "body")
        (tmp_path / "link").symlink_to(tmp_path / "target")
        with pytest.raises(Unavailable):
            await fetcher.fetch(Request(url=server.url()), tmp_path / "link")
    assert not (tmp_path / "target").exists()
