"""The websocket that says how far a chain has come."""

from pathlib import Path
from typing import Any

import pytest
import trio
from support.agent_host import Host, Reader, answer, serving

from tipd.agent.server import Limits

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    "Sec_WebSocket_Version": "13",
}


async def announced(host: Host, **more: Any) -> Reader:
    stream = await host.connect()
    await stream.send_all(host.request("/v1/announce", **(UPGRADE | more)))
    return await Reader.of(stream)


async def test_the_last_number_is_told_at_once_and_when_it_grows(tmp_path: Path) -> None:
    async with serving(tmp_path, 2) as host:
        reader = await announced(host)
        assert reader.status == 101
        assert await reader.message() == {"last": 2}
        for n in (3, 4):
            host.grow()
            host.server.announce("mx1", "redacted")
            assert await reader.message() == {"last": n}


async def test_another_view_s_versions_are_not_told(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        reader = await announced(host)
        assert await reader.message() == {"last": 1}
        host.server.announce("mx1", "full")
        host.grow()
        host.grow()
        host.server.announce("mx1", "redacted")
        assert await reader.message() == {"last": 3}


async def test_nobody_unknown_is_told_anything(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        assert (await announced(host, token="tia_x")).status == 401


async def test_a_revoked_reader_is_cut(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        reader = await announced(host)
        await reader.message()
        host.revoke("lab")
        with trio.fail_after(5):
            assert await reader.close_code() == 1012
            assert await reader.stream.receive_some(1) == b""


async def test_readers_are_told_when_the_agent_stops(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        reader = await announced(host)
        await reader.message()
        host.server.stop()
        assert await reader.close_code() == 1012


async def test_a_reader_that_answers_no_ping_is_cut(tmp_path: Path) -> None:
    async with serving(tmp_path, 1, limits=Limits(ping=0.05, look=0.1)) as host:
        quiet, alive = await announced(host), await announced(host)
        quiet.answers_pings = False
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(alive.read)
                with pytest.raises((EOFError, trio.BrokenResourceError)):
                    while True:
                        await quiet.message()
                nursery.cancel_scope.cancel()
            host.grow()
            host.server.announce("mx1", "redacted")
            assert [await alive.message() for _ in range(2)] == [{"last": 1}, {"last": 2}]


async def test_a_reader_that_talks_too_much_is_cut(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        reader = await announced(host)
        await reader.message()
        frame = b"\x82\xfe\x10\x00" + b"\0\0\0\0" + b"x" * 4096
        with pytest.raises((EOFError, trio.BrokenResourceError)):
            for _ in range(1000):
                await reader.stream.send_all(frame)
            await reader.message()


async def test_noise_in_frames_ends_it(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        reader = await announced(host)
        await reader.message()
        await reader.stream.send_all(b"\xff" * 64)
        assert await reader.close_code() == 1002


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Upgrade": "h2c"}, 426), ({"Sec_WebSocket_Version": "7"}, 400), ({"Sec_WebSocket_Key": ""}, 400)],
)
async def test_what_is_no_handshake_is_refused(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with serving(tmp_path, 1) as host:
        stream = await host.connect()
        await stream.send_all(host.request("/v1/announce", **(UPGRADE | headers)))
        assert (await answer(stream)).status == status


async def test_no_extension_is_agreed_on(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        reader = await announced(host, Sec_WebSocket_Extensions="permessage-deflate")
        assert b"extensions" not in reader.head.lower()
