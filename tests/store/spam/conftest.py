"""A store on a fresh database with a source of spam, and its clock."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.spamming import declare
from support.stores import HandClock, open_store

from tipd.store.store import Store


@pytest.fixture
def clock() -> HandClock:
    """Give a clock that moves when told."""
    return HandClock()


@pytest.fixture
async def store(dsn: str, clock: HandClock) -> AsyncIterator[Store]:
    """Give a store on a fresh, migrated database."""
    async with open_store(dsn, clock) as opened:
        await declare(opened)
        yield opened
