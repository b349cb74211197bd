"""A chain that is a plain folder: in the middle of being copied, with links in it, as an inbox."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
import trio
import zstandard
from support import sealed
from support.stores import HandClock

from tipd.agent import protocol
from tipd.agent.chain import Chain
from tipd.clock import SystemClock
from tipd.modules.spamtrap.agents import folder as folder_
from tipd.modules.spamtrap.agents.folder import SETTLED, FolderOrigin
from tipd.modules.spamtrap.agents.origin import AwayError, Lines
from tipd.modules.spamtrap.agents.verifying import Refusal


@pytest.fixture
def clock() -> HandClock:
    return HandClock(SystemClock().now())


def grown(folder: Path, count: int = 3, raw: bytes = b"{}\n") -> Chain:
    chain = Chain(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(count):
        sealed.grow(chain, folder.parent, raw)
    return chain


def manifest(chain: Chain, n: int) -> protocol.Manifest:
    return protocol.read(chain.manifest(n), sealed.KEY)


@pytest.mark.parametrize(
    ("below", "view", "agent"),
    [("", "", ""), ("redacted", "", ""), ("redacted", "redacted", ""), ("mx1/redacted", "redacted", "mx1")],
)
async def test_where_the_chain_lies(tmp_path: Path, clock: HandClock, below: str, view: str, agent: str) -> None:
    chain = grown(tmp_path / "chains" / below if below else tmp_path / "chains")
    listing = await FolderOrigin(tmp_path / "chains", clock, view, agent).listing(1)
    assert (listing.agent, listing.view, listing.last) == ("mx1", "redacted", 3)
    assert listing.manifests == (chain.manifest(2), chain.manifest(3))


async def test_no_folder_and_several_views(tmp_path: Path, clock: HandClock) -> None:
    with pytest.raises(AwayError, match="no such folder"):
        await FolderOrigin(tmp_path / "none", clock).listing(0)
    for view in ("urls", "redacted"):
        grown(tmp_path / "both" / view)
    with pytest.raises(AwayError, match="several views"):
        await FolderOrigin(tmp_path / "both", clock).listing(0)
    assert (await FolderOrigin(tmp_path / "both", clock, "urls").listing(0)).last == 3


async def test_lines_small_large_and_gone(tmp_path: Path, clock: HandClock, monkeypatch) -> None:
    chain = grown(tmp_path / "chain")
    origin = FolderOrigin(tmp_path / "chain", clock)
    with pytest.raises(AwayError):
        await origin.lines(manifest(chain, 1), tmp_path / "part")
    await origin.listing(0)
    body = zstandard.compress(b"{}\n")
    assert await origin.lines(manifest(chain, 1), tmp_path / "part") == Lines(data=body)
    monkeypatch.setattr(folder_, "INLINE", 1)
    assert await origin.lines(manifest(chain, 2), tmp_path / "part") == Lines(path=tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == body
    chain.bury(1)
    await origin.listing(0)
    assert await origin.lines(manifest(chain, 1), tmp_path / "part") is None


async def test_in_the_middle_of_a_copy(tmp_path: Path, clock: HandClock) -> None:
    chain = grown(tmp_path / "chain")
    origin = FolderOrigin(tmp_path / "chain", clock)
    await origin.listing(0)
    whole = chain.body(2).read_bytes()
    chain.body(2).write_bytes(whole[:-1])
    chain.body(3).unlink()
    for n in (2, 3):
        with pytest.raises(AwayError, match="yet"):
            await origin.lines(manifest(chain, n), tmp_path / "part")
    clock.move(timedelta(seconds=2 * SETTLED))
    with pytest.raises(Refusal) as raised:
        await origin.lines(manifest(chain, 2), tmp_path / "part")
    assert raised.value.reason == "truncated"
    assert await origin.lines(manifest(chain, 3), tmp_path / "part") is None


async def test_other_lines_and_more(tmp_path: Path, clock: HandClock) -> None:
    chain = grown(tmp_path / "chain")
    origin = FolderOrigin(tmp_path / "chain", clock)
    await origin.listing(0)
    whole = chain.body(1).read_bytes()
    for spoilt, reason in ((whole[:-1] + b"?", "hash"), (whole + b"?", "size")):
        chain.body(1).write_bytes(spoilt)
        with pytest.raises(Refusal) as raised:
            await origin.lines(manifest(chain, 1), tmp_path / "part")
        assert raised.value.reason == reason


async def test_links_pipes_and_folders_are_no_lines(tmp_path: Path, clock: HandClock) -> None:
    chain = grown(tmp_path / "chain", 4)
    origin = FolderOrigin(tmp_path / "chain", clock)
    await origin.listing(0)
    places = [chain.body(n) for n in (1, 2, 3)]
    secret = tmp_path / "secret"
    secret.write_bytes(places[0].read_bytes())
    for place in places:
        place.unlink()
    places[0].symlink_to(secret)
    os.mkfifo(places[1])
    places[2].mkdir()
    for n in (1, 2, 3):
        with pytest.raises(AwayError):
            await origin.lines(manifest(chain, n), tmp_path / "part")


async def test_a_manifest_that_is_missing_leaves_a_gap(tmp_path: Path, clock: HandClock) -> None:
    chain = grown(tmp_path / "chain")
    (chain.folder / "2.manifest").unlink()
    listing = await FolderOrigin(tmp_path / "chain", clock).listing(0)
    assert listing.manifests == (chain.manifest(1), chain.manifest(3))


async def test_an_inbox_is_emptied_and_keeps_its_manifests(tmp_path: Path, clock: HandClock) -> None:
    chain = grown(tmp_path / "inbox" / "redacted")
    origin = FolderOrigin(tmp_path / "inbox", clock, bury=True)
    await origin.listing(0)
    await origin.taken(2)
    assert [chain.has_body(n) for n in (1, 2, 3)] == [False, False, True]
    assert (await origin.listing(1)).manifests == (chain.manifest(2), chain.manifest(3))
    await origin.taken(2)
    await origin.taken(3)
    assert not chain.has_body(3)
    plain = grown(tmp_path / "chain")
    origin = FolderOrigin(tmp_path / "chain", clock)
    await origin.listing(0)
    await origin.taken(3)
    assert plain.has_body(3)
    await origin.aclose()


async def test_a_change_is_noticed(tmp_path: Path, clock: HandClock, monkeypatch) -> None:
    monkeypatch.setattr(folder_, "LOOK_EVERY", 0.01)
    chain = grown(tmp_path / "chain", 1)
    bell = trio.Event()

    def told(_last: int) -> None:
        bell.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(FolderOrigin(tmp_path / "chain", clock).watch, told)
        with trio.fail_after(5):
            await bell.wait()
            bell = trio.Event()
            sealed.grow(chain, tmp_path, b"{}\n")
            await bell.wait()
        nursery.cancel_scope.cancel()


async def test_a_folder_of_rubbish(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "1.manifest").write_bytes(b"\xff")
    with pytest.raises(AwayError):
        await FolderOrigin(tmp_path, clock).listing(0)
    (tmp_path / "1.manifest").write_bytes(b"x" * (protocol.LONGEST_MANIFEST + 1))
    with pytest.raises(AwayError):
        await FolderOrigin(tmp_path, clock).listing(0)


async def test_a_file_that_grows_while_it_is_copied_is_left(tmp_path: Path, clock: HandClock, monkeypatch) -> None:
    chain = grown(tmp_path / "chain", raw=os.urandom(400_000))
    origin = FolderOrigin(tmp_path / "chain", clock)
    await origin.listing(0)
    monkeypatch.setattr(folder_.os, "read", lambda _file, most: b"x" * most)  # it never ends
    with pytest.raises(Refusal) as raised, trio.fail_after(5):
        await origin.lines(manifest(chain, 1), tmp_path / "part")
    assert raised.value.reason == "size"
