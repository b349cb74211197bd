"""Connecting: several addresses, and proxies."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trustme
from support import http_server as http
from support.http_server import serving
from support.names import FakeResolver

from tipd.net.fetch import Fetcher
from tipd.net.guard import Guard
from tipd.net.request import FetchError, Limits, Request
from tipd.net.transport import race, vetted

ALLOWED = Guard(["127.0.0.0/8", "::1/128"])

type Make = Callable[..., Fetcher]


def test_families_take_turns() -> None:
    guard = Guard(["2001:db8::/32", "192.0.2.0/24"])
    mixed = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2", "10.0.0.1"]
    assert vetted(mixed, guard) == ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]
    assert len(vetted([f"192.0.2.{i}" for i in range(200)], guard)) == 6


async def test_next_address_is_tried_where_one_refuses() -> None:
    async with serving(host="127.0.0.3") as server:
        dialled = await race(["127.0.0.1", "127.0.0.2", "127.0.0.3"], server.port, ALLOWED, 2.0)
        assert dialled.address == "127.0.0.3"
        await trio.aclose_forcefully(dialled.stream)


async def test_next_address_is_tried_beside_one_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.net.transport.STAGGER", 0.02)
    full = trio.socket.socket()
    await full.bind(("127.0.0.1", 0))
    full.listen(0)  # one connection fills its queue: the next waits for ever
    port = full.getsockname()[1]
    filler = [trio.socket.socket() for _ in range(3)]
    async with trio.open_nursery() as nursery:
        for sock in filler:
            nursery.start_soon(sock.connect, ("127.0.0.1", port))
        await trio.sleep(0.02)
        other = trio.socket.socket()
        await other.bind(("127.0.0.2", port))
        other.listen(1)
        dialled = await race(["127.0.0.1", "127.0.0.2"], port, ALLOWED, 2.0)
        assert dialled.address == "127.0.0.2"
        with pytest.raises(FetchError, match=r"no connection within 0.05 s"):
            await race(["127.0.0.1"], port, ALLOWED, 0.05)
        nursery.cancel_scope.cancel()
    await trio.aclose_forcefully(dialled.stream)
    for sock in (full, other, *filler):
        sock.close()


async def test_every_address_has_its_reason() -> None:
    async with serving() as server:
        pass
    with pytest.raises(FetchError) as caught:
        await race(["127.0.0.1", "127.0.0.2"], server.port, ALLOWED, 1.0)
    assert str(caught.value).count("connection refused") == 2


async def test_the_socket_is_vetted_even_where_the_list_was_not() -> None:
    async with serving() as server:
        with pytest.raises(FetchError, match=r"127.0.0.1 is loopback"):
            await race(["127.0.0.1"], server.port, Guard(), 1.0)
    assert not server.connections


# --- proxies ---------------------------------------------------------------------------------------------------------


def tunnelling(target_port: int) -> http.Script:
    """A proxy that opens a tunnel to one port of ours, whatever is asked."""

    async def script(stream: trio.abc.Stream, seen: http.Seen) -> None:
        await stream.send_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        async with await trio.open_tcp_stream("127.0.0.1", target_port) as onward:

            async def carry(source: trio.abc.Stream, sink: trio.abc.Stream) -> None:
                while piece := await source.receive_some(65536):
                    await sink.send_all(piece)
                nursery.cancel_scope.cancel()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(carry, stream, onward)
                nursery.start_soon(carry, onward, stream)

    return script


async def test_http_through_a_proxy_that_resolves_by_itself(make_fetcher: Make, into: Path) -> None:
    resolver = FakeResolver({"proxy.example.org": [["127.0.0.1"]]})
    async with serving() as proxy:
        proxy.on_any(http.page(b"x"))
        fetcher = make_fetcher(resolver, allow=(), proxy=f"http://proxy.example.org:{proxy.port}")
        fetched = await fetcher.fetch(Request(url="http://lists.example.org/a?b"), into)
    assert proxy.seen[0].target == "http://lists.example.org/a?b"
    assert resolver.asked == ["proxy.example.org"] and fetched.address == "127.0.0.1"


async def test_https_through_a_tunnel(make_fetcher: Make, into: Path) -> None:
    authority = trustme.CA()
    ca_file = into.with_name("ca.pem")
    authority.cert_pem.write_to_path(str(ca_file))
    tls = http.ssl.create_default_context(http.ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("lists.example.org").configure_cert(tls)
    async with serving(tls) as server, serving() as proxy:
        server.on("/", http.page(b"x"))
        proxy.on_any(tunnelling(server.port))
        request = Request(url="https://lists.example.org/", ca_file=ca_file, proxy=f"http://127.0.0.1:{proxy.port}")
        fetched = await make_fetcher(FakeResolver({}), allow=()).fetch(request, into)
    assert fetched.status == "ok" and server.seen[0].headers["host"] == "lists.example.org"
    assert (proxy.seen[0].method, proxy.seen[0].target) == ("CONNECT", "lists.example.org:443")


async def test_a_proxy_is_no_way_round_the_guard_for_addresses(make_fetcher: Make, into: Path) -> None:
    async with serving() as proxy:
        fetcher = make_fetcher(allow=(), proxy=f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(FetchError, match=r"10.0.0.1 is private"):
            await fetcher.fetch(Request(url="http://10.0.0.1/"), into)
    assert not proxy.connections


async def test_a_source_may_go_round_the_proxy(make_fetcher: Make, into: Path) -> None:
    async with serving() as server:
        server.on("/", http.page(b"x"))
        fetcher = make_fetcher(proxy="http://127.0.0.1:1")
        assert (await fetcher.fetch(Request(url=server.url(), proxy="none"), into)).status == "ok"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (http.status(407), "answered 407"),
        (http.raw(b"\0\1\2\r\n\r\n"), "does not speak HTTP"),
        (http.raw(), "does not speak HTTP"),
        (http.raw(b"HTTP/1.1 200 OK\r\n\r\nearly"), "before the tunnel"),
        (http.silence(), "timeout"),
    ],
)
async def test_proxies_that_do_not_work(make_fetcher: Make, into: Path, script: http.Script, why: str) -> None:
    async with serving() as proxy:
        proxy.on_any(script)
        fetcher = make_fetcher(allow=(), proxy=f"http://127.0.0.1:{proxy.port}")
        limits = Limits(connect=0.15 if why == "timeout" else 10)
        with pytest.raises(FetchError, match=why):
            await fetcher.fetch(Request(url="https://lists.example.org/", limits=limits), into)


async def test_a_proxy_that_asks_who_we_are(make_fetcher: Make, into: Path, tmp_path: Path) -> None:
    authority, ca_file, word = trustme.CA(), tmp_path / "ca.pem", tmp_path / "proxy_word"
    authority.cert_pem.write_to_path(str(ca_file))
    word.write_text("collector:sesame12\n")
    word.chmod(0o600)
    tls = http.ssl.create_default_context(http.ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("lists.example.org").configure_cert(tls)
    asked = "Basic " + base64.b64encode(b"collector:sesame12").decode()
    async with serving(tls) as server, serving() as proxy:
        server.on("/", http.page(b"x"))
        for secure in (False, True):
            proxy.on_any(tunnelling(server.port) if secure else http.page(b"x"))
            request = Request(
                url=f"http{'s' if secure else ''}://lists.example.org/",
                ca_file=ca_file,
                proxy=f"http://127.0.0.1:{proxy.port}",
                proxy_credential_file=word,
            )
            assert (await make_fetcher(FakeResolver({}), allow=()).fetch(request, into)).status == "ok"
        assert [seen.headers["proxy-authorization"] for seen in proxy.seen] == [asked, asked]
        assert "proxy-authorization" not in server.seen[0].headers, "it is the proxy's, not the server's"
        word.write_text("no colon here")
        with pytest.raises(FetchError, match="must hold user:password") as caught:
            await make_fetcher(FakeResolver({}), allow=()).fetch(request, into)
        assert caught.value.state == "needs_key"
