"""Watches, sinks and trends under stress: two daemons on one database, kill -9, SIGHUP, and a table of AS numbers."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.daemon import Daemon
from support.feeds import FeedServer
from support.pg import Server
from support.receiver import Receiver

LIST = 'url = "{base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\ntlp = "clear"\n'
SINK = """
[[sink]]
name = "hook"
url = "{url}/findings"
kinds = ["indicator.listed"]
group = "0s"
most = 5
allow_networks = ["127.0.0.0/8"]
"""
ANNOUNCED = "198.51.100.0/24\t{asn}\n203.0.113.0/24\t64502\n"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.put("/list.txt", "198.51.100.1\n")
        yield server


class Growing:
    """A list that only grows."""

    def __init__(self, feeds: FeedServer):
        self.feeds, self.values = feeds, ["198.51.100.1"]

    def grow(self, *values: str) -> None:
        self.values += values
        self.feeds.put("/list.txt", "".join(f"{value}\n" for value in self.values))


def sink_of(daemon: Daemon) -> dict[str, Any]:
    return json.loads(daemon.tipd("--json", "sinks", "list").stdout)


def watched(daemon: Daemon) -> list[str]:
    told = daemon.tipd("--json", "findings", "--watch", "*", check=False).stdout
    return [json.loads(line)["subject"]["value"] for line in told.splitlines()]


def test_two_daemons_tell_a_sink_once_and_the_other_goes_on_where_one_dies(
    make_daemon: Callable[..., Daemon], feeds: FeedServer, receiver: Receiver, pg_server: Server, dsn: str
) -> None:
    database = dsn.partition("?")[0].rpartition("/")[2]
    sources, settings = {"feed": LIST.format(base=feeds.base)}, SINK.format(url=receiver.url)
    one = make_daemon(sources=sources, settings=settings).start()
    one.wait_for(lambda: one.source("feed")["entries"] == 1, what="the first round")
    one.wait_for(lambda: sink_of(one)["state"] == "running", what="the sink")
    other = make_daemon(sources=sources, settings=settings).start()
    other.wait_for(lambda: sink_of(other)["state"] == "paused", what="the other to wait")
    growing = Growing(feeds)
    first = [f"198.51.100.{number}" for number in range(2, 20)]
    growing.grow(*first)
    one.wait_for(lambda: len(receiver.values) >= len(first), what="the first values")
    assert sorted(receiver.values) == sorted(first)

    receiver.status = 500
    growing.grow("203.0.113.1")
    one.wait_for(lambda: receiver.values[-1] == "203.0.113.1", what="the message that is not taken")
    refused = receiver.came[-1][0]["Tipd-Delivery"]
    growing.grow("203.0.113.2")  # seen before the kill: who is killed while he asks holds the source for long
    one.wait_for(lambda: one.source("feed")["entries"] == 21, what="the last value")
    one.kill()
    receiver.status = 200
    before = len(receiver.came)
    pg_server.psql("UPDATE sink SET held_until = now()", database=database)  # a minute is too long for a test
    other.wait_for(lambda: "203.0.113.2" in receiver.values, 90, "the other to go on")
    after = receiver.came[before:]
    assert after[0][0]["Tipd-Delivery"] == refused  # as it was begun
    told = [finding["subject"]["value"] for _, body in after for finding in json.loads(body)["findings"]]
    assert told == ["203.0.113.1", "203.0.113.2"]


def test_sighup_takes_watches_sinks_and_the_as_table(
    make_daemon: Callable[..., Daemon], feeds: FeedServer, receiver: Receiver, tmp_path: Path
) -> None:
    announced = tmp_path / "asn.dat"
    announced.write_text(ANNOUNCED.format(asn=64500))
    daemon = make_daemon(sources={"feed": LIST.format(base=feeds.base)})
    plain = daemon.config.read_text().replace("[net]\n", f'[net]\nasn_file = "{announced}"\n')
    daemon.config.write_text(plain)
    daemon.start()
    daemon.wait_for(lambda: daemon.source("feed")["entries"] == 1, what="the first round")
    daemon.wait_for(lambda: daemon.get("/api/v1/asn")["state"] == "ready", what="the AS table")
    growing = Growing(feeds)
    growing.grow("198.51.100.2", "203.0.113.2")
    daemon.wait_for(lambda: daemon.source("feed")["entries"] == 3, what="a change")

    def reload(text: str) -> None:
        daemon.config.write_text(text)
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGHUP)

    watch = '[[watch]]\nname = "as"\nasns = [64500]\n'
    reload(plain + watch + SINK.format(url=receiver.url))
    daemon.wait_for(lambda: watched(daemon) == ["198.51.100.2"], what="the watch on what was found before")
    daemon.wait_for(lambda: sink_of(daemon)["state"] == "running", what="the new sink")
    growing.grow("198.51.100.3")
    daemon.wait_for(lambda: receiver.values == ["198.51.100.3"], what="what is found from then on")

    announced.write_text(ANNOUNCED.format(asn=64511))
    reload(daemon.config.read_text())
    daemon.wait_for(lambda: watched(daemon) == [], what="the new table")
    reload(plain + "[[watch]]\nname = 'as'\nasns = ['many']\n")
    daemon.wait_for(lambda: daemon.said("the configuration is faulty, the old one stays"), what="the refusal")
    assert daemon.get("/api/v1/watches")["watches"] == ["as"]
    for number in range(40):  # a storm, half of it with a sink whose settings are others
        other = SINK.replace("most = 5", f"most = {6 + number}")
        reload(plain + watch.replace("64500", "64511") + other.format(url=receiver.url))
    growing.grow("198.51.100.4")
    daemon.wait_for(lambda: receiver.values[-1] == "198.51.100.4", 60, "the sink after the storm")
    assert receiver.values == ["198.51.100.3", "198.51.100.4"]
    assert "198.51.100.4" in watched(daemon)
    reload(plain)
    daemon.wait_for(lambda: daemon.get("/api/v1/watches")["watches"] == [], what="no watch")


def test_trends_count_each_finding_once_whatever_is_killed(
    make_daemon: Callable[..., Daemon], feeds: FeedServer
) -> None:
    sources = {"feed": LIST.format(base=feeds.base)}
    daemons = [make_daemon(sources=sources) for _ in range(2)]
    growing = Growing(feeds)
    daemons[0].start()
    daemons[0].wait_for(lambda: daemons[0].source("feed")["entries"] == 1, what="the first round")
    daemons[1].start()
    for number in range(2):
        growing.grow(*(f"10{number}.51.100.{last}" for last in range(1, 200)))
        daemon = daemons[number % 2]
        daemon.wait_for(lambda found=number: daemons[0].source("feed")["entries"] > 199 * found + 1, what="a change")
        daemon.request("GET", "/api/v1/trends")  # counts
        daemon.kill()
        daemon.start()
    want = 2 * 199
    daemons[0].wait_for(lambda: daemons[0].source("feed")["entries"] == want + 1, what="all of it")
    daemons[0].wait_for(lambda: daemons[0].get("/api/v1/trends")["behind"] == 0, what="the count")
    (row,) = daemons[0].get("/api/v1/trends")["rows"]
    assert (sum(row["listed"]), sum(row["loaded"]), sum(row["delisted"])) == (want, 1, 0)
    assert row["score"] == 0.0
