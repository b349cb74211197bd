"""The database fixtures that other tests stand on."""

import asyncio

import asyncpg

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def _tables(dsn: str) -> set[str]:
    async def ask() -> set[str]:
        conn = await asyncpg.connect(dsn)
        try:
            return {row[0] for row in await conn.fetch(_TABLES)}
        finally:
            await conn.close()

    return asyncio.run(ask())


def test_dsn_has_the_schema_and_empty_dsn_has_none(dsn, empty_dsn):
    assert {"meta", "sighting", "finding"} <= _tables(dsn)
    assert _tables(empty_dsn) == set()


def test_each_test_gets_a_database_of_its_own(dsn, pg_server):
    name = dsn.partition("@/")[2].partition("?")[0]
    pg_server.psql("INSERT INTO meta VALUES ('x', '1')", database=name)
    other = pg_server.create_migrated()
    assert pg_server.psql("SELECT count(*) FROM meta WHERE name = 'x'", database=other) == "0"
    pg_server.drop(other)
