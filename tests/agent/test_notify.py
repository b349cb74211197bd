"""What systemd is told."""

import socket
from pathlib import Path

import pytest
import trio

from tipd.agent import notify


@pytest.mark.parametrize("abstract", [False, True])
def test_the_state_goes_to_the_socket_that_is_named(tmp_path: Path, abstract: bool) -> None:
    name = f"@tipd-agent-test-{tmp_path.name}" if abstract else str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if abstract else name)
        listening.settimeout(5)
        notify.tell("READY=1", {"NOTIFY_SOCKET": name})
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "relative"}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_where_nobody_listens_nothing_happens(environ: dict[str, str]) -> None:
    assert notify.tell("READY=1", environ) is None


async def test_the_watchdog_is_told_as_often_as_it_wants(tmp_path: Path, autojump_clock) -> None:
    name = str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name)
        listening.settimeout(0)
        with trio.move_on_after(30.5):
            await notify.keep_awake({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"})
        assert [listening.recv(100) for _ in range(4)] == [b"WATCHDOG=1"] * 4


@pytest.mark.parametrize("usec", ["", "0", "x"])
async def test_without_a_watchdog_it_ends(usec: str) -> None:
    assert await notify.keep_awake({"WATCHDOG_USEC": usec} if usec else {}) is None
