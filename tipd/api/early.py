"""Answers while tipd starts: it is alive, and not ready yet, since its database may be away for long.

The sockets are open from the first moment, so that an address in use is known before anything else is started, and who
asks is told instead of refused.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import trio

from tipd.api.head import read_head
from tipd.api.problem import Problem, raw_answer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from tipd.api.listeners import Listener

_WITHIN = 10.0  # seconds for one client
_LINGER = 2.0  # … of them in which what it still sends is taken, so that it comes to reading the answer
_AT_ONCE = 100
_PAUSE = 0.1  # seconds, when the machine is out of descriptors
_ALIVE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: 14\r\n"
    b'Connection: close\r\n\r\n{"alive":true}'
)


async def answer_early(
    listeners: Sequence[Listener],
    tls: ssl.SSLContext | None,
    why: Callable[[], str],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer `/healthz` with 200 and all else with 503 and `why()` until cancelled."""
    early = _Early(tls, why)
    async with trio.open_nursery() as nursery:
        for listener in listeners:
            nursery.start_soon(early.accept, listener, nursery)
        task_status.started()


class _Early:
    def __init__(self, tls: ssl.SSLContext | None, why: Callable[[], str]) -> None:
        self._tls = tls
        self._why = why
        self._room = _AT_ONCE

    async def accept(self, listener: Listener, nursery: trio.Nursery) -> None:
        async with trio.SocketListener(trio.socket.from_stdlib_socket(listener.socket.dup())) as accepting:
            while True:
                try:
                    stream = await accepting.accept()
                except OSError:
                    await trio.sleep(_PAUSE)
                    continue
                if self._room:
                    self._room -= 1
                    nursery.start_soon(self._connection, listener, stream)
                else:
                    stream.socket.close()

    async def _connection(self, listener: Listener, transport: trio.SocketStream) -> None:
        stream: trio.abc.Stream = transport
        if self._tls is not None and listener.way == "tcp":
            stream = trio.SSLStream(transport, self._tls, server_side=True, https_compatible=True)
        try:
            with trio.move_on_after(_WITHIN), suppress(trio.BrokenResourceError, trio.ClosedResourceError, OSError):
                await stream.send_all(await self._answer(stream))
                await _hear_out(stream)
        finally:
            self._room += 1
            await trio.aclose_forcefully(stream)

    async def _answer(self, stream: trio.abc.Stream) -> bytes:
        try:
            head = await read_head(stream, _WITHIN)
        except Problem as problem:
            return raw_answer(problem)
        target = head.split(b"\r\n", 1)[0].split(b" ")
        if len(target) > 1 and target[1].partition(b"?")[0] == b"/healthz":
            return _ALIVE
        why = self._why()
        return raw_answer(Problem(503, why, headers={"Retry-After": "2"}, ready=False, reasons=[why], notes=[]))


async def _hear_out(stream: trio.abc.Stream) -> None:
    """Take the rest of a request, to throw it away: closed upon, its sender would see a broken pipe, and no answer."""
    if isinstance(stream, trio.SocketStream):
        await stream.send_eof()
    with trio.move_on_after(_LINGER):
        while await stream.receive_some():
            pass
