"""What matters to the operator, through the real daemon: marks, watches, first rounds, allowances, a webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import Browser
from support.daemon import Daemon
from support.feeds import FeedServer
from support.receiver import Receiver

from tipd.cli.client import CONTROL_NAME, Client, Place

LIST = 'url = "{base}/{name}.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\ntlp = "{tlp}"\n'
SECRET = "correct-horse-battery-staple"
SETTINGS = """
[[watch]]
name = "ours"
networks = ["198.51.100.0/24"]
domains = ["example.org"]
looks_like = ["example.org"]
[[sink]]
name = "hook"
url = "{url}/findings"
secret_file = "{secret}"
watch = ["ours"]
group = "0s"
allow_networks = ["127.0.0.0/8"]
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.put("/open.txt", "198.51.100.7\n203.0.113.9\n")
        server.put("/closed.txt", "198.51.100.200\n")
        yield server


@pytest.fixture
def daemon(make_daemon: Callable[..., Daemon], feeds: FeedServer, receiver: Receiver, tmp_path: Path) -> Daemon:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    sources = {
        "open": LIST.format(base=feeds.base, name="open", tlp="clear"),
        "closed": LIST.format(base=feeds.base, name="closed", tlp="red"),
    }
    running = make_daemon(sources=sources, settings=SETTINGS.format(url=receiver.url, secret=secret)).start()
    running.wait_for(lambda: running.source("open")["entries"] == 2, what="the first round")
    running.wait_for(lambda: running.source("closed")["entries"] == 1, what="the other first round")
    return running


def values(page: dict[str, Any]) -> list[str]:
    return [finding["subject"]["value"] for finding in page["findings"] if finding["subject"]]


def test_a_watch_fires_through_every_door(daemon: Daemon, feeds: FeedServer, receiver: Receiver) -> None:
    feeds.put("/open.txt", "198.51.100.7\n203.0.113.9\n198.51.100.8\nexamp1e.org\n192.0.2.1\n")
    feeds.put("/closed.txt", "198.51.100.200\n198.51.100.201\n")
    daemon.wait_for(lambda: len(receiver.values) >= 2, what="the webhook")
    daemon.wait_for(lambda: daemon.source("closed")["entries"] == 2, what="the confidential list")

    # what first rounds loaded and what is marked above the sink's mark is not told
    assert sorted(receiver.values) == ["198.51.100.8", "examp1e.org"]
    headers, body = receiver.came[0]
    parts = dict(part.split("=", 1) for part in headers["Tipd-Signature"].split(","))
    signed = f"{parts['t']}.".encode() + body
    assert hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest() == parts["v1"]
    assert json.loads(body)["delivery"] == headers["Tipd-Delivery"]

    green = daemon.tipd("--json", "token", "create", "--scope", "read").stdout
    token = json.loads(green)["token"]
    seen = json.loads(daemon.request("GET", "/api/v1/findings", token=token)[1])
    assert "198.51.100.200" not in values(seen)
    assert "198.51.100.201" not in values(seen)
    assert not [one for one in seen["findings"] if one["source"] == "closed"]
    watched = json.loads(daemon.request("GET", "/api/v1/findings?watch=ours", token=token)[1])
    assert sorted(values(watched)) == ["198.51.100.8", "examp1e.org"]
    assert all(one["watches"] == ["ours"] for one in watched["findings"])
    status, problem = daemon.request("GET", "/api/v1/findings?watch=theirs", token=token)
    assert (status, json.loads(problem)["known"]) == (400, ["ours"])

    own = [json.loads(line) for line in daemon.tipd("--json", "findings", "--watch", "*").stdout.splitlines()]
    assert sorted(one["subject"]["value"] for one in own) == ["198.51.100.201", "198.51.100.8", "examp1e.org"]
    assert [one["tlp"] for one in own if one["source"] == "closed"] == ["red"]
    assert "drawn like" in daemon.tipd("watches", "examp1e.org").stdout


def test_a_receiver_that_is_gone_stops_its_sink_until_it_is_resumed(
    daemon: Daemon, feeds: FeedServer, receiver: Receiver
) -> None:
    receiver.status = 410
    feeds.put("/open.txt", "198.51.100.7\n203.0.113.9\n198.51.100.8\n")

    def state() -> dict[str, Any]:
        return json.loads(daemon.tipd("--json", "sinks", "list").stdout)

    daemon.wait_for(lambda: state()["state"] == "stopped", what="the sink to stop")
    assert "410" in state()["why"]
    stopped = [
        json.loads(line) for line in daemon.tipd("--json", "findings", "--kind", "sink.stopped").stdout.splitlines()
    ]
    assert [one["data"]["sink"] for one in stopped] == ["hook"]
    receiver.status = 204
    before = len(receiver.came)
    assert daemon.tipd("sinks", "resume", "hook").returncode == 0
    daemon.wait_for(lambda: len(receiver.came) > before, what="the message that waited")
    assert receiver.values[-1] == "198.51.100.8"
    assert receiver.came[0][0]["Tipd-Delivery"] == receiver.came[-1][0]["Tipd-Delivery"]
    assert daemon.tipd("sinks", "test", "hook").returncode == 0
    assert json.loads(receiver.came[-1][1])["findings"][0]["kind"] == "sink.test"
    assert daemon.tipd("sinks", "test", "nobody", check=False).returncode == 1


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path) as page:
        yield page


def operators_link(daemon: Daemon) -> str:
    """Return a link that the operator asks for: who comes in with it sees all marks."""
    control = Client(Place(socket_path=daemon.state / CONTROL_NAME))
    try:
        return daemon.base + control.post("/api/v1/console-links")["path"]
    finally:
        control.close()


def test_the_live_page_by_watch(daemon: Daemon, feeds: FeedServer, browser: Browser) -> None:
    browser.open(operators_link(daemon))
    browser.wait("document.querySelector('#live') !== null")
    browser.wait("document.querySelector('#link').dataset.state === 'live'")
    assert "198.51.100.7" not in browser.text()  # of a first round
    feeds.put("/open.txt", "198.51.100.7\n203.0.113.9\n198.51.100.8\nexamp1e.org\n192.0.2.1\n")
    feeds.put("/closed.txt", "198.51.100.200\n198.51.100.201\n")
    for value in ("198.51.100.8", "examp1e.org", "192.0.2.1", "198.51.100.201"):
        browser.wait(f"document.querySelector('#rows').innerText.includes('{value}')")
    assert "TLP:RED" in browser.text()
    browser.value(
        "const box = document.querySelector('#watch'); box.value = 'ours'; box.dispatchEvent(new Event('change'))"
    )
    browser.wait("location.search === '?watch=ours' && document.readyState === 'complete'")
    browser.wait("document.querySelector('#link').dataset.state === 'live'")
    rows = browser.value("document.querySelector('#rows').innerText")
    assert ("198.51.100.8" in rows, "192.0.2.1" in rows) == (True, False)
    feeds.put("/open.txt", "198.51.100.7\n203.0.113.9\n198.51.100.8\nexamp1e.org\n192.0.2.1\n192.0.2.2\n198.51.100.9\n")
    browser.wait("document.querySelector('#rows').innerText.includes('198.51.100.9')")
    assert "192.0.2.2" not in browser.value("document.querySelector('#rows').innerText")
    assert browser.value("document.querySelectorAll('.badge-watch').length") >= 4
    assert browser.complaints == []
