"""Servers that tell 1,000 readers the same messages: ours, and the two it is compared with. Run as a process each.

`python _stages.py NAME COUNT` prints the port it listens on; each further line of its standard input is an order:
`go` publishes COUNT messages, `report` prints one line of JSON, and the end of the input ends it.
"""

from __future__ import annotations

import asyncio
import json
import math
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import trio
from _figure import SCALE
from _messages import FIRST, TOKEN, finding_of, text_of

STALL = "10s" if SCALE >= 1 else "1s"  # the default, but where it is only to be seen that the benchmark runs


def _order() -> str:
    return sys.stdin.readline().strip()


def _tell(line: object) -> None:
    print(line, flush=True)


async def tipd(count: int) -> None:
    """Serve with the real server, hub and readers; the findings come from a log in memory that gives one at a time."""
    from support.api import FakeFindings, World, served

    class OneByOne(FakeFindings):
        async def read(self, since: int, *, limit: int = 1, kinds: object = ()) -> list:
            await trio.lowlevel.checkpoint()
            place = since - FIRST
            if place + 1 < len(self.log):
                for listener in self.on_commit:
                    listener(self.last, ())
            return self.log[place : place + 1]

    world = World(findings=OneByOne(pruned=FIRST))
    world.tokens.add(TOKEN, "stream")
    with tempfile.TemporaryDirectory() as folder:
        async with served(world.services(reader_stall=STALL), Path(folder)) as api:
            hub = api.app.core.hub
            _tell(api.port)
            while order := await trio.to_thread.run_sync(_order):
                if order == "go":
                    world.findings.tell(*(finding_of(number) for number in range(count)))
                else:
                    _tell(json.dumps({"live": hub.live, "readers": hub.readers, "cut": hub.counts["cut"]}))


async def quart(count: int) -> None:
    """Serve with a plain quart-trio websocket loop under hypercorn: a channel and a task for each reader."""
    from hypercorn.config import Config
    from hypercorn.trio import serve
    from quart import websocket
    from quart_trio import QuartTrio

    app = QuartTrio("plain")
    outs: list[trio.MemorySendChannel[str]] = []

    @app.websocket("/api/v1/stream")
    async def stream() -> None:
        send, receive = trio.open_memory_channel[str](math.inf)
        await websocket.accept()
        outs.append(send)
        async for message in receive:
            await websocket.send(message)

    config = Config()
    listening = _listening()
    config.bind = [f"fd://{listening.fileno()}"]
    config.graceful_timeout = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, app, config)
        _tell(listening.getsockname()[1])
        while order := await trio.to_thread.run_sync(_order):
            if order == "go":
                for text in [text_of(number) for number in range(count)]:
                    for out in outs:
                        out.send_nowait(text)
                    await trio.lowlevel.checkpoint()
            else:
                _tell(json.dumps({"live": len(outs)}))
        nursery.cancel_scope.cancel()


async def websockets(count: int) -> None:
    """Serve with the `websockets` library on asyncio and its `broadcast`; no compression, no pings."""
    from websockets.asyncio.server import broadcast, serve

    listening = _listening()
    loop = asyncio.get_running_loop()
    async with serve(lambda one: one.wait_closed(), sock=listening, compression=None, ping_interval=None) as server:
        _tell(listening.getsockname()[1])
        while order := await loop.run_in_executor(None, _order):
            if order == "go":
                for text in [text_of(number) for number in range(count)]:
                    broadcast(server.connections, text)
                    await asyncio.sleep(0)
            else:
                _tell(json.dumps({"live": len(list(server.connections))}))


def _listening() -> socket.socket:
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listening.settimeout(0)
    return listening


def main() -> None:
    """Run the stage that is named."""
    name, count = sys.argv[1], int(sys.argv[2])
    with suppress(KeyboardInterrupt):
        if name == "websockets":
            asyncio.run(websockets(count))
        else:
            trio.run({"tipd": tipd, "quart": quart}[name], count)


if __name__ == "__main__":
    import os

    try:
        main()
    finally:
        sys.stdout.flush()
        os._exit(0)  # a stalled reader keeps hypercorn for ever
