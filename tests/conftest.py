"""Fixtures every room may use."""

from collections.abc import Iterator

import pytest
from support import pg


@pytest.fixture(scope="session")
def pg_server() -> Iterator[pg.Server]:
    """Give a real PostgreSQL, the same for the whole session."""
    server = pg.make_server()
    yield server
    pg.remove_server(server)


@pytest.fixture
def dsn(pg_server: pg.Server) -> Iterator[str]:
    """Give the URL of a fresh database with all migrations applied."""
    name = pg_server.create_migrated()
    yield pg_server.dsn(name)
    pg_server.drop(name)


@pytest.fixture
def empty_dsn(pg_server: pg.Server) -> Iterator[str]:
    """Give the URL of a fresh database without a table."""
    name = pg_server.create()
    yield pg_server.dsn(name)
    pg_server.drop(name)
