"""What a chain gives: lists that are cut, tombstones, ranges, and what lies there damaged."""

import os
from pathlib import Path

import pytest
from support import sealed
from support.agent_host import serving

from tipd.agent import versions
from tipd.agent.chain import Chain
from tipd.agent.problem import Problem
from tipd.agent.shelf import Served


def made(folder: Path, count: int) -> Served:
    chain = Chain(folder / "chain")
    chain.folder.mkdir()
    for _ in range(count):
        sealed.grow(chain, folder, os.urandom(100))
    return Served("mx1", "redacted", chain)


async def test_a_long_list_comes_in_parts(tmp_path: Path) -> None:
    async with serving(tmp_path, 7) as host:
        seen: list[int] = []
        while True:
            listed = (await host.ask(f"/v1/versions?since={seen[-1] if seen else 0}&limit=3")).json
            if not listed["versions"]:
                break
            seen += [each["n"] for each in listed["versions"]]
            assert listed["last"] == 7
    assert seen == list(range(1, 8))


async def test_what_retention_took_is_told_and_gone(tmp_path: Path) -> None:
    async with serving(tmp_path, 3) as host:
        host.chain.bury(1)
        listed = (await host.ask("/v1/versions")).json
        assert (listed["first"], listed["last"], listed["gone"]) == (2, 3, [1])
        assert len(listed["versions"]) == 3
        assert (await host.ask("/v1/versions/1")).status == 410
        assert (await host.ask("/v1/versions/4")).status == 404
        assert (await host.ask("/v1/versions/0")).status == 404


async def test_an_empty_chain_is_a_list_without_versions(tmp_path: Path) -> None:
    async with serving(tmp_path, 0) as host:
        listed = (await host.ask("/v1/versions")).json
        assert (listed["first"], listed["last"], listed["versions"]) == (0, 0, [])


@pytest.mark.parametrize("query", ["since=x", "since=-1", "since=%00", "limit=1e9", "since=" + "9" * 13])
async def test_numbers_are_numbers(tmp_path: Path, query: str) -> None:
    async with serving(tmp_path, 1) as host:
        assert (await host.ask(f"/v1/versions?{query}")).status == 400


async def test_who_is_ahead_gets_an_empty_list(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        listed = (await host.ask("/v1/versions?since=99")).json
        assert (listed["last"], listed["versions"]) == (1, [])


@pytest.mark.parametrize("tls", [False, True])
async def test_a_download_goes_on_where_it_broke_off(tmp_path: Path, tls: bool) -> None:
    async with serving(tmp_path, 1, tls=tls, raw=os.urandom(3 * 2**20)) as host:
        whole = host.chain.body(1).read_bytes()
        etag = (await host.ask("/v1/versions/1", method="HEAD")).headers["etag"]
        rest = await host.ask("/v1/versions/1", Range="bytes=1000001-", If_Range=etag)
        assert (rest.status, rest.body) == (206, whole[1000001:])
        assert rest.headers["content-range"] == f"bytes 1000001-{len(whole) - 1}/{len(whole)}"
        other = await host.ask("/v1/versions/1", Range="bytes=1000001-", If_Range='"another"')
        assert (other.status, other.body) == (200, whole)
        beyond = await host.ask("/v1/versions/1", Range=f"bytes={len(whole)}-")
        assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
        same = await host.ask("/v1/versions/1", If_None_Match=etag)
        assert (same.status, same.body) == (304, b"")
        assert "content-length" not in same.headers


async def test_head_tells_the_size_and_sends_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        stream = await host.connect()
        got = await host.ask("/v1/versions/1", method="HEAD", stream=stream)
        assert int(got.headers["content-length"]) == host.chain.body(1).stat().st_size
        assert got.body == b""
        whole = await host.ask("/v1/versions", stream=stream)
        head = await host.ask("/v1/versions", method="HEAD", stream=stream)
        assert int(head.headers["content-length"]) == len(whole.body)
        assert (await host.ask("/v1/versions/1", stream=stream)).status == 200


def test_lines_that_were_cut_on_the_disk_are_not_served(tmp_path: Path) -> None:
    served = made(tmp_path, 1)
    os.truncate(served.chain.body(1), 5)
    with pytest.raises(Problem) as raised:
        versions.opened(served.chain, 1)
    assert raised.value.status == 500


def test_a_list_is_cut_by_its_bytes_too(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(versions, "_MOST_BYTES", 900)
    served = made(tmp_path, 4)
    text = versions.listing(served, 0, 100).decode()
    assert '"n":1' in text
    assert '"n":4' not in text


async def test_what_is_taken_is_kept_by_peer(tmp_path: Path) -> None:
    async with serving(tmp_path, 3) as host:
        peers = host.server.peers
        stream = await host.connect()  # answers on one connection come when the one before is done
        await host.ask("/v1/versions?since=1", stream=stream)
        await host.ask("/v1/versions/2", Range="bytes=0-1", stream=stream)
        await host.ask("/v1/versions/9", stream=stream)
        assert (peers.taken("lab").has, peers.taken("lab").n) == (1, 0)
        await host.ask("/v1/versions/2", Range="bytes=2-", stream=stream)
        await host.ask("/v1/versions/1", stream=stream)
        await host.ask("/v1/versions/9", stream=stream)
        assert (peers.taken("lab").n, peers.taken("lab").versions) == (2, 2)
        host.server.save_taken()
    assert '"n": 2' in (tmp_path / "taken.json").read_text()
