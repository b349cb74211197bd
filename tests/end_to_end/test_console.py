"""The web console in a real browser: the link, the pages, and findings that appear by themselves."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.browser import Browser
from support.daemon import Daemon
from support.feeds import FeedServer

LIST = 'url = "{base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'

HOSTILE = "http://example.org/<script>alert(2)</script>\n"


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.put("/list.txt", "192.0.2.1\nhttp://example.org/<script>alert(1)</script>\n")
        yield server


@pytest.fixture
def daemon(make_daemon: Callable[..., Daemon], feeds: FeedServer) -> Daemon:
    running = make_daemon(sources={"lines": LIST.format(base=feeds.base)}).start()
    running.wait_for(lambda: running.source("lines")["entries"] == 2, what="the first round")
    return running


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path) as page:
        yield page


def link(daemon: Daemon) -> str:
    token = json.loads(daemon.tipd("--json", "token", "create", "--max-tlp", "red", "--scope", "admin").stdout)["token"]
    status, body = daemon.request("POST", "/api/v1/console-links", token=token)
    assert status == 201, body
    assert json.loads(body)["base"] == daemon.base
    return str(json.loads(daemon.tipd("--json", "console").stdout)["url"])


def test_the_console_shows_findings_as_they_come(daemon: Daemon, feeds: FeedServer, browser: Browser) -> None:
    address = link(daemon)
    browser.open(address)
    browser.wait("document.querySelector('#live') !== null")
    browser.wait("document.querySelector('#link').dataset.state !== 'connecting'")
    assert "192.0.2.1" not in browser.text()  # what a first round loads is no news
    feeds.put("/list.txt", "192.0.2.1\nhttp://example.org/<script>alert(1)</script>\n203.0.113.77\n" + HOSTILE)
    browser.wait("document.body.innerText.includes('203.0.113.77')")
    browser.wait("document.body.innerText.includes('alert(2)')")
    assert browser.complaints == []


def test_the_other_pages_show_sources_and_the_nursery(daemon: Daemon, browser: Browser) -> None:
    browser.open(link(daemon))
    browser.wait("document.querySelector('#live') !== null")
    for page, words in (
        *(("/sources", "lines"), ("/nursery", "blacklist"), ("/lookup?value=192.0.2.1", "lines")),
        *(("/spamtraps", "No archive and no agent"), ("/campaigns", "No such campaign"), ("/trends", "Trends")),
    ):
        browser.open(daemon.base + page)
        assert words in browser.text(), page
    assert browser.complaints == []


def test_a_link_opens_the_console_once(daemon: Daemon, browser: Browser, tmp_path: Path) -> None:
    address = link(daemon)
    browser.open(address)
    browser.wait("document.querySelector('#live') !== null")
    with Browser(tmp_path / "another") as stranger:
        stranger.open(address)
        assert stranger.value("document.querySelector('#live') === null")
        stranger.open(daemon.base + "/sources")
        assert "lines" not in stranger.text()
