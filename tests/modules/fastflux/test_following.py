"""Walks that go on by themselves, as far as depth and budget let them."""

from datetime import UTC, datetime
from types import SimpleNamespace

import trio
from support.silence import SILENT
from support.tracking_fakes import Flux, Tracker, subject

from tipd.model.dns import A
from tipd.model.flux import State
from tipd.model.tlp import Tlp
from tipd.model.tracked import PivotRow
from tipd.modules.fastflux.following import EVERY, Following, steps_of
from tipd.modules.fastflux.settings import FluxSettings

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)


def shares(found, via, **more):
    fields = {"found": found, "via": via, "kind": "domain", "how": "shares", "rtype": A, "asn": 0}
    return PivotRow(**fields | {"first": AT, "last": AT, "count": 1} | more)


def detail(*whys, path=()):
    return SimpleNamespace(row=SimpleNamespace(path=path), origins=[SimpleNamespace(why=why) for why in whys])


def following(flux, tracker, **settings):
    return Following(flux, tracker, FluxSettings(**settings), SILENT)


def world(*whys, path=(), **more):
    tracker, flux = Tracker(subject("a.example", id=1, **more)), Flux()
    tracker.had = {1: [1, 2, 3]}
    flux.details = {"a.example": detail(*whys, path=path)}
    flux.leads = {"a.example": [shares("b.example", "192.0.2.1"), shares("c.example", "192.0.2.2", tlp=Tlp.AMBER)]}
    return tracker, flux


async def test_a_name_that_came_by_follow_leads_on_with_its_path():
    tracker, flux = world("follow", path=("192.0.2.9",))
    await following(flux, tracker).look()
    ((names, _),) = flux.added
    assert [(one.name, one.why, one.path, one.tlp) for one in names] == [
        ("b.example", "follow", ("192.0.2.9", "a.example", "192.0.2.1"), Tlp.GREEN),
        ("c.example", "follow", ("192.0.2.9", "a.example", "192.0.2.2"), Tlp.AMBER),
    ]


async def test_a_name_with_a_tag_leads_on_and_hands_the_tag_down():
    tracker, flux = world("list", tags=("hunt", "x"))
    await following(flux, tracker).look()
    assert flux.added == []
    await following(flux, tracker, follow_tags=("hunt",)).look()
    ((names, _),) = flux.added
    assert {one.tags for one in names} == {("hunt",)}
    assert names[0].path == ("a.example", "192.0.2.1")


async def test_others_lead_nowhere_by_themselves():
    for whys in (("list",), ("person", "pivot"), ()):
        tracker, flux = world(*whys)
        await following(flux, tracker).look()
        assert flux.added == []
    tracker, flux = world("follow", state=State.WATCHED)
    await following(flux, tracker).look()
    assert flux.added == []


async def test_it_ends_at_its_depth_and_its_budget():
    tracker, flux = world("follow", path=("r.example", "192.0.2.7", "q.example", "192.0.2.8", "p.example", "192.0.2.9"))
    await following(flux, tracker, follow_depth=3).look()
    assert flux.added == []
    await following(flux, tracker, follow_depth=4).look()
    assert len(flux.added[0][0]) == 2
    tracker, flux = world("follow", path=("r.example", "192.0.2.7"))
    flux.by_root = {"r.example": 99}
    await following(flux, tracker, follow_budget=99).look()
    assert flux.added == []
    await following(flux, tracker, follow_budget=100).look()
    assert [one.name for one in flux.added[0][0]] == ["b.example"]


async def test_what_it_finds_bears_the_mark_of_what_led_there():
    tracker, flux = world("follow", tlp=Tlp.RED)
    await following(flux, tracker).look()
    assert {one.tlp for one in flux.added[0][0]} == {Tlp.RED}


async def test_a_name_is_walked_again_when_it_had_further_addresses_only():
    tracker, flux = world("follow")
    walks = following(flux, tracker)
    await walks.look()
    await walks.look()
    assert flux.asked == ["a.example"]
    tracker.had[1].append(4)
    await walks.look()
    assert flux.asked == ["a.example"] * 2
    assert walks.found == 2


async def test_it_waits_for_a_store_that_is_away_and_tries_again(autojump_clock):
    tracker, flux = world("follow")
    flux.away = True
    async with trio.open_nursery() as nursery:
        nursery.start_soon(following(flux, tracker).run)
        await trio.sleep(3 * EVERY)
        flux.away = False
        await trio.sleep(EVERY)
        assert len(flux.added) == 1
        nursery.cancel_scope.cancel()


def test_a_step_is_two_values():
    assert [steps_of(path) for path in ((), ("a.example", "192.0.2.1"), ("192.0.2.9",), ("a", "v", "b", "w"))] == [
        0, 1, 1, 2,
    ]  # fmt: skip
