"""SIGTERM ends it within ten seconds, whatever clients, providers and the database do; nothing is left running."""

import os
import signal
import socket

import pytest
from support.churn import Churn
from support.daemon import Daemon
from support.feeds import FeedServer
from support.processes import children, parent, postmaster, wait_gone, workers
from support.subscriber import Subscriber, deaf_reader

LIST = 'url = "{base}/{name}.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'
WITHIN = 10.0
BIG = 60_000


def stop_in_time(daemon: Daemon) -> None:
    """SIGTERM; it must end with 0 within ten seconds and leave no child behind."""
    family = children(daemon.process.pid)
    assert daemon.stop(WITHIN) == 0
    assert wait_gone(family), "children outlived the daemon"


def half_a_request(daemon: Daemon) -> socket.socket:
    """Begin a request with a body that never comes."""
    client = socket.create_connection(("127.0.0.1", daemon.port), timeout=20)
    head = f"POST /api/v1/lookup HTTP/1.1\r\nHost: tipd\r\nAuthorization: Bearer {daemon.token()}\r\n"
    client.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{{".encode())
    return client


def deaf_downloader(daemon: Daemon) -> socket.socket:
    """Ask for an export and never read it."""
    client = socket.create_connection(("127.0.0.1", daemon.port), timeout=20)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    head = f"GET /api/v1/exports/all.csv HTTP/1.1\r\nHost: tipd\r\nAuthorization: Bearer {daemon.token()}\r\n\r\n"
    client.sendall(head.encode())
    return client


def many(number: int) -> str:
    return "\n".join(f"h{each}.example.org" for each in range(number))


def test_whatever_clients_and_providers_do(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/big.txt", many(BIG))
        feeds.drip("/slow.txt")
        sources = {"big": LIST.format(base=feeds.base, name="big")}
        sources["slow"] = LIST.format(base=feeds.base.replace("127.0.0.1", "localhost"), name="slow")
        daemon = make_daemon(managed=True, sources=sources).start()
        daemon.wait_for(lambda: daemon.source("big")["state"] == "ok", what="the big list")
        daemon.wait_for(lambda: feeds.count("/slow.txt"), what="the slow fetch")
        clients = [deaf_reader(daemon), deaf_reader(daemon), half_a_request(daemon), deaf_downloader(daemon)]
        clients.append(socket.create_connection(("127.0.0.1", daemon.port)))
        try:
            server = postmaster(daemon)
            with Subscriber(daemon) as subscriber:
                daemon.wait_for(lambda: len(subscriber.findings) > BIG, what="the good reader")
                stop_in_time(daemon)
            assert subscriber.closed[0] == 1012
            assert wait_gone([server])
        finally:
            for client in clients:
                client.close()
        assert "Traceback" not in daemon.log.read_text()


def test_while_a_big_load_is_written(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/big.txt", many(400_000))
        daemon = make_daemon(managed=True, sources={"big": LIST.format(base=feeds.base, name="big")}).start()
        daemon.wait_for(lambda: daemon.last_seq() > 0, 60, what="the first rows")
        stop_in_time(daemon)
        daemon.start()
        daemon.wait_for(lambda: daemon.source("big")["state"] in {"ok", "unchanged"}, 120, what="the rest of it")
        assert daemon.source("big")["entries"] == 400_000
        assert daemon.last_seq() >= 400_000
        stop_in_time(daemon)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_drains_all_the_same(make_daemon, number):
    """As systemd does without KillMode=mixed, and a terminal with Ctrl-C: PostgreSQL and workers get it too."""
    names = ["one", "two", "three"]
    with FeedServer() as feeds, Churn(feeds, names, 2000, seed=7, pause=0.3):
        sources = {name: LIST.format(base=feeds.base, name=name) for name in names}
        daemon = make_daemon(managed=True, sources=sources).start(start_new_session=True)
        with Subscriber(daemon) as subscriber:
            daemon.wait_for(lambda: len(subscriber.findings) > 8000, 60, what="some load")
            family = [*children(daemon.process.pid), *workers(daemon.process.pid)]
            assert postmaster(daemon) in family
            os.killpg(daemon.process.pid, number)
            assert daemon.process.wait(WITHIN) == 0
            assert wait_gone(family)
        assert daemon.said("stopping")
        assert "Traceback" not in daemon.log.read_text()
        assert not daemon.said("the managed PostgreSQL ended")
        told = subscriber.last
        daemon.start(start_new_session=True)
        assert daemon.last_seq() >= told


def test_every_process_the_kernel_control_group_would_signal_is_ready_for_it(make_daemon):
    """SIGTERM to each single process, as `KillMode=control-group` sends it: the stop is still in order."""
    with FeedServer() as feeds, Churn(feeds, ["one", "two"], 2000, seed=3, pause=0.3):
        sources = {name: LIST.format(base=feeds.base, name=name) for name in ("one", "two")}
        daemon = make_daemon(managed=True, sources=sources).start()
        daemon.wait_for(lambda: workers(daemon.process.pid), what="a worker")
        server = postmaster(daemon)
        family = [daemon.process.pid, *children(daemon.process.pid), *children(server)]
        for pid in family:
            if pid == daemon.process.pid or parent(pid):
                os.kill(pid, signal.SIGTERM)
        assert daemon.process.wait(WITHIN) == 0
        assert wait_gone(family[1:])
        log = (daemon.log).read_text()
        assert "database system was not properly shut down" not in log
        daemon.start()
        assert not daemon.said("not properly shut down")


def test_a_second_signal_ends_it_at_once(make_daemon):
    with FeedServer() as feeds:
        feeds.drip("/slow.txt")
        daemon = make_daemon(sources={"slow": LIST.format(base=feeds.base, name="slow")}).start()
        daemon.wait_for(lambda: feeds.count("/slow.txt"), what="the slow fetch")
        client = half_a_request(daemon)
        try:
            daemon.process.terminate()
            daemon.wait_for(lambda: daemon.said('"stopping"'), what="the stop")
            daemon.process.terminate()
            assert daemon.process.wait(WITHIN) == 0
        finally:
            client.close()
