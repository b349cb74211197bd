"""The API's sockets are open before everything else, and handed over without being closed."""

import socket

import pytest
import trio
from support.daemon import free_port

from tipd.daemon.doors import Doors
from tipd.daemon.sections import load
from tipd.errors import Unavailable
from tipd.nursery.attempt import causes


@pytest.fixture
def doors(tmp_path):
    port = free_port()
    path = tmp_path / "tipd.toml"
    path.write_text(f'state_dir = "{tmp_path}"\n[api]\nlisten = "127.0.0.1:{port}"\n')
    return Doors(load(path, {})), port


async def said(port):
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(b"GET /readyz HTTP/1.1\r\n\r\n")
        return await stream.receive_some()


async def test_who_knocks_early_is_told_why_and_a_late_one_meets_whoever_took_over(doors):
    open_doors, port = doors
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            await nursery.start(open_doors.open)
            open_doors.why = "the reason"
            assert b"the reason" in await said(port)
            given = open_doors.hand_over()
    assert [listener.way for listener in given] == ["tcp", "control"]
    async with await trio.open_tcp_stream("127.0.0.1", port) as client:  # waits in the backlog, not refused
        accepted, _ = await trio.to_thread.run_sync(_accept, given[0].socket)
        with accepted:
            await client.send_all(b"x")
    for listener in given:
        listener.close()


def _accept(listening):
    listening.setblocking(True)
    return listening.accept()


async def test_doors_that_were_never_handed_over_are_closed(doors):
    open_doors, port = doors
    async with trio.open_nursery() as nursery:
        await nursery.start(open_doors.open)
        nursery.cancel_scope.cancel()
    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_an_address_in_use_is_said(doors):
    open_doors, port = doors
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            await nursery.start(open_doors.open)
    (error,) = [error for error in causes(caught.value) if isinstance(error, Unavailable)]
    assert str(port) in str(error)
