"""What is known of an agent beside its versions is written down: that it is one, and how far it is ahead of us."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.errors import StoreAway, TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.modules.spamtrap.agents.needs import Ground
    from tipd.modules.spamtrap.agents.pulling import Progress
    from tipd.modules.spamtrap.settings import AgentSource

NOTE_EVERY = 2.0  # seconds: what an agent has may grow faster than anybody looks


async def keep(ground: Ground, source: AgentSource, progress: Callable[[], Progress | None]) -> None:
    """Note what changed, until cancelled; a store that is away, or does not know the source yet, is told later."""
    noted: tuple[str | None, int | None] | None = None
    while True:
        now = progress()
        facts = (source.view or None, None) if now is None else (now.view or None, now.last_there or None)
        if facts != noted:
            view, there = facts
            try:
                await ground.store.spam.agent(source.name, view=view, there=there, pinned=not source.public_key)
                noted = facts
            except (StoreAway, TryAgain, ValueError):
                pass
        await trio.sleep(NOTE_EVERY)
