"""The store is another one exactly when its log of findings may be."""

import pytest
import structlog
import structlog.testing

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
