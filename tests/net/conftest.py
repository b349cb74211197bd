"""What the tests of the outgoing room share: a fetcher that may reach loopback, and a log that remembers."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.fetching import Lines

from tipd.clock import MovedClock
from tipd.net.fetch import Fetcher
from tipd.net.resolve import Resolver
from tipd.net.settings import NetSettings

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def log() -> Lines:
    return Lines()


@pytest.fixture
def make_fetcher(log: Lines) -> Callable[..., Fetcher]:
    def make(resolver: Resolver | None = None, allow: tuple[str, ...] = ("127.0.0.0/8",), **settings: Any) -> Fetcher:
        chosen = NetSettings(**{"allow_networks": allow, "spacing": "0s", **settings})
        return Fetcher(chosen, MovedClock(NOON), log, random.Random(1), resolver)  # type: ignore[arg-type]

    return make


@pytest.fixture
def fetcher(make_fetcher: Callable[..., Fetcher]) -> Fetcher:
    return make_fetcher()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "body"
