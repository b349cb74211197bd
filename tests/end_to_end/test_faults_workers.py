"""Workers that die, are killed while they read, or hang: their own source suffers, nobody else, and not for long."""

import contextlib
import os
import signal
import threading

from support.churn import Churn
from support.daemon import wait_a_moment
from support.feeds import FeedServer
from support.processes import wait_gone, workers

LIST = 'url = "{base}/{name}.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'
NAMES = ["one", "two", "three"]


class Killer:
    """A thread that sends SIGKILL to every worker of a daemon it sees; `killed` are their numbers."""

    def __init__(self, daemon) -> None:
        self.killed: set[int] = set()
        self._daemon = daemon
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            for pid in workers(self._daemon.process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.killed.add(pid)
            wait_a_moment()


def test_workers_killed_over_and_over_harm_nobody(make_daemon):
    with FeedServer() as feeds, Churn(feeds, NAMES, 1500, seed=11) as churn:
        feeds.put("/kept.txt", "kept.example.net\n")
        sources = {name: LIST.format(base=feeds.base, name=name) for name in [*NAMES, "kept"]}
        daemon = make_daemon(sources=sources).start()
        daemon.wait_for(lambda: daemon.source("kept")["state"] in {"ok", "unchanged"}, what="the first rounds")
        with Killer(daemon) as killer:
            daemon.wait_for(lambda: len(killer.killed) >= 25, 90, "workers to be killed")
            assert daemon.status("/readyz") == 200
            found = daemon.post("/api/v1/lookup", {"values": ["kept.example.net"]})["results"][0]
            assert found["listed"]
        churn.freeze()
        for name in NAMES:
            daemon.wait_for(
                lambda name=name: (
                    daemon.source(name)["entries"] == len(churn.lists[name])
                    and daemon.source(name)["state"] in {"ok", "unchanged"}
                ),
                60,
                f"{name} to recover",
            )
        seqs = [finding["seq"] for finding in daemon.findings()]
        assert seqs == sorted(set(seqs))
        restarts = str(daemon.get("/api/v1/status")["nursery"])
        assert "'state': 'failed'" not in restarts
        family = workers(daemon.process.pid)
        assert daemon.stop() == 0
        assert wait_gone(family)


def test_a_worker_that_hangs_is_ended_at_the_deadline(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/one.txt", "\n".join(f"h{number}.example.org" for number in range(1000)))
        feeds.put("/two.txt", "192.0.2.1\n")
        sources = {name: LIST.format(base=feeds.base, name=name) for name in ("one", "two")}
        daemon = make_daemon(sources=sources, settings='deadline = "3s"\n').start()
        daemon.wait_for(
            lambda: all(daemon.source(name)["state"] in {"ok", "unchanged"} for name in ("one", "two")), what="both"
        )
        stopped = workers(daemon.process.pid)
        assert stopped
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        feeds.put("/one.txt", "\n".join(f"h{number}.example.org" for number in range(1, 1001)))
        daemon.wait_for(lambda: daemon.source("one")["error"], 60, "the deadline to be said")
        assert daemon.source("one")["entries"] == 1000
        daemon.wait_for(lambda: daemon.source("one")["error"] is None, 60, "another worker to read it")
        feeds.put("/two.txt", "192.0.2.2\n")
        daemon.wait_for(lambda: daemon.last_seq() >= 1007, 60, "the other source")
        assert daemon.stop() == 0
        assert wait_gone(stopped)
