"""Bring a database's schema to what this tipd knows: numbered SQL files, each in a transaction of its own.

The numbers have no gap; an applied file never changes (its hash is kept and compared); a database that knows a file we
do not have is newer than this tipd, and is refused. Starters on one database take turns by an advisory lock.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.errors import SchemaError
from tipd.store.schema import describe, from_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tipd.store.connection import Connection
    from tipd.store.pool import Pool

LOCK = 0x74697064_00000001  # "tipd", 1: advisory lock of whoever changes the schema
DEADLINE = 6 * 3600.0  # seconds; a migration may rewrite a table of many gigabytes
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql", re.ASCII)
_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    number  integer PRIMARY KEY,
    name    text NOT NULL,
    sha256  text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
)
"""
_OUR_FAULT = ("0A", "22", "23", "2B", "42")  # SQLSTATE classes that mean the file does not fit this database


@dataclass(frozen=True, slots=True)
class Migration:
    """One file; `sha256` is of its bytes, in hex."""

    number: int
    name: str
    sql: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Status:
    """How far a database is: numbers and names, in order."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a schema differs from `schema.sql`: statements that are missing from it, and statements it has besides."""

    missing: tuple[str, ...]
    extra: tuple[str, ...]


def folder() -> Path:
    """Return where the migrations stand: beside the package in a clone, in `share/tipd/migrations` when installed.

    Raises SchemaError where neither is there.
    """
    clone = Path(__file__).resolve().parents[2] / "migrations"
    for place in (clone, *_installed()):
        if (place / "schema.sql").is_file():
            return place
    raise SchemaError(f"the migrations are missing: not in {clone}, nor in the installed package; install tipd again")


def _installed() -> Iterator[Path]:
    yield Path(sysconfig.get_path("data")) / "share" / "tipd" / "migrations"
    try:  # installed with --user, --prefix or --target: the package's own record knows
        files = importlib.metadata.files("tipd") or []
    except importlib.metadata.PackageNotFoundError:
        return
    for file in files:
        if file.match("share/tipd/migrations/schema.sql"):
            yield Path(str(file.locate())).resolve().parent


def load(place: Path | None = None) -> tuple[Migration, ...]:
    """Return all migrations in order; raises SchemaError on a gap, a double number or an odd name."""
    place = place or folder()
    found: list[Migration] = []
    for path in sorted(place.glob("*.sql")):
        if path.name == "schema.sql":
            continue
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise SchemaError(f"{path}: a migration is called like 0002_what_it_does.sql")
        if int(match[1]) != len(found) + 1:
            raise SchemaError(f"{path}: the next migration must be {len(found) + 1:04d}, numbers have no gap")
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        found.append(Migration(int(match[1]), path.stem, content.decode(), digest))
    if not found:
        raise SchemaError(f"{place}: no migration there")
    return tuple(found)


def wanted(place: Path | None = None) -> tuple[str, ...]:
    """Return the statements of `schema.sql`."""
    return from_text(((place or folder()) / "schema.sql").read_text())


# --- over a pool ----------------------------------------------------------------------------------------------------


async def status(pool: Pool, migrations: Sequence[Migration] | None = None) -> Status:
    """Return what is applied and pending; raises SchemaError as `apply` does."""
    return await pool.run(read_status, migrations or load())


async def apply(pool: Pool, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Apply what is pending and return the names.

    Raises SchemaError: the database is newer than we are, is not tipd's, an applied file was changed, or a file fails.
    What was applied before a failure stays. StoreAway passes; calling again goes on where it ended.
    """
    todo, done = migrations or load(), list[str]()
    while (name := await pool.within(DEADLINE, apply_next, todo)) is not None:
        done.append(name)
    return tuple(done)


async def dry_run(pool: Pool, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Apply what is pending in one transaction, roll it back, and return the names; raises as `apply` does.

    Takes the locks that applying takes, for as long as it takes.
    """
    return await pool.within(DEADLINE, try_all, migrations or load())


async def check(pool: Pool, statements: Sequence[str] | None = None) -> Difference:
    """Compare the database's schema with `schema.sql`; what is missing makes it unfit, what is extra is yours."""
    return await pool.run(compare, statements or wanted())


# --- with a connection ----------------------------------------------------------------------------------------------


async def read_status(connection: Connection, migrations: Sequence[Migration]) -> Status:
    """Return what is applied and pending; raises SchemaError."""
    applied: dict[int, tuple[str, str]] = {}
    if await connection.fetchval("SELECT to_regclass('migration')") is not None:
        rows = await connection.fetch("SELECT number, name, sha256 FROM migration ORDER BY number")
        applied = {row["number"]: (row["name"], row["sha256"]) for row in rows}
    elif await connection.fetchval("SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1"):
        raise SchemaError("the database has tables, and none of tipd's: give tipd a database of its own")
    _refuse_strange(applied, migrations)
    return Status(
        tuple(name for name, _ in applied.values()),
        tuple(one.name for one in migrations if one.number not in applied),
    )


def _refuse_strange(applied: dict[int, tuple[str, str]], migrations: Sequence[Migration]) -> None:
    newest = max(applied, default=0)
    if newest > len(migrations):
        raise SchemaError(
            f"the database's schema is newer ({applied[newest][0]}) than this tipd knows ({migrations[-1].name}): "
            "use the newer tipd, or restore a dump from before"
        )
    if sorted(applied) != list(range(1, newest + 1)):
        raise SchemaError(f"the database's list of migrations has gaps: {sorted(applied)}")
    for one in migrations[:newest]:
        if applied[one.number][1] != one.sha256:
            raise SchemaError(f"{one.name} was changed after it was applied to this database: write a new migration")


async def apply_next(connection: Connection, migrations: Sequence[Migration]) -> str | None:
    """Apply the first pending migration and return its name; None when there is none."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)  # another starter may just have applied it
        pending = (await read_status(connection, migrations)).pending
        if not pending:
            return None
        await _apply(connection, next(one for one in migrations if one.name == pending[0]))
    return pending[0]


async def try_all(connection: Connection, migrations: Sequence[Migration]) -> tuple[str, ...]:
    """Apply all that is pending and undo it."""
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            pending = (await read_status(connection, migrations)).pending
            for one in migrations:
                if one.name in pending:
                    await _apply(connection, one)
            raise _Undo
    except _Undo:
        return pending


class _Undo(Exception):
    """Ends a transaction without an error."""


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        await connection.execute(_TABLE)
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.sha256,
        )
    except Exception as error:
        if str(getattr(error, "sqlstate", "")).startswith(_OUR_FAULT):
            raise SchemaError(f"{migration.name}: {error}") from error
        raise


async def compare(connection: Connection, statements: Sequence[str]) -> Difference:
    """Return how this database's schema differs from the statements."""
    there = await describe(connection)
    return Difference(
        tuple(one for one in statements if one not in there),
        tuple(one for one in there if one not in statements),
    )
