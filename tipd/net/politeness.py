"""Manners: one connection to a host at a time, a pause between two, a floor per request, and leaving alone who asks.

Times are trio's, which never go back. What is kept here is lost with the process: the caller's due times, which
persist, keep the floors across a restart.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from tipd.net.request import TooSoon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable

WORTH_WAITING = 5.0  # seconds: a shorter rest of a floor is slept, a longer one told
MAX_HOLD = 3600.0  # seconds a whole host is left alone because one of its pages asked for it
PRUNE_ABOVE = 4096


@dataclass(slots=True, eq=False)
class Turn:
    """One host's turn-taking. `near`: a host of the operator's own, which needs no pause."""

    lock: trio.Lock = field(default_factory=trio.Lock)
    free_at: float = 0.0
    held_until: float = 0.0
    near: bool = False
    waiting: int = 0


class Politeness:
    """Keeps the manners of one process."""

    def __init__(self, spacing: float) -> None:
        """`spacing` is in seconds, from the end of one connection to the start of the next."""
        self._spacing = spacing
        self._turns: dict[str, Turn] = {}
        self._floors: dict[Hashable, float] = {}

    @asynccontextmanager
    async def turn(self, authority: str) -> AsyncIterator[Turn]:
        """Wait until it is our turn at `host:port`, and hold it; raises TooSoon where the host wants no visits now."""
        turn = self._turns.setdefault(authority, Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                _refuse_while_held(authority, turn)
                await trio.sleep_until(max(turn.free_at, trio.current_time()))
                try:
                    yield turn
                finally:
                    turn.free_at = trio.current_time() + (0.0 if turn.near else self._spacing)
        finally:
            turn.waiting -= 1
            self._prune()

    def hold(self, authority: str, seconds: float) -> None:
        """Leave the host alone for so long (it answered 429 with Retry-After); an hour at most."""
        turn = self._turns.setdefault(authority, Turn())
        turn.held_until = max(turn.held_until, trio.current_time() + min(seconds, MAX_HOLD))

    async def floor(self, key: Hashable) -> None:
        """Wait for the rest of the request's floor, or raise TooSoon where that is long."""
        rest = self._floors.get(key, 0.0) - trio.current_time()
        if rest > WORTH_WAITING:
            raise TooSoon(f"was fetched shortly before; not again for {rest:.0f} s (min_interval)", rest)
        if rest > 0:
            await trio.sleep(rest)

    def asked(self, key: Hashable, min_interval: float) -> None:
        """Note that the source was asked: the request's floor begins."""
        if min_interval > 0:
            self._floors[key] = trio.current_time() + min_interval

    def _prune(self) -> None:
        """Forget what has passed, once there is much of it."""
        now = trio.current_time()
        if len(self._turns) > PRUNE_ABOVE:
            kept = {k: t for k, t in self._turns.items() if t.waiting or max(t.free_at, t.held_until) > now}
            self._turns = kept
        if len(self._floors) > PRUNE_ABOVE:
            self._floors = {k: until for k, until in self._floors.items() if until > now}


def _refuse_while_held(authority: str, turn: Turn) -> None:
    rest = turn.held_until - trio.current_time()
    if rest > 0:
        raise TooSoon(f"{authority} asked to be left alone for another {rest:.0f} s", rest)
