"""Managed servers for tests, and what they need around them."""

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
import trio

from support.pg import connected
from tipd import log
from tipd.store import ops
from tipd.store.postgres import ManagedPostgres, managed
from tipd.store.settings import StoreSettings


class Notes:
    """A health sink that keeps what it is told."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.state = "starting"

    def note(self, **facts: Any) -> None:
        self.facts |= facts

    def beat(self) -> None:
        pass


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Give a closed folder, in memory where there is a tmpfs."""
    memory = Path("/dev/shm")
    base = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="tipd-state-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_store(state_dir: Path) -> None:
    """Make and migrate a managed server there, and stop it."""

    async def main() -> None:
        async with ops.reach(state_dir, StoreSettings(), structlog.get_logger(), make=True) as reached:
            await ops.bring_up(reached)

    trio.run(main)


def copy_state(source: Path, target: Path) -> None:
    """Copy a state directory with its owners."""
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)


def make(state_dir: Path, **settings: Any) -> ManagedPostgres:
    """Return a server that has not been started; its notes are `_health`."""
    return ManagedPostgres(state_dir, StoreSettings(**settings), structlog.get_logger(), Notes(), random.Random(7))


async def with_connection(dsn: str, work: Callable[..., Any]) -> Any:
    """Do as `connected` does, in a thread."""
    return await trio.to_thread.run_sync(connected, dsn, work)


async def ask(dsn: str, sql: str) -> Any:
    """Return the first value of a query."""
    return await with_connection(dsn, lambda conn: conn.fetchval(sql))


def serve_and_ask(state_dir: str) -> dict[str, Any]:
    """Start a server on the folder, ask it who it is, stop it."""

    async def main() -> dict[str, Any]:
        async with managed(make(Path(state_dir))) as server:
            return {
                "user": await ask(server.dsn, "SELECT current_user"),
                "uid": Path(f"/proc/{server._health.facts['pid']}").stat().st_uid,
                "sums": await ask(server.dsn, "SHOW data_checksums"),
            }

    return trio.run(main)


def serve_until_killed(state_dir: str) -> dict[str, Any]:
    """Start a server, print its process number, and wait for ever."""

    log.setup()  # to stderr

    async def main() -> None:
        async with managed(make(Path(state_dir))) as server:
            await ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
            print(server._health.facts["pid"], flush=True)
            await trio.sleep_forever()

    trio.run(main)
    return {}
