"""A real PostgreSQL for tests: one server a session, one fresh database a test.

The data lie in memory where there is a tmpfs, so that `fsync` stays on (tipd refuses a server without it) and costs
nothing.
"""

import asyncio
import contextlib
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from tipd.store import account, binaries, copies, migrate

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_PR_SET_PDEATHSIG = 1
_TEMPLATE = "tipd_template"


def unprivileged() -> pwd.struct_passwd | None:
    """Return whom the server runs as when we are root, else None."""
    chosen = account.choose(Path("/nonexistent/data"))
    return pwd.getpwuid(chosen.uid) if chosen.switch else None


def _programs(beside: Path) -> Path:
    """Return the folder of the newest server programs that this user can run, copied where they must be."""
    found = binaries.find(os.environ)
    able = copies.usable(found, account.choose(beside / "data"), beside)
    chosen = binaries.choose(able)
    copies.provide(chosen, found)
    return chosen.folder


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


@dataclass
class Server:
    """A running server; `sockets` is its unix socket folder."""

    root: Path
    sockets: Path
    bin: Path
    process: subprocess.Popen[bytes] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def identity(self) -> dict[str, object]:
        """Return keyword arguments of `subprocess` that make a child run as the server's user."""
        user = unprivileged()
        return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def start(self) -> None:
        """Start the server and wait until it answers."""
        args = [self.bin / "postgres", "-D", self.root / "data", "-k", self.sockets, "-c", "listen_addresses="]
        for name, value in self.settings.items():
            args += ["-c", f"{name}={value}"]
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(
                args,
                cwd="/",
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                preexec_fn=_die_with_parent,
                **self.identity(),
            )
        ready = [self.bin / "pg_isready", "-q", "-h", self.sockets]
        until = time.monotonic() + 60
        while subprocess.run(ready, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start:\n{(self.root / 'log').read_text()}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)

    def stop(self, how: int = signal.SIGINT) -> None:
        """Send the signal (SIGINT: fast shutdown) and wait for the end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def dsn(self, database: str) -> str:
        """Return a connection URL of that database, for the superuser `tipd`."""
        return f"postgresql://tipd@/{database}?host={quote(str(self.sockets))}"

    def psql(self, sql: str, *, database: str = "postgres") -> str:
        """Run SQL and return what was printed, unaligned."""
        args = [self.bin / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.sockets, "-U", "tipd", "-d", database]
        args += ["-c", sql]
        done = subprocess.run(args, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def create(self, template: str = "template1") -> str:
        """Create a database and return its name."""
        name = f"t{next(self._numbers)}"
        self.psql(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return name

    def create_migrated(self) -> str:
        """Create a database with all migrations applied, by copying a template made at the first call."""
        if not self.psql(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
            self.psql(f"CREATE DATABASE {_TEMPLATE}")
            apply_migrations(self, _TEMPLATE)
        return self.create(_TEMPLATE)

    def drop(self, name: str) -> None:
        """Drop the database, cutting off who is still connected."""
        self.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def apply_migrations(server: Server, database: str) -> None:
    """Apply every migration in order, as the daemon does."""

    async def apply(connection: Any) -> None:
        while await migrate.apply_next(connection, migrate.load(MIGRATIONS)):
            pass

    connected(server.dsn(database), apply)


def connected(dsn: str, work: Callable[..., Any]) -> Any:
    """Return `await work(connection)` over a connection of its own; blocks."""

    async def main() -> Any:
        conn = await asyncpg.connect(dsn, timeout=20)
        try:
            return await work(conn)
        finally:
            await conn.close()

    return asyncio.run(main())


def make_server(**settings: str) -> Server:
    """Initialise and start a server of its own; who calls this calls `remove_server` too."""
    memory = Path("/dev/shm")
    base = memory if memory.is_dir() and os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    root = Path(tempfile.mkdtemp(prefix="tipd-test-", dir=base))
    sockets = Path(tempfile.mkdtemp(prefix="tipd-", dir="/tmp"))
    user = unprivileged()
    if user is not None:
        for folder in (root, sockets):
            os.chown(folder, user.pw_uid, user.pw_gid)
    server = Server(root, sockets, _programs(sockets), settings={"max_connections": "200", **settings})
    subprocess.run(
        [server.bin / "initdb", "-D", root / "data", "-U", "tipd", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        check=True,
        capture_output=True,
        cwd="/",
        **server.identity(),
    )
    server.start()
    return server


def remove_server(server: Server) -> None:
    """Stop the server and delete its files."""
    server.stop()
    shutil.rmtree(server.root, ignore_errors=True)
    shutil.rmtree(server.sockets, ignore_errors=True)


def thrown_away(plan: dict[str, Any]) -> int:
    """Return how many pairs of rows a plan looked at for nothing."""
    own = plan.get("Rows Removed by Join Filter", 0) + plan.get("Rows Removed by Filter", 0)
    return own * plan["Actual Loops"] + sum(map(thrown_away, plan.get("Plans", ())))


def scanned(plan: dict[str, Any]) -> int:
    """Return how many rows all scans of a plan gave."""
    own = plan["Actual Rows"] * plan["Actual Loops"] if "Scan" in plan["Node Type"] else 0
    return int(own) + sum(map(scanned, plan.get("Plans", ())))
