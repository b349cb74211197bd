"""Asks of other processes reach the scheduler, also when the store was away or the word of them was lost."""

from types import SimpleNamespace

import structlog
import trio

from tipd.daemon.asked import LOOK_EVERY, Asked
from tipd.errors import StoreAway


class Asks:
    def __init__(self):
        self.waiting = {"blacklist": []}
        self.away = False
        self.hear = None

    def listen(self, hear):
        self.hear = hear

    async def take(self, module):
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreAway("away")
        names, self.waiting[module] = self.waiting[module], []
        return names


async def test_asks_are_passed_on_however_they_come(autojump_clock):
    asks, ran = Asks(), []
    asks.waiting["blacklist"] = ["first"]
    scheduler = SimpleNamespace(names=lambda: ["blacklist"], run_now=lambda module, names: ran.append((module, names)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Asked(SimpleNamespace(asks=asks), scheduler, structlog.get_logger()).run)
        await trio.testing.wait_all_tasks_blocked()
        assert ran == [("blacklist", ["first"])]

        asks.waiting["blacklist"] = ["told"]
        asks.hear("blacklist")
        await trio.testing.wait_all_tasks_blocked()
        assert ran[1:] == [("blacklist", ["told"])]

        asks.away = True
        asks.waiting["blacklist"] = ["untold"]
        await trio.sleep(LOOK_EVERY)
        asks.away = False
        await trio.sleep(LOOK_EVERY)
        assert ran[2:] == [("blacklist", ["untold"])]
        nursery.cancel_scope.cancel()


async def test_a_process_without_modules_takes_nothing():
    scheduler = SimpleNamespace(names=list)
    with trio.fail_after(60):
        await Asked(SimpleNamespace(asks=None), scheduler, structlog.get_logger()).run()
