"""Reach, dump, restore and upgrade a store, with and without a daemon."""

import os
from pathlib import Path

import pytest
import structlog
import trio
from support import servers

from tipd.errors import ConfigError, SchemaError, TipdError, TryAgain, Unavailable
from tipd.store import binaries, clients, migrate, ops, ops_dump, ops_upgrade
from tipd.store.binaries import Installation
from tipd.store.places import Places
from tipd.store.postgres import managed
from tipd.store.settings import StoreSettings

LOG = structlog.get_logger()
FILL = """
    CREATE TABLE finding_2026_11 PARTITION OF finding FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
    INSERT INTO finding (at, kind, module, data)
    SELECT '2026-11-22T04:00Z', 'indicator.listed', 'blacklist', jsonb_build_object('n', n)
      FROM generate_series(1, 500) n
"""


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


async def test_a_managed_store_is_reached_with_and_without_a_daemon(tmp_path):
    async with ops.reach(tmp_path, StoreSettings(), LOG) as found:
        await ops.bring_up(found)
        alone = await ops.status(found)
    assert (alone.kind, alone.shared) == ("managed", False)
    assert not (tmp_path / "postgres" / "data" / "postmaster.pid").exists()
    async with managed(servers.make(tmp_path)), ops.reach(tmp_path, StoreSettings(), LOG) as found:
        beside = await ops.status(found)
        await ops_dump.dump(found, tmp_path / "dump")
    assert (beside.shared, beside.store_id) == (True, alone.store_id)


async def test_a_state_directory_held_without_a_server_is_try_again(tmp_path):
    with Places(tmp_path).locked(), pytest.raises(TryAgain, match="in use by another tipd"):
        async with ops.reach(tmp_path, StoreSettings(), LOG):
            pass


async def test_a_dump_restored_elsewhere_is_whole_and_another_store(tmp_path, dsn, empty_dsn, pg_server):
    pg_server.psql(FILL, database=database(dsn))
    async with ops.reach(tmp_path, given(tmp_path, dsn), LOG) as found:
        await ops.bring_up(found)
        before = await ops.status(found)
        dumped = await ops_dump.dump(found, tmp_path / "store.dump")
        with pytest.raises(TipdError, match="exists: name a new file"):
            await ops_dump.dump(found, tmp_path / "store.dump")
    assert dumped.path.stat().st_mode & 0o777 == 0o600
    assert dumped.bytes == dumped.path.stat().st_size
    async with ops.reach(tmp_path, given(tmp_path, empty_dsn), LOG) as found:
        restored = await ops_dump.restore(found, dumped.path)
        assert (await ops.status(found)).store_id == restored.store_id
    assert restored.previous == before.store_id != restored.store_id
    summed = "SELECT count(*), sum(seq), sum((data->>'n')::int) FROM finding"
    assert pg_server.psql(summed, database=database(empty_dsn)) == pg_server.psql(summed, database=database(dsn))
    assert int(pg_server.psql("SELECT nextval('finding_seq')", database=database(empty_dsn))) > 500


async def test_a_dump_restored_into_the_very_database_is_another_store(tmp_path, dsn, pg_server):
    async with ops.reach(tmp_path, given(tmp_path, dsn), LOG) as found:
        await ops.bring_up(found)
        before = await ops.status(found)
        await ops_dump.dump(found, tmp_path / "store.dump")
        pg_server.psql(
            "INSERT INTO source (name, module) VALUES ('declared_at_start', 'blacklist')", database=database(dsn)
        )
        restored = await ops_dump.restore(found, tmp_path / "store.dump")
    assert restored.previous == before.store_id != restored.store_id


async def test_restoring_over_something_is_refused_and_leaves_it(tmp_path, dsn, pg_server):
    pg_server.psql(FILL, database=database(dsn))
    async with ops.reach(tmp_path, given(tmp_path, dsn), LOG) as found:
        await ops_dump.dump(found, tmp_path / "store.dump")
        with pytest.raises(TipdError, match=r"not empty \(table finding\)"):
            await ops_dump.restore(found, tmp_path / "store.dump")
    assert pg_server.psql("SELECT count(*) FROM finding", database=database(dsn)) == "500"


async def test_what_is_no_dump_of_ours_is_refused_before_anything_changes(tmp_path, dsn, empty_dsn, pg_server):
    (tmp_path / "text").write_text("nothing")
    (tmp_path / "half").write_bytes(b"")
    pg_server.psql("INSERT INTO migration (number, name, sha256) VALUES (99, '0099_later', '')", database=database(dsn))
    await clients.run(
        [pg_server.bin / "pg_dump", "-Fc", "-f", tmp_path / "newer", f"--dbname={dsn}"],
    )
    async with ops.reach(tmp_path, given(tmp_path, empty_dsn), LOG) as found:
        for name, said in (
            ("text", "not a dump that can be read"),
            ("half", "not a dump that can be read"),
            ("missing", "not a dump that can be read"),
            ("newer", "schema 99, newer than this tipd knows"),
        ):
            with pytest.raises(SchemaError, match=said):
                await ops_dump.restore(found, tmp_path / name)
    assert (
        pg_server.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=database(empty_dsn))
        == "0"
    )


async def test_a_dump_that_fails_leaves_no_file(tmp_path, dsn, monkeypatch):
    monkeypatch.setattr(ops, "_PATIENCE", 0.2)
    async with ops.reach(tmp_path, given(tmp_path, dsn), LOG) as found:
        with pytest.raises(TipdError, match="cannot write"):
            await ops_dump.dump(found, tmp_path / "no_such_folder" / "dump")
        gone = ops.Database(
            clients.Target(dsn.replace("/t", "/no_such_t")), "given", shared=False, settings=found.settings, log=LOG
        )
        with trio.fail_after(60), pytest.raises(Unavailable):
            await ops_dump.dump(gone, tmp_path / "dump")
    assert {path.name for path in tmp_path.iterdir()} == {"dsn"}


async def test_upgrade_moves_every_row_keeps_the_name_and_the_old_data(tmp_path):
    """To the newest there is; where only one is installed the way is the same to a cluster of the same one."""
    found = binaries.find(os.environ)
    oldest = min(found, key=lambda one: one.version)
    state = tmp_path / "state"
    async with ops.reach(state, StoreSettings(binaries=str(oldest.folder)), LOG) as reached:
        await ops.bring_up(reached)
        for statement in FILL.split(";"):
            await servers.ask(reached.target.dsn, statement)
        before = await ops.status(reached)
    left = state / "postgres" / "upgrading" / "postgres" / "data"
    left.mkdir(parents=True)  # of a try that was killed
    done = await ops_upgrade.upgrade(state, StoreSettings(), LOG, to=found[0])
    assert done.store_id == before.store_id
    assert done.kept == state / "postgres" / f"data-{oldest.major}"
    assert done.kept.is_dir()
    async with ops.reach(state, StoreSettings(), LOG) as reached:
        after = await ops.status(reached)
        await ops.bring_up(reached)
        assert (await ops.status(reached)).store_id == before.store_id
        assert await servers.ask(reached.target.dsn, "SELECT count(*) FROM finding") == 500
    assert (after.applied, after.missing) == (before.applied, ())
    assert {path.name for path in (state / "postgres").iterdir()} == {"data", "run", done.kept.name}
    assert (await ops_upgrade.upgrade(state, StoreSettings(), LOG)).kept is None


async def test_an_upgrade_that_fails_leaves_the_store_as_it_was(tmp_path):
    async with ops.reach(tmp_path, StoreSettings(), LOG) as reached:
        await ops.bring_up(reached)
        before = await ops.status(reached)
    with pytest.raises((Unavailable, ConfigError)):
        await ops_upgrade.upgrade(tmp_path, StoreSettings(), LOG, to=Installation(tmp_path / "nothing", (99, 0)))
    async with ops.reach(tmp_path, StoreSettings(), LOG) as reached:
        assert (await ops.status(reached)).store_id == before.store_id


async def test_an_upgrade_cut_off_between_two_renames_is_finished_at_the_next_start(tmp_path):
    async with ops.reach(tmp_path, StoreSettings(), LOG) as reached:
        await ops.bring_up(reached)
        before = await ops.status(reached)
    places = Places(tmp_path)
    places.cluster.rename(places.root / "upgraded")
    async with ops.reach(tmp_path, StoreSettings(), LOG) as reached:
        assert (await ops.status(reached)).store_id == before.store_id
    assert not (places.root / "upgraded").exists()


async def test_a_given_server_is_not_ours_to_upgrade(tmp_path, dsn):
    with pytest.raises(ConfigError, match="yourself"):
        await ops_upgrade.upgrade(tmp_path, given(tmp_path, dsn), LOG)


async def test_psql_is_handed_the_database(tmp_path, dsn):
    out = tmp_path / "out"
    async with ops.reach(tmp_path, given(tmp_path, dsn), LOG) as found:
        assert await ops.shell(found, ["-AtXc", "SELECT count(*) FROM migration", "-o", str(out)]) == 0
        assert await ops.shell(found, ["-Xqc", "SELECT nothing", "-o", "/dev/null"]) == 1
    assert out.read_text() == f"{len(migrate.load())}\n"


def test_an_old_pg_dump_is_not_used(tmp_path):
    for name, major in (("old", 14), ("new", 17), ("newer", 18)):
        (tmp_path / name).mkdir()
        program = tmp_path / name / "pg_dump"
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.3'\n")
        program.chmod(0o755)
    path = {"PATH": os.pathsep.join(str(tmp_path / name) for name in ("old", "newer", "new"))}
    assert clients.client("pg_dump", 17, environ=path).parent.name == "new"
    with pytest.raises(Unavailable, match="no pg_dump of PostgreSQL 99 or newer"):
        clients.client("pg_dump", 99, environ=path)
