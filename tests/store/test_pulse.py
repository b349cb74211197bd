"""The pulse against connections that do as they are told: it notices, tells, and goes on."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import trio

from tipd import log
from tipd.errors import StoreAway
from tipd.nursery.backoff import Backoff
from tipd.store.pulse import PING_EVERY, Pulse


class Wire:
    """A connection made of air; `silent` lets pings hang."""

    def __init__(self) -> None:
        self.silent = False
        self.closed = False
        self.hear: dict[str, Callable[..., None]] = {}
        self.ended: Callable[[Any], None] = lambda _connection: None

    def add_termination_listener(self, ended: Callable[[Any], None]) -> None:
        self.ended = ended

    async def add_listener(self, channel: str, hear: Callable[..., None]) -> None:
        self.hear[channel] = hear

    async def execute(self, _query: str) -> None:
        if self.silent:
            await trio.sleep_forever()

    def terminate(self) -> None:
        self.closed = True


class Place:
    """Where wires come from; refuses while `away`."""

    def __init__(self) -> None:
        self.away = False
        self.wires: list[Wire] = []

    async def connect(self) -> Wire:
        if self.away:
            raise StoreAway("nobody is there")
        self.wires.append(Wire())
        return self.wires[-1]


async def cross(coroutine: Any) -> Any:
    return await coroutine


def make(place: Place) -> Pulse:
    return Pulse(place.connect, cross, Backoff(0.1, 2.0, random.Random(1)), log.get("test"))


async def test_the_first_connection_is_tried_for_as_long_as_one_is_patient(autojump_clock: Any) -> None:
    place = Place()
    place.away = True
    pulse = make(place)
    with pytest.raises(StoreAway, match="nobody"):
        await pulse.first(30)
    assert 30 <= trio.current_time() < 40
    assert not pulse.available
    assert pulse.trouble == "nobody is there"


async def test_loss_and_return_are_told(autojump_clock: Any) -> None:
    place, heard = Place(), list[str | None]()
    pulse = make(place)
    pulse.listen("a", heard.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pulse.run, await pulse.first(0))
        await pulse.wait_available()
        await trio.testing.wait_all_tasks_blocked()
        place.wires[0].hear["a"](None, 1, "a", "x")
        assert heard == [None, "x"]
        place.away = True
        place.wires[0].ended(None)
        await trio.testing.wait_all_tasks_blocked()
        assert not pulse.available
        assert place.wires[0].closed
        place.away = False
        await pulse.wait_available()
        await trio.testing.wait_all_tasks_blocked()
        assert heard == [None, "x", None]
        nursery.cancel_scope.cancel()
    assert place.wires[1].closed


async def test_a_server_that_hangs_is_away(autojump_clock: Any) -> None:
    place = Place()
    pulse = make(place)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pulse.run, await pulse.first(0))
        await pulse.wait_available()
        place.away = place.wires[0].silent = True
        await trio.sleep(PING_EVERY * 3)
        assert not pulse.available
        nursery.cancel_scope.cancel()


async def test_a_suspicion_is_looked_into_at_once(autojump_clock: Any) -> None:
    place = Place()
    pulse = make(place)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pulse.run, await pulse.first(0))
        await pulse.wait_available()
        begun = trio.current_time()
        place.away = place.wires[0].silent = True
        await trio.testing.wait_all_tasks_blocked()
        pulse.suspect()
        while pulse.available:
            await trio.sleep(0.1)
        assert trio.current_time() - begun < PING_EVERY * 1.5
        nursery.cancel_scope.cancel()


async def test_a_return_is_looked_at_before_it_counts(autojump_clock: Any) -> None:
    place, seen = Place(), list[bool]()
    pulse = make(place)

    async def check(_connection: Any) -> None:
        seen.append(pulse.available)
        if len(seen) < 3:
            raise LookupError("another database")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pulse.run, await pulse.first(0))
        await pulse.wait_available()
        pulse.check_returns(check)
        place.wires[0].ended(None)
        await trio.testing.wait_all_tasks_blocked()
        while not pulse.available:
            await trio.sleep(0.01)
        assert seen == [False, False, False]
        nursery.cancel_scope.cancel()


async def test_a_listener_s_fault_deafens_nobody(autojump_clock: Any) -> None:
    place, heard = Place(), list[str | None]()
    pulse = make(place)

    def fail(_payload: str | None) -> None:
        raise RuntimeError

    pulse.listen("a", fail)
    pulse.listen("a", heard.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pulse.run, await pulse.first(0))
        await pulse.wait_available()
        await trio.testing.wait_all_tasks_blocked()
        assert heard == [None]
        pulse.listen("b", heard.append)
        await trio.testing.wait_all_tasks_blocked()
        assert set(place.wires[0].hear) == {"a", "b"}
        nursery.cancel_scope.cancel()
