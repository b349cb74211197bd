"""Whole sets in pages: read as one, or not at all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.collecting import House, house_of
from support.feeds import FeedServer

VENDOR = """
url = "{base}/list?page={{page}}"
parser = "json"
kind = "ipv4"
every = "1s"

[options]
records = "rows"
field = "ip"

[request.pages]
by = "page"
rows = "rows"
"""
LINKED = """
url = "{base}/start"
kind = "ipv4"
every = "1s"

[request.pages]
by = "link"
"""


class Vendor:
    """Pages of ten addresses; what a page answers can be replaced."""

    def __init__(self, feeds: FeedServer) -> None:
        self.addresses = [f"192.0.2.{number}" for number in range(1, 26)]
        self.instead: dict[int, bytes] = {}
        self.asked: list[int] = []
        feeds.script("/list", self.answer)

    def answer(self, handler: Any) -> None:
        page = int(handler.path.partition("page=")[2])
        self.asked.append(page)
        rows = [{"ip": address} for address in self.addresses[(page - 1) * 10 : page * 10]]
        raw = self.instead.get(page, json.dumps({"rows": rows}).encode())
        handler.send_response(500 if raw == b"500" else 200)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)


@pytest.fixture
def vendor(feeds: FeedServer) -> Vendor:
    return Vendor(feeds)


@pytest.fixture
async def house(tmp_path: Path, dsn: str, feeds: FeedServer) -> AsyncIterator[House]:
    async with house_of(tmp_path, dsn) as made:
        (made.sources / "one.toml").write_text(VENDOR.format(base=feeds.base))
        yield made


async def test_all_pages_are_one_set(house: House, vendor: Vendor) -> None:
    report = (await house.collect())["one"]
    assert (report.status, report.listed, vendor.asked) == ("ok", 25, [1, 2, 3, 4])
    assert (await house.collect())["one"].status == "unchanged"
    del vendor.addresses[3]
    vendor.addresses.append("198.51.100.7")
    report = (await house.collect())["one"]
    assert (report.status, report.listed, report.delisted, report.entries) == ("ok", 1, 1, 25)
    (round_, _) = await house.store.rounds.last((await house.store.sources.get("one")).id)
    assert (round_.why, round_.url.partition("/list")[2]) == ("poll", "?page={page}")


@pytest.mark.parametrize(
    ("page", "state", "why"),
    [
        (b"500", "unreachable", "the server answered 500"),
        (b"<!DOCTYPE html><html></html>", "wrong_page", "page 2: an HTML page where a list is due"),
        (b'{"rows": [', "wrong_page", "page 2 is no JSON"),
        (json.dumps({"rows": [{"ip": f"192.0.2.{n}"} for n in range(1, 11)]}).encode(), "wrong_page", "it repeats"),
    ],
)
async def test_a_set_that_did_not_come_whole_delists_nothing(
    house: House, vendor: Vendor, page: bytes, state: str, why: str
) -> None:
    await house.collect()
    vendor.instead = {2: page}
    report = (await house.collect())["one"]
    assert report.status == state
    assert why in report.error
    row = await house.store.sources.get("one")
    assert row.entries == 25
    assert await house.findings("indicator.delisted") == []
    vendor.instead = {}
    assert (await house.collect())["one"].status == "unchanged"


async def test_links_in_the_head_are_followed_at_home_only(house: House, feeds: FeedServer) -> None:
    (house.sources / "one.toml").write_text(LINKED.format(base=feeds.base))
    feeds.put("/start", "192.0.2.1\n", headers={"Link": '</second?x=1>; rel="next"'})
    feeds.put("/second", "192.0.2.2\n")
    assert (await house.collect())["one"].entries == 2
    with FeedServer("127.0.0.2") as other:
        feeds.put("/second", "192.0.2.2\n192.0.2.3\n", headers={"Link": f'<{other.base}/third>; rel="next"'})
        other.put("/third", "192.0.2.4\n")
        report = (await house.collect())["one"]
        assert report.status == "wrong_page"
        assert f"the next page would be at {other.base}, another origin" in report.error
        assert other.count("/third") == 0
