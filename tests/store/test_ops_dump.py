"""Dumps, and stores made of them."""

from pathlib import Path

import pytest
import structlog
import structlog.testing
import trio

from tipd.errors import SchemaError, TipdError, Unavailable
from tipd.store import (
    clients,
    ops,
    ops_dump,
)
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
