"""A door between a client and PostgreSQL that can be slammed at the worst moment."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import trio

_PORT = ".s.PGSQL.5432"


class Gate:
    """Forwards bytes. `before` and `after` are how many COMMITs still to lose: unsent, or sent but unanswered."""

    def __init__(self, server_folder: Path, folder: Path) -> None:
        self.before = 0
        self.after = 0
        self.lost = 0
        self._server = server_folder / _PORT
        self._folder = folder

    def dsn(self, dsn: str) -> str:
        """Return the URL that goes through this gate instead."""
        return f"{dsn.partition('?')[0]}?host={quote(str(self._folder))}"

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Let clients in until cancelled."""
        with trio.socket.socket(trio.socket.AF_UNIX) as listener:
            await listener.bind(str(self._folder / _PORT))
            listener.listen(64)
            task_status.started()
            await self._accept(listener)

    async def _accept(self, listener: trio.socket.SocketType) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                client, _ = await listener.accept()
                nursery.start_soon(self._forward, trio.SocketStream(client))

    async def _forward(self, client: trio.SocketStream) -> None:
        async with client, await trio.open_unix_socket(str(self._server)) as server, trio.open_nursery() as nursery:
            nursery.start_soon(self._down, server, client, nursery.cancel_scope)
            await self._up(client, server)
            nursery.cancel_scope.cancel()

    async def _up(self, client: trio.SocketStream, server: trio.SocketStream) -> None:
        try:
            async for data in client:
                if b"COMMIT;" in data and self.before:
                    self.before, self.lost = self.before - 1, self.lost + 1
                    return
                if b"COMMIT;" in data and self.after:
                    self.after, self.lost = self.after - 1, self.lost + 1
                    self._deaf = True
                    await server.send_all(data)
                    await trio.sleep(0.05)  # the answer comes and goes nowhere
                    return
                await server.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    _deaf = False

    async def _down(self, server: trio.SocketStream, client: trio.SocketStream, scope: trio.CancelScope) -> None:
        try:
            async for data in server:
                if self._deaf and b"COMMIT\0" in data:
                    self._deaf = False
                    continue
                await client.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()


@asynccontextmanager
async def open_gate(server_folder: Path) -> AsyncIterator[Gate]:
    """Give a gate before the server whose sockets lie in that folder."""
    with tempfile.TemporaryDirectory(prefix="tipd-gate-", dir="/tmp") as folder:
        gate = Gate(server_folder, Path(folder))
        async with trio.open_nursery() as nursery:
            await nursery.start(gate.serve)
            yield gate
            nursery.cancel_scope.cancel()
