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
        """Start what this process needs: nearly all of it serves the API."""
        parts = self._house.parts
        children: dict[str, Child] = {}
        if not parts.isdisjoint({"api", "fastflux", "spamtrap"}):
            self._store.spam.asn_of = self._asn_of
            children |= {"asn": self.asns.run, "allowed": self._store.allowed.run}
        if "api" in parts:
            children |= self._serving(supervisor)
        for name, child in children.items():
            nursery.start_soon(supervise, supervisor, name, child, Restart.ALWAYS)

    def _asn_of(self, address: str) -> int | None:
        return self.asns.table.of(address)  # the table is exchanged for a newer one now and then

    def _serving(self, supervisor: Supervisor) -> dict[str, Child]:
        """Subscribe what serves the API to the log, and return it."""
        node = self._house.health.node
        follower = Follower(self.index, self._store.pool, log.get("index"), node("index"))
        asns = self.asns
        counter = Counter(self._store.trends, lambda: asns.table, log.get("trends"), node("trends"), asns.settled)
        # A source's mark changes without a finding, and acts at once all the same.
        self._store.pool.listen(MARKS_CHANNEL, lambda _: follower.committed(0))
        for wakes in (follower.committed, counter.committed, self.watching.sinks.committed):
            self._store.writer.subscribe(wakes)
        return {
            "index": follower.run,
            "trends": counter.run,
            "sinks": partial(self.watching.sinks.run, supervisor),
        }


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
