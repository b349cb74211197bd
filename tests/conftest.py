"""Fixtures every room may use."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from support import pg, servers

# How long an example took says what else the machine did.
settings.register_profile("tipd", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tipd")


def pytest_configure() -> None:
    """Hear SIGINT, and let the programs that tests start hear it: a shell has us ignore it in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """Give an empty, closed (0700) folder, in memory where that can be had."""
    with servers.memory_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def _made_state() -> Iterator[Path]:
    """Give a state directory in which a managed server has been made and migrated once."""
    with servers.memory_folder() as folder:
        servers.make_store(folder)
        yield folder


@pytest.fixture
def made_state(_made_state: Path, state_dir: Path) -> Path:
    """Give a state directory of the test's own with a managed, migrated, stopped server: a tenth of making one."""
    servers.copy_state(_made_state, state_dir)
    return state_dir
