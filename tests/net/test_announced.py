"""A websocket that is only listened to."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from support.agent_host import serving
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, Ping, RejectConnection, TextMessage

from tipd.net import announced
from tipd.net.fetch import Fetcher
from tipd.net.kept import Endpoint, Kept
from tipd.net.request import FetchError


async def test_announcements_of_an_agent(fetcher: Fetcher, tmp_path: Path) -> None:
    token = tmp_path / "token"
    heard: list[str] = []
    came = trio.Event()
    async with serving(tmp_path, 2, tls=True) as host:
        token.write_text(host.token)
        token.chmod(0o600)
        ends = Endpoint(url=f"https://127.0.0.1:{host.port}", token_file=token, ca_file=tmp_path / "tls.pem")

        def hear(text: str) -> None:
            nonlocal came
            heard.append(text)
            came.set()
            came = trio.Event()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(announced.listen, Kept(fetcher.tools, ends), "/v1/announce", hear)
            with trio.fail_after(5):
                while not heard:
                    await came.wait()
                host.grow()
                host.server.announce("mx1", "redacted")
                while len(heard) < 2:
                    await came.wait()
            nursery.cancel_scope.cancel()
        assert heard == ['{"last":2}', '{"last":3}']
        token.write_text("tia_wrong")
        with pytest.raises(FetchError) as raised:
            await announced.listen(Kept(fetcher.tools, ends), "/v1/announce", hear)
        assert raised.value.state == "forbidden"


@asynccontextmanager
async def talking(*frames):
    """Serve a websocket that says these frames; a number of bytes is written as it is."""
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]

    async def serve(stream: trio.SocketStream) -> None:
        socket = WSConnection(ConnectionType.SERVER)
        async with stream:
            try:
                while not any(True for _ in socket.events()):
                    socket.receive_data(await stream.receive_some(65536))
                for frame in frames:
                    await stream.send_all(frame if isinstance(frame, bytes) else socket.send(frame))
                while await stream.receive_some(65536):
                    pass
            except trio.BrokenResourceError:
                return

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ((AcceptConnection(), TextMessage("x" * 5000)), "longer"),
        ((AcceptConnection(), *[TextMessage("x" * 2000, message_finished=False)] * 3), "longer"),
        ((AcceptConnection(), BytesMessage(b"x")), "no text"),
        ((RejectConnection(status_code=404),), "404"),
        ((b"nonsense\r\n\r\n",), "websocket"),
    ],
)
async def test_what_is_not_listened_to(fetcher: Fetcher, frames, words: str) -> None:
    async with talking(*frames) as url:
        with trio.fail_after(5), pytest.raises(FetchError, match=words):
            await announced.listen(Kept(fetcher.tools, Endpoint(url=url)), "/", lambda _text: None)


async def test_frames_that_are_none_end_it(fetcher: Fetcher) -> None:
    async with talking(AcceptConnection(), b"\xff\xff\xff\xff") as url:
        with trio.fail_after(5):
            await announced.listen(Kept(fetcher.tools, Endpoint(url=url)), "/", lambda _text: None)


async def test_silence_is_noticed_and_pings_are_answered(fetcher: Fetcher, monkeypatch) -> None:
    monkeypatch.setattr(announced, "SILENCE", 0.2)
    async with talking(AcceptConnection(), Ping()) as url:
        with trio.fail_after(5), pytest.raises(FetchError, match="says nothing"):
            await announced.listen(Kept(fetcher.tools, Endpoint(url=url)), "/", lambda _text: None)
