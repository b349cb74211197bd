"""The one door between trio and the database: nothing else in tipd touches asyncio, asyncpg or trio-asyncio.

Each use is *one* asyncio function, run by one crossing: it is given a connection, and its own `finally` gives the
connection back. (`async with aio_as_trio(pool.acquire())` leaks a connection for each cancelled caller; a crossing
costs about 60 microseconds.) A transaction that was cancelled may have been committed: only the writer, which
can find out, writes.

Error handling: whatever means that the database cannot be used now (refused, shut down, disk full, a read-only standby,
no answer within the deadline) is raised as `StoreAway`; a transaction undone by a deadlock, or a lock not to be had in
time, as `TryAgain`; other errors of PostgreSQL pass as they are. `available` says which it is; the pulse notices both
the loss and the return.

Resource handling: `Pool.open` owns the event loop, the connections and the pulse; all end with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import warnings
from typing import TYPE_CHECKING, Any, Concatenate

import asyncpg
import trio

from tipd.errors import StoreAway, TryAgain
from tipd.nursery.backoff import Backoff
from tipd.store.groups import unwrapped
from tipd.store.pulse import Pulse

with warnings.catch_warnings():
    # trio-asyncio 0.16 subclasses asyncio's child watcher, which Python 3.13 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    import trio_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from tipd.log import Log
    from tipd.store.connection import Connection, Work
    from tipd.store.pulse import Hear

CONNECT_WITHIN = 10.0  # seconds
RELEASE_WITHIN = 1.0  # a statement that was cancelled is waited for no longer, its connection goes
UNWIND_WITHIN = 1.0  # for a cancelled function to undo its transaction and give the connection back
CLOSE_WITHIN = 1.0
DEADLINE = 30.0

_SESSION = {
    "application_name": "tipd",
    # PostgreSQL notices by itself that we are gone (kill -9) while it works, and frees the writers' lock.
    "client_connection_check_interval": "2s",
    "idle_in_transaction_session_timeout": "2min",
    "client_min_messages": "warning",
    "jit": "off",
    "timezone": "UTC",
}

_AWAY = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.DatabaseDroppedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
    asyncpg.PostgresIOError,
    asyncpg.ReadOnlySQLTransactionError,
)


class NoAnswer(StoreAway):
    """The deadline passed; the database may be there all the same."""


class Undone(TryAgain):
    """A deadlock, or the like, undid the transaction through no fault of its own: the same again may succeed."""


class Pool:
    """Connections for reading, and one apart for the writer, so that slow readers never hold it up."""

    def __init__(self, loop: Any, readers: Any, writer: Any, pulse: Pulse, deadline: float) -> None:
        """Use `Pool.open`."""
        self._loop = loop
        self._readers = readers
        self._writer = writer
        self._pulse = pulse
        self._deadline = deadline

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        dsn: str,
        *,
        log: Log,
        size: int = 8,
        deadline: float = DEADLINE,
        rng: random.Random | None = None,
        patience: float = 0.0,
    ) -> AsyncIterator[Pool]:
        """Give a pool of at most `size` readers, one writer and one listener; `deadline` (s) is what `run` allows.

        Raises StoreAway when the database is not there within `patience` seconds.
        """
        backoff = Backoff(0.1, 2.0, rng or random.Random())  # noqa: S311 - spreads clients, hides nothing
        with unwrapped():
            async with trio_asyncio.open_loop() as loop, trio.open_nursery() as nursery:
                loop.set_exception_handler(_complain_to(log))
                pulse = Pulse(lambda: _connect(dsn), loop.run_aio_coroutine, backoff, log)
                first = await pulse.first(patience)
                nursery.start_soon(pulse.run, first)
                await pulse.wait_available()
                readers = await loop.run_aio_coroutine(_make_pool(dsn, size))
                writer = await loop.run_aio_coroutine(_make_pool(dsn, 1))
                try:
                    yield cls(loop, readers, writer, pulse, deadline)
                finally:
                    nursery.cancel_scope.cancel()
                    with trio.CancelScope(shield=True):
                        await loop.run_aio_coroutine(_close(readers, writer))

    @property
    def available(self) -> bool:
        """Say whether the database is there, as last known."""
        return self._pulse.available

    @property
    def trouble(self) -> str:
        """Return why it is away; empty when it is there."""
        return self._pulse.trouble

    @property
    def since(self) -> float:
        """Return when (trio's clock) `available` last changed."""
        return self._pulse.since

    async def wait_available(self) -> None:
        """Return once the database is there."""
        await self._pulse.wait_available()

    def listen(self, channel: str, hear: Hear) -> None:
        """Call `hear(payload)` for each NOTIFY on the channel, and `hear(None)` whenever some may have been missed.

        `hear` must not block. Whatever it raises is logged.
        """
        self._pulse.listen(channel, hear)

    def check_returns(self, check: Work[[Connection], None]) -> None:
        """Run `check(connection)` whenever the database is back, before `available` turns True again.

        What it raises is the trouble; it is tried again.
        """
        self._pulse.check_returns(lambda connection: _unwound(connection, check))

    async def run[**P, T](self, work: Work[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return `await work(connection, *args, **kwargs)`, run as one asyncio function within the pool's deadline.

        Raises StoreAway, TryAgain (module docstring), and what the work raises. Cancelling waits until the connection
        is back in the pool, or was cut off: about a second at most.
        """
        return await self.within(self._deadline, work, *args, **kwargs)

    async def within[**P, T](
        self, deadline: float, work: Work[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do as `run` does within `deadline` seconds."""
        return await self._cross(self._readers, deadline, lambda connection: work(connection, *args, **kwargs))

    async def write[**P, T](
        self, deadline: float, work: Work[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do as `within` does, on the writer's own connection. For `tipd.store.writer` only."""
        return await self._cross(self._writer, deadline, lambda connection: work(connection, *args, **kwargs))

    async def _cross[T](self, lane: Any, deadline: float, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        if not self._pulse.available:
            await trio.lowlevel.checkpoint()
            raise StoreAway(f"the database is away: {self._pulse.trouble}")
        with trio.move_on_after(deadline):
            try:
                return await self._loop.run_aio_coroutine(_lend(lane, work))  # type: ignore[no-any-return]
            except StoreAway:
                self._pulse.suspect()
                raise
        self._pulse.suspect()
        raise NoAnswer(f"the database gave no answer within {deadline:g} s")


async def _lend[T](lane: Any, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
    """Run the work with one of the lane's connections. The whole crossing: nothing of it is awaited from trio."""
    try:
        connection = await lane.acquire()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StoreAway(f"the database is away: {_said(error)}") from error
    try:
        return await _unwound(connection, work)
    except asyncpg.TransactionRollbackError as error:
        raise Undone(f"the database undid the transaction: {_said(error)}") from error
    except asyncpg.LockNotAvailableError as error:
        raise TryAgain(f"others are using it: {_said(error)}") from error
    except (*_AWAY, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if is_away(error) or connection.is_closed():
            raise StoreAway(f"the database is away: {_said(error)}") from error
        raise
    finally:
        # What goes wrong here ends the connection, no more: the work's own outcome stands.
        with contextlib.suppress(Exception):
            await lane.release(connection, timeout=RELEASE_WITHIN)


async def _unwound[T](connection: Any, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
    """Await `work(connection)`; once cancelled it has UNWIND_WITHIN seconds to end, then its connection is cut off.

    Its ROLLBACK waits for the server's word on the cancelled statement, for ever: from a server that hangs, and in
    asyncpg 0.31 also where a COPY's last piece had come already, so that there was nothing to cancel any more.
    """
    working = asyncio.ensure_future(work(connection))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        working.cancel()
        cut = asyncio.get_running_loop().call_later(UNWIND_WITHIN, connection.terminate)
        await asyncio.wait((working,))
        cut.cancel()
        if not working.cancelled():
            working.exception()  # looked at: whoever is cancelled is told nothing else
        raise


def is_away(error: BaseException) -> bool:
    """Say whether the error is none of the statement's, but of the database or the whole transaction."""
    return isinstance(error, (*_AWAY, asyncpg.TransactionRollbackError)) or (
        isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
    )


async def copy_out(connection: Connection, query: str, *args: Any, into: Callable[[bytes], object]) -> None:
    """COPY the query's rows out in binary; `into(piece)` is called in a thread, one piece (~0.5 MB) at a time.

    Asyncio-flavoured, like all that takes a connection. Pieces end anywhere. What `into` raises passes.
    """
    loop = asyncio.get_running_loop()

    async def sink(piece: bytes) -> None:
        await loop.run_in_executor(None, into, piece)

    await connection.copy_from_query(query, *args, output=sink, format="binary")


def _said(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


async def _connect(dsn: str) -> Any:
    try:
        return await asyncpg.connect(dsn, timeout=CONNECT_WITHIN, server_settings=_SESSION)
    except (OSError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
        raise StoreAway(f"cannot connect to the database: {_said(error)}") from error


async def _make_pool(dsn: str, size: int) -> Any:
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=600.0,
        timeout=CONNECT_WITHIN,
        reset=_nothing_to_reset,
        server_settings=_SESSION,
    )


async def _nothing_to_reset(_connection: Any) -> None:
    """Do nothing: our functions leave no session state (SET LOCAL only), and asyncpg rolls back by itself.

    asyncpg's own reset query costs a second round trip each time, which halves the rate of small queries.
    """


async def _close(*pools: Any) -> None:
    await asyncio.gather(*(_close_one(pool) for pool in pools))


async def _close_one(pool: Any) -> None:
    try:
        async with asyncio.timeout(CLOSE_WITHIN):
            await pool.close()
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pool.terminate()


def _complain_to(log: Log) -> Callable[[Any, dict[str, Any]], None]:
    """Log what asyncio could tell nobody: trio-asyncio's own handler would end the loop, and with it the daemon."""

    def complain(_loop: Any, context: dict[str, Any]) -> None:
        log.warning("asyncio", said=context.get("message"), error=repr(context.get("exception")))

    return complain
