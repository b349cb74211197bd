"""All names are back after a start, and what changes is followed."""

import pytest
import trio
from support.silence import SILENT
from support.tracking_fakes import Flux, Tracker, known

from tipd.errors import StoreAway
from tipd.model.flux import CANDIDATE, State
from tipd.modules.fastflux.resume import AGAIN, AHEAD, POLL, Watched


async def test_all_are_loaded_and_told_when_the_former_holder_ended():
    flux, tracker = Flux(), Tracker()
    flux.pages = [[known("a.example.org", id=1), known("b.example.org", id=2)], [known("c.example.org", id=3)]]
    watched = Watched(flux, tracker, SILENT)
    assert await watched.load(1234.5) == 3
    assert [([one.id for one in page], not_before) for page, not_before in tracker.taken] == [
        ([1, 2], 1234.5),
        ([3], 1234.5),
    ]


async def test_a_store_that_goes_away_meanwhile_is_told_as_such():
    tracker = Tracker()

    class Fragile(Flux):
        async def load(self, page=5000):
            for n in range(1, 8):
                await self._reach()
                yield [known(f"n{n}.example.org", id=n)]
            raise StoreAway("away")

    with pytest.raises(StoreAway):
        await Watched(Fragile(), tracker, SILENT).load(0.0)
    assert [page[0].id for page, _ in tracker.taken] == [1, 2, 3, 4, 5, 6, 7]


async def test_the_next_page_is_read_while_one_is_taken():
    read: list[int] = []

    class Counted(Flux):
        async def load(self, page=5000):
            for n in range(1, 10):
                read.append(n)
                await self._reach()
                yield [known(f"n{n}.example.org", id=n)]

    class Slow(Tracker):
        def take(self, names, not_before=0.0):
            super().take(names, not_before)
            ahead.append(len(read) - len(self.taken))

    ahead: list[int] = []
    assert await Watched(Counted(), Slow(), SILENT).load(0.0) == 9
    assert 1 <= max(ahead) <= AHEAD + 2, "read ahead, but not all at once"


async def test_what_changes_while_it_loads_is_followed_afterwards():
    flux, tracker = Flux(), Tracker()
    flux.revised = 10
    flux.pages = [[known("a.example.org", id=1, revision=4), known("b.example.org", id=2, revision=17)]]
    flux.changes = [known("a.example.org", id=1, revision=12, tags=("x",))]  # after its page was read
    watched = Watched(flux, tracker, SILENT)
    await watched.load(0.0)
    tracker.taken.clear()
    await watched.catch_up()
    assert [(one.id, one.tags) for page, _ in tracker.taken for one in page] == [(1, ("x",))]


async def test_names_that_people_let_go_are_dropped_and_others_taken():
    flux, tracker = Flux(), Tracker()
    watched = Watched(flux, tracker, SILENT)
    flux.changes = [
        known("a.example.org", id=1, revision=2),
        known("b.example.org", id=2, revision=3, state=State.DROPPED),
        known("c.example.org", id=3, revision=4, state=State.CONFIRMED),
    ]
    await watched.catch_up()
    await watched.catch_up()
    assert tracker.dropped == [2]
    assert [[one.id for one in page] for page, _ in tracker.taken] == [[1, 3]]
    assert watched.revision == 4


async def test_many_changes_are_taken_page_by_page():
    flux, tracker = Flux(), Tracker()
    flux.changes = [known(f"n{n}.example.org", id=n, revision=n) for n in range(1, 2501)]
    watched = Watched(flux, tracker, SILENT)
    await watched.catch_up()
    assert [len(page) for page, _ in tracker.taken] == [1000, 1000, 500]


async def test_it_wakes_by_commits_polls_and_waits_for_a_store_that_is_away(autojump_clock):
    flux, tracker = Flux(), Tracker()
    watched = Watched(flux, tracker, SILENT)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watched.follow)
        await trio.sleep(0.1)
        flux.changes.append(known("a.example.org", id=1, revision=1))
        watched.heard(1, frozenset({"indicator.listed"}))
        await trio.sleep(0.1)
        assert tracker.taken == []
        watched.heard(1, frozenset({CANDIDATE}))
        await trio.sleep(0.1)
        assert len(tracker.taken) == 1
        flux.changes.append(known("b.example.org", id=2, revision=2))  # a change of tags: nobody tells
        await trio.sleep(POLL)
        assert len(tracker.taken) == 2
        flux.away = True
        await trio.sleep(3 * POLL)
        flux.changes.append(known("c.example.org", id=3, revision=3))
        flux.away = False
        await trio.sleep(2 * AGAIN)
        assert len(tracker.taken) == 3
        nursery.cancel_scope.cancel()
