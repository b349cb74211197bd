"""Dump a store to a file and bring it back: PostgreSQL's custom format, which `pg_restore` of any later major reads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import trio

from tipd.errors import SchemaError, TipdError
from tipd.store import checks, clients, migrate, opening
from tipd.store.cluster import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.store.connection import Connection
    from tipd.store.identity import Identity
    from tipd.store.ops import Database

_PLAIN = ("--no-owner", "--no-privileges")
_HOLDS_SOMETHING = (
    "finding",
    "sighting",
    "round",
    "token",
    "dns_name",
)  # a daemon that has only started leaves these empty


@dataclass(frozen=True, slots=True)
class Dumped:
    """A whole dump on the disk."""

    path: Path
    bytes: int
    version: str  # of the server


async def dump(database: Database, path: Path) -> Dumped:
    """Write the store as it is at one moment; a daemon may be running.

    The file (0600) appears whole or not at all. Raises TipdError where it exists already or cannot be written, and
    Unavailable where there is no `pg_dump` new enough.
    """
    async with database.pool() as pool:
        facts = await pool.run(checks.examine)
        await migrate.status(pool)  # refuses what is not a store of ours
    program = await _program(database, "pg_dump", facts.version_num)
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = _create(path, passing)
    try:
        with os.fdopen(descriptor, "wb") as file:
            command: list[str | Path] = [program, "--format=custom", *_PLAIN, clients.address(database.target)]
            await clients.run(command, stdin=DEVNULL, stdout=file.fileno(), **clients.options(database.target))
            os.fsync(file.fileno())
            size = file.seek(0, os.SEEK_END)
        passing.rename(path)
        sync_folder(path.parent)
    finally:
        passing.unlink(missing_ok=True)
    return Dumped(path, size, facts.version)


async def restore(database: Database, path: Path) -> Identity:
    """Fill an empty store from a dump, whole or not at all; the log of findings is another one afterwards.

    Raises SchemaError (a dump of a newer tipd, or of something else) before anything is changed, and TipdError where
    the store holds anything.
    """
    async with database.pool() as pool:
        facts = await opening.examine(pool, database.settings, database.log)
        program = await _program(database, "pg_restore", facts.version_num)
        await _refuse_newer(program, path)
        await pool.within(migrate.DEADLINE, clear)
        command: list[str | Path] = [program, "--single-transaction", "--exit-on-error", *_PLAIN]
        command += [clients.address(database.target), path]
        await clients.run(command, stdin=DEVNULL, **clients.options(database.target))
        return await opening.admit(pool, database.settings, database.log)


async def clear(connection: Connection) -> None:
    """Drop the tables of a store that holds nothing; raises TipdError if it does, SchemaError where it is not one."""
    async with connection.transaction():
        if not (await migrate.read_status(connection, migrate.load())).applied:
            return
        for table in _HOLDS_SOMETHING:
            if await connection.fetchval(f'SELECT EXISTS (SELECT FROM "{table}")'):  # noqa: S608 - our own names
                raise TipdError(f"the store is not empty (table {table}): restore into a new one, or move it away")
        ours = [statement.split()[2] for statement in migrate.wanted() if statement.startswith("CREATE TABLE ")]
        await connection.execute(f"DROP TABLE {', '.join(ours)}")


async def _program(database: Database, name: str, version_num: int) -> Path:
    return await trio.to_thread.run_sync(clients.client, name, version_num // 10000, database.settings.binaries)


async def _refuse_newer(program: Path, path: Path) -> None:
    """Read the list of migrations out of the dump."""
    known = migrate.load()
    try:
        rows = await clients.run(
            [program, "--data-only", "--table=migration", "--file=-", path], stdin=DEVNULL, env={"LC_ALL": "C"}
        )
    except TipdError as error:
        raise SchemaError(f"{path} is not a dump that can be read: {error}") from None
    lines = rows.decode(errors="replace").split("FROM stdin;\n")[-1].split("\n\\.")[0].splitlines()
    numbers = [int(line.split("\t")[0]) for line in lines if line.split("\t")[0].isdigit()]
    if not numbers:
        raise SchemaError(f"{path} is not a dump of tipd")
    if max(numbers) > len(known):
        raise SchemaError(f"{path} has schema {max(numbers)}, newer than this tipd knows ({len(known)})")


def _create(path: Path, passing: Path) -> int:
    if path.exists():
        raise TipdError(f"{path} exists: name a new file")
    try:
        return os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise TipdError(f"cannot write {path}: {error.strerror}") from None
