"""The database is reached with and without a daemon."""

from pathlib import Path

import pytest
import structlog
import structlog.testing
from support import servers

from tipd.errors import TryAgain, Unavailable
from tipd.store import (
    migrate,
    ops,
    ops_dump,
)
from tipd.store.places import Places
from tipd.store.postgres import managed
from tipd.store.settings import StoreSettings

LOG = structlog.get_logger()


def given(tmp_path: Path, dsn: str, **settings) -> StoreSettings:
    file = tmp_path / "dsn"
    file.write_text(dsn + "\n")
    return StoreSettings(url_file=str(file), **settings)


def database(dsn: str) -> str:
    return dsn.partition("@/")[2].partition("?")[0]


async def test_status_of_a_given_database(tmp_path, dsn):
    async with ops.reach(tmp_path / "state", given(tmp_path, dsn), LOG) as found:
        assert await ops.bring_up(found) == ()
        report = await ops.status(found)
    assert (report.kind, report.shared, report.pending, report.missing) == ("given", False, (), ())
    assert report.applied == tuple(one.name for one in migrate.load())
    assert report.store_id
    assert report.sizes["finding"] >= 0
    assert not (tmp_path / "state").exists()


async def test_an_empty_database_is_told_and_brought_up(tmp_path, empty_dsn):
    async with ops.reach(tmp_path, given(tmp_path, empty_dsn), LOG) as found:
        assert (await ops.status(found)).store_id is None
        names = tuple(one.name for one in migrate.load())
        assert await ops.bring_up(found, dry_run=True) == names
        assert (await ops.status(found)).pending == names
        assert await ops.bring_up(found) == names
        assert (await ops.status(found)).pending == ()


async def test_a_managed_store_is_reached_with_and_without_a_daemon(made_state):
    async with ops.reach(made_state, StoreSettings(), LOG) as found:
        await ops.bring_up(found)
        alone = await ops.status(found)
    assert (alone.kind, alone.shared) == ("managed", False)
    assert not (made_state / "postgres" / "data" / "postmaster.pid").exists()
    async with managed(servers.make(made_state)), ops.reach(made_state, StoreSettings(), LOG) as found:
        beside = await ops.status(found)
        await ops_dump.dump(found, made_state / "dump")
    assert (beside.shared, beside.store_id) == (True, alone.store_id)


async def test_looking_at_a_store_that_was_never_made_does_not_make_one(state_dir):
    with pytest.raises(Unavailable, match=r"there is no store below .* yet"):
        async with ops.reach(state_dir / "new", StoreSettings(), LOG):
            pass
    assert not (state_dir / "new").exists()


async def test_a_state_directory_held_without_a_server_is_try_again(state_dir):
    (state_dir / "postgres").mkdir()
    with Places(state_dir).locked(), pytest.raises(TryAgain, match="in use by another tipd"):
        async with ops.reach(state_dir, StoreSettings(), LOG):
            pass


async def test_psql_is_handed_the_database(tmp_path, dsn):
    out = tmp_path / "out"
    async with ops.reach(tmp_path, given(tmp_path, dsn), LOG) as found:
        assert await ops.shell(found, ["-AtXc", "SELECT count(*) FROM migration", "-o", str(out)]) == 0
        assert await ops.shell(found, ["-Xqc", "SELECT nothing", "-o", "/dev/null"]) == 1
    assert out.read_text() == f"{len(migrate.load())}\n"
