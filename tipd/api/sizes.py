"""Bytes by table, remembered for a while: counting them is not free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.api.services import Services

_FRESH = 60.0  # seconds


class Sizes:
    """What `store.sizes` says, at most a minute old."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tables: Mapping[str, int] = {}
        self._growth: Mapping[str, float] = {}
        self._asked = float("-inf")

    async def tables(self) -> Mapping[str, int]:
        """Return bytes by table. Raises StoreAway."""
        await self._refresh()
        return self._tables

    async def growth(self) -> Mapping[str, float]:
        """Return bytes a day by table. Raises StoreAway."""
        await self._refresh()
        return self._growth

    async def _refresh(self) -> None:
        if trio.current_time() - self._asked < _FRESH:
            return
        sizes = self._services.store.sizes
        self._tables = await sizes.tables()
        self._growth = await sizes.growth(self._services.clock.now().date())
        self._asked = trio.current_time()
