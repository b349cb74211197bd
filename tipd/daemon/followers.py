"""What follows the log beside the modules: the look-up index, the trends; and the AS table these count by."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from tipd import log
from tipd.daemon.watching import Watching
from tipd.net.asn_file import AsnFile
from tipd.net.settings import NetSettings
from tipd.nursery.contract import Restart
from tipd.store.lookup.follow import Follower
from tipd.store.lookup.index import LookupIndex
from tipd.store.sources import MARKS_CHANNEL
from tipd.store.trends.counter import Counter

if TYPE_CHECKING:
    from tipd.daemon.house import House
    from tipd.nursery.supervisor import Child, Supervisor
    from tipd.store.store import Store


class Followers:
    """Started once in the house's nursery; each is supervised, and none holds up the start."""

    def __init__(self, house: House, store: Store) -> None:
        """Nothing is started yet."""
        self._house = house
        self._store = store
        self.index = LookupIndex(store.hash_seed)
        built = house.config.state_dir / "asn.table"
        path = house.config.section("net", NetSettings).asn_file
        self.asns = AsnFile(path, built, house.workers, log.get("asn"), house.health.node("asn"))
        self.watching = Watching(house, store, self.asns)

    def start(self, nursery: trio.Nursery, supervisor: Supervisor) -> None:
        """Start what this process needs: all of it serves the API."""
        if "api" not in self._house.parts:
            return
        node = self._house.health.node
        follower = Follower(self.index, self._store.pool, log.get("index"), node("index"))
        asns = self.asns
        counter = Counter(self._store.trends, lambda: asns.table, log.get("trends"), node("trends"), asns.settled)
        # A source's mark changes without a finding, and acts at once all the same.
        self._store.pool.listen(MARKS_CHANNEL, lambda _: follower.committed(0))
        for wakes in (follower.committed, counter.committed, self.watching.sinks.committed):
            self._store.writer.subscribe(wakes)
        children: dict[str, Child] = {
            "index": follower.run,
            "asn": self.asns.run,
            "trends": counter.run,
            "allowed": self._store.allowed.run,
            "sinks": partial(self.watching.sinks.run, supervisor),
        }
        for name, child in children.items():
            nursery.start_soon(supervise, supervisor, name, child, Restart.ALWAYS)


async def supervise(
    supervisor: Supervisor,
    name: str,
    child: Child,
    restart: Restart,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run a child by its policy; a function, so that it can be handed to a nursery."""
    await supervisor.supervise(name, child, restart=restart, task_status=task_status)
