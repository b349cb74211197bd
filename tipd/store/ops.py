"""What `tipd db` does: reach the database whether or not a daemon runs, say how it is, migrate it.

With a managed server and no daemon the server is started for as long as it is needed; with a daemon its server is used.
"""

from __future__ import annotations

import random
import signal
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio

from tipd.errors import TryAgain, Unavailable
from tipd.store import checks, clients, migrate, opening, sizes
from tipd.store.address import read_url
from tipd.store.binaries import MIN_MAJOR
from tipd.store.clients import Target
from tipd.store.orphan import is_server_of, read_pid_file
from tipd.store.places import Places, dsn, way
from tipd.store.pool import Pool
from tipd.store.postgres import ManagedPostgres, managed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tipd.log import Log
    from tipd.nursery.contract import ModuleState
    from tipd.store.connection import Connection
    from tipd.store.settings import StoreSettings

_PATIENCE = 10.0  # seconds for a database that does not answer at once


@dataclass(frozen=True, slots=True)
class Database:
    """A database that can be reached: `kind` is `managed` or `given`; `shared` when a daemon runs the server."""

    target: Target
    kind: str
    shared: bool
    settings: StoreSettings
    log: Log

    def pool(self) -> AbstractAsyncContextManager[Pool]:
        """Open a small pool; raises StoreAway where the database does not answer."""
        return Pool.open(self.target.dsn, log=self.log, size=2, patience=_PATIENCE)


@dataclass(frozen=True, slots=True)
class Report:
    """How the database is; `sizes` are bytes by table, greatest first."""

    kind: str
    shared: bool
    version: str
    unsafe: tuple[str, ...]
    store_id: str | None
    applied: tuple[str, ...]
    pending: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    sizes: dict[str, int]


class Quiet:
    """A health sink nobody reads."""

    state: ModuleState = "starting"

    def note(self, **facts: Any) -> None:
        """Forget it."""

    def beat(self) -> None:
        """Forget it."""


@asynccontextmanager
async def reach(state_dir: Path, settings: StoreSettings, log: Log, *, make: bool = False) -> AsyncIterator[Database]:
    """Give the configured database, starting the managed server where nobody does; `make` one where there is none yet.

    Raises ConfigError, Unavailable, and TryAgain while another tipd has the state directory and no server to share.
    """
    url = read_url(settings)
    if url is not None:
        yield Database(Target(url), "given", shared=False, settings=settings, log=log)
        return
    places = Places(state_dir)
    if not make and not places.root.exists():
        raise Unavailable(f"there is no store below {state_dir} yet: `tipd run` or `tipd db migrate` makes one")
    held: TryAgain | None = None
    try:
        with places.locked():
            pass
    except TryAgain as error:
        held = error
    if held is not None:
        with _shared(places, held) as target:
            yield Database(target, "managed", shared=True, settings=settings, log=log)
        return
    server = ManagedPostgres(state_dir, settings, log, Quiet(), random.Random())  # noqa: S311 - spreads retries
    async with managed(server):
        yield Database(server.target, "managed", shared=False, settings=settings, log=log)


@contextmanager
def _shared(places: Places, held: TryAgain) -> Iterator[Target]:
    """Give the server that another tipd runs; raises what says that it is held where no server answers."""
    found = read_pid_file(places.cluster)
    if found is None or found.status != "ready" or not is_server_of(found.pid, places.cluster):
        raise held
    with way(places.run, None, socket=True) as sockets:
        yield Target(dsn(sockets), sockets.descriptors)


async def status(database: Database) -> Report:
    """Look, change nothing; raises SchemaError (a newer or foreign schema) and StoreAway."""
    async with database.pool() as pool:
        facts = await pool.run(checks.examine)
        progress = await migrate.status(pool)
        difference = await migrate.check(pool) if progress.applied else migrate.Difference((), ())
        return Report(
            kind=database.kind,
            shared=database.shared,
            version=facts.version,
            unsafe=facts.unsafe,
            store_id=await pool.run(_store_id) if progress.applied else None,
            applied=progress.applied,
            pending=progress.pending,
            missing=difference.missing,
            extra=difference.extra,
            sizes=await pool.run(sizes.tables),
        )


async def bring_up(database: Database, *, dry_run: bool = False) -> tuple[str, ...]:
    """Apply what is pending, or only try; return the names. Raises as `opening.admit` and `migrate.apply` do."""
    async with database.pool() as pool:
        await opening.examine(pool, database.settings, database.log)
        if dry_run:
            return await migrate.dry_run(pool)
        names = await migrate.apply(pool)
        await opening.admit(pool, database.settings, database.log)
        return names


async def shell(database: Database, arguments: Sequence[str] = ()) -> int:
    """Run `psql` on our terminal and return its exit code; Ctrl-C is for it alone meanwhile."""
    program = await trio.to_thread.run_sync(clients.client, "psql", MIN_MAJOR, database.settings.binaries)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = await trio.run_process(
            [program, clients.address(database.target), *arguments],
            stdin=None,
            check=False,
            **clients.options(database.target, terminal=True),
        )
    finally:
        signal.signal(signal.SIGINT, before)
    return done.returncode


async def _store_id(connection: Connection) -> str | None:
    value = await connection.fetchval("SELECT value #>> '{}' FROM meta WHERE name = 'store_id'")
    return None if value is None else str(value)
