"""Hostile lists and answers through the whole daemon: the state says what is wrong, and the last good set stays."""

import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from support.daemon import Daemon
from support.feeds import FeedServer

GOOD = [f"192.0.2.{number}" for number in range(1, 41)]
KEYS = 'url = "{base}/{name}.txt"\nparser = "{parser}"\nkind = "{kind}"\nevery = "1s"\nmin_interval = "1s"\n{more}'
HTML = "<!DOCTYPE html><html><head><title>Just a moment…</title></head><body>checking your browser</body></html>"

# What comes after a good body: name, body, the state, a word of the reason, how many entries there are then.
BODIES = {
    "bom": (b"\xef\xbb\xbf" + "\n".join(GOOD).encode(), "ok", "", 40),
    "nul": ("\n".join(GOOD[:30]).encode() + b"\n192.0.\x002.77\n\x00\x00\n", "ok", "", 31),
    "only_nul": (bytes(5000), "empty", "rows", 40),
    "cr_only": ("\r".join(GOOD[:35]).encode(), "ok", "", 35),
    "latin": ("# liste noire, mise à jour\n".encode("latin-1") + "\n".join(GOOD[:36]).encode(), "ok", "", 36),
    "long_lines": (b"\n".join((b"x" * 2**20, *(line.encode() for line in GOOD[:38]), b"y" * 2**20)), "ok", "", 38),
    "duplicates": ("\n".join([*GOOD[:33], *GOOD[:33], *GOOD[:33]]).encode(), "ok", "", 33),
    "mostly_gone": ("\n".join(GOOD[:4]).encode(), "shrunk", "40", 40),
    "all_gone": (b"", "empty", "rows", 40),
    "comments_only": (b"# nothing today\n# come back tomorrow\n\n", "empty", "rows", 40),
    "html": (HTML.encode(), "wrong_page", "HTML", 40),
    "garbage": (bytes(range(128, 256)) * 50, "drifted", "", 40),
    "binary": (b"\x7fELF" + bytes(range(256)) * 40, "drifted", "", 40),
}

# name: status, headers, the state, the shortest wait in seconds that must be kept
ANSWERS = {
    "refused": (403, {}, "forbidden", 0),
    "missing": (404, {}, "gone", 0),
    "gone": (410, {}, "gone", 0),
    "slow_down": (429, {"Retry-After": "3600"}, "rate_limited", 3500),
    "over_quota": (509, {"Retry-After": "1800"}, "rate_limited", 1700),
    "broken": (500, {}, "unreachable", 0),
    "no_content": (204, {}, "wrong_page", 0),
}


def keys(feeds: FeedServer, name: str, *, parser: str = "lines", kind: str = "ipv4", more: str = "") -> str:
    return KEYS.format(base=feeds.base, name=name, parser=parser, kind=kind, more=more)


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def all_good(daemon: Daemon, names: list[str]) -> None:
    """Wait until each source has its first good set."""
    daemon.wait_for(
        lambda: all(
            row["state"] in {"ok", "unchanged"}
            for row in daemon.get("/api/v1/sources")["sources"]
            if row["name"] in names
        ),
        60,
        "the good bodies",
    )


def becomes(daemon: Daemon, name: str, state: str) -> dict:
    """Wait until a source is in a state (`ok` may be `unchanged` by now) and return its row."""
    wanted = {"ok", "unchanged"} if state == "ok" else {state}
    try:
        daemon.wait_for(lambda: daemon.source(name)["state"] in wanted, 40, f"{name} to be {state}")
    except AssertionError:
        raise AssertionError(f"{name} should be {state}: {daemon.source(name)}") from None
    return daemon.source(name)


def test_bodies_that_are_not_what_they_should_be(make_daemon, feeds):
    for name in BODIES:
        feeds.put(f"/{name}.txt", "\n".join(GOOD))
    daemon = make_daemon(sources={name: keys(feeds, name) for name in BODIES}).start()
    all_good(daemon, list(BODIES))
    listed = sum(finding["kind"] == "indicator.listed" for finding in daemon.findings())
    assert listed == len(BODIES) * len(GOOD)
    for name, (body, *_) in BODIES.items():
        feeds.put(f"/{name}.txt", body)
    for name, (_, state, words, entries) in BODIES.items():
        if state == "ok":
            daemon.wait_for(lambda name=name, entries=entries: daemon.source(name)["entries"] == entries, 40, name)
        row = becomes(daemon, name, state)
        assert row["entries"] == entries, name
        assert words in (row["error"] or ""), row
        assert (row["set_aside"] is not None) == (state != "ok"), name
        assert row["refused"] or name != "long_lines"
    degraded = [finding for finding in daemon.findings() if finding["kind"] == "source.degraded"]
    assert {finding["source"] for finding in degraded} == {name for name, row in BODIES.items() if row[1] != "ok"}

    for name in BODIES:
        feeds.put(f"/{name}.txt", "\n".join(GOOD))
    for name in BODIES:
        daemon.wait_for(lambda name=name: daemon.source(name)["entries"] == len(GOOD), 40, f"{name} to recover")
        becomes(daemon, name, "ok")
    assert "Traceback" not in daemon.log.read_text()


def test_answers_that_are_no_lists(make_daemon):
    """Each from a host of its own: who is told to wait by one host leaves all of that host alone."""
    with ExitStack() as stack:
        hosts = {
            name: stack.enter_context(FeedServer(f"127.0.0.{number}")) for number, name in enumerate(ANSWERS, start=2)
        }
        for name, host in hosts.items():
            host.put(f"/{name}.txt", "\n".join(GOOD))
        daemon = make_daemon(sources={name: keys(host, name) for name, host in hosts.items()}).start()
        all_good(daemon, list(ANSWERS))
        for name, (status, headers, *_) in ANSWERS.items():
            hosts[name].put(f"/{name}.txt", "no", status, headers)
        for name, (_, _, state, waits) in ANSWERS.items():
            row = becomes(daemon, name, state)
            assert row["entries"] == len(GOOD)
            assert row["error"]
            if waits:
                wait = datetime.fromisoformat(row["next_run"]) - datetime.fromisoformat(row["last_attempt"])
                assert wait.total_seconds() >= waits
        for name, (_, _, _, waits) in ANSWERS.items():
            if not waits:
                hosts[name].put(f"/{name}.txt", "\n".join(GOOD))
                becomes(daemon, name, "ok")


def test_a_304_to_a_question_without_validators_and_to_one_with(make_daemon, feeds):
    """Nobody asked for a 304: it is no list. With validators it confirms the set that is there."""

    def only_304(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(304)
        handler.end_headers()

    feeds.script("/never.txt", only_304)
    feeds.put("/later.txt", "\n".join(GOOD))
    daemon = make_daemon(sources={name: keys(feeds, name) for name in ("never", "later")}).start()
    row = daemon.wait_for(lambda: next((row for row in rows(daemon) if row["name"] == "never" and row["error"]), None))
    assert row["state"] not in {"ok", "unchanged"}
    assert row["entries"] == 0
    all_good(daemon, ["later"])
    feeds.script("/later.txt", only_304)
    row = becomes(daemon, "later", "unchanged")
    before = row["last_success"]
    daemon.wait_for(lambda: daemon.source("later")["last_success"] > before, what="a 304 to renew the set")
    assert daemon.source("later")["entries"] == len(GOOD)


def rows(daemon: Daemon) -> list[dict]:
    return daemon.get("/api/v1/sources")["sources"]


def test_json_of_another_shape(make_daemon, feeds):
    more = '[options]\nfield = "ip"\nrecords = "data"\n'
    good = json.dumps({"data": [{"ip": one} for one in GOOD]})
    shapes = {
        "other_key": json.dumps({"data": [{"addr": one} for one in GOOD]}),
        "list_for_object": json.dumps(GOOD),
        "object_for_list": json.dumps({"data": {"ip": GOOD}}),
        "error_message": json.dumps({"error": "quota exceeded"}),
        "cut_off": good[: len(good) // 2],
        "deep": "[" * 100_000,
        "numbers": json.dumps({"data": [{"ip": number} for number in range(40)]}),
        "no_json": HTML,
    }
    for name in shapes:
        feeds.put(f"/{name}.txt", good)
    daemon = make_daemon(sources={name: keys(feeds, name, parser="json", more=more) for name in shapes}).start()
    all_good(daemon, list(shapes))
    for name, body in shapes.items():
        feeds.put(f"/{name}.txt", body)
    for name in shapes:
        row = daemon.wait_for(
            lambda name=name: next(
                (row for row in rows(daemon) if row["name"] == name and row["state"] not in {"ok", "unchanged"}), None
            ),
            40,
            f"{name} to be noticed",
        )
        assert row["state"] in {"drifted", "empty", "wrong_page"}, row
        assert row["entries"] == len(GOOD), row
        assert row["error"]
        assert row["set_aside"] is not None


def test_bombs(make_daemon, feeds):
    """A body that unpacks to a gigabyte, as an encoding and as a file: the worker stops, the daemon does not grow."""
    bomb = gzip.compress(gzip.compress(bytes(2**30), 9), 9)
    once = gzip.decompress(bomb)
    names = ["encoded", "as_a_file", "lines"]
    for name in names:
        feeds.put(f"/{name}.txt", "\n".join(GOOD))
    daemon = make_daemon(sources={name: keys(feeds, name) for name in names}).start()
    all_good(daemon, names)
    feeds.put("/encoded.txt", once, headers={"Content-Encoding": "gzip"})
    feeds.put("/as_a_file.txt", once)
    feeds.put("/lines.txt", gzip.compress(b"192.0.2.1\n" * 2**26))
    for name in names:
        row = daemon.wait_for(
            lambda name=name: next(
                (row for row in rows(daemon) if row["name"] == name and row["state"] not in {"ok", "unchanged"}), None
            ),
            60,
            f"{name} to be refused",
        )
        assert row["entries"] == len(GOOD), row
        assert row["error"]
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak < 500_000  # kB
