"""What systemd hears and hands over, with a real socket in its place."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from support.daemon import Daemon
from support.feeds import FeedServer

ROOT = Path(__file__).parents[2]
LIST = 'url = "{base}/{name}.txt"\nparser = "lines"\nkind = "auto"\nevery = "1h"\nmin_interval = "1s"\n'


class Manager:
    """The notification socket of a service manager; `heard` are messages as lists of assignments."""

    def __init__(self, address: str) -> None:
        self.heard: list[list[str]] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(0.05)

    def wait(self, assignment: str, seconds: float = 60) -> list[str]:
        """Return the first message with this assignment that was not returned before."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.heard.append(self.socket.recv(4096).decode().split("\n"))
            except TimeoutError:
                continue
            if assignment in self.heard[-1]:
                return self.heard[-1]
        raise AssertionError(f"{assignment} did not come: {self.heard}")


@pytest.fixture(params=["path", "abstract"])
def manager(request):
    with tempfile.TemporaryDirectory(prefix="tipd-", dir="/tmp") as folder:
        address = f"{folder}/notify" if request.param == "path" else f"\0tipd-test-{os.getpid()}"
        made = Manager(address)
        made.address = address.replace("\0", "@")
        yield made
        made.socket.close()


def test_ready_reloading_watchdog_and_stopping(make_daemon, manager):
    with FeedServer() as feeds:
        for name in ("one", "two"):
            feeds.put(f"/{name}.txt", "192.0.2.1\n")
        daemon = make_daemon(sources={"one": LIST.format(base=feeds.base, name="one")})
        daemon.start(ready=False, environment={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "600000"})
        manager.wait("READY=1")
        assert daemon.status("/readyz") == 200
        for _ in range(3):
            manager.wait("WATCHDOG=1", 5)

        daemon.declare("two", LIST.format(base=feeds.base, name="two"))
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        daemon.process.send_signal(signal.SIGHUP)
        said = dict(line.split("=", 1) for line in manager.wait("RELOADING=1"))
        assert before <= int(said["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        manager.wait("READY=1")
        daemon.wait_for(lambda: feeds.count("/two.txt") == 1, what="the new source")
        assert feeds.count("/one.txt") == 1

        daemon.process.terminate()
        manager.wait("STOPPING=1")
        assert daemon.process.wait(20) == 0


def test_a_reload_of_a_faulty_configuration_is_told_and_harms_nothing(make_daemon, manager):
    daemon = make_daemon()
    good = daemon.config.read_text()
    daemon.start(environment={"NOTIFY_SOCKET": manager.address})
    manager.wait("READY=1")
    daemon.config.write_text(good + "[nothing]\nof = 'ours'\n")
    daemon.process.send_signal(signal.SIGHUP)
    manager.wait("RELOADING=1")
    manager.wait("READY=1")
    assert daemon.said("the old one stays")
    assert daemon.status("/readyz") == 200


def test_the_watchdog_is_not_fed_by_a_daemon_that_hangs(make_daemon, manager):
    daemon = make_daemon()
    daemon.start(environment={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "400000"})
    manager.wait("WATCHDOG=1")
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(AssertionError, match="did not come"):
            while True:  # what was sent before
                manager.wait("WATCHDOG=1", 2)
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    manager.wait("WATCHDOG=1")


def activated(daemon: Daemon, *listening: socket.socket) -> list[str]:
    """Return a command line that puts the sockets at descriptors 3, 4, … and says so, as systemd does."""
    moves = " ".join(f"{3 + at}<&{one.fileno()}" for at, one in enumerate(listening))
    words = " ".join(f"'{word}'" for word in daemon.command("run"))
    return ["bash", "-c", f"LISTEN_PID=$$ LISTEN_FDS={len(listening)} LISTEN_FDNAMES=api exec {words} {moves}"]


def test_a_socket_that_was_handed_over_is_used_and_stays_open(make_daemon):
    daemon = make_daemon()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        daemon.base = f"http://127.0.0.1:{port}"
        command = activated(daemon, listening)
        for _ in range(2):
            with daemon.log.open("ab") as out:
                daemon.process = subprocess.Popen(command, stdout=out, stderr=out, pass_fds=[listening.fileno()])
            daemon.wait_ready()
            with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", daemon.port)):
                pass  # `[api] listen` is not used
            assert daemon.stop() == 0
            with socket.create_connection(("127.0.0.1", port)) as waiting:  # the socket lives with systemd
                waiting.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_who_connects_while_it_starts_is_answered(make_daemon):
    daemon = make_daemon()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with socket.create_connection(listening.getsockname()) as early:
            early.settimeout(30)
            early.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            with daemon.log.open("ab") as out:
                command = activated(daemon, listening)
                daemon.process = subprocess.Popen(command, stdout=out, stderr=out, pass_fds=[listening.fileno()])
            assert early.recv(100).startswith(b"HTTP/1.1 200")
        daemon.base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        daemon.wait_ready()


def test_the_units_are_what_systemd_takes(tmp_path):
    """The programs they name are put where the units look for them, in copies with the paths of this machine."""
    found = subprocess.run(
        [ROOT / "scripts" / "program.sh", "systemd-analyze"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr  # it says how to install what is missing
    names = ("tipd.service", "tipd.socket", "tipd-agent.service")
    for unit in names:
        text = (ROOT / "packaging" / "systemd" / unit).read_text()
        text = re.sub(r"(/opt/tipd/\.venv/bin/tipd|/usr/local/bin/tipd-agent)\b", "/bin/true", text)
        text = re.sub(r"^(User|Group)=.*$", r"\1=root", text, flags=re.MULTILINE)
        (tmp_path / unit).write_text(text.replace("file:///opt/tipd", "file:///"))
    units = [str(tmp_path / unit) for unit in names]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, timeout=60, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "tipd" in line]
    # a systemd before 253 does not know notify-reload and keeps the notify above it
    assert [line for line in ours if "notify-reload" not in line] == []
