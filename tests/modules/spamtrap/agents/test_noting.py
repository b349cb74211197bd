"""What is written down of an agent beside its versions."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trio.testing
from support import pulling
from support.pulling import FakeSpam, FakeStore
from support.stores import HandClock

from tipd.errors import StoreAway
from tipd.modules.spamtrap.agents import noting
from tipd.modules.spamtrap.agents.pulling import Progress


class Forgetful(FakeSpam):
    """Does not know the source at first, and is away the second time."""

    calls = 0

    async def agent(self, name: str, **known: object) -> None:
        Forgetful.calls += 1
        if Forgetful.calls == 1:
            raise ValueError(f"there is no source {name!r}")
        if Forgetful.calls == 2:
            raise StoreAway("away")
        await super().agent(name, **known)  # type: ignore[arg-type]


async def _noted(spam: FakeSpam, there: int | None) -> None:
    with trio.fail_after(60):
        while not any(known[1] == there for known in spam.agents.values()):
            await spam.noted.wait()


async def test_how_far_it_is_ahead_is_noted_as_it_grows(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    store = FakeStore()
    source, known = pulling.source(public_key=""), Progress(view="urls")
    async with trio.open_nursery() as nursery:
        ground = pulling.ground(tmp_path, store, HandClock())
        nursery.start_soon(noting.keep, ground, source, lambda: known)
        await _noted(store.spam, None)
        known.last_there = 7
        await _noted(store.spam, 7)
        known.last_there = 9
        await _noted(store.spam, 9)
        nursery.cancel_scope.cancel()
    assert store.spam.agents == {source.name: ("urls", 9, True)}


async def test_an_agent_nobody_reached_is_one_all_the_same(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Forgetful, "calls", 0)
    store = FakeStore(spam=Forgetful())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(noting.keep, pulling.ground(tmp_path, store, HandClock()), pulling.source(), lambda: None)
        await _noted(store.spam, None)
        nursery.cancel_scope.cancel()
    assert Forgetful.calls == 3
