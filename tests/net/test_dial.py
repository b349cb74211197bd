"""Connections to one place: the guard, names, TLS."""

from __future__ import annotations

import pytest
import trio
from support.http_server import page, serving

from tipd.net.dial import connect, resolved
from tipd.net.fetch import Fetcher
from tipd.net.hop import locate
from tipd.net.request import FetchError
from tipd.net.resolve import ResolveError


async def test_a_plain_connection(fetcher: Fetcher) -> None:
    async with serving() as server:
        server.on("/", page(b"ok"))
        dialled = await connect(fetcher.tools, locate(server.url("/")))
        assert dialled.address == "127.0.0.1"
        await trio.aclose_forcefully(dialled.stream)


async def test_what_the_guard_refuses(make_fetcher) -> None:
    with pytest.raises(FetchError, match="guard"):
        await connect(make_fetcher(allow_networks=()).tools, locate("http://127.0.0.1:1/"))


async def test_no_tls_is_said_and_the_stream_closed(make_fetcher) -> None:
    tools = make_fetcher(connect_timeout="1s").tools
    async with serving() as server:
        with pytest.raises(FetchError, match="TLS"):
            await connect(tools, locate(server.url("/").replace("http:", "https:")))


async def test_names(fetcher: Fetcher, monkeypatch) -> None:
    assert await resolved(fetcher.tools, "2001:db8::1") == ["2001:db8::1"]

    async def nothing(_self, host):
        raise ResolveError(f"{host}: has no address")

    monkeypatch.setattr(type(fetcher.tools.resolver), "resolve", nothing)
    with pytest.raises(FetchError, match="DNS"):
        await resolved(fetcher.tools, "mx1.example.org")
