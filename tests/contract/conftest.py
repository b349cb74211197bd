"""A store on a fresh database."""

from collections.abc import AsyncIterator

import pytest
from support.stores import open_store

from tipd.store.store import Store


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Store]:
    """Give a store on a fresh, migrated database."""
    async with open_store(dsn) as opened:
        yield opened
