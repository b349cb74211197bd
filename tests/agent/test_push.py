"""Bringing versions: into a folder, and what is said where that cannot be."""

from pathlib import Path

import pytest
from support import sealed
from support.agent_host import serving

from tipd.agent import push
from tipd.agent.chain import Chain
from tipd.errors import TipdError, Unavailable, UsageError


async def test_a_folder_gets_what_it_lacks(tmp_path: Path) -> None:
    mine = Chain(tmp_path / "mine")
    mine.folder.mkdir()
    told: list[int] = []
    for _ in range(3):
        sealed.grow(mine, tmp_path, b"{}\n")
    mine.bury(2)
    target = push.FolderTarget(tmp_path / "stick", "mx1", "redacted")
    assert await push.push(mine, target, told.append) == 3
    assert await push.push(mine, target, told.append) == 0
    assert told == [1, 2, 3]
    there = Chain(tmp_path / "stick" / "mx1" / "redacted")
    assert [link.state for link in there.check(sealed.KEY)] == ["good", "tombstone", "good"]
    assert mine.body(1).exists()


async def test_a_folder_with_another_chain_is_left_alone(tmp_path: Path) -> None:
    mine, theirs = Chain(tmp_path / "mine"), Chain(tmp_path / "stick" / "mx1" / "redacted")
    mine.folder.mkdir()
    sealed.grow(mine, tmp_path, b"{}\n")
    sealed.grow(mine, tmp_path, b"{}\n")
    theirs.folder.mkdir(parents=True)
    sealed.grow(theirs, tmp_path, b"[]\n")
    with pytest.raises(TipdError, match="names another one before it"):
        await push.push(mine, push.FolderTarget(tmp_path / "stick", "mx1", "redacted"))
    assert theirs.last == 1


async def test_a_target_that_is_ahead_is_not_ours(tmp_path: Path) -> None:
    theirs = Chain(tmp_path / "stick" / "mx1" / "redacted")
    theirs.folder.mkdir(parents=True)
    sealed.grow(theirs, tmp_path, b"[]\n")
    with pytest.raises(TipdError, match="another agent's chain"):
        await push.push(Chain(tmp_path / "mine"), push.FolderTarget(tmp_path / "stick", "mx1", "redacted"))


@pytest.mark.parametrize("url", ["http://mx.example.org", "ftp://127.0.0.1", "127.0.0.1:8473", "https://"])
def test_a_token_goes_over_tls_alone(url: str) -> None:
    with pytest.raises(UsageError):
        push.HttpTarget(url, "tia_x", "mx1", "redacted")


async def test_a_certificate_that_is_not_known_ends_it(tmp_path: Path) -> None:
    async with serving(tmp_path, 0, tls=True) as host:
        target = push.HttpTarget(f"https://127.0.0.1:{host.port}", "tia_x", "mx1", "redacted")
        with pytest.raises(Unavailable):
            await target.last()
        await target.aclose()


async def test_nobody_there_is_unavailable() -> None:
    target = push.HttpTarget("http://127.0.0.1:9", "tia_x", "mx1", "redacted")
    with pytest.raises(Unavailable):
        await target.last()


async def test_a_refusal_says_why(tmp_path: Path) -> None:
    async with serving(tmp_path, 0) as host:
        target = push.HttpTarget(f"http://127.0.0.1:{host.port}", "tia_x", "mx1", "redacted")
        with pytest.raises(TipdError, match="who are you"):
            await target.last()
        await target.aclose()
