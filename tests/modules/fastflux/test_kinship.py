"""Networks of names: found by shared addresses, told when they grow."""

import trio
from support.tracking_fakes import Flux, Tracker, subject

from tipd.model.flux import State
from tipd.model.tlp import Tlp
from tipd.modules.fastflux import kinship as kinship_room
from tipd.modules.fastflux.kinship import Kinship
from tipd.modules.fastflux.knowledge.entry import Entry, Kind
from tipd.modules.fastflux.knowledge.knowledge import Knowledge

BASE = 0xC0000200  # 192.0.2.0


def kinship(flux, tracker, *, knowledge=None, every=60.0, zone_of=lambda name, apex: None):
    told = []
    built = Kinship(flux, tracker, knowledge or Knowledge(), every=every, zone_of=zone_of, tell=told.extend)
    return built, told


def tracker_of(**had):
    names = [subject(f"{name}.example", id=n, tags=(name,)) for n, name in enumerate(had, 1)]
    tracker = Tracker(*names)
    tracker.had = {n: sorted(BASE + last for last in lasts) for n, lasts in enumerate(had.values(), 1)}
    return tracker


async def test_names_that_share_addresses_are_a_network_told_once_and_when_it_grows():
    tracker, flux = tracker_of(a=range(1, 20), b=range(10, 30), c=range(100, 120)), Flux()
    kin, told = kinship(flux, tracker)
    await kin.look()
    (finding,) = told
    assert (finding.kind, finding.subject.value, finding.data["names"]) == (
        "flux.network", "a.example", ["a.example", "b.example"],
    )  # fmt: skip
    assert finding.data["shared"] == [f"192.0.2.{n}" for n in range(10, 20)]
    assert (finding.data["size"], finding.data["network"], finding.data["tags"]) == (2, 1, ["a", "b"])
    told.clear()
    await kin.look()
    assert (told, len(flux.joins)) == ([], 1), "nothing new: nothing is asked of the store either"
    tracker.had[3] = sorted([*tracker.had[3], *(BASE + n for n in range(1, 9))])
    await kin.look()
    (finding,) = told
    assert (finding.data["joined"], finding.data["size"]) == (["c.example"], 3)
    assert kin.networks == 1


async def test_the_tracker_hears_with_whom_each_name_shares_and_when_it_does_not_any_more():
    tracker, flux = tracker_of(a=range(1, 20), b=range(15, 30)), Flux()
    kin, _ = kinship(flux, tracker)
    await kin.look()
    assert dict(tracker.learned) == {1: {"shared": 5, "shared_names": 1}, 2: {"shared": 5, "shared_names": 1}}
    tracker.learned.clear()
    await kin.look()
    assert not tracker.learned
    tracker.names.pop()
    await kin.look()
    assert tracker.learned[1] == {"shared": 0, "shared_names": 0}


async def test_a_name_hears_of_no_stricter_one_that_shares_its_addresses():
    tracker = tracker_of(a=range(1, 20), b=range(10, 20), secret=range(1, 30))
    tracker.names[2] = subject("secret.example", id=3, tlp=Tlp.AMBER)
    await kinship(Flux(), tracker)[0].look()
    assert tracker.learned[1] == {"shared": 10, "shared_names": 1}
    assert tracker.learned[2] == {"shared": 10, "shared_names": 1}
    assert tracker.learned[3] == {"shared": 19, "shared_names": 2}


async def test_a_finding_bears_the_mark_of_names_that_it_only_counts(monkeypatch):
    monkeypatch.setattr(kinship_room, "MOST_NAMES", 2)
    tracker = tracker_of(a=range(1, 20), b=range(1, 20), secret=range(1, 20))
    tracker.names[2] = subject("secret.example", id=3, tlp=Tlp.AMBER)
    kin, told = kinship(Flux(), tracker)
    await kin.look()
    (finding,) = told
    assert (finding.data["names"], finding.data["size"], finding.tlp) == (["a.example", "b.example"], 3, Tlp.AMBER)


async def test_what_knowledge_names_ties_nobody_together():
    entry = Entry(network=("192.0.2.0/24",), reason="a CDN", source="test")
    kin, told = kinship(Flux(), tracker_of(a=range(20), b=range(20)), knowledge=Knowledge([(Kind.CDN, entry)]))
    await kin.look()
    assert told == []


async def test_names_of_one_wildcard_zone_are_one():
    tracker, flux = tracker_of(a=range(20), b=range(20), c=range(10, 30)), Flux()
    zone = {"a.example": "zone.example", "b.example": "zone.example"}
    kin, told = kinship(flux, tracker, zone_of=lambda name, apex: zone.get(name))
    tracker.names.pop()
    await kin.look()
    assert told == [], "a zone is no network with itself"
    tracker.names.append(subject("c.example", id=3))
    await kin.look()
    assert flux.joins[-1] == [(1, 2, 3)], "with another it is, all its names with it"


async def test_a_finding_is_marked_as_the_most_secret_name_it_tells():
    tracker = tracker_of(a=range(20), b=range(20))
    tracker.names[1] = tracker.names[1]._replace(tlp=Tlp.RED)
    kin, told = kinship(Flux(), tracker)
    await kin.look()
    assert told[0].tlp is Tlp.RED


async def test_only_likely_and_confirmed_names_count():
    tracker = tracker_of(a=range(20), b=range(20))
    tracker.names[1] = tracker.names[1]._replace(state=State.WATCHED)
    kin, told = kinship(Flux(), tracker)
    await kin.look()
    assert told == []


async def test_it_looks_every_so_often_and_waits_for_a_store_that_is_away():
    flux, tracker = Flux(), tracker_of(a=range(20), b=range(20))
    kin, told = kinship(flux, tracker, every=0.001)
    flux.away = True
    async with trio.open_nursery() as nursery:
        nursery.start_soon(kin.run)
        while not kin.networks:
            await trio.sleep(0.001)
        assert told == []
        flux.away = False
        with trio.fail_after(30):
            while not told:
                await trio.sleep(0.001)
        nursery.cancel_scope.cancel()
    assert len(told) == 1
