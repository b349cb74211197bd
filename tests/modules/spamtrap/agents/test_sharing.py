"""`[sharing]`: what may be passed on is, as the agent signed it; and agents push to us."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio
from support import pulling, sealed
from support.pulling import FakeStore, mails

from tipd import log
from tipd.agent import certificate, peers, protocol
from tipd.agent.chain import Chain
from tipd.agent.peers import Peer
from tipd.agent.push import HttpTarget, push
from tipd.clock import SystemClock
from tipd.errors import TipdError
from tipd.modules.spamtrap.agents import sharing
from tipd.modules.spamtrap.agents.following import Following
from tipd.modules.spamtrap.agents.https import HttpsOrigin
from tipd.modules.spamtrap.agents.origin import AwayError
from tipd.modules.spamtrap.agents.pulling import Pull
from tipd.modules.spamtrap.agents.sharing import Sharing, peers_file
from tipd.modules.spamtrap.settings import SharingSettings
from tipd.net.kept import Endpoint, Kept

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


class Shared:
    """A daemon's folders, and its listener."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.chain = Chain(folder / "agents" / "mx1" / "redacted")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        made = certificate.self_signed(["127.0.0.1"], SystemClock().now())
        self.ca_file, key = folder / "tls.pem", folder / "tls.key"
        self.ca_file.write_bytes(made.certificate)
        key.write_bytes(made.key)
        self.settings = SharingSettings(
            enabled=True,
            listen=f"127.0.0.1:{self.port}",
            tls_cert_file=str(self.ca_file),
            tls_key_file=str(key),
            **settings,
        )
        self.pushed: list[str] = []
        self.agents = (pulling.source(), pulling.source(name="mx2"), pulling.source(name="mx3", push=True, path=""))

    def grow(self, number: int, **more: Any) -> None:
        sealed.grow(self.chain, self.folder, mails(number), **({"onward": True, "tlp": "green"} | more))

    def enroll(self, name: str, **more: Any) -> Path:
        values = {"view": "redacted"} | more
        path = self.folder / name
        path.write_text(peers.enroll(peers_file(self.folder), name, Peer(**values), NOW))
        path.chmod(0o600)
        return path

    def url(self, agent: str = "mx1") -> str:
        return f"https://127.0.0.1:{self.port}/{agent}"

    @asynccontextmanager
    async def serving(self):
        peers_file(self.folder).parent.mkdir(exist_ok=True)
        sharing = Sharing(
            self.settings,
            self.agents,
            state_dir=self.folder,
            root=self.folder / "agents",
            inbox=self.folder / "inbox",
            clock=SystemClock(),
            log=log.get("sharing"),
            pushed=self.pushed.append,
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sharing.run)
            with trio.fail_after(5):
                while not await self._up():
                    await trio.sleep(0.01)
            yield sharing
            nursery.cancel_scope.cancel()

    async def _up(self) -> bool:
        try:
            stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        except OSError:
            return False
        await stream.aclose()
        return True

    @asynccontextmanager
    async def origin(self, token: Path, agent: str = "mx1"):
        ends = Endpoint(url=self.url(agent), token_file=token, ca_file=self.ca_file)
        made = HttpsOrigin(Kept(pulling.fetcher().tools, ends))
        yield made
        await made.aclose()


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


async def test_a_peer_takes_what_the_agent_signed(shared: Shared, tmp_path: Path) -> None:
    for n in (1, 2):
        shared.grow(n)
    store, token = FakeStore(), shared.enroll("bob")
    (tmp_path / "bob's").mkdir()
    ground = pulling.ground(tmp_path / "bob's", store)
    async with shared.serving() as sharing, shared.origin(token) as origin:
        pull = Pull(ground, pulling.source(name="from_alice", public_key=sealed.KEY), origin, pulling.no_marks)
        await pull.all()
        assert len(store.spam.mails) == 2
        shared.grow(3)
        await sharing.kept("mx1", "redacted", 3)
        await pull.all()
    assert len(store.spam.mails) == 3
    theirs = Chain(tmp_path / "bob's" / "agents" / "from_alice" / "redacted")
    assert theirs.manifest(3) == shared.chain.manifest(3)


async def test_what_may_not_be_passed_on_is_not(shared: Shared) -> None:
    shared.grow(1, onward=False)
    shared.grow(2)
    shared.grow(3, tlp="red")
    token = shared.enroll("bob")
    async with shared.serving(), shared.origin(token) as origin:
        listing = await origin.listing(0)
        assert list(listing.manifests) == [shared.chain.manifest(n) for n in (1, 2, 3)]
        found = [
            await origin.lines(protocol.read(one, sealed.KEY), shared.folder / "part") for one in listing.manifests
        ]
    assert [one is not None for one in found] == [False, True, False]


async def test_an_agent_that_allows_nothing_is_not_there(shared: Shared) -> None:
    shared.grow(1, onward=False)
    token = shared.enroll("bob")
    async with shared.serving(), shared.origin(token) as origin:
        with pytest.raises(AwayError, match="404"):
            await origin.listing(0)


async def test_only_agents_views_and_peers_that_are_meant(shared: Shared) -> None:
    shared.grow(1)
    shared.settings = SharingSettings(
        **{name: getattr(shared.settings, name) for name in ("enabled", "listen", "tls_cert_file", "tls_key_file")},
        agents=("mx1",),
    )
    tokens = {
        "all": shared.enroll("all"),
        "other_view": shared.enroll("other", view="full"),
        "other_agent": shared.enroll("elsewhere", agents=("mx2",)),
    }
    async with shared.serving():
        for name, token in tokens.items():
            async with shared.origin(token) as origin:
                if name == "all":
                    assert (await origin.listing(0)).last == 1
                else:
                    with pytest.raises(AwayError):
                        await origin.listing(0)
        async with shared.origin(tokens["all"], "mx2") as origin:
            with pytest.raises(AwayError):
                await origin.listing(0)
        peers.revoke(peers_file(shared.folder), "all", NOW)
        with trio.fail_after(5):
            async with shared.origin(tokens["all"]) as origin:
                while True:
                    try:
                        await origin.listing(0)
                    except AwayError as error:
                        assert error.state == "forbidden"
                        break


async def test_an_agent_pushes_and_it_is_taken(shared: Shared, tmp_path: Path) -> None:
    host = Chain(tmp_path / "host" / "redacted")
    (tmp_path / "host").mkdir()
    for n in (1, 2):
        sealed.grow(host, tmp_path / "host", mails(n), agent="mx3")
    token = shared.enroll("mx3", pushes=("mx3",))
    store = FakeStore()
    ground = pulling.ground(tmp_path, store)
    following = Following(
        ground,
        shared.agents[2],
        mark=pulling.no_marks,
        on_kept=_kept,
        show=lambda _name, _facts: None,
        ready=trio.lowlevel.checkpoint,
    )
    async with shared.serving(), trio.open_nursery() as nursery:
        nursery.start_soon(following.run)
        target = HttpTarget(
            f"https://127.0.0.1:{shared.port}", token.read_text(), "mx3", "redacted", ca_file=shared.ca_file
        )
        assert await push(host, target) == 2
        assert shared.pushed == ["mx3", "mx3"]
        following.poke()
        await store.spam.until(2)
        sealed.grow(host, tmp_path / "host", mails(3), agent="mx3")
        assert await push(host, target) == 1  # what was taken and buried here is not brought again
        following.poke()
        await store.spam.until(3)
        await target.aclose()
        foreign = HttpTarget(
            f"https://127.0.0.1:{shared.port}", token.read_text(), "mx1", "redacted", ca_file=shared.ca_file
        )
        with pytest.raises(TipdError):
            await push(host, foreign)
        await foreign.aclose()
        nursery.cancel_scope.cancel()
    assert len(store.spam.mails) == 3


async def _kept(_view: str, _upto: int) -> None:
    await trio.lowlevel.checkpoint()


async def test_an_address_in_use_is_tried_again(shared: Shared, monkeypatch) -> None:
    monkeypatch.setattr(sharing, "RETRY", 0.02)
    shared.grow(1)
    token = shared.enroll("bob")
    held = socket.create_server(("127.0.0.1", shared.port))
    failed: list[Exception] = []

    def listen(*words: Any, **more: Any) -> Any:
        try:
            return real(*words, **more)
        except TipdError as error:
            failed.append(error)
            held.close()  # whoever had the address goes once it was wanted
            raise

    real = sharing.listen
    monkeypatch.setattr(sharing, "listen", listen)
    async with shared.serving(), shared.origin(token) as origin:
        with trio.fail_after(5):
            while True:
                try:
                    assert (await origin.listing(0)).last == 1
                    break
                except AwayError:
                    await trio.sleep(0.01)
    assert len(failed) == 1


async def test_nothing_is_shown_before_what_was_taken_back_is_removed(shared: Shared) -> None:
    shared.grow(1)
    shared.grow(2, withdraws=(pulling.name_of(1).hex(),))
    owed = shared.chain.folder / ".withdrawing"
    owed.write_text("{}")
    token = shared.enroll("bob")
    async with shared.serving() as sharing, shared.origin(token) as origin:
        with pytest.raises(AwayError, match="404"):
            await origin.listing(0)
        shared.chain.bury(1)
        owed.unlink()
        await sharing.kept("mx1", "redacted", 2)
        listing = await origin.listing(0)
        first = protocol.read(listing.manifests[0], sealed.KEY)
        assert await origin.lines(first, shared.folder / "part") is None
        assert listing.last == 2


async def test_what_is_taken_back_is_told_when_nothing_may_be_passed_on_any_more(shared: Shared) -> None:
    shared.grow(1)
    token = shared.enroll("bob")
    async with shared.serving() as sharing, shared.origin(token) as origin:
        assert (await origin.listing(0)).last == 1
        shared.grow(2, withdraws=(pulling.name_of(1).hex(),), onward=False)
        shared.chain.bury(1)
        await sharing.kept("mx1", "redacted", 2)
        assert (await origin.listing(1)).manifests == (shared.chain.manifest(2),)
