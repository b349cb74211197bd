"""One agent followed: announcements, what is told of it, and how it is asked again when it was away."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from support import pulling, sealed
from support.pulling import FakeStore, Memory, mails
from support.stores import HandClock

from tipd.errors import WorkerFailed
from tipd.model.finding import SOURCE_DEGRADED, SOURCE_RECOVERED
from tipd.modules.spamtrap.agents import following as following_
from tipd.modules.spamtrap.agents.following import Following
from tipd.modules.spamtrap.agents.origin import AwayError

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)


class Watched:
    """A following, and what it shows."""

    def __init__(self, folder: Path, store: FakeStore, agent: Memory, **settings: Any) -> None:
        self.facts: list[dict[str, Any]] = []
        self.gate = trio.Event()
        self.gate.set()
        self.ground = pulling.ground(folder, store, HandClock(NOW))
        self.following = Following(
            self.ground,
            pulling.source(**settings),
            mark=pulling.no_marks,
            on_kept=self.kept,
            show=lambda _name, facts: self.facts.append(facts),
            ready=self.ready,
        )

        async def opened() -> Memory:
            return agent

        self.following._open = opened  # type: ignore[assignment,method-assign]

    async def ready(self) -> None:
        await self.gate.wait()

    async def kept(self, _view: str, _upto: int) -> None:
        await trio.lowlevel.checkpoint()


@pytest.fixture(autouse=True)
def _soon(monkeypatch) -> None:
    monkeypatch.setattr(following_, "AGAIN_LEAST", 0.01)
    monkeypatch.setattr(following_, "AGAIN_MOST", 0.02)
    monkeypatch.setattr(following_, "STORE_PAUSE", 0.01)


@asynccontextmanager
async def followed(watched: Watched):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watched.following.run)
        yield
        nursery.cancel_scope.cancel()


async def until(true) -> None:
    with trio.fail_after(10):
        while not true():
            await trio.sleep(0.001)


async def test_what_is_announced_is_taken_at_once(tmp_path: Path) -> None:
    store, agent = FakeStore(), Memory()
    agent.grow(mails(1))
    watched = Watched(tmp_path, store, agent)
    async with followed(watched):
        await store.spam.until(1)
        await until(lambda: agent.bell is not None and watched.facts)
        for n in (2, 3):
            agent.grow(mails(n))
            agent.bell(n)
            await store.spam.until(n)
        await until(lambda: watched.facts[-1]["last"] == 3)
    assert watched.facts[-1] | {"mails": 0} == {
        "view": "redacted",
        "last": 3,
        "last_there": 3,
        "mails": 0,
        "versions": 3,
    }
    assert store.sources.rows["mx1"].state == "ok"
    assert agent.closed


async def test_an_announcement_of_what_is_known_asks_nobody(tmp_path: Path) -> None:
    store, agent = FakeStore(), Memory()
    agent.grow(mails(1))
    watched = Watched(tmp_path, store, agent)
    async with followed(watched):
        await until(lambda: agent.bell is not None and watched.facts)
        asked = agent.listings
        for _ in range(5):
            agent.bell(1)
            await trio.testing.wait_all_tasks_blocked()
        assert agent.listings == asked


async def test_it_is_asked_when_announcements_break_off(tmp_path: Path) -> None:
    store, agent = FakeStore(), Memory()
    agent.grow(mails(1))
    breaks = trio.Event()

    async def watch(told: Any) -> None:
        told(1)
        await breaks.wait()
        agent.watch = Memory.watch.__get__(agent)  # type: ignore[method-assign]
        raise AwayError("unreachable", "broke off")

    agent.watch = watch  # type: ignore[method-assign]
    watched = Watched(tmp_path, store, agent)
    async with followed(watched):
        await until(lambda: watched.facts)
        await trio.testing.wait_all_tasks_blocked()
        asked = agent.listings
        breaks.set()
        await until(lambda: agent.listings > asked)


async def test_away_and_back_is_told(tmp_path: Path) -> None:
    store, agent = FakeStore(), Memory()
    agent.grow(mails(1))
    listing = agent.listing

    async def away(_since: int) -> Any:
        raise AwayError("unreachable", "no route")

    agent.listing = away  # type: ignore[method-assign]
    watched = Watched(tmp_path, store, agent)
    async with followed(watched):
        await until(lambda: store.sources.outcomes)
        assert watched.facts[-1] == {"state": "unreachable", "why": "no route"}
        agent.listing = listing  # type: ignore[method-assign]
        await store.spam.until(1)
        await until(lambda: store.sources.rows["mx1"].state == "ok")
    assert [one.kind for one in store.sources.findings] == [SOURCE_DEGRADED, SOURCE_RECOVERED]
    assert store.sources.findings[0].data["why"] == "no route"


async def test_a_refusal_is_told_and_the_cursor_stays(tmp_path: Path) -> None:
    store, agent = FakeStore(), Memory()
    agent.grow(mails(1))
    agent.grow(mails(2), key=sealed.NEXT)
    watched = Watched(tmp_path, store, agent)
    async with followed(watched):
        await until(lambda: store.sources.outcomes)
    ((name, view, number, reason, _),) = store.spam.refusals
    assert (name, view, number, reason) == ("mx1", "redacted", 2, "key")
    assert store.spam.last == 1
    assert watched.facts[-1]["refused"] == "key"
    assert store.sources.rows["mx1"].state == "refused"


async def test_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    store, agent = FakeStore(), Memory()
    agent.grow(mails(1))
    store.spam.away = 3
    async with followed(Watched(tmp_path, store, agent)):
        await store.spam.until(1)


async def test_a_worker_that_dies_is_no_end(tmp_path: Path) -> None:
    store, agent = FakeStore(), Memory()
    agent.grow(mails(1))
    watched = Watched(tmp_path, store, agent)
    call, dead = watched.ground.workers.call, [True]

    async def dies(*args: Any, **more: Any) -> Any:
        if dead.pop() if dead else False:
            raise WorkerFailed("died", "it died")
        return await call(*args, **more)

    watched.ground.workers.call = dies  # type: ignore[method-assign]
    async with followed(watched):
        await store.spam.until(1)
    assert store.sources.findings[0].data["new"] == "damaged"


async def test_nothing_is_asked_while_paused(tmp_path: Path) -> None:
    store, agent = FakeStore(), Memory()
    agent.grow(mails(1))
    watched = Watched(tmp_path, store, agent)
    watched.gate = trio.Event()
    async with followed(watched):
        await trio.testing.wait_all_tasks_blocked()
        assert not agent.listings
        watched.gate.set()
        await store.spam.until(1)


async def test_asked_for_at_once(tmp_path: Path) -> None:
    store, agent = FakeStore(), Memory()
    agent.grow(mails(1))
    watched = Watched(tmp_path, store, agent)
    async with followed(watched):
        await store.spam.until(1)
        agent.grow(mails(2))
        watched.following.poke()
        await store.spam.until(2)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"path": "/chain"}, "FolderOrigin"),
        ({"push": True, "path": ""}, "FolderOrigin"),
        ({"url": "https://mx1.example.org", "token_file": "~/t", "path": ""}, "HttpsOrigin"),
    ],
)
async def test_where_versions_come_from(tmp_path: Path, settings: dict[str, Any], kind: str) -> None:
    ground = pulling.ground(tmp_path, FakeStore(), HandClock(NOW))
    following = Following(
        ground,
        pulling.source(**settings),
        mark=pulling.no_marks,
        on_kept=Watched.kept,  # type: ignore[arg-type]
        show=lambda _name, _facts: None,
        ready=trio.lowlevel.checkpoint,
    )
    origin = await following._open()
    assert type(origin).__name__ == kind
    await origin.aclose()
