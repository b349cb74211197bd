"""How agents' versions mark what they bring: the source's mark is the stricter of theirs and the configured one.

What a manifest does not let go onward nobody here may redistribute, whatever is configured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.model.tlp import Tlp, read_tlp
from tipd.modules.spamtrap.agents.proofs import latest
from tipd.modules.spamtrap.declaring import Heard, SourceStore, declare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tipd.agent.protocol import Manifest
    from tipd.clock import Clock
    from tipd.modules.spamtrap.settings import SpamtrapSettings


class Marks:
    """What agents' manifests say of themselves, told to the store before what they bring is stored."""

    def __init__(self, settings: SpamtrapSettings, root: Path, sources: SourceStore, clock: Clock) -> None:
        """`root`: where pulled chains lie."""
        self._settings = settings
        self._root = root
        self._sources = sources
        self._clock = clock
        self._heard: dict[str, Heard] = {}
        self._lock = trio.Lock()

    async def declare(self) -> None:
        """Declare archives and agents, marked as far as agents were heard already; raises StoreAway."""
        async with self._lock:
            self._heard = await trio.to_thread.run_sync(self._read)
            await declare(self._sources, self._settings, self._clock.now(), self._heard)

    def _read(self) -> dict[str, Heard]:
        found = {one.name: latest(self._root, one.name) for one in self._settings.agents}
        return {name: heard(manifests) for name, manifests in found.items() if manifests}

    async def mark(self, name: str, manifests: Sequence[Manifest]) -> None:
        """Mark an agent by these manifests and the newest that lie here; raises StoreAway."""
        async with self._lock:
            newest = await trio.to_thread.run_sync(latest, self._root, name)
            wanted = heard([*manifests, *newest])
            if self._heard.get(name) != wanted:
                self._heard[name] = wanted
                await declare(self._sources, self._settings, self._clock.now(), self._heard)


def strictest(manifests: Sequence[Manifest]) -> Tlp:
    """Return the strictest mark; what cannot be read is red."""
    return max((read_tlp(one.tlp) for one in manifests), default=Tlp.RED)


def heard(manifests: Sequence[Manifest]) -> Heard:
    """Return what manifests allow together: none of them may be passed over."""
    return Heard(strictest(manifests), onward=bool(manifests) and all(one.onward for one in manifests))
