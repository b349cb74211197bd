"""An agent over HTTPS: lists, lines large and small, refusals in words."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import trio
import zstandard
from support import pulling, sealed
from support.agent_host import serving as hosting
from support.http_server import in_turn, page, raw, serving, status

from tipd.agent import protocol
from tipd.agent.chain import Chain
from tipd.agent.protocol import Manifest
from tipd.modules.spamtrap.agents import https
from tipd.modules.spamtrap.agents.https import HttpsOrigin
from tipd.modules.spamtrap.agents.origin import AwayError, Lines
from tipd.modules.spamtrap.agents.verifying import Refusal
from tipd.net.kept import Endpoint, Kept

BROKEN = raw(b"HTTP/1.1 200 x\r\nContent-Length: 600000\r\n\r\n" + b"x" * 5)
LIST = "/v1/versions"
LARGE = os.urandom(600_000)
DEEP = b'{"agent":"a","view":"v","last":1,"versions":[{"n":%s}]}' % (b"[" * 50_000 + b"]" * 50_000)


@asynccontextmanager
async def an_agent(folder: Path):
    """Give a host and an origin that asks it."""
    async with hosting(folder, 2) as host:
        token = folder / "token"
        token.write_text(host.token)
        token.chmod(0o600)
        origin = HttpsOrigin(
            Kept(pulling.fetcher().tools, Endpoint(url=f"http://127.0.0.1:{host.port}", token_file=token))
        )
        try:
            yield host, origin
        finally:
            await origin.aclose()


@asynccontextmanager
async def scripted(path: str, *scripts):
    async with serving() as server:
        server.on(path, in_turn(*scripts))
        origin = HttpsOrigin(Kept(pulling.fetcher().tools, Endpoint(url=server.url(""))))
        try:
            yield origin
        finally:
            await origin.aclose()


def manifest_of(body: bytes, n: int = 1) -> Manifest:
    return protocol.read(sealed.manifest(n, None, body), sealed.KEY)


async def test_a_list_holds_what_was_signed(tmp_path: Path) -> None:
    async with an_agent(tmp_path) as (host, origin):
        listing = await origin.listing(0)
        assert (listing.agent, listing.view, listing.last) == ("mx1", "redacted", 2)
        assert list(listing.manifests) == [host.chain.manifest(1), host.chain.manifest(2)]
        assert [msgspec.json.decode(one)["n"] for one in (await origin.listing(1)).manifests] == [2]


async def test_order_and_blanks_of_a_list_do_not_matter() -> None:
    one = sealed.manifest(1, None, b"x")
    shown = dict(reversed(msgspec.json.decode(one).items()))
    body = msgspec.json.format(msgspec.json.encode({"agent": "mx1", "view": "v", "last": 1, "versions": [shown]}))
    async with scripted(LIST, page(body, Date="Sun, 22 Nov 2026 05:00:00 GMT")) as origin:
        listing = await origin.listing(0)
    assert listing.manifests == (one,)
    assert listing.date == datetime(2026, 11, 22, 5, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"agent":"a","view":"v","last":1,"versions":[1]}', DEEP])
async def test_a_list_that_is_none(body: bytes) -> None:
    async with scripted(LIST, page(body)) as origin:
        with pytest.raises(Refusal) as raised:
            await origin.listing(0)
    assert raised.value.reason == "format"


@pytest.mark.parametrize(("code", "state"), [(401, "forbidden"), (500, "unreachable"), (404, "gone")])
async def test_an_agent_that_gives_no_list(code: int, state: str) -> None:
    async with scripted(LIST, status(code)) as origin:
        with pytest.raises(AwayError) as raised:
            await origin.listing(0)
    assert raised.value.state == state


async def test_small_and_large_lines_and_those_that_are_gone(tmp_path: Path) -> None:
    async with an_agent(tmp_path) as (host, origin):
        small = protocol.read(host.chain.manifest(1), sealed.KEY)
        assert await origin.lines(small, tmp_path / "1.part") == Lines(data=zstandard.compress(b"{}\n"))
        body = tmp_path / "large"
        body.write_bytes(LARGE)
        host.chain.append(sealed.manifest(3, protocol.digest(host.chain.manifest(2)), LARGE), 3, body)
        large = protocol.read(host.chain.manifest(3), sealed.KEY)
        assert await origin.lines(large, tmp_path / "3.part") == Lines(path=tmp_path / "3.part")
        assert (tmp_path / "3.part").read_bytes() == LARGE
        assert await origin.lines(large, tmp_path / "3.part") == Lines(path=tmp_path / "3.part")  # it is whole
        for n, one in ((1, small), (3, large)):
            host.chain.bury(n)
            (tmp_path / "3.part").unlink(missing_ok=True)
            assert await origin.lines(one, tmp_path / "3.part") is None


async def test_a_part_that_is_not_of_this_version_is_brought_anew(tmp_path: Path) -> None:
    part = tmp_path / "1.part"
    part.write_bytes(b"another beginning")
    length = len(LARGE) - 17
    said = f"bytes 17-{len(LARGE) - 1}/{len(LARGE)}"
    tail = raw(f"HTTP/1.1 206 x\r\nContent-Length: {length}\r\nContent-Range: {said}\r\n\r\n".encode(), LARGE[17:])
    async with scripted("/v1/versions/1", tail, page(LARGE)) as origin:
        with pytest.raises(Refusal, match="not those"):
            await origin.lines(manifest_of(LARGE), part)
        assert await origin.lines(manifest_of(LARGE), part) == Lines(path=part)
    assert part.read_bytes() == LARGE


async def test_a_range_the_server_cannot_give(tmp_path: Path) -> None:
    part = tmp_path / "1.part"
    part.write_bytes(LARGE[:100])
    async with scripted("/v1/versions/1", status(416), page(LARGE)) as origin:
        assert await origin.lines(manifest_of(LARGE), part) == Lines(path=part)


@pytest.mark.parametrize("body", [b"x" * 100, LARGE])
async def test_other_lines_more_and_fewer(tmp_path: Path, body: bytes) -> None:
    part = tmp_path / "1.part"
    scripts = (page(body[:-1] + b"?"), page(body + b"?"), page(body[:-1]))
    async with scripted("/v1/versions/1", *scripts) as origin:
        for reasons in ({"hash"}, {"size"}, {"hash"}):
            with pytest.raises(Refusal) as raised:
                await origin.lines(manifest_of(body), part)
            assert raised.value.reason in reasons


async def test_large_lines_that_break_off(tmp_path: Path) -> None:
    async with scripted("/v1/versions/1", BROKEN) as origin:
        with pytest.raises(AwayError, match="truncated"):
            await origin.lines(manifest_of(LARGE), tmp_path / "1.part")
    assert (tmp_path / "1.part").read_bytes() == b"x" * 5


async def test_announcements(tmp_path: Path) -> None:
    told: list[int] = []
    async with an_agent(tmp_path) as (host, origin), trio.open_nursery() as nursery:
        came = trio.Event()

        def tell(last: int) -> None:
            told.append(last)
            came.set()

        nursery.start_soon(origin.watch, tell)
        with trio.fail_after(5):
            await came.wait()
        assert told == [host.chain.last]
        nursery.cancel_scope.cancel()


async def test_announcements_that_cannot_be_read_are_none(monkeypatch) -> None:
    told: list[int] = []

    async def says(_kept: object, _path: str, heard) -> None:
        for text in ("{", "[]", '{"last":"3"}', '{"last":3}', "{}"):
            heard(text)

    monkeypatch.setattr(https.announced, "listen", says)
    origin = HttpsOrigin(Kept(pulling.fetcher().tools, Endpoint(url="https://mx1.example.org")))
    await origin.watch(told.append)
    assert told == [3]
    await origin.taken(3)


def test_the_chain_of_a_test_is_one(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    sealed.grow(chain, tmp_path, b"{}\n")
    assert chain.last == 1
