"""The managed PostgreSQL: a direct child of the daemon, on a unix socket below the state directory.

Error handling: a server that dies is started again with backoff for as long as `run` lives; that is a state (the pool
sees the database away), not a crash of ours. Only a first start that cannot succeed raises. Resource handling: the
state directory is locked while `run` lives; cancelling it stops the server (within `stop_deadline` and a few seconds).
"""

from __future__ import annotations

import math
import os
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import trio

from tipd.config import size
from tipd.errors import Unavailable
from tipd.nursery.backoff import Backoff
from tipd.store import account as accounts
from tipd.store import binaries, cluster, copies, orphan
from tipd.store.clients import Target
from tipd.store.groups import unwrapped
from tipd.store.places import Places, Way, dsn, way
from tipd.store.postmaster import IMMEDIATE, Postmaster

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from tipd.log import Log
    from tipd.nursery.contract import HealthSink
    from tipd.store.account import Account
    from tipd.store.binaries import Installation
    from tipd.store.settings import StoreSettings

_TRIES = 3  # of a first start whose failure does not look passing
_HEALTHY = 60.0  # seconds after which earlier failures are forgotten
_MAX_CONNECTIONS = 100


class ManagedPostgres:
    """Runs the server; `dsn`, `server` and `way` are there once `run` has started."""

    def __init__(
        self,
        state_dir: Path,
        settings: StoreSettings,
        log: Log,
        health: HealthSink,
        rng: random.Random,
        *,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Keep what `run` needs; nothing is touched yet."""
        self.places = Places(state_dir)
        self.server: Installation | None = None
        self.way: Way | None = None
        self.restarts = 0
        self._settings = settings
        self._log = log
        self._health = health
        self._backoff = Backoff(0.25, 10.0, rng)
        self._environ = environ
        self._account: Account | None = None
        self._stop_by = math.inf

    @property
    def dsn(self) -> str:
        """The address for the pool; good in this process (a long path leads through one of its descriptors)."""
        return self.target.dsn

    @property
    def target(self) -> Target:
        """The address with the descriptors that a child of ours must inherit to use it; raises Unavailable."""
        if self.way is None:
            raise Unavailable("the managed PostgreSQL has not been started")
        return Target(dsn(self.way), self.way.descriptors)

    async def run(self, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        """Prepare, start and keep the server; `task_status.started(dsn)` when it first accepts connections.

        Raises TryAgain (another tipd holds the state directory), ConfigError (folders, users) and Unavailable (no
        programs, or a first start that fails).
        """
        with self.places.locked(), ExitStack() as stack:
            server, account = await self._prepare()
            data = stack.enter_context(way(self.places.cluster, account))
            sockets = stack.enter_context(way(self.places.run, account, socket=True))
            self.way = stack.enter_context(way(self.places.run, None, socket=True))
            command = _command(server, data, sockets, self._settings)
            try:
                await self._keep(command, account, data.descriptors + sockets.descriptors, task_status)
            finally:
                self.way = None

    async def _prepare(self) -> tuple[Installation, Account]:
        places = self.places
        cluster.finish_upgrade(places)
        account = accounts.choose(places.cluster)
        places.make(account)
        major = places.major()
        self.server = server = await trio.to_thread.run_sync(
            provide, places, self._settings, account, major, self._environ
        )
        if await orphan.stop_orphan(places.cluster, self._log):
            self._health.note(orphan_stopped=True)
        if major is None:
            made = {"folder": str(places.cluster), "version": _dotted(server), "user": account.name}
            self._log.info("making a new cluster", **made)
            await cluster.initialise(places, places.cluster, server, account)
        else:
            cluster.write_access(places.cluster, account)
        return server, account

    async def _keep(
        self,
        command: list[str],
        account: Account,
        descriptors: tuple[int, ...],
        task_status: trio.TaskStatus[str],
    ) -> None:
        started, failures = False, 0
        deadline = trio.current_time() + self._settings.seconds("start_deadline")
        while True:
            began = trio.current_time()
            server = await Postmaster.start(command, self.places.cluster, account, descriptors, self._log)
            was_ready = await self._serve(server, None if started else task_status)
            started = started or was_ready
            failures = 0 if was_ready else failures + 1
            if not started and (trio.current_time() > deadline or (failures >= _TRIES and not server.passing())):
                raise Unavailable(f"the managed PostgreSQL does not start: {server.last_words()}")
            await self._rest(server, trio.current_time() - began)

    async def _serve(self, server: Postmaster, task_status: trio.TaskStatus[str] | None) -> bool:
        """Serve until the process ends, or is stopped because we are cancelled; return whether it was ever ready."""
        ready = False
        self._health.state = "starting"
        self._health.note(pid=server.pid)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.pass_on)
            try:
                with trio.move_on_after(self._settings.seconds("start_deadline")):
                    ready = await server.ready()
                if ready:
                    self._health.state = "running"
                    self._health.note(version=_dotted(self.server), restarts=self.restarts)
                    if task_status is not None:
                        task_status.started(self.dsn)
                    await server.wait()
            finally:
                await server.stop(*self._stop_within())
        return ready

    def hurry(self, by: float) -> None:
        """Have the stop done by that moment of trio's clock, if need be by SIGKILL: the server recovers from it."""
        self._stop_by = by

    def _stop_within(self) -> tuple[float, float]:
        """Return the seconds for a fast shutdown, and for an immediate one after it."""
        left = max(1.0, self._stop_by - trio.current_time())
        immediate = min(IMMEDIATE, left / 3)
        return min(self._settings.seconds("stop_deadline"), left - immediate), immediate

    async def _rest(self, server: Postmaster, lived: float) -> None:
        if lived > _HEALTHY:
            self._backoff.reset()
        delay = self._backoff.next()
        self.restarts += 1
        self._log.warning(
            "the managed PostgreSQL ended; starting it again",
            status=server.ended,
            said=server.last_words(),
            wait=round(delay, 2),
        )
        self._health.state = "backoff"
        self._health.note(restarts=self.restarts, last_end=server.ended)
        await trio.sleep(delay)


@asynccontextmanager
async def managed(server: ManagedPostgres) -> AsyncIterator[ManagedPostgres]:
    """Run the server while the block runs; an expected error comes out as itself, not in a group."""
    with unwrapped():
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run)
            yield server
            nursery.cancel_scope.cancel()


def provide(
    places: Places, settings: StoreSettings, account: Account, major: int | None, environ: Mapping[str, str]
) -> Installation:
    """Find the programs for that major (None: the newest) that the account can run, copied where it must be.

    Blocks (it runs programs and may copy 40 MB); raises Unavailable or ConfigError.
    """
    found = binaries.find(environ, settings.binaries)
    able = copies.usable(found, account, places.root)
    if not able and found:
        raise Unavailable(copies.explain(found, account))
    chosen = binaries.choose(able, major)
    copies.provide(chosen, found)
    return chosen


def _command(server: Installation, data: Way, sockets: Way, settings: StoreSettings) -> list[str]:
    """Return the server's command line: what tipd decides; the rest stands in the cluster's postgresql.conf."""
    decided = {
        "listen_addresses": "",
        "unix_socket_directories": '"' + sockets.text.replace('"', '""') + '"',
        "unix_socket_permissions": "0777",  # the folder is 0700, and peers are looked up
        "port": "5432",
        "max_connections": str(_MAX_CONNECTIONS),
        "shared_buffers": f"{size(settings.shared_buffers) // 1024}kB",
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_line_prefix": "",
        "lc_messages": "C",
        "max_wal_senders": "0",
    }
    return [
        str(server.program("postgres")),
        "-D",
        data.text,
        *(word for name, value in decided.items() for word in ("-c", f"{name}={value}")),
    ]


def _dotted(server: Installation | None) -> str:
    return ".".join(str(part) for part in server.version) if server else ""
