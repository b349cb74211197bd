import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from support.silence import SILENT

from tipd.errors import ConfigError
from tipd.nursery.systemd import Notifier, listen_fds, watchdog_interval


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A socket that listens as systemd's does, and its name in NOTIFY_SOCKET."""
    name = str(tmp_path / "n") if request.param == "path" else f"@tipd-test-{os.getpid()}-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1) if request.param == "abstract" else name)
        listening.settimeout(5)
        yield listening, name


async def test_every_message(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name}, SILENT, monotonic_usec=lambda: 77)
    assert notifier.enabled
    assert await notifier.ready("all modules run")
    assert await notifier.reloading()
    assert await notifier.stopping()
    assert await notifier.watchdog()
    assert await notifier.status("two\nlines\r\nMAINPID=1")
    got = [listening.recv(4096).decode() for _ in range(5)]
    assert got == [
        "READY=1\nSTATUS=all modules run",
        "RELOADING=1\nMONOTONIC_USEC=77",
        "STOPPING=1",
        "WATCHDOG=1",
        "STATUS=two lines MAINPID=1",
    ]


async def test_the_clock_of_a_reload_is_the_monotonic_one(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    await Notifier({"NOTIFY_SOCKET": name}, SILENT).reloading()
    said = int(listening.recv(4096).decode().partition("MONOTONIC_USEC=")[2])
    assert said > 0
    await Notifier({"NOTIFY_SOCKET": name}, SILENT).reloading()
    assert int(listening.recv(4096).decode().partition("MONOTONIC_USEC=")[2]) >= said


async def test_it_works_while_everything_is_being_cancelled(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    with trio.CancelScope() as scope:
        scope.cancel()
        assert await Notifier({"NOTIFY_SOCKET": name}, SILENT).stopping()
    assert listening.recv(100) == b"STOPPING=1"


async def test_nobody_listens(tmp_path: Path) -> None:
    notifier = Notifier({}, SILENT)
    assert not notifier.enabled
    assert not await notifier.ready()
    gone = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}, SILENT)
    assert gone.enabled
    assert not await gone.ready()


@pytest.mark.parametrize("address", ["relative", "@", "/", "vsock:2:1"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ConfigError, match="NOTIFY_SOCKET"):
        Notifier({"NOTIFY_SOCKET": address}, SILENT)


def test_the_watchdogs_interval() -> None:
    assert watchdog_interval({}, 7) is None
    assert watchdog_interval({"WATCHDOG_USEC": "30000000"}, 7) == 15
    assert watchdog_interval({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 7) == 15
    assert watchdog_interval({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 7) is None
    for odd in ("x", "0", "-1", "1.5", "²", "9" * 30):
        with pytest.raises(ConfigError, match="WATCHDOG_USEC"):
            watchdog_interval({"WATCHDOG_USEC": odd}, 7)


def listening_socket() -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.bind(("127.0.0.1", 0))
    found.listen()
    return found


def activation(first: int, count: int, names: str = "") -> dict[str, str]:
    return {"LISTEN_PID": "7", "LISTEN_FDS": str(count), "LISTEN_FDNAMES": names, "KEPT": "x"}


def test_sockets_are_taken_over() -> None:
    given = listening_socket()
    fd = given.detach()
    environ = activation(fd, 1, "api")
    (taken,) = listen_fds(environ, pid=7, first=fd)
    with taken.socket:
        assert (taken.name, taken.socket.fileno(), taken.socket.family) == ("api", fd, socket.AF_INET)
        assert not os.get_inheritable(fd)
        assert taken.socket.getblocking() is False
        assert environ == {"KEPT": "x"}


def test_sockets_for_another_process_are_not() -> None:
    assert listen_fds({}, pid=7) == []
    environ = {**activation(3, 1), "LISTEN_PID": "8"}
    assert listen_fds(environ, pid=7) == []
    assert environ == {"KEPT": "x"}


def test_what_is_no_listening_socket_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "f").open("w") as file, pytest.raises(ConfigError, match="no socket"):
        listen_fds(activation(3, 1), pid=7, first=file.fileno())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        with pytest.raises(ConfigError, match="no listening stream socket"):
            listen_fds(activation(3, 1), pid=7, first=datagrams.fileno())
        assert datagrams.fileno() >= 0
    with pytest.raises(ConfigError, match="Bad file descriptor"):
        listen_fds(activation(3, 1), pid=7, first=9999)
    with pytest.raises(ConfigError, match="more than"):
        listen_fds(activation(3, 65), pid=7)
    with pytest.raises(ConfigError, match="LISTEN_FDS"):
        listen_fds({"LISTEN_PID": "7", "LISTEN_FDS": "many"}, pid=7)
