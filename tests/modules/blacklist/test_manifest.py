"""A MISP feed: only events that are newer than what was read of them are fetched."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import structlog
from support.collecting import NEAR, House, house_of
from support.misp import Answer, Misp

from tipd.clock import SystemClock
from tipd.modules.blacklist import trial
from tipd.modules.blacklist.catalogue import parse
from tipd.modules.blacklist.manifest import address_of
from tipd.net.fetch import Fetcher
from tipd.net.settings import NetSettings

T = 1_790_000_000
FEED = """
url = "{base}/feed/manifest.json"
parser = "misp"
absence = "nothing"
every = "1s"
credential = "partner"

[request]
headers = {{ Authorization = "{{credential}}" }}

[request.pages]
by = "manifest"
"""


@pytest.fixture
def misp() -> Iterator[Misp]:
    with Misp() as server:
        for number in range(1, 31):
            server.add("ip-dst", f"192.0.2.{number}", T + number, event=number)
        yield server


@pytest.fixture
async def house(tmp_path: Path, dsn: str, misp: Misp) -> AsyncIterator[House]:
    async with house_of(tmp_path, dsn) as made:
        (made.sources / "partner.toml").write_text(FEED.format(base=misp.base))
        folder = tmp_path / "state" / "credentials"
        folder.mkdir(parents=True)
        (folder / "partner").write_text(misp.key)
        (folder / "partner").chmod(0o600)
        yield made


async def kept(house: House) -> dict[str, Any]:
    row = await house.store.sources.get("partner")
    assert row is not None
    cursor = await house.store.increments.cursor(row.id)
    assert isinstance(cursor, dict)
    return cursor


async def test_only_what_is_newer_is_fetched(house: House, misp: Misp) -> None:
    report = (await house.collect())["partner"]
    assert (report.status, report.listed, report.error) == ("ok", 30, None)
    assert misp.fetched == ["manifest.json", *(f"{misp.event_uuid(number)}.json" for number in range(1, 31))]
    row = await house.store.sources.get("partner")
    rounds = await house.store.rounds.last(row.id)
    assert [(each.why, each.listed) for each in rounds] == [("page", 5), ("page", 25)]

    misp.fetched.clear()
    assert (await house.collect())["partner"].status == "unchanged"
    assert misp.fetched == ["manifest.json"]

    misp.fetched.clear()
    misp.add("domain", "evil.example.org", T + 100, event=7)
    misp.change("192.0.2.9", T - 5)
    report = (await house.collect())["partner"]
    assert (report.listed, report.delisted, report.entries) == (1, 0, 31)
    assert misp.fetched == ["manifest.json", f"{misp.event_uuid(7)}.json"]


async def test_a_500_in_the_middle_keeps_what_came(house: House, misp: Misp) -> None:
    misp.fail = dict.fromkeys((28, 29, 30), 500)
    report = (await house.collect())["partner"]
    assert (report.status, report.error) == ("unreachable", "the server answered 500")
    assert len((await kept(house))["events"]) == 27
    misp.fail = {}
    misp.fetched.clear()
    report = (await house.collect())["partner"]
    assert (report.status, report.listed, report.entries) == ("ok", 3, 30)
    assert len(misp.fetched) == 4


async def test_an_event_that_its_server_fails_to_give_stops_no_other(house: House, misp: Misp) -> None:
    misp.fail = {3: 500}
    assert (await house.collect())["partner"].status == "unreachable"
    report = (await house.collect())["partner"]
    assert (report.status, report.entries) == ("drifted", 29)
    assert report.error == f"1 events cannot be read, first {misp.event_uuid(3)}: the server answered 500"
    misp.fail = {}
    report = (await house.collect())["partner"]
    assert (report.status, report.entries) == ("ok", 30)


async def test_an_event_that_is_not_there_stops_no_other(house: House, misp: Misp) -> None:
    misp.fail = {3: 404}
    report = (await house.collect())["partner"]
    assert (report.status, report.entries) == ("drifted", 29)
    assert report.error == f"1 events of the manifest are not there, first {misp.event_uuid(3)}"
    assert "tag" not in await kept(house)
    misp.fail = {}
    assert (await house.collect())["partner"].entries == 30


async def test_an_event_that_cannot_be_read_stops_no_other(house: House, misp: Misp) -> None:
    whole = misp.answer
    bad = {3: b'{"Event": {"Attribute": [{"typ', 9: b"<!DOCTYPE html><html><body>no</body></html>"}
    pages = {f"/feed/{misp.event_uuid(number)}.json": body for number, body in bad.items()}

    def answer(path: str, headers: Message, body: bytes) -> Answer:
        return (200, {}, pages[path]) if path in pages else whole(path, headers, body)

    misp.answer = answer  # type: ignore[method-assign]
    report = (await house.collect())["partner"]
    assert (report.status, report.entries) == ("drifted", 28)
    assert f"2 events cannot be read, first {misp.event_uuid(3)}: " in report.error
    assert set((await kept(house))["events"]) == {misp.event_uuid(n) for n in range(1, 31) if n not in bad}
    pages.clear()
    report = (await house.collect())["partner"]
    assert (report.status, report.listed, report.entries) == ("ok", 2, 30)


async def test_a_feed_of_which_nothing_can_be_read_is_left_at_once(house: House, misp: Misp) -> None:
    whole = misp.answer

    def answer(path: str, headers: Message, body: bytes) -> Answer:
        found = whole(path, headers, body)
        return found if "manifest" in path else (200, {}, b"<!DOCTYPE html><html></html>")

    misp.answer = answer  # type: ignore[method-assign]
    report = (await house.collect())["partner"]
    assert (report.status, report.error) == ("wrong_page", "an HTML page where a list is due")
    assert len(misp.fetched) == 26


async def test_what_is_no_manifest(house: House, misp: Misp) -> None:
    misp.manifest = lambda: ["not", "a", "manifest"]  # type: ignore[assignment, method-assign, return-value]
    report = (await house.collect())["partner"]
    assert report.status == "wrong_page"
    assert report.error.startswith("is no manifest of a MISP feed")


async def test_a_feed_can_be_tried(tmp_path: Path, misp: Misp) -> None:
    source = parse(FEED.format(base=misp.base), "partner")
    (tmp_path / "partner").write_text(misp.key)
    (tmp_path / "partner").chmod(0o600)
    rng = random.Random(1)
    fetcher = Fetcher(NetSettings(allow_networks=NEAR), SystemClock(), structlog.get_logger(), rng)
    body = await trial.fetch(trial.Chosen(source), fetcher, tmp_path / "body", tmp_path)
    (tmp_path / "scratch").mkdir()
    tried = trial.run(trial.Chosen(source), body, tmp_path / "scratch")
    assert (tried.state, {row.value for row in tried.rows}) == ("ok", {f"192.0.2.{n}" for n in range(26, 31)})


def test_events_lie_beside_the_manifest() -> None:
    assert address_of("https://lists.example.org/a/manifest.json", "U") == "https://lists.example.org/a/U.json"
    keyed = "https://lists.example.org/manifest.json?k={credential}"
    assert address_of(keyed, "U") == "https://lists.example.org/U.json?k={credential}"
