"""Fill the look-up index from the database and keep it up to date with the findings log.

The load reads all open sightings and the last `seq` in one snapshot; from there on the findings are followed in pages.
What takes long runs in threads, in numpy, so that the loop goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate, Protocol

import trio

from tipd.errors import StoreAway, TryAgain
from tipd.model.tlp import Tlp
from tipd.store.lookup.answers import SourceFacts
from tipd.store.lookup.contents import Contents
from tipd.store.lookup.rows import Readers, change_queries, load_queries
from tipd.store.pool import copy_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.log import Log
    from tipd.nursery.contract import HealthSink
    from tipd.store.connection import Connection, Work
    from tipd.store.lookup.index import LookupIndex

PAGE = 50_000  # findings read at once
LOAD_WITHIN = 900.0  # seconds
PAGE_WITHIN = 120.0
LOOK_EVERY = 5.0  # seconds, should no commit wake us
GATHER = 0.1  # seconds for commits that follow each other to be read together
WAIT_AWAY = 1.0


class Pool(Protocol):
    """What is needed of `tipd.store.pool.Pool`."""

    async def within[**P, T](
        self, deadline: float, work: Work[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return the work's result."""
        ...

    async def wait_available(self) -> None:
        """Return once the database is there."""
        ...


@dataclass(frozen=True, slots=True)
class Position:
    """Where the database is: which log it has, and up to where rows were read."""

    store_id: str
    hash_seed: int
    floor: int  # findings up to here are gone
    last: int  # the last finding there is
    until: int  # the last finding that was read
    sources: Mapping[int, SourceFacts]


class Follower:
    """The task that feeds one index."""

    def __init__(self, index: LookupIndex, pool: Pool, log: Log, health: HealthSink | None = None) -> None:
        """Hand `committed` to the writer's `subscribe`, so that commits wake the task."""
        self.index = index
        self._pool = pool
        self._log = log
        self._health = health
        self._woken = trio.Event()

    def committed(self, last_seq: int, _kinds: frozenset[str] = frozenset()) -> None:
        """Take note of a commit; never blocks."""
        self.index.known_seq = max(self.index.known_seq, last_seq)
        self._woken.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Load, then follow, for ever; started at once: the index says itself when it is ready.

        While the database is away the index answers from what it has.
        """
        task_status.started()
        while True:
            try:
                more = await self.catch_up()
            except (StoreAway, TryAgain) as away:
                self._log.info("the look-up index waits for the database", reason=str(away))
                await self._pool.wait_available()
                await trio.sleep(WAIT_AWAY)
                continue
            self._note()
            if not more:
                await self._rest()

    async def _rest(self) -> None:
        with trio.move_on_after(LOOK_EVERY):
            await self._woken.wait()
            await trio.sleep(GATHER)
        self._woken = trio.Event()

    def _note(self) -> None:
        index = self.index
        if self._health is not None:
            self._health.note(ready=index.ready, entries=index.entries, bytes=index.bytes, behind=index.behind)
            self._health.beat()

    async def catch_up(self) -> bool:
        """Load the index, or read one page of findings into it; return whether there is more to read."""
        index = self.index
        if not index.ready:
            return await self._load()
        since = index.loaded
        readers = Readers()
        position = await self._pool.within(PAGE_WITHIN, _read_changes, since, readers)
        if self._begins_anew(position, since):
            return await self._load()
        contents = await trio.to_thread.run_sync(_changed, index.contents, readers, position.until)
        index.replace(contents, position.sources)
        index.known_seq = max(index.known_seq, position.last)
        return position.until < position.last

    def _begins_anew(self, position: Position, since: int) -> bool:
        other = position.store_id != self.index.store_id or position.hash_seed != self.index.hash_seed
        return other or position.floor > since or position.last < since

    async def _load(self) -> bool:
        """Read all open sightings; until that is done the index answers from what it had."""
        began = trio.current_time()
        readers = Readers()
        position = await self._pool.within(LOAD_WITHIN, _read_all, readers)
        contents = await trio.to_thread.run_sync(_loaded, readers, position.until)
        index = self.index
        index.hash_seed, index.store_id = position.hash_seed, position.store_id
        index.known_seq = position.last
        index.replace(contents, position.sources)
        index.ready = True
        took = round(trio.current_time() - began, 3)
        self._log.info("the look-up index is loaded", entries=index.entries, bytes=index.bytes, seconds=took)
        return False


def _loaded(readers: Readers, seq: int) -> Contents:
    return Contents.load(readers.batch(), seq)


def _changed(contents: Contents, readers: Readers, seq: int) -> Contents:
    return contents.changed(readers.batch(), seq)


async def _read_all(connection: Connection, readers: Readers) -> Position:
    """Asyncio: read the open sightings and where the log ends, in one snapshot."""
    async with connection.transaction():
        await connection.execute(_SNAPSHOT)
        position = await _position(connection, None)
        queries = load_queries()
        for name, reader in readers:
            await copy_out(connection, queries[name], into=reader.take)
    return position


async def _read_changes(connection: Connection, since: int, readers: Readers) -> Position:
    """Asyncio: read one page of findings after `since`, in one snapshot."""
    async with connection.transaction():
        await connection.execute(_SNAPSHOT)
        position = await _position(connection, since)
        queries = change_queries(since, position.until)
        for name, reader in readers:
            await copy_out(connection, queries[name], into=reader.take)
    return position


_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_WHERE = """
SELECT (SELECT value #>> '{}' FROM meta WHERE name = 'store_id') AS store_id,
       (SELECT value #>> '{}' FROM meta WHERE name = 'hash_seed') AS hash_seed,
       (SELECT pruned FROM finding_floor) AS floor,
       (SELECT seq FROM finding ORDER BY seq DESC LIMIT 1) AS last
"""
_PAGE_END = "SELECT max(seq) FROM (SELECT seq FROM finding WHERE seq > $1 ORDER BY seq LIMIT $2) AS page"


async def _position(connection: Connection, since: int | None) -> Position:
    """Asyncio: return where the log is, and where a page after `since` ends (None: at the end of the log)."""
    row = await connection.fetchrow(_WHERE)
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    floor = row["floor"] or 0
    last = max(row["last"] or 0, floor)
    until = last
    if since is not None:
        until = await connection.fetchval(_PAGE_END, since, PAGE) or since
    sources = {
        found["id"]: SourceFacts(found["name"], found["weight"], Tlp(found["tlp"]), found["redistribute"])
        for found in await connection.fetch("SELECT id, name, weight, tlp, redistribute FROM source")
    }
    return Position(row["store_id"] or "", int(row["hash_seed"] or 0), floor, last, until, sources)
