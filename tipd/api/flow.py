"""A body that is used as it comes: what has come and is not used yet stays bounded.

quart's queue of a request's body has no bound, so a fast sender fills the memory. The layer in front holds the sender
back while more than `MOST_WAITING` bytes wait for a route that says what it used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio
from quart.wrappers.base import ClientDisconnectedError

from tipd.api.problem import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

MOST_WAITING = 2**20  # bytes
NEXT_WITHIN = 30.0  # seconds until the next piece
KEY = "tipd.flow"  # in the ASGI scope


class Flow:
    """How much of one body waits to be used."""

    def __init__(self) -> None:
        self._waiting = 0
        self._used = trio.Event()

    def came(self, size: int) -> None:
        """Note that a piece came."""
        self._waiting += size

    def used(self, size: int) -> None:
        """Note that a piece was used."""
        self._waiting -= size
        self._used.set()
        self._used = trio.Event()

    async def room(self) -> None:
        """Wait until there is room for another piece."""
        while self._waiting >= MOST_WAITING:
            await self._used.wait()


class Lines:
    """Cuts pieces into lines, counted from `first`; what is longer than `longest` bytes comes cut to one more."""

    def __init__(self, longest: int, first: int = 1) -> None:
        self._longest = longest
        self._number = first
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the lines that are whole now, each with its number."""
        *whole, rest = piece.split(b"\n")
        for line in whole:
            yield self._line(self._rest + line if self._rest else line)
            self._rest = b""
        if rest:
            self._rest = (self._rest + rest)[: self._longest + 1]

    def end(self) -> Iterator[tuple[int, bytes]]:
        """Yield the last line, where it has no end."""
        if self._rest:
            yield self._line(self._rest)
            self._rest = b""

    def _line(self, line: bytes) -> tuple[int, bytes]:
        self._number += 1
        return self._number - 1, line[: self._longest + 1]


async def pieces(request: Any) -> AsyncGenerator[bytes]:
    """Yield a request's body as it comes; raises Problem 408 where nothing comes for too long. Close it at the end."""
    flow: Flow | None = request.scope.get(KEY)
    body = aiter(request.body)
    while True:
        try:
            with trio.fail_after(NEXT_WITHIN):
                piece = await anext(body, None)
        except trio.TooSlowError:
            raise Problem(408, f"nothing came for {NEXT_WITHIN:g} s") from None
        except ClientDisconnectedError:  # nobody hears of it
            raise Problem(400, "the body ended before it was whole") from None
        if piece is None:
            return
        yield piece
        if flow is not None:
            flow.used(len(piece))
