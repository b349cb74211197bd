"""A database that dies, hangs or is not there is a state: tipd lives, answers from memory, says so, and goes on."""

import contextlib
import json
import os
import signal

import pytest
from support import pg
from support.churn import Churn
from support.daemon import Daemon
from support.feeds import FeedServer
from support.processes import alive, children, postmaster, wait_gone
from support.subscriber import Subscriber

NAMES = ["one", "two", "three"]
EVERY_SECOND = 'parser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'
KNOWN = "kept.example.net"


@pytest.fixture
def feeds():
    with FeedServer() as server:
        server.put("/known.txt", f"{KNOWN}\n")
        yield server


@pytest.fixture
def own_server():
    """A PostgreSQL of the test's own, to be stopped and started."""
    server = pg.make_server()
    yield server
    if server.process is not None:
        with contextlib.suppress(ProcessLookupError):
            server.process.send_signal(signal.SIGCONT)
    pg.remove_server(server)


def declared(feeds: FeedServer) -> dict[str, str]:
    return {name: f'url = "{feeds.base}/{name}.txt"\n{EVERY_SECOND}' for name in [*NAMES, "known"]}


def loaded(daemon: Daemon) -> None:
    """Wait until the index knows what a list that never changes has."""
    daemon.wait_for(lambda: looked_up(daemon), 60, "the index to know the list")


def looked_up(daemon: Daemon) -> bool:
    status, body = daemon.request("POST", "/api/v1/lookup", {"values": [KNOWN]})
    return status == 200 and json.loads(body)["results"][0]["listed"]


def is_away(daemon: Daemon) -> None:
    """While it is away: alive, not ready and says why, look-ups answer, what needs the database says 503."""
    daemon.wait_for(lambda: daemon.status("/readyz") == 503, what="/readyz to say so")
    assert daemon.status("/healthz") == 200
    assert "database" in daemon.request("GET", "/readyz", token="")[1].decode()
    assert looked_up(daemon)
    assert daemon.request("GET", "/api/v1/findings?since=0")[0] == 503


def goes_on(daemon: Daemon, subscriber: Subscriber) -> None:
    """It is ready again and what is collected now reaches the subscriber."""
    daemon.wait_ready()
    last = daemon.last_seq()
    daemon.wait_for(lambda: subscriber.last > last, 90, "collecting to go on")


def check_log(daemon: Daemon, subscriber: Subscriber) -> None:
    """The subscriber has every finding once, in order."""
    seqs = subscriber.seqs()
    assert seqs == sorted(set(seqs))
    stored = [finding["seq"] for finding in daemon.findings() if finding["seq"] <= seqs[-1]]
    assert seqs == stored


def test_kill_9_of_postgresql_under_load(make_daemon, feeds):
    with Churn(feeds, NAMES, 1500, seed=2):
        daemon = make_daemon(managed=True, sources=declared(feeds)).start()
        loaded(daemon)
        pid = daemon.process.pid
        with Subscriber(daemon) as subscriber:
            for _ in range(3):
                server = postmaster(daemon)
                os.kill(server, signal.SIGKILL)
                daemon.wait_for(lambda server=server: postmaster(daemon) != server, what="another PostgreSQL")
                goes_on(daemon, subscriber)
                assert looked_up(daemon)
        assert daemon.process.pid == pid
        assert daemon.said("the managed PostgreSQL ended; starting it again")
        assert not subscriber.closed
        check_log(daemon, subscriber)
        assert daemon.stop() == 0


@pytest.mark.parametrize(
    "looks", [pytest.param(20, id="seconds"), pytest.param(600, id="minute", marks=pytest.mark.long)]
)
def test_a_postgresql_that_hangs(make_daemon, feeds, looks):
    """SIGSTOP: its sockets stay open and nobody answers; noticed by the ping, told, and over with SIGCONT."""
    with Churn(feeds, NAMES, 1500, seed=3):
        daemon = make_daemon(managed=True, sources=declared(feeds)).start()
        loaded(daemon)
        with Subscriber(daemon) as subscriber:
            server = postmaster(daemon)
            stopped = [server, *children(server)]
            try:
                for one in stopped:
                    os.kill(one, signal.SIGSTOP)
                is_away(daemon)
                for _ in range(looks):
                    assert daemon.status("/healthz") == 200
                    assert daemon.wait_for(lambda: looked_up(daemon))
            finally:
                for one in stopped:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(one, signal.SIGCONT)
            goes_on(daemon, subscriber)
            assert postmaster(daemon) == server
        check_log(daemon, subscriber)
        assert daemon.stop() == 0


def test_a_postgresql_that_hangs_does_not_keep_tipd_from_ending(make_daemon, feeds):
    with Churn(feeds, NAMES, 500, seed=4):
        daemon = make_daemon(managed=True, sources=declared(feeds)).start()
        loaded(daemon)
        server = postmaster(daemon)
        stopped = [server, *children(server)]
        try:
            for one in stopped:
                os.kill(one, signal.SIGSTOP)
            daemon.wait_for(lambda: daemon.status("/readyz") == 503, what="/readyz to say so")
            assert daemon.stop(12) == 0  # ten, and what a busy machine adds
        finally:
            for one in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGCONT)
        assert wait_gone([server])


def test_a_server_of_ones_own_that_goes_and_comes_back(make_daemon, feeds, own_server):
    with Churn(feeds, NAMES, 1500, seed=5):
        daemon = make_daemon(dsn=own_server.dsn(own_server.create()), sources=declared(feeds)).start()
        loaded(daemon)
        with Subscriber(daemon) as subscriber:
            for how in (signal.SIGINT, signal.SIGQUIT):
                own_server.stop(how)
                is_away(daemon)
                own_server.start()
                goes_on(daemon, subscriber)
        check_log(daemon, subscriber)
        assert daemon.stop() == 0
        assert alive(own_server.process.pid)


def test_a_start_while_the_database_is_away_waits_and_says_so(make_daemon, feeds, own_server):
    daemon = make_daemon(dsn=own_server.dsn(own_server.create()), sources=declared(feeds))
    own_server.stop()
    daemon.start(ready=False)
    daemon.wait_for(lambda: daemon.said("waiting for the database"), what="a word in the log")
    daemon.wait_for(lambda: daemon.status("/healthz") == 200, what="a sign of life")
    assert daemon.request("GET", "/readyz", token="")[0] == 503
    assert b"waits for the database" in daemon.request("GET", "/readyz", token="")[1]
    assert daemon.request("GET", "/api/v1/findings", token="")[0] == 503
    own_server.start()
    daemon.wait_ready()
    assert daemon.stop() == 0

    own_server.stop()
    daemon.start(ready=False)
    daemon.wait_for(lambda: daemon.status("/healthz") == 200, what="the wait to begin anew")
    assert daemon.stop(5) == 0


def test_the_end_comes_also_while_the_database_is_away(make_daemon, feeds, own_server):
    with Churn(feeds, NAMES, 500, seed=6):
        daemon = make_daemon(dsn=own_server.dsn(own_server.create()), sources=declared(feeds)).start()
        loaded(daemon)
        own_server.stop(signal.SIGQUIT)
        daemon.wait_for(lambda: daemon.status("/readyz") == 503, what="/readyz to say so")
        assert daemon.stop(10) == 0
