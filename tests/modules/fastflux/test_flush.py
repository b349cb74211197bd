"""What the tracker gathered reaches the store: each second, in full, and once more at the end."""

import trio
from support.silence import SILENT
from support.tracking_fakes import Flux, Tracker, packed, subject

from tipd.errors import TryAgain
from tipd.model.finding import NewFinding
from tipd.model.flux import Batch, Observation, Roll
from tipd.modules.fastflux.flush import LEAST_ROLL, Flushing


def batch(*ids):
    return Batch(rolls=tuple(Roll(id=n, due=1.0, ttl=1, samples=1, last_sample=1.0) for n in ids))


def observation(name="ns.example.org"):
    return Observation(
        name=name, rtype=1, data=packed("192.0.2.1"), asn=0, first=1.0, last=1.0, count=1, ttl_min=1, ttl_max=1,
        true_ttl=False, upstream="",
    )  # fmt: skip


def ids(flux):
    return [[roll.id for roll in saved.rolls] for saved in flux.saved]


async def test_it_stores_each_second_what_gathered(autojump_clock):
    tracker, flux = Tracker(), Flux()
    flushing = Flushing(tracker, flux, "here", SILENT)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(flushing.run)
        await trio.sleep(0.5)
        assert flux.saved == [], "nothing gathered, nothing written"
        tracker.gathered = [batch(1), batch(2, 3)]
        await trio.sleep(2)
        assert ids(flux) == [[1], [2, 3]]
        assert flushing.stored == 3
        nursery.cancel_scope.cancel()


async def test_all_names_progress_is_stored_within_the_hour(autojump_clock):
    few, many = Tracker(subject("a.example.org")), Tracker(*[subject("a.example.org")] * 7200)
    for tracker, least in ((few, LEAST_ROLL), (many, LEAST_ROLL)):
        with trio.move_on_after(9.5):
            await Flushing(tracker, Flux(), "here", SILENT).run()
        assert sum(tracker.rolled) >= 10 * least
    big = Tracker(*[subject("a.example.org")] * 360_000)
    with trio.move_on_after(9.5):
        await Flushing(big, Flux(), "here", SILENT).run()
    assert sum(big.rolled) * 360 >= big.count


async def test_what_the_chores_found_goes_with_it(autojump_clock):
    tracker, flux = Tracker(), Flux()
    flushing = Flushing(tracker, flux, "here", SILENT)
    tracker.gathered = [batch(1)]
    flushing.add([observation()], [NewFinding(kind="flux.network", module="fastflux")])
    await flushing.flush()
    await flushing.flush()
    (saved,) = flux.saved
    assert (len(saved.rolls), len(saved.observations), len(saved.findings)) == (1, 1, 1)


async def test_while_the_store_is_away_it_waits_and_loses_nothing(autojump_clock):
    tracker, flux = Tracker(), Flux()
    flushing = Flushing(tracker, flux, "here", SILENT)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(flushing.run)
        flux.away = True
        tracker.gathered = [batch(1)]
        await trio.sleep(30)
        assert (flux.saved, len(tracker.rolled)) == ([], 1), "nothing more is gathered meanwhile"
        flux.away = False
        tracker.gathered.append(batch(2))
        await trio.sleep(5)
        assert ids(flux) == [[1], [2]]
        nursery.cancel_scope.cancel()


async def test_a_store_that_says_try_again_is_tried_again(autojump_clock, monkeypatch):
    tracker, flux = Tracker(), Flux()
    tries = []

    async def save(saved, *, vantage):
        await trio.lowlevel.checkpoint()
        tries.append(vantage)
        if len(tries) < 3:
            raise TryAgain("moved")

    monkeypatch.setattr(flux, "save", save)
    tracker.gathered = [batch(1)]
    await Flushing(tracker, flux, "there", SILENT).flush()
    assert tries == ["there"] * 3


async def test_a_batch_that_was_cut_off_is_stored_at_the_end(autojump_clock):
    tracker, flux = Tracker(), Flux()
    flushing = Flushing(tracker, flux, "here", SILENT)
    flux.away = True
    tracker.gathered = [batch(1)]
    with trio.move_on_after(3):
        await flushing.run()
    flux.away = False
    tracker.gathered = [batch(2)]
    await flushing.finish(20_000)
    assert ids(flux) == [[1], [2]]
    assert tracker.rolled[-1] == 20_000
