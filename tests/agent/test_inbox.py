"""The inbox: what is brought is taken once, whole, in order, signed by the one key; or not at all."""

import os
from pathlib import Path

import pytest
import trio
from support import sealed
from support.agent_host import Host, answer, serving

from tipd.agent import push
from tipd.agent.chain import Chain
from tipd.agent.inbox import Inbox
from tipd.errors import TipdError, TryAgain, Unavailable


def chain_of(folder: Path, versions: int, raw: bytes = b"{}\n") -> Chain:
    chain = Chain(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(versions):
        sealed.grow(chain, folder, raw)
    return chain


def pushing(host: Host, **more) -> push.HttpTarget:
    token = host.enroll("pusher", "redacted", pushes=("mx1",))
    scheme = "http" if host.tls is None else "https"
    return push.HttpTarget(f"{scheme}://127.0.0.1:{host.port}", token, "mx1", "redacted", **more)


@pytest.mark.parametrize("tls", [False, True])
async def test_versions_are_brought_and_lie_there_as_they_were(tmp_path: Path, tls: bool) -> None:
    received: list[tuple[str, str, int]] = []
    inbox = Inbox(tmp_path / "inbox", lambda *what: received.append(what))
    mine = chain_of(tmp_path / "mine", 3)
    mine.bury(1)
    async with serving(tmp_path, 0, tls=tls, inbox=inbox) as host:
        target = pushing(host, **({"ca_file": host.certificate_path} if tls else {}))
        assert await push.push(mine, target) == 3
        sealed.grow(mine, tmp_path, b"[]\n")
        assert await push.push(mine, target) == 1
        assert await push.push(mine, target) == 0
        await target.aclose()
    there = Chain(tmp_path / "inbox" / "mx1" / "redacted")
    assert [there.manifest(n) for n in range(1, 5)] == [mine.manifest(n) for n in range(1, 5)]
    assert [link.state for link in there.check(sealed.KEY)] == ["tombstone", "good", "good", "good"]
    assert received == [("mx1", "redacted", n) for n in range(1, 5)]
    assert not list(there.folder.glob(".*.tmp"))


async def test_a_version_of_many_pieces_is_taken(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    raw = bytes(range(256)) * 20_000
    mine = chain_of(tmp_path / "mine", 1, os.urandom(3_000_000) + raw)
    async with serving(tmp_path, 0, inbox=inbox) as host:
        target = pushing(host)
        assert await push.push(mine, target) == 1
        await target.aclose()
    assert Chain(tmp_path / "inbox" / "mx1" / "redacted").body(1).read_bytes() == mine.body(1).read_bytes()


async def bring(host: Host, token: str, n: int, manifest: bytes, lines: bytes, agent: str = "mx1") -> int:
    """Bring a version by hand; return the status."""
    body = len(manifest).to_bytes(4, "big") + manifest + lines
    path = f"/push/{agent}/redacted/{n}"
    got = await host.ask(path, method="PUT", token=token, Content_Length=str(len(body)), body=body)
    return got.status


async def test_what_is_not_what_it_says_is_refused(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    mine = chain_of(tmp_path / "mine", 3)
    other = Chain(tmp_path / "other")
    other.folder.mkdir()
    sealed.grow(other, tmp_path, b"{}\n")
    sealed.grow(other, tmp_path, b"{}\n", key=sealed.NEXT)
    lines = [b"", *(mine.body(n).read_bytes() for n in (1, 2, 3))]
    async with serving(tmp_path, 0, inbox=inbox) as host:
        token = host.enroll("pusher", "redacted", pushes=("mx1",))
        assert await bring(host, token, 2, mine.manifest(2), lines[2]) == 409  # skipped
        assert await bring(host, token, 1, mine.manifest(2), lines[2]) == 422  # another number
        assert await bring(host, token, 1, mine.manifest(1), lines[1][:-1]) == 422  # cut
        assert await bring(host, token, 1, mine.manifest(1), lines[1] + b"x") == 422  # longer
        assert await bring(host, token, 1, mine.manifest(1).replace(b'"records":1', b'"records":9'), lines[1]) == 422
        assert await bring(host, token, 1, b"{", b"") == 422
        assert await bring(host, token, 1, mine.manifest(1), lines[1]) == 201
        assert await bring(host, token, 1, mine.manifest(1), lines[1]) == 409  # replayed
        assert await bring(host, token, 2, other.manifest(2), other.body(2).read_bytes()) == 422  # another key
        assert await bring(host, token, 2, mine.manifest(2), lines[2]) == 201
        huge = await host.ask("/push/mx1/redacted/3", method="PUT", token=token, body=b"\xff" * 4, Content_Length="4")
        assert huge.status == 422
    there = Chain(tmp_path / "inbox" / "mx1" / "redacted")
    assert [link.state for link in there.check(sealed.KEY)] == ["good", "good"]


async def test_who_may_not_bring_an_agent_s_versions_cannot(tmp_path: Path) -> None:
    mine = chain_of(tmp_path / "mine", 1)
    async with serving(tmp_path, 0, inbox=Inbox(tmp_path / "inbox")) as host:
        reader = host.enroll("reader", "redacted")
        pusher = host.enroll("pusher", "redacted", pushes=("mx1",))
        lines = mine.body(1).read_bytes()
        assert await bring(host, reader, 1, mine.manifest(1), lines) == 403
        assert await bring(host, pusher, 1, mine.manifest(1), lines, agent="mx2") == 403
        assert await bring(host, "tia_nobody", 1, mine.manifest(1), lines) == 401
        for path in ("/push/mx1", "/push/../x/1", "/push/mx1/%2e%2e/1", "/push/mx1/redacted/x"):
            assert (await host.ask(path, token=pusher)).status in {404, 405}
    assert not (tmp_path / "inbox").exists()


async def test_what_is_too_long_is_broken_off(tmp_path: Path) -> None:
    mine = chain_of(tmp_path / "mine", 1, os.urandom(6 * 2**20))
    async with serving(tmp_path, 0, inbox=Inbox(tmp_path / "inbox", longest=100_000)) as host:
        target = pushing(host)
        with pytest.raises((TipdError, Unavailable)):
            await push.push(mine, target)
        await target.aclose()
    assert Chain(tmp_path / "inbox" / "mx1" / "redacted").last == 0


async def test_a_push_that_was_cut_off_begins_anew(tmp_path: Path) -> None:
    mine = chain_of(tmp_path / "mine", 1)
    async with serving(tmp_path, 0, inbox=Inbox(tmp_path / "inbox")) as host:
        token = host.enroll("pusher", "redacted", pushes=("mx1",))
        stream = await host.connect()
        manifest = mine.manifest(1)
        await stream.send_all(
            host.request("/push/mx1/redacted/1", method="PUT", token=token, Content_Length="100000")
            + len(manifest).to_bytes(4, "big")
            + manifest
            + b"half"
        )
        await stream.send_eof()
        assert (await answer(stream)).status == 400
        assert await bring(host, token, 1, manifest, mine.body(1).read_bytes()) == 201


async def test_two_that_push_at_once_take_turns(tmp_path: Path) -> None:
    mine = chain_of(tmp_path / "mine", 4)
    async with serving(tmp_path, 0, inbox=Inbox(tmp_path / "inbox")) as host:
        first = pushing(host)
        token = host.enroll("pusher2", "redacted", pushes=("mx1",))
        second = push.HttpTarget(f"http://127.0.0.1:{host.port}", token, "mx1", "redacted")

        async def bring_all(target: push.HttpTarget) -> None:
            while await target.last() < mine.last:
                try:
                    await push.push(mine, target)
                except TryAgain:
                    await target.aclose()
            await target.aclose()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(bring_all, first)
            nursery.start_soon(bring_all, second)
    there = Chain(tmp_path / "inbox" / "mx1" / "redacted")
    assert [link.state for link in there.check(sealed.KEY)] == ["good"] * 4
