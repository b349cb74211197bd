"""Wait out a store that is away: a state, not a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.nursery.attempt import attempt, describe, is_away
from tipd.nursery.backoff import Backoff

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from tipd.log import Log
    from tipd.nursery.health import Node

_BASE = 0.25  # seconds
_CAP = 15.0


class Patience:
    """Repeats calls to the store until they succeed, with backoff; shows on its node what it waits for."""

    def __init__(self, node: Node, log: Log, rng: random.Random) -> None:
        self._node = node
        self._log = log
        self._rng = rng

    async def outlast[T](self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what `call()` returns, once it does.

        Error handling: `StoreAway` is waited out. Any other `Exception` is logged each time and waited out as well: the
        schedule must go on when the store has mended. Cancelling ends the wait.
        """
        backoff = Backoff(_BASE, _CAP, self._rng)
        while True:
            ended = await attempt(call)
            if ended.error is None:
                if backoff.failures:
                    self._log.info("the store answers again", unit=self._node.name)
                    self._node.note(waits_for=None)
                return ended.value  # type: ignore[return-value]  # no error: it is what the call returned
            self._complain(ended.error, first=backoff.failures == 0)
            await trio.sleep(backoff.next())

    def _complain(self, error: Exception, *, first: bool) -> None:
        self._node.note(waits_for="store")
        if not is_away(error):
            self._node.error(describe(error))
            self._log.error("the store refused the schedule", unit=self._node.name, exc_info=error)
        elif first:
            self._log.warning("the store is away, waiting", unit=self._node.name, error=describe(error))
