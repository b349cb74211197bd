"""What is done once an hour, and when a source's mark changed."""

import trio
from support.silence import SILENT
from support.tracking_fakes import Flux

from tipd.modules.fastflux.chores import AGAIN, EVERY, SOON, Chores
from tipd.modules.fastflux.settings import FluxSettings


async def test_they_are_done_at_once_and_every_hour(autojump_clock):
    flux = Flux()
    chores = Chores(flux, FluxSettings(), SILENT)
    with trio.move_on_after(2.5 * EVERY):
        await chores.run()
    assert (flux.thinned, flux.remarked, chores.bytes) == (3, 3, 4096)


async def test_marks_are_taken_anew_soon_after_a_source_changed_and_once_for_many_changes(autojump_clock):
    flux = Flux()
    chores = Chores(flux, FluxSettings(), SILENT)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(chores.run)
        await trio.sleep(1)
        for _ in range(5):
            chores.marks_changed()
            await trio.sleep(0.1)
        await trio.sleep(2 * SOON)
        assert flux.remarked == 3  # at the start, for the first, and for those that came while it waited
        nursery.cancel_scope.cancel()


async def test_a_store_that_is_away_is_waited_for(autojump_clock):
    flux = Flux()
    flux.away = True
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Chores(flux, FluxSettings(), SILENT).run)
        await trio.sleep(3 * AGAIN)
        flux.away = False
        await trio.sleep(AGAIN)
        assert flux.thinned == 1
        nursery.cancel_scope.cancel()


async def test_nothing_is_done_while_it_may_not(autojump_clock):
    flux = Flux()
    with trio.move_on_after(2 * EVERY):
        await Chores(flux, FluxSettings(), SILENT).run(lambda: False)
    assert (flux.thinned, flux.remarked) == (0, 0)
