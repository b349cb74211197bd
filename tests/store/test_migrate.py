"""Migrations: in order, once, whole or not at all, never changed, never from the future."""

import hashlib
from pathlib import Path

import pytest
import structlog
import trio
from support import pg

from tipd.errors import SchemaError
from tipd.store import migrate
from tipd.store.migrate import Migration
from tipd.store.pool import Pool

LOG = structlog.get_logger()


def made(number: int, sql: str) -> Migration:
    return Migration(number, f"{number:04d}_step", sql, hashlib.sha256(sql.encode()).hexdigest())


ONE = made(1, "CREATE TABLE one (a int); INSERT INTO one VALUES (1)")
TWO = made(2, "CREATE TABLE two (b int)")
BROKEN = made(2, "CREATE TABLE two (b int); SELECT no_such_thing()")


async def tables(pool: Pool) -> set[str]:
    async def ask(connection):
        return {
            row["t"] for row in await connection.fetch("SELECT tablename AS t FROM pg_tables WHERE schemaname='public'")
        }

    return await pool.run(ask)


async def test_pending_files_are_applied_once_and_in_order(empty_dsn):
    async with Pool.open(empty_dsn, log=LOG) as pool:
        assert await migrate.status(pool, (ONE, TWO)) == migrate.Status((), ("0001_step", "0002_step"))
        assert await migrate.apply(pool, (ONE,)) == ("0001_step",)
        assert await migrate.apply(pool, (ONE, TWO)) == ("0002_step",)
        assert await migrate.apply(pool, (ONE, TWO)) == ()
        assert await migrate.status(pool, (ONE, TWO)) == migrate.Status(("0001_step", "0002_step"), ())
        assert await tables(pool) == {"one", "two", "migration"}


async def test_starters_at_once_apply_each_file_once(empty_dsn):
    done = []

    async def start():
        async with Pool.open(empty_dsn, log=LOG) as pool:
            done.extend(await migrate.apply(pool, (ONE, TWO)))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(start)
    assert sorted(done) == ["0001_step", "0002_step"]


async def test_a_file_that_fails_leaves_nothing_of_itself(empty_dsn):
    async with Pool.open(empty_dsn, log=LOG) as pool:
        with pytest.raises(SchemaError, match="0002_step: function no_such_thing"):
            await migrate.apply(pool, (ONE, BROKEN))
        assert await tables(pool) == {"one", "migration"}
        assert await migrate.apply(pool, (ONE, TWO)) == ("0002_step",)


async def test_a_dry_run_tries_and_changes_nothing(empty_dsn):
    async with Pool.open(empty_dsn, log=LOG) as pool:
        assert await migrate.dry_run(pool, (ONE, TWO)) == ("0001_step", "0002_step")
        assert await tables(pool) == set()
        with pytest.raises(SchemaError, match="no_such_thing"):
            await migrate.dry_run(pool, (ONE, BROKEN))


async def test_a_newer_schema_is_refused_with_exit_78(empty_dsn):
    async with Pool.open(empty_dsn, log=LOG) as pool:
        await migrate.apply(pool, (ONE, TWO))
        for ask in (migrate.apply, migrate.status, migrate.dry_run):
            with pytest.raises(SchemaError, match=r"newer \(0002_step\) than this tipd knows \(0001_step\)") as caught:
                await ask(pool, (ONE,))
            assert caught.value.exit_code == 78


async def test_a_file_changed_after_it_was_applied_is_refused(empty_dsn):
    async with Pool.open(empty_dsn, log=LOG) as pool:
        await migrate.apply(pool, (ONE,))
        with pytest.raises(SchemaError, match="0001_step was changed"):
            await migrate.apply(pool, (made(1, "CREATE TABLE other (a int)"), TWO))


async def test_somebody_elses_database_is_left_alone(empty_dsn, pg_server):
    pg_server.psql("CREATE TABLE customers (a int)", database=empty_dsn.partition("@/")[2].partition("?")[0])
    async with Pool.open(empty_dsn, log=LOG) as pool:
        with pytest.raises(SchemaError, match="a database of its own"):
            await migrate.apply(pool, (ONE,))
        assert await tables(pool) == {"customers"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["0001_a.sql", "0003_c.sql"], "0003_c.sql: the next migration must be 0002"),
        (["0001_a.sql", "0001_b.sql"], "0001_b.sql: the next migration must be 0002"),
        (["1_a.sql"], "is called like"),
        ([], "no migration there"),
    ],
)
def test_numbers_have_no_gap(tmp_path: Path, names, said):
    for name in [*names, "schema.sql"]:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(SchemaError, match=said):
        migrate.load(tmp_path)


def test_our_own_are_found():
    assert migrate.folder() == pg.MIGRATIONS
    assert [one.number for one in migrate.load()] == list(range(1, len(migrate.load()) + 1))
