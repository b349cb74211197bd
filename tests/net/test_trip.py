"""One fetch: statuses, manners, the guard on every hop, connections."""

from pathlib import Path

import pytest
import trio
from support import http_server as http
from support.fetching import BODY, Make, refused
from support.http_server import serving
from support.names import FakeResolver

from tipd.net.fetch import Fetcher
from tipd.net.request import Request, TooSoon


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
