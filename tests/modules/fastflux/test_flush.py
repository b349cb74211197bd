"""What the tracker gathered reaches the store: each second, in full, and once more at the end."""

import trio
from hypothesis import given
from hypothesis import strategies as st
from support.silence import SILENT
from support.tracking_fakes import Flux, Tracker, packed, subject

from tipd.errors import TryAgain
from tipd.model.finding import NewFinding
from tipd.model.flux import Batch, Observation, Roll
from tipd.modules.fastflux.flush import AT_ONCE, LAST_WITHIN, LEAST_ROLL, Flushing, chunks


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


async def test_a_stop_lets_the_transaction_under_way_end_and_begins_none_twice(autojump_clock, monkeypatch):
    tracker, flux = Tracker(), Flux()
    begun, ended = [], []

    async def save(saved, *, vantage):
        begun.append(saved)
        await trio.sleep(LAST_WITHIN / 2)
        ended.append(saved)

    monkeypatch.setattr(flux, "save", save)
    flushing = Flushing(tracker, flux, "here", SILENT)
    tracker.gathered = [batch(*range(AT_ONCE + 5))]
    with trio.move_on_after(LAST_WITHIN / 4):
        await flushing.run()
    assert [len(one) for one in ended] == [AT_ONCE]
    with trio.move_on_after(60):
        await flushing.finish(10)
    assert [len(one) for one in begun] == [AT_ONCE, 5]


async def test_a_stop_does_not_wait_for_a_store_that_hangs(autojump_clock, monkeypatch):
    tracker, flux = Tracker(), Flux()

    async def save(saved, *, vantage):
        await trio.sleep_forever()

    monkeypatch.setattr(flux, "save", save)
    flushing = Flushing(tracker, flux, "here", SILENT)
    tracker.gathered = [batch(1)]
    begun = trio.current_time()
    with trio.move_on_after(10):
        await flushing.run()
    assert trio.current_time() - begun <= 10 + LAST_WITHIN + 0.1
    begun = trio.current_time()
    with trio.move_on_after(2):
        await flushing.finish(10)
    assert trio.current_time() - begun <= 2.1


def row_of(name, n):
    if name == "observations":
        return observation()
    if name == "findings":
        return NewFinding(kind="flux.network", module="fastflux")
    return Roll(id=n, due=1.0, ttl=1, samples=1, last_sample=1.0)


@given(st.lists(st.integers(0, 12), min_size=6, max_size=6), st.integers(1, 9))
def test_chunks_hold_every_row_once_in_order_and_none_is_too_large(sizes, most):
    names = ("observations", "runs", "scores", "findings", "marks", "rolls")
    rows = {name: tuple(row_of(name, n) for n in range(size)) for name, size in zip(names, sizes, strict=True)}
    parts = list(chunks(Batch(**rows), most))
    assert all(0 < len(part) <= most for part in parts)
    assert all(len(part) == most for part in parts[:-1])
    for name in names:
        assert tuple(row for part in parts for row in getattr(part, name)) == rows[name]
    told = [name for part in parts for name in names if getattr(part, name)]
    assert told == sorted(told, key=names.index)
