"""What the store's functions may ask of a database connection, and when such a failure means that it is away.

Everything here is asyncio-flavoured: it may only be awaited inside a function that `Pool.run` was given.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

type Row = Mapping[str, Any]


class Connection(Protocol):
    """The part of an asyncpg connection that is used; jsonb goes in and comes out as text."""

    async def execute(self, query: str, *args: Any) -> str:
        """Run it and return the command tag; without args several statements may stand in one text."""
        ...

    async def fetch(self, query: str, *args: Any) -> list[Row]:
        """Return all rows."""
        ...

    async def fetchrow(self, query: str, *args: Any) -> Row | None:
        """Return the first row."""
        ...

    async def fetchval(self, query: str, *args: Any) -> Any:
        """Return the first column of the first row."""
        ...

    async def copy_to_table(
        self,
        table_name: str,
        *,
        source: AsyncIterable[bytes],
        columns: Iterable[str],
        format: str,  # noqa: A002
    ) -> str:
        """COPY the source's bytes into a table."""
        ...

    async def copy_from_query(
        self,
        query: str,
        *args: Any,
        output: Callable[[bytes], Coroutine[Any, Any, None]],
        format: str,  # noqa: A002
    ) -> str:
        """COPY a query's rows out; `output` is awaited with each piece."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Open a transaction, or a savepoint inside one."""
        ...

    def is_closed(self) -> bool:
        """Say whether the server or the network has ended it."""
        ...


type Work[**P, T] = Callable[P, Coroutine[Any, Any, T]]
"""An asyncio-flavoured function whose first argument is the connection."""
