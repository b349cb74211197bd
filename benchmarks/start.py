"""From the start of the process to `READY=1`, with an initialised store of its own that holds 1,000,000 indicators.

The store is filled by the daemon itself from a list on loopback, before anything is timed. Then, in turns: PostgreSQL
alone (the very command line tipd gives it, as the same user, on the same cluster) from its start until it takes a
connection; and `tipd run` from its start until the datagram READY=1 is in NOTIFY_SOCKET, and until a bulk look-up is
answered, which before says 503 "the look-up index is loading". Every stop is a clean one; caches are warm.
"""

from __future__ import annotations

import signal
import socket
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from _figure import figure, machine, say, scaled
from _lists import lines
from _processes import family
from support.daemon import Daemon
from support.feeds import FeedServer

ROWS = scaled(1_000_000, 1000)
ROUNDS = scaled(5)
_GIVE_UP = 120.0
# StartupMessage 3.0 with user and database "tipd" (PostgreSQL manual, "Message Formats").
_WORDS = b"\0\3\0\0user\0tipd\0database\0tipd\0\0"
_HELLO = (len(_WORDS) + 4).to_bytes(4) + _WORDS


@dataclass(frozen=True)
class Server:
    """How tipd runs its PostgreSQL: command line, user and the socket it listens on."""

    command: list[str]
    user: int
    group: int
    path: str

    def seconds(self) -> float:
        """Start it alone; return the seconds until it takes a connection; stop it again."""
        begun = time.perf_counter()
        with subprocess.Popen(
            self.command, user=self.user, group=self.group, extra_groups=[], stderr=subprocess.DEVNULL, cwd="/"
        ) as process:
            while not self._takes():
                if process.poll() is not None or time.perf_counter() - begun > _GIVE_UP:
                    raise AssertionError("PostgreSQL did not start")
                time.sleep(0.002)
            took = time.perf_counter() - begun
            process.send_signal(signal.SIGINT)
            process.wait(60)
        return took

    def _takes(self) -> bool:
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.connect(self.path)
                one.sendall(_HELLO)
                # R: it speaks of authentication. E while it starts: "the database system is starting up".
                first = one.recv(4096)
            except OSError:
                return False
        return first[:1] == b"R" or (first[:1] == b"E" and b"57P03" not in first)


def server_of(pid: int) -> Server:
    """Return how the PostgreSQL below a daemon was started."""
    for child in family(pid):
        words = Path(f"/proc/{child}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
        if Path(words[0]).name == "postgres" and "-D" in words:
            owner = Path(f"/proc/{child}").stat()
            folder = next(word for word in words if word.startswith("unix_socket_directories=")).partition("=")[2]
            return Server(words, owner.st_uid, owner.st_gid, f"{folder.strip('"')}/.s.PGSQL.5432")
    raise AssertionError("the daemon runs no PostgreSQL")


def fill(daemon: Daemon, feeds: FeedServer) -> None:
    """Let the daemon load the list and write it all down."""
    feeds.put("/list.txt", "\n".join(lines(ROWS)))
    daemon.declare("list", f'url = "{feeds.base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "12h"\n')
    daemon.start()
    daemon.wait_for(lambda: _looked(daemon), 600, "the list")


def _looked(daemon: Daemon) -> bool:
    time.sleep(0.2)
    source = daemon.source("list")
    return (
        source["state"] == "ok" and daemon.get("/api/v1/status")["index"]["entries"] >= source["entries"] >= ROWS * 0.9
    )


def tipd(daemon: Daemon, folder: Path) -> tuple[float, float]:
    """Start the daemon; return the seconds until READY=1, and until the look-up index answers; stop it."""
    path = folder / "notify"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(path))
        told.settimeout(_GIVE_UP)
        begun = time.perf_counter()
        daemon.start(ready=False, environment={"NOTIFY_SOCKET": str(path)})
        while b"READY=1" not in told.recv(4096).split(b"\n"):
            pass
        ready = time.perf_counter() - begun
    while (status := daemon.request("POST", "/api/v1/lookup", {"values": ["192.0.2.7"]})[0]) != 200:
        if status != 503:
            raise AssertionError(f"a look-up answered {status}")
        time.sleep(0.005)
    indexed = time.perf_counter() - begun
    if daemon.stop():
        raise AssertionError(daemon.tail())
    return ready, indexed


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    with tempfile.TemporaryDirectory(prefix="tipd-bench-") as name, FeedServer() as feeds:
        folder = Path(name)
        folder.chmod(0o755)
        daemon = Daemon(folder)
        try:
            fill(daemon, feeds)
            assert daemon.process is not None
            server = server_of(daemon.process.pid)
            daemon.stop()
            turns = []
            for _ in range(ROUNDS):
                alone = server.seconds()
                ready, indexed = tipd(daemon, folder)
                turns.append((alone, ready, indexed))
                say(f"PostgreSQL {alone:.2f} s, READY=1 {ready:.2f} s, index {indexed:.2f} s")
        finally:
            daemon.stop()
    alone, ready, indexed = (statistics.median(column) for column in zip(*turns, strict=True))
    beyond = statistics.median(turn[1] - turn[0] for turn in turns)
    figure("start", "PostgreSQL alone, to its first connection", alone, "s")
    figure("start", "to READY=1", ready, "s", "PostgreSQL alone", ready / alone)
    figure("start", "to READY=1, beyond PostgreSQL", beyond, "s", "the 1.5 s allowed", beyond / 1.5)
    figure("start", f"until {ROWS:,} indicators are looked up", indexed, "s", "READY=1", indexed / ready)


if __name__ == "__main__":
    main()
