"""Collecting and the API as two processes on one database: fed by the log, and able to ask each other."""

import json

import pytest
from support.feeds import FeedServer
from support.subscriber import Subscriber

HOURLY = 'url = "{base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "1h"\nmin_interval = "1s"\n'


@pytest.fixture
def feeds():
    with FeedServer() as server:
        server.put("/list.txt", "192.0.2.1\n198.51.100.0/24\n")
        yield server


def test_collected_in_one_and_told_by_the_other(make_daemon, dsn, feeds):
    api = make_daemon(dsn=dsn).start("--only", "api")
    with Subscriber(api) as subscriber:
        api.wait_for(lambda: subscriber.resumed, what="the subscriber")
        collecting = make_daemon(dsn=dsn, sources={"one": HOURLY.format(base=feeds.base)})
        collecting.start("--only", "blacklist", ready=False)
        api.wait_for(lambda: len(subscriber.findings) == 3, what="the findings of the other process")
        kinds = sorted(finding["kind"] for finding in subscriber.findings)
        assert kinds == ["indicator.listed", "indicator.listed", "source.loaded"]
        asked = {"values": ["198.51.100.9"]}
        api.wait_for(lambda: api.post("/api/v1/lookup", asked)["results"][0]["listed"], what="the index to follow")

        feeds.put("/list.txt", "192.0.2.1\n203.0.113.9\n")
        assert api.request("POST", "/api/v1/sources/one/run")[0] == 202
        api.wait_for(lambda: len(subscriber.findings) == 5, what="what was asked for, once its min_interval has passed")
        changed = {(one["kind"], one["subject"]["value"]) for one in subscriber.findings[3:]}
        assert changed == {("indicator.delisted", "198.51.100.0/24"), ("indicator.listed", "203.0.113.9")}
    tree = api.get("/api/v1/status")["nursery"]
    assert "blacklist" not in json.dumps(tree)
    assert collecting.said("another process asks for a round")
    assert collecting.stop() == 0
    assert api.stop() == 0


def test_an_ask_waits_for_the_process_that_collects(make_daemon, dsn, feeds):
    sources = {"one": HOURLY.format(base=feeds.base)}
    api = make_daemon(dsn=dsn, sources=sources).start("--only", "api")
    collecting = make_daemon(dsn=dsn, sources=sources).start("--only", "blacklist", ready=False)
    api.wait_for(lambda: [row["state"] for row in api.get("/api/v1/sources")["sources"]] == ["ok"], what="a round")
    assert collecting.stop() == 0
    asked = feeds.count("/list.txt")
    last = api.source("one")["last_attempt"]
    assert api.request("POST", "/api/v1/sources/one/run")[0] == 202
    collecting.start("--only", "blacklist", ready=False)
    api.wait_for(lambda: feeds.count("/list.txt") == asked + 1, what="what was asked for meanwhile")
    api.wait_for(lambda: api.source("one")["last_attempt"] > last, what="the round's end")


def test_both_may_have_one_state_directory_and_no_third(make_daemon, dsn, feeds):
    """As two units of one machine do: each part holds its own share of the directory."""
    daemon = make_daemon(dsn=dsn, sources={"one": HOURLY.format(base=feeds.base)})
    daemon.start("--only", "api")
    twin = make_daemon(dsn=dsn, sources={"one": HOURLY.format(base=feeds.base)})
    twin.config.write_text(twin.config.read_text().replace(str(twin.state), str(daemon.state)))
    twin.start("--only", "blacklist", ready=False)
    daemon.wait_for(lambda: feeds.count("/list.txt"), what="the collecting process")
    for words in (("--only", "blacklist"), ("--only", "api"), ()):
        code, said = twin.run_to_its_end(*words)
        assert code == 75
        assert str(daemon.state) in said
        assert str((twin if words[1:] != ("api",) and words else daemon).process.pid) in said
