"""A database is used only when it is fit, migrated, whole and named."""

import pytest
import structlog
import structlog.testing

from tipd.errors import ConfigError, SchemaError
from tipd.store import (
    identity,
    opening,
)
from tipd.store.pool import Pool
from tipd.store.settings import StoreSettings

LOG = structlog.get_logger()


def database(dsn: str) -> str:
    return dsn.partition("@/")[2].partition("?")[0]


async def settled(dsn: str) -> identity.Identity:
    async with Pool.open(dsn, log=LOG) as pool:
        return await opening.admit(pool, StoreSettings(), LOG)


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
