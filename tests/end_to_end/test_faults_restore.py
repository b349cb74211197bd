"""A store restored from a dump is another log: cursors of the old one are told so, and the index loads anew."""

import json

import pytest
from support import pg
from support.daemon import Daemon
from support.feeds import FeedServer
from support.subscriber import Subscriber, open_stream
from websockets.exceptions import InvalidStatus

HOURLY = 'url = "{base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "1h"\nmin_interval = "1s"\n'


@pytest.fixture
def feeds():
    with FeedServer() as server:
        server.put("/list.txt", "192.0.2.1\n192.0.2.2\n")
        yield server


def listed(daemon: Daemon, value: str) -> bool:
    status, body = daemon.request("POST", "/api/v1/lookup", {"values": [value]})
    return status == 200 and json.loads(body)["results"][0]["listed"]


def store_id(daemon: Daemon) -> str:
    return daemon.get("/api/v1/findings?limit=1")["store_id"]


def more(daemon: Daemon, feeds: FeedServer) -> None:
    """Have a second round change the list."""
    feeds.put("/list.txt", "192.0.2.1\n203.0.113.9\n203.0.113.10\n")
    daemon.wait_for(
        lambda: daemon.request("POST", "/api/v1/sources/one/run")[0] == 202 and daemon.source("one")["entries"] == 3,
        what="the second round",
    )
    daemon.wait_for(lambda: listed(daemon, "203.0.113.9"), what="the index")


def test_restored_while_tipd_is_stopped(make_daemon, feeds, tmp_path):
    daemon = make_daemon(managed=True, sources={"one": HOURLY.format(base=feeds.base)}).start()
    daemon.wait_for(lambda: daemon.source("one")["state"] == "ok", what="the first round")
    dump = tmp_path / "tipd.dump"
    daemon.tipd("db", "dump", str(dump))
    before = store_id(daemon)
    more(daemon, feeds)
    last = daemon.last_seq()
    assert daemon.stop() == 0

    (daemon.state / "postgres" / "data").rename(tmp_path / "lost")
    daemon.tipd("db", "restore", str(dump))
    feeds.put("/list.txt", "192.0.2.1\n192.0.2.2\n")
    daemon.start()
    assert store_id(daemon) != before
    daemon.wait_for(lambda: listed(daemon, "192.0.2.2"), what="the index")
    assert not listed(daemon, "203.0.113.9")
    with pytest.raises(InvalidStatus) as refused:
        open_stream(daemon, f"?since={last}&store_id={before}")
    problem = json.loads(refused.value.response.body)
    assert (refused.value.response.status_code, problem["store_id"]) == (410, store_id(daemon))
    assert daemon.request("GET", f"/api/v1/findings?since=1&store_id={before}")[0] == 410
    assert daemon.request("GET", f"/api/v1/findings?since={last}")[0] == 410
    assert len(daemon.findings()) == 3
    more(daemon, feeds)
    assert daemon.stop() == 0


def test_restored_under_a_running_tipd(make_daemon, feeds, tmp_path):
    """Somebody stops a server of theirs, brings back yesterday's database, and starts it again."""
    server = pg.make_server()
    try:
        name = server.create()
        daemon = make_daemon(dsn=server.dsn(name), sources={"one": HOURLY.format(base=feeds.base)}).start()
        daemon.wait_for(lambda: daemon.source("one")["state"] == "ok", what="the first round")
        server.psql("CREATE DATABASE yesterday TEMPLATE template0 ENCODING 'UTF8'")
        dump = tmp_path / "tipd.dump"
        daemon.tipd("db", "dump", str(dump))
        before = store_id(daemon)
        more(daemon, feeds)
        with Subscriber(daemon) as subscriber:
            daemon.wait_for(lambda: subscriber.last >= daemon.last_seq(), what="the subscriber")
            restore(daemon, server, name, dump)
            daemon.wait_ready()
            daemon.wait_for(lambda: daemon.request("GET", "/api/v1/findings?limit=1")[0] == 200, what="the new log")
            assert store_id(daemon) != before
            daemon.wait_for(lambda: listed(daemon, "192.0.2.2") and not listed(daemon, "203.0.113.9"), 60, "the index")
            daemon.wait_for(lambda: 1012 in subscriber.closed, what="the subscriber to be told")
            daemon.wait_for(lambda: 410 in subscriber.refused, what="its cursor to be refused")
        assert daemon.request("GET", f"/api/v1/findings?since=1&store_id={before}")[0] == 410
        more(daemon, feeds)
        kinds = [finding["kind"] for finding in daemon.findings()]
        assert kinds.count("indicator.listed") == 4
        assert kinds.count("indicator.delisted") == 1
        assert daemon.stop() == 0
    finally:
        pg.remove_server(server)


def restore(daemon: Daemon, server: pg.Server, name: str, dump) -> None:
    """Put the dump's contents in place of the database, as its operator would."""
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")
    daemon.wait_for(lambda: daemon.status("/readyz") == 503, what="the database to be missed")
    other = Daemon(daemon.folder / "other", dsn=server.dsn("yesterday"))
    other.tipd("db", "restore", str(dump))
    server.psql(f"ALTER DATABASE yesterday RENAME TO {name}")
