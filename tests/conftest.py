"""Fixtures every room may use."""

from collections.abc import Iterator

import pytest
import structlog
from support import pg


@pytest.fixture(autouse=True)
def _fresh_log() -> Iterator[None]:
    """Undo what a test's `log.setup` did: its stream ends with the test."""
    yield
    structlog.reset_defaults()


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
