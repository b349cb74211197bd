"""An operator allows a value: look-up, stream and exports know at once, in every process, and after a restart."""

import json
from collections.abc import Callable, Iterator

import pytest
from support.daemon import Daemon
from support.feeds import FeedServer
from support.subscriber import Subscriber

LIST = 'url = "{base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'
ROWS = ["198.51.100.0/29", "192.0.2.5", "example.org", "http://www.example.net/x"]
ASKED = ["198.51.100.3", "192.0.2.5", "a.example.org", "http://www.example.net/x", "198.51.100.4"]


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.put("/list.txt", "\n".join(ROWS))
        yield server


def listed(daemon: Daemon) -> list[bool]:
    status, answer = daemon.request("POST", "/api/v1/lookup", {"values": ASKED})
    return [one["listed"] for one in json.loads(answer)["results"]] if status == 200 else []


def export(daemon: Daemon) -> set[str]:
    return set(daemon.request("GET", "/api/v1/exports/all.txt")[1].decode().split())


def allow_all(daemon: Daemon, *more: str) -> None:
    for value in ("198.51.100.3", "192.0.2.0/24", "example.org", "http://www.example.net/x"):
        daemon.tipd("allow", value, *(more or ("--reason", "ours")))


def test_a_veto_acts_at_once_everywhere_and_loses_nothing(
    make_daemon: Callable[..., Daemon], dsn: str, feeds: FeedServer
) -> None:
    daemon = make_daemon(dsn=dsn, sources={"one": LIST.format(base=feeds.base)}).start()
    other = make_daemon(dsn=dsn).start("--only", "api")
    for one in (daemon, other):
        one.wait_for(lambda one=one: listed(one) == [True] * 5, what="the look-up index")
    assert export(daemon) == set(ROWS)
    with Subscriber(other) as subscriber:
        other.wait_for(lambda: len(subscriber.findings) >= 5, what="the first findings")
        allow_all(daemon)
        assert listed(daemon) == [False] * 4 + [True]
        left = {"198.51.100.0/31", "198.51.100.2", "198.51.100.4/30"}
        assert export(daemon) == left
        other.wait_for(lambda: listed(other) == [False] * 4 + [True], what="the other process to hear of it")
        assert export(other) == left
        told = other.wait_for(
            lambda: [one for one in subscriber.findings if one["kind"] == "allow.added"][3:], what="the stream"
        )
        assert told[0]["subject"]["value"] == "http://www.example.net/x"
        # Old findings are flagged when they are read, new ones as they come.
        for one in (daemon, other):
            flags = {
                finding["subject"]["value"]: finding.get("allowed")
                for finding in one.findings()
                if finding["kind"] == "indicator.listed"
            }
            assert flags == {row: None if "/29" in row else True for row in ROWS}
        feeds.put("/list.txt", "\n".join([*ROWS, "192.0.2.77", "203.0.113.1"]))
        fresh = other.wait_for(
            lambda: [one for one in subscriber.findings if (one["subject"] or {}).get("value") == "192.0.2.77"],
            what="a new row inside what is allowed",
        )
        assert fresh[0]["allowed"] is True
    daemon.wait_for(lambda: "203.0.113.1" in export(daemon), what="the round's end")
    assert export(daemon) == left | {"203.0.113.1"}
    shown = json.loads(daemon.tipd("--json", "lookup", "198.51.100.3", check=False).stdout)
    assert (shown["allowed"]["reason"], shown["sources"]) == ("ours", ["one"])

    assert daemon.stop() == 0
    daemon.start()
    daemon.wait_for(lambda: listed(daemon) == [False] * 4 + [True], what="the look-up index after a restart")
    assert export(daemon) == left | {"203.0.113.1"}

    allow_all(daemon, "--remove")
    assert listed(daemon) == [True] * 5
    assert export(daemon) == {*ROWS, "192.0.2.77", "203.0.113.1"}
    other.wait_for(lambda: listed(other) == [True] * 5, what="the other process to hear of it")
    acts = [json.loads(line) for line in daemon.tipd("--json", "audit").stdout.splitlines()]
    assert [act["action"] for act in acts] == ["allow.removed"] * 4 + ["allow.added"] * 4
    assert acts[0]["by"].startswith("uid ")


def test_an_allowance_ends_by_itself(make_daemon: Callable[..., Daemon], feeds: FeedServer) -> None:
    daemon = make_daemon(sources={"one": LIST.format(base=feeds.base)}).start()
    daemon.wait_for(lambda: listed(daemon) == [True] * 5, what="the look-up index")
    daemon.tipd("allow", "192.0.2.5", "--reason", "for a moment", "--for", "3s")
    assert "192.0.2.5" not in export(daemon)
    daemon.wait_for(lambda: listed(daemon)[1], what="its end")
    assert "192.0.2.5" in export(daemon)
    assert daemon.tipd("allow").stdout.splitlines()[1:] == []
    assert daemon.tipd("allow", "192.0.2.5", "--remove", check=False).returncode == 1
