import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, wrap_server_stream

from tipd.cli import stream
from tipd.cli.client import Place, Refused
from tipd.cli.cursor import Cursor
from tipd.cli.stream import Reader, Wanted
from tipd.errors import Unavailable
from tipd.nursery.backoff import Backoff


@dataclass
class Daemon:
    """Answers each connection by the next script; `asked` are the targets."""

    place: Place
    scripts: list[Callable[[Any], Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[bytes, bytes]] = field(default_factory=list)

    async def serve(self, raw: trio.SocketStream) -> None:
        async with trio.open_nursery() as nursery:
            request: WebSocketRequest = await wrap_server_stream(nursery, raw)
            self.asked.append(request.path)
            self.headers.append(dict(request.headers))
            script = self.scripts.pop(0)
            if isinstance(script, tuple):
                await request.reject(script[0], body=json.dumps(script[1]).encode())
            else:
                websocket = await request.accept()
                with suppress(ConnectionClosed):
                    await script(websocket)
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 2):
                    await websocket.aclose()
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def serving(state_dir: Path) -> AsyncIterator[Daemon]:
    path = state_dir / "tipd.sock"
    daemon = Daemon(Place(socket_path=path, token="tip_x"))
    async with trio.open_nursery() as nursery:
        one = trio.socket.socket(trio.socket.AF_UNIX)
        await one.bind(str(path))
        one.listen()
        await nursery.start(trio.serve_listeners, daemon.serve, [trio.SocketListener(one)])
        yield daemon
        nursery.cancel_scope.cancel()


def sends(*messages: dict[str, Any], code: int = 1012) -> Callable[[Any], Any]:
    async def script(websocket: Any) -> None:
        for message in messages:
            await websocket.send_message(json.dumps(message))
        await websocket.aclose(code)

    return script


def batch(*seqs: int) -> dict[str, Any]:
    return {"type": "findings", "findings": [{"seq": seq} for seq in seqs], "last": seqs[-1]}


@dataclass
class Seen:
    messages: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def reader_of(daemon: Daemon, cursor: Cursor, *kinds: str) -> tuple[Reader, Seen]:
    seen = Seen()
    backoff = Backoff(0.001, 0.002, random.Random(1))
    return Reader(daemon.place, Wanted(kinds), cursor, seen.messages.append, seen.said.append, backoff), seen


async def test_resumes_where_it_was_when_tipd_restarts_or_the_reader_lagged(state_dir: Path) -> None:
    async with serving(state_dir) as daemon:
        daemon.scripts += [
            sends(batch(5, 6)),
            sends(batch(9), code=1013),
            (503, {"detail": "starting"}),
            sends({"type": "gap", "since": 20}, code=1013),
            (410, {"detail": "the log began anew"}),
        ]
        cursor = Cursor(4, "store")
        reader, seen = reader_of(daemon, cursor, "indicator.listed", "b")
        with trio.fail_after(60), pytest.raises(Refused, match="began anew") as refused:
            await reader.run()
    kinds = "/api/v1/stream?kind=indicator.listed&kind=b"
    assert daemon.asked == [f"{kinds}&since={since}&store_id=store" for since in (4, 6, 9, 9, 20)]
    assert [message.get("last") for message in seen.messages] == [6, 9, None]
    assert cursor.since == 20
    assert refused.value.exit_code == 1
    assert daemon.headers[0][b"authorization"] == b"Bearer tip_x"
    assert seen.said == [
        "the stream ended: tipd restarts; connecting again",
        "connected again",
        "the stream ended: we read too slowly; connecting again",
        "starting; connecting again",
        "connected again",
        "the stream ended: we read too slowly; connecting again",
    ]


async def test_without_a_cursor_only_what_is_new_is_asked(state_dir: Path) -> None:
    async with serving(state_dir) as daemon:
        daemon.scripts += [sends(), (401, {"detail": "no"})]
        reader, _ = reader_of(daemon, Cursor())
        with trio.fail_after(60), pytest.raises(Refused) as refused:
            await reader.run()
    assert daemon.asked == ["/api/v1/stream"] * 2
    assert refused.value.exit_code == 78


async def test_a_connection_that_just_ends(state_dir: Path) -> None:
    async def cut(websocket: Any) -> None:
        await websocket.send_message(json.dumps(batch(3)))
        await websocket._stream.aclose()

    async with serving(state_dir) as daemon:
        daemon.scripts += [cut, (410, {})]
        reader, seen = reader_of(daemon, Cursor(0))
        with trio.fail_after(60), pytest.raises(Refused):
            await reader.run()
    assert daemon.asked == ["/api/v1/stream?since=0", "/api/v1/stream?since=3"]
    assert seen.said == ["the connection was lost; connecting again"]


async def test_a_daemon_that_is_not_there_ends_the_first_try_only(state_dir: Path) -> None:
    gone = Place(socket_path=state_dir / "tipd.sock")
    reader, seen = reader_of(Daemon(gone), Cursor())
    with pytest.raises(Unavailable, match="tipd run"):
        await reader.run()
    async with serving(state_dir) as daemon:
        daemon.scripts += [sends(batch(1))]
        reader, seen = reader_of(daemon, Cursor())

        async def close_the_door() -> None:
            while not seen.said:
                await trio.sleep(0.001)
            (state_dir / "tipd.sock").unlink()
            while len(seen.said) < 4:
                await trio.sleep(0.001)
            nursery.cancel_scope.cancel()

        daemon.scripts += [sends(batch(2))] * 50
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(close_the_door)
                await reader.run()
    assert any("start it with `tipd run`" in said for said in seen.said)


async def test_a_daemon_that_vanished_without_a_word_is_noticed(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PING_EVERY", 0.01)
    monkeypatch.setattr(stream, "PING_WITHIN", 0.05)

    async def deaf(raw: trio.SocketStream) -> None:
        """Shake hands and never read again."""
        import wsproto

        server = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        server.receive_data(bytes(await raw.receive_some()))
        next(server.events())
        await raw.send_all(server.send(wsproto.events.AcceptConnection()))
        tries.append(1)
        await trio.sleep_forever()

    tries: list[int] = []
    path = state_dir / "tipd.sock"
    reader, seen = reader_of(Daemon(Place(socket_path=path)), Cursor())
    async with trio.open_nursery() as nursery:
        one = trio.socket.socket(trio.socket.AF_UNIX)
        await one.bind(str(path))
        one.listen()
        await nursery.start(trio.serve_listeners, deaf, [trio.SocketListener(one)])
        nursery.start_soon(reader.run)
        with trio.fail_after(60):
            while len(tries) < 2:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert seen.said
