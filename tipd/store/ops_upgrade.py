"""Move the managed cluster to a newer PostgreSQL: a new cluster is filled from the old one, then takes its place.

Every row goes through `pg_dump` and `pg_restore`, which also rewrites old indexes and works between any two majors. The
old cluster is only read, and stays beside the new one (`data-<major>`) until the operator removes it.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass
from subprocess import DEVNULL
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from tipd.errors import ConfigError, Unavailable
from tipd.store import binaries, clients, cluster, identity, migrate, opening, orphan
from tipd.store.groups import unwrapped
from tipd.store.ops import Quiet
from tipd.store.places import Places
from tipd.store.pool import Pool
from tipd.store.postgres import ManagedPostgres, managed

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.log import Log
    from tipd.store.binaries import Installation
    from tipd.store.clients import Target
    from tipd.store.connection import Connection
    from tipd.store.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done: versions, where the old cluster is kept (None: it was the newest already), the store's name."""

    before: str
    after: str
    kept: Path | None
    store_id: str | None


async def upgrade(state_dir: Path, settings: StoreSettings, log: Log, to: Installation | None = None) -> Upgraded:
    """Move to the newest installation there is, or to `to`; the daemon must not run (TryAgain).

    Raises ConfigError for a server that is not ours to move, Unavailable where either major's programs are missing or
    copying fails: then the old cluster is as it was.
    """
    if settings.url_file is not None:
        raise ConfigError("[store] url_file names a server of yours: move it to a newer version yourself")
    places = Places(state_dir)
    with places.locked():
        cluster.finish_upgrade(places)
        before = places.major()
    if before is None:
        raise Unavailable(f"{places.cluster} does not exist yet: nothing to move")
    if to is None:
        to = binaries.choose(await trio.to_thread.run_sync(binaries.find, os.environ, settings.binaries))
        if to.major <= before:
            return Upgraded(str(before), str(before), None, None)
    return await _move(places, settings, log, to)


async def _move(places: Places, settings: StoreSettings, log: Log, to: Installation) -> Upgraded:
    fresh = Places(places.root / "upgrading")
    old = ManagedPostgres(places.state_dir, settings, log, Quiet(), random.Random())  # noqa: S311
    new_settings = msgspec.structs.replace(settings, binaries=str(to.folder))
    new = ManagedPostgres(fresh.state_dir, new_settings, log, Quiet(), random.Random())  # noqa: S311
    async with managed(old):
        await _remove(fresh, log)
        async with managed(new):
            log.info("copying the store", to=".".join(map(str, to.version)))
            await _copy(old.target, new.target, to)
            store_id = await _same(old.target, new.target, new_settings, log)
        assert old.server is not None  # noqa: S101 - it runs
        before = ".".join(map(str, old.server.version))
    with places.locked():
        fresh.cluster.rename(places.root / "upgraded")  # from here on the move happens, whatever happens
        cluster.sync_folder(places.root)
        kept = cluster.finish_upgrade(places)
        await _remove(fresh, log)
    return Upgraded(before, ".".join(map(str, to.version)), kept, store_id)


async def _copy(old: Target, new: Target, to: Installation) -> None:
    """Pipe the one's dump into the other, in one transaction; raises Unavailable with what went wrong."""
    named = str(to.folder)
    dump = await trio.to_thread.run_sync(clients.client, "pg_dump", to.major, named)
    restore = await trio.to_thread.run_sync(clients.client, "pg_restore", to.major, named)
    plain = ("--no-owner", "--no-privileges")
    reading, writing = os.pipe()
    with unwrapped():
        async with trio.open_nursery() as nursery:
            command: list[str | Path] = [dump, "--format=custom", "--compress=0", *plain, clients.address(old)]
            nursery.start_soon(_piped, command, {"stdin": DEVNULL, "stdout": writing, **clients.options(old)}, writing)
            command = [restore, "--single-transaction", "--exit-on-error", *plain, clients.address(new)]
            nursery.start_soon(_piped, command, {"stdin": reading, **clients.options(new)}, reading)


async def _piped(command: list[str | Path], options: dict[str, Any], end: int) -> None:
    """Run one side; our copy of its end of the pipe is closed when it has ended, so that the other side sees that."""
    try:
        await clients.run(command, **options)
    finally:
        os.close(end)


async def _same(old: Target, new: Target, settings: StoreSettings, log: Log) -> str | None:
    """Compare what both hold, and give the new one the old one's name; raises Unavailable where they differ."""
    counts = []
    for target in (old, new):
        async with Pool.open(target.dsn, log=log, size=1, patience=10) as pool:
            counts.append(await pool.within(migrate.DEADLINE, _rows))
    if counts[0] != counts[1]:
        raise Unavailable(f"the copy differs from the store: {counts[1]} instead of {counts[0]} rows")
    if "meta" not in counts[0]:
        return None  # never migrated: it has no name yet
    async with Pool.open(new.dsn, log=log, size=1, patience=10) as pool:
        await opening.examine(pool, settings, log)
        return await identity.keep(pool)


async def _rows(connection: Connection) -> dict[str, int]:
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return {
        row["tablename"]: await connection.fetchval(f'SELECT count(*) FROM "{row["tablename"]}"')  # noqa: S608
        for row in tables
    }


async def _remove(fresh: Places, log: Log) -> None:
    """Remove what an earlier try left, its server too."""
    if fresh.state_dir.exists():
        await orphan.stop_orphan(fresh.cluster, log)
        await trio.to_thread.run_sync(shutil.rmtree, fresh.state_dir)
