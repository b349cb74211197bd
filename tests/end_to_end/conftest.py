"""Daemons and a small Internet for end-to-end tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.daemon import Daemon


@pytest.fixture
def make_daemon(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Daemon]]:
    """Give a maker of daemons; all that it made are killed at the end. `managed=True` gives one its own PostgreSQL."""
    made: list[Daemon] = []

    def make(*, managed: bool = False, dsn: str | None = None, **options: object) -> Daemon:
        if not managed and dsn is None:
            dsn = request.getfixturevalue("dsn")
        folder = tmp_path / f"daemon{len(made)}"
        folder.mkdir()
        made.append(Daemon(folder, dsn=dsn, **options))
        return made[-1]

    yield make
    troubles = []
    for daemon in made:
        try:
            daemon.stop()
        except AssertionError as trouble:  # the others are stopped all the same
            troubles.append(trouble)
    if troubles:
        raise troubles[0]
