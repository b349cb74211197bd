"""Fit servers only; and the identity changes exactly when the log may have."""

import pytest
import structlog

from tipd.errors import ConfigError, SchemaError, Unavailable
from tipd.store import checks, identity, opening
from tipd.store.checks import ServerFacts
from tipd.store.pool import Pool
from tipd.store.settings import StoreSettings

LOG = structlog.get_logger()
GOOD = ServerFacts("15.6", 150006, (), "UTF8", standby=False)


def database(dsn: str) -> str:
    return dsn.partition("@/")[2].partition("?")[0]


async def settled(dsn: str) -> identity.Identity:
    async with Pool.open(dsn, log=LOG) as pool:
        return await opening.admit(pool, StoreSettings(), LOG)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"version_num": 140011, "version": "14.11"}, ConfigError, "14.11: tipd needs 15 or newer"),
        ({"encoding": "SQL_ASCII"}, ConfigError, "needs UTF8"),
        ({"standby": True}, Unavailable, "standby"),
        ({"unsafe": ("fsync",)}, ConfigError, r"may lose what it acknowledged \(fsync off\)"),
    ],
)
def test_an_unfit_server_is_refused(change, error, said):
    fields = {name: getattr(GOOD, name) for name in ServerFacts.__slots__}
    checks.judge(GOOD, allow_unsafe=False)
    with pytest.raises(error, match=said):
        checks.judge(ServerFacts(**fields | change), allow_unsafe=False)


async def test_synchronous_commit_off_is_seen_and_refused_unless_told(dsn, pg_server):
    pg_server.psql(f"ALTER DATABASE {database(dsn)} SET synchronous_commit = off")
    with pytest.raises(ConfigError, match="synchronous_commit off"):
        await settled(dsn)
    async with Pool.open(dsn, log=LOG) as pool:
        with structlog.testing.capture_logs() as logs:
            await opening.admit(pool, StoreSettings(allow_unsafe=True), LOG)
    assert any(line.get("off") == ("synchronous_commit",) for line in logs)


async def test_an_empty_database_is_migrated_and_named(empty_dsn):
    first = await settled(empty_dsn)
    assert first.previous is None
    assert await settled(empty_dsn) == first


async def test_a_schema_that_lacks_something_is_refused(dsn, pg_server):
    pg_server.psql("DROP INDEX sighting_key", database=database(dsn))
    with pytest.raises(SchemaError, match="missing or different: CREATE INDEX sighting_key"):
        await settled(dsn)


async def test_an_index_of_the_operators_own_is_welcome(dsn, pg_server):
    pg_server.psql("CREATE INDEX mine ON source (state)", database=database(dsn))
    assert (await settled(dsn)).store_id


async def test_a_copy_of_the_database_is_another_store(dsn, pg_server):
    first = await settled(dsn)
    copy = pg_server.create(database(dsn))
    second = await settled(pg_server.dsn(copy))
    assert second.store_id != first.store_id
    assert (second.previous, second.why) == (first.store_id, ("finding_table",))
    pg_server.drop(copy)
    assert await settled(dsn) == first


async def test_a_findings_table_made_anew_is_another_store(dsn, pg_server):
    first = await settled(dsn)
    pg_server.psql(
        "ALTER TABLE finding RENAME TO old; CREATE TABLE finding (LIKE old INCLUDING ALL) PARTITION BY RANGE (at)",
        database=database(dsn),
    )
    async with Pool.open(dsn, log=LOG) as pool:
        assert (await identity.settle(pool)).previous == first.store_id


@pytest.mark.parametrize(("mark", "value"), [("system_identifier", '"7"'), ("timeline", '"0000000F"')])
async def test_another_cluster_or_timeline_is_another_store(dsn, pg_server, mark, value):
    first = await settled(dsn)
    pg_server.psql(f"UPDATE meta SET value = '{value}' WHERE name = '{mark}'", database=database(dsn))
    second = await settled(dsn)
    assert (second.previous, second.why) == (first.store_id, (mark,))


async def test_a_move_that_lost_nothing_keeps_the_name(dsn, pg_server):
    first = await settled(dsn)
    pg_server.psql("UPDATE meta SET value = '\"7\"' WHERE name = 'system_identifier'", database=database(dsn))
    async with Pool.open(dsn, log=LOG) as pool:
        assert await identity.keep(pool) == first.store_id
    assert await settled(dsn) == first
