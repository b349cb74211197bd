"""The pulse: one connection of its own that listens, pings, and so knows whether the database is there.

NOTIFY is a hint and the table is the truth: after each (re)connection every listener is called with None, which means
"look for yourself, something may have been said meanwhile".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import trio

from tipd.errors import StoreAway

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.log import Log
    from tipd.nursery.backoff import Backoff

type Hear = Callable[[str | None], None]

PING_EVERY = 5.0  # seconds; how long a server that hangs without closing its sockets goes unnoticed
PING_WITHIN = 5.0


class Pulse:
    """`available` is the last known state, `trouble` says why it is away, `since` (trio's clock) when that began."""

    def __init__(self, connect: Callable[[], Any], cross: Callable[..., Any], backoff: Backoff, log: Log) -> None:
        """`connect` makes an asyncio coroutine that gives a connection; `cross` runs such a coroutine from trio."""
        self.available = False
        self.trouble = "not connected yet"
        self.since = trio.current_time()
        self._connect = connect
        self._cross = cross
        self._backoff = backoff
        self._log = log
        self._hearers: dict[str, list[Hear]] = {}
        self._turned = trio.Event()
        self._kick = trio.Event()
        self._check: Callable[[Any], Any] | None = None

    def listen(self, channel: str, hear: Hear) -> None:
        """Call `hear(payload)` for each notification; it must not block."""
        known = channel in self._hearers
        self._hearers.setdefault(channel, []).append(hear)
        if not known:
            self.suspect()

    def check_returns(self, check: Callable[[Any], Any]) -> None:
        """Run `check(connection)`, an asyncio coroutine, at each return before the database counts as available."""
        self._check = check

    async def wait_available(self) -> None:
        """Return once the database is there."""
        while not self.available:
            await self._turned.wait()

    def suspect(self) -> None:
        """Have the pulse look at once: somebody met trouble, or a channel was added."""
        self._kick.set()

    async def first(self, patience: float) -> Any:
        """Connect, trying for `patience` seconds; what is in the way is logged once. Raises StoreAway with it."""
        until = trio.current_time() + patience
        said: set[str] = set()
        while True:
            try:
                return await self._cross(self._connect())
            except StoreAway as error:
                self.trouble = str(error)
                if trio.current_time() >= until:
                    raise
            if self.trouble not in said:
                said.add(self.trouble)
                self._log.warning("waiting for the database", error=self.trouble)
            await trio.sleep(self._backoff.next())

    async def run(self, connection: Any) -> None:
        """Beat until cancelled, beginning with a connection that `first` gave."""
        while True:
            try:
                await self._beat(connection)
            except Exception as error:  # whatever the driver raises here means one thing: this connection is of no use
                self._lost(str(error) or type(error).__name__)
            finally:
                connection.terminate()
            connection = await self.first(math.inf)

    async def _beat(self, connection: Any) -> None:
        ended = False

        def end(_connection: Any) -> None:
            nonlocal ended
            ended = True
            self._kick.set()

        connection.add_termination_listener(end)
        listening: set[str] = set()
        while not ended:
            self._kick = trio.Event()
            new = self._hearers.keys() - listening
            await self._ping(connection, new)
            self._found(new)
            listening |= new
            with trio.move_on_after(PING_EVERY):
                await self._kick.wait()
        raise ConnectionError("the server closed the connection")

    async def _ping(self, connection: Any, new: set[str]) -> None:
        with trio.move_on_after(PING_WITHIN) as scope:
            if self._check is not None and not self.available:
                await self._cross(self._check(connection))
            for channel in sorted(new):
                await self._cross(connection.add_listener(channel, self._heard))
            await self._cross(connection.execute("SELECT 1"))
        if scope.cancelled_caught:
            raise ConnectionError(f"the server did not answer within {PING_WITHIN:g} s")

    def _heard(self, _connection: Any, _pid: int, channel: str, payload: Any) -> None:
        self._tell(channel, str(payload))

    def _tell(self, channel: str, payload: str | None) -> None:
        for hear in self._hearers.get(channel, ()):
            try:
                hear(payload)
            except Exception:  # one hearer's fault must not deafen the others
                self._log.exception("a listener failed", channel=channel)

    def _found(self, new: set[str]) -> None:
        if not self.available:
            self._log.info("the database is there", after=round(trio.current_time() - self.since, 3))
            self._turn(available=True, trouble="")
            self._backoff.reset()
        for channel in sorted(new):
            self._tell(channel, None)

    def _lost(self, trouble: str) -> None:
        if self.available:
            self._log.warning("the database is away", error=trouble)
        self._turn(available=False, trouble=trouble)

    def _turn(self, *, available: bool, trouble: str) -> None:
        if available != self.available:
            self.since = trio.current_time()
            self._turned.set()
            self._turned = trio.Event()
        self.available, self.trouble = available, trouble
