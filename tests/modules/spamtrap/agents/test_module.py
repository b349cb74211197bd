"""The module: a task for each agent, pause and resume, old files, and what is announced to our own peers."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing
from support import pulling, sealed
from support.pulling import FakeStore, Inline, mails

from tipd import log
from tipd.agent.chain import Chain
from tipd.clock import SystemClock
from tipd.modules.spamtrap.agents import folder, following, module
from tipd.modules.spamtrap.agents.module import AgentsModule
from tipd.modules.spamtrap.module import SpamtrapModule
from tipd.modules.spamtrap.settings import SharingSettings, SpamtrapSettings
from tipd.nursery.contract import Always, Cause, Context, Forwards, Service
from tipd.nursery.health import Tree


@pytest.fixture(autouse=True)
def _soon(monkeypatch) -> None:
    monkeypatch.setattr(folder, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(module, "STORE_PAUSE", 0.01)
    monkeypatch.setattr(following, "STORE_PAUSE", 0.01)


class House:
    """A module, an agent's folder, and what the module is given."""

    def __init__(self, tmp_path: Path, **more: Any) -> None:
        self.state_dir = tmp_path
        self.made = tmp_path / "host"
        self.made.mkdir()
        self.chain = Chain(self.made / "redacted")
        self.store = FakeStore()
        self.health = Tree(SystemClock())
        agents = (
            pulling.source(path=str(self.made / "redacted"), **more),
            pulling.source(name="off", enabled=False),
        )
        self.module = AgentsModule(SpamtrapSettings(agents=agents), SharingSettings(), tmp_path)

    def grow(self, number: int, **more: Any) -> None:
        sealed.grow(self.chain, self.made, mails(number), **more)

    @asynccontextmanager
    async def running(self):
        context = Context(
            log=log.get("agents"),
            clock=SystemClock(),
            rng=random.Random(1),
            store=self.store,
            fetcher=SimpleNamespace(tools=pulling.fetcher().tools),
            workers=Inline(),
            health=self.health.node("agents"),
        )
        cause = Cause(Always(), SystemClock().now())
        async with trio.open_nursery() as nursery:
            await nursery.start(lambda task_status: self.module.run(context, cause, task_status=task_status))
            yield
            nursery.cancel_scope.cancel()


async def test_a_folder_that_grows_is_followed(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.grow(1)
    async with house.running():
        await house.store.spam.until(1)
        house.grow(2)
        await house.store.spam.until(2)
        with trio.fail_after(5):
            while house.module._facts.get("mx1", {}).get("last") != 2:
                await trio.sleep(0.01)
    assert set(house.store.sources.declared[0]) == {"mx1"}
    assert [row.declared for row in house.store.sources.rows.values()] == [True]


async def test_it_is_a_service(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert isinstance(house.module, Service)
    house.module.pause("the disk is short of room")
    house.grow(1)
    async with house.running():
        await trio.testing.wait_all_tasks_blocked()
        assert not house.store.spam.mails
        house.module.look()
        house.module.resume()
        await house.store.spam.until(1)


async def test_a_store_that_is_away_at_the_start(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.grow(1)
    house.store.spam.away = 2
    async with house.running():
        await house.store.spam.until(1)


async def test_lines_past_their_time_go(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "EXPIRE_EVERY", 0.01)
    house = House(tmp_path, keep_versions="1h")
    house.grow(1, sealed="2026-01-01T00:00:00Z")
    async with house.running():
        await house.store.spam.until(1)
        ours = tmp_path / "agents" / "mx1" / "redacted"
        with trio.fail_after(5):
            while (ours / "1.jsonl.zst").exists():
                await trio.sleep(0.01)
    assert (ours / "1.manifest").exists()


async def test_what_is_pushed_wakes_its_agent(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.running():
        house.module.ask("nobody")
        house.module.ask("mx1")
    house.module.look()


def test_it_shares_only_where_it_is_told_to(tmp_path: Path) -> None:
    ground = pulling.ground(tmp_path, FakeStore())
    context: Any = SimpleNamespace(clock=SystemClock(), log=log.get("agents"))
    for sharing, push, wanted in ((False, False, False), (True, False, True), (False, True, True)):
        agents = (pulling.source(push=push, path="" if push else "/chain"),)
        made = AgentsModule(SpamtrapSettings(agents=agents), SharingSettings(enabled=sharing), tmp_path)
        shared = made._share(context, ground)
        assert (shared is not None) is wanted
        assert (shared is not None and shared.inbox is not None) is push


async def test_one_agent_is_asked_through_the_module_of_archives(tmp_path: Path) -> None:
    house = House(tmp_path)
    traps = SpamtrapModule(SpamtrapSettings(), tmp_path, ask_agent=house.module.ask)
    assert isinstance(traps, Forwards)
    async with house.running():
        with trio.fail_after(10):
            while not traps._ask_agent("mx1"):
                await trio.sleep(0.01)
        assert traps.asked(["mx1", "untroubled"]) == ("untroubled",)
        assert traps.asked(["off"]) == ("off",)
