"""What was listed at a moment, by whom, since when known; and what was listed only afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.stores import START, HandClock, open_store, write_closed, write_opened

from tipd.model.canonical import canonical
from tipd.model.tlp import Tlp
from tipd.store.past import Later, Then
from tipd.store.sources import Declared
from tipd.store.store import Store

HOUR = timedelta(hours=1)
VALUES = ("192.0.2.7", "198.51.100.0/24", "2001:db8::/32", "2001:db8:1::5", "example.org", "http://www.example.net/a/b")


class Pasts:
    """A store whose sources list and delist on the hour."""

    def __init__(self, store: Store, clock: HandClock, folder: Path) -> None:
        self.store, self.clock, self.folder = store, clock, folder
        self.ids: dict[str, int] = {}

    async def declare(self, **sources: Declared) -> None:
        rows = await self.store.sources.declare("blacklist", sources)
        self.ids = {row.name: row.id for row in rows}

    async def say(self, source: str, *, on: tuple[str, ...] = (), off: tuple[str, ...] = ()) -> int:
        seed, number = self.store.hash_seed, self.ids[source]
        opened = write_opened(self.folder / "opened", seed, [canonical(value) for value in on])
        closed = write_closed(self.folder / "closed", seed, [canonical(value) for value in off])
        round_id = await self.store.rounds.begin(number)
        await self.store.rounds.apply(round_id, number, opened, closed)
        return round_id

    async def ask(self, value: str, at: datetime, max_tlp: int = Tlp.RED) -> Then:
        return (await self.store.past.at([(value, at)], max_tlp=max_tlp))[0]


@pytest.fixture
async def pasts(dsn: str, tmp_path: Path):
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        pasts = Pasts(store, clock, tmp_path)
        await pasts.declare(one=Declared(tlp=Tlp.CLEAR), other=Declared(tlp=Tlp.AMBER))
        await pasts.say("one", on=VALUES)
        clock.move(2 * HOUR)
        await pasts.say("one", off=VALUES)
        clock.move(2 * HOUR)
        await pasts.say("other", on=VALUES)
        yield pasts


@pytest.mark.parametrize("value", VALUES)
async def test_an_interval_holds_from_its_opening_to_just_before_its_end(pasts: Pasts, value: str) -> None:
    for after, sources in (
        (-1, []),
        (0, ["one"]),
        (1, ["one"]),
        (2, []),
        (3, []),
        (4, ["other"]),
        (5, ["other"]),
    ):
        answer = await pasts.ask(value, START + after * HOUR)
        assert answer.sources == sources, after
        assert bool(answer.matches) == bool(sources)
        assert (answer.confidence > 0) == bool(sources)
    assert next((match.value, match.how) for match in answer.matches) == (value, "exact")


@pytest.mark.parametrize(
    ("value", "matched", "how"),
    [
        ("198.51.100.9", "198.51.100.0/24", "contained"),
        ("198.51.100.128/25", "198.51.100.0/24", "contained"),
        ("2001:db8::9", "2001:db8::/32", "contained"),
        ("www.example.org", "example.org", "parent"),
        ("https://a.example.org/x", "example.org", "host"),
        ("https://192.0.2.7/x", "192.0.2.7", "host"),
        ("https://198.51.100.3:8443/x", "198.51.100.0/24", "host"),
        ("EXAMPLE[.]org", "example.org", "exact"),
    ],
)
async def test_containment_is_that_of_the_live_index(pasts: Pasts, value: str, matched: str, how: str) -> None:
    answer = await pasts.ask(value, START + HOUR)
    assert [(match.value, match.how) for match in answer.matches] == [(matched, how)]
    assert answer.sources == ["one"]


@pytest.mark.parametrize("value", ["192.0.2.8", "198.51.0.0/16", "org", "example.com", "http://www.example.net/a"])
async def test_what_was_not_listed_has_no_match(pasts: Pasts, value: str) -> None:
    answer = await pasts.ask(value, START + HOUR)
    assert (answer.matches, answer.sources, answer.later, answer.known_since) == ([], [], None, None)


async def test_what_was_listed_only_later_is_said(pasts: Pasts) -> None:
    assert (await pasts.ask("192.0.2.7", START - HOUR)).later == Later(START, ["one"])
    assert (await pasts.ask("www.example.org", START + 3 * HOUR)).later == Later(START + 4 * HOUR, ["other"])
    assert (await pasts.ask("198.51.100.77", START + 2 * HOUR)).later == Later(START + 4 * HOUR, ["other"])
    assert (await pasts.ask("192.0.2.7", START + HOUR)).later is None
    assert (await pasts.store.past.at([("192.0.2.7", START - HOUR)], max_tlp=4, later=False))[0].later is None


async def test_a_caller_learns_nothing_that_is_marked_above_it(pasts: Pasts) -> None:
    for max_tlp, sources in ((Tlp.GREEN, []), (Tlp.AMBER, ["other"])):
        assert (await pasts.ask("198.51.100.7", START + 5 * HOUR, max_tlp)).sources == sources
    assert (await pasts.ask("192.0.2.7", START + 3 * HOUR, Tlp.GREEN)).later is None
    await pasts.store.pool.run(_mark, Tlp.RED)
    assert (await pasts.ask("192.0.2.7", START + HOUR, Tlp.AMBER_STRICT)).sources == []
    assert (await pasts.ask("192.0.2.7", START + HOUR, Tlp.RED)).sources == ["one"]


async def test_answers_stand_in_the_order_of_the_questions(pasts: Pasts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.store.past.AT_ONCE", 3)
    asked = [(value, START + hour * HOUR) for hour in range(-1, 5) for value in (*VALUES, "no such thing")]
    answers = await pasts.store.past.at(asked, max_tlp=Tlp.RED)
    assert [(answer.value, answer.at) for answer in answers] == asked
    assert {answer.error for answer in answers if answer.value == "no such thing"} == {"malformed"}
    for answer in answers:
        hour = (answer.at - START) // HOUR
        expected = {0: ["one"], 1: ["one"], 4: ["other"]}.get(hour, [])
        assert answer.sources == ([] if answer.error else expected)


async def test_a_live_sighting_was_known_when_it_began(pasts: Pasts) -> None:
    assert (await pasts.ask("192.0.2.7", START + HOUR)).known_since == START


async def _mark(connection, tlp: int) -> None:
    await connection.execute("UPDATE sighting SET tlp = $1", int(tlp))
