"""What lists say of names that flux and of their addresses."""

import trio
from support.tracking_fakes import Flux, Tracker, packed, subject

from tipd.model.flux import State
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.siblings import EVERY, Siblings


async def test_hits_of_names_and_addresses_are_told_and_changes_only():
    flux = Flux()
    tracker = Tracker(
        subject("flux.example.org", id=1, addresses=packed("192.0.2.1", "192.0.2.2", "198.51.100.9")),
        subject("quiet.example.org", id=2, state=State.LIKELY, addresses=packed("203.0.113.5")),
        subject("new.example.org", id=3, state=State.CANDIDATE, addresses=packed("192.0.2.1")),
    )
    flux.listed_value = {"flux.example.org": 3, "192.0.2.1": 2, "198.51.100.9": 1}
    siblings = Siblings(flux, tracker)
    await siblings.look()
    assert dict(tracker.learned) == {1: {"siblings": {"listed": 3, "listed_addresses": 2}}}
    tracker.learned.clear()
    await siblings.look()
    assert not tracker.learned
    flux.listed_value = {}
    await siblings.look()
    assert dict(tracker.learned) == {1: {"siblings": {}}}, "what has ended is told too"


async def test_lists_count_as_far_as_whoever_sees_the_name_may_see_them():
    flux = Flux()
    names = [subject(f"{mark.word}.example.org", id=mark, tlp=mark) for mark in (Tlp.AMBER, Tlp.CLEAR)]
    await Siblings(flux, Tracker(*names)).look()
    assert flux.asked == [(["clear.example.org"], []), (["amber.example.org"], [])]
    assert flux.marks == [Tlp.CLEAR, Tlp.AMBER]


async def test_many_names_are_asked_about_in_parts():
    flux = Flux()
    tracker = Tracker(*[subject(f"n{n}.example.org", id=n, addresses=packed("192.0.2.1")) for n in range(450)])
    await Siblings(flux, tracker).look()
    assert [len(names) for names, _ in flux.asked] == [200, 200, 50]
    assert all(addresses == ["192.0.2.1"] for _, addresses in flux.asked)


async def test_it_looks_every_minute_unless_it_may_not_or_the_store_is_away(autojump_clock):
    flux, tracker = Flux(), Tracker(subject("a.example.org"))
    siblings, may = Siblings(flux, tracker), [True]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(siblings.run, lambda: may[0])
        await trio.sleep(2.5 * EVERY)
        assert len(flux.asked) == 3
        flux.away = True
        await trio.sleep(2 * EVERY)
        flux.away = False
        await trio.sleep(EVERY)
        assert len(flux.asked) == 4
        may[0] = False
        await trio.sleep(5 * EVERY)
        assert len(flux.asked) == 4
        nursery.cancel_scope.cancel()
