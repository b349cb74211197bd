"""Changes in pages: a MISP that is asked for what has changed, with everything that can go wrong on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.collecting import House, house_of
from support.feeds import FeedServer
from support.misp import Misp
from support.taxii import Taxii

from tipd.model.tlp import Tlp
from tipd.store.sightings import Sighting

T = 1_790_000_000  # 2026-09-21
SEARCH = """
url = "{base}/attributes/restSearch"
parser = "misp"
absence = "nothing"
keep = "30d"
every = "1s"
credential = "partner"

[request]
method = "POST"
headers = {{ Authorization = "{{credential}}", Accept = "application/json" }}
body = '{{"timestamp":"{{since}}","page":{{page}},"limit":{{size}},"deleted":[0,1]}}'

[request.pages]
by = "page"
size = 10
rows = "response.Attribute"

[request.since]
from = "greatest"
path = "response.Attribute.*.timestamp"
format = "epoch"
first = "0"
"""


@pytest.fixture
def misp() -> Iterator[Misp]:
    with Misp() as server:
        for number in range(1, 26):
            server.add("ip-dst", f"192.0.2.{number}", T + number)
        yield server


@pytest.fixture
async def house(tmp_path: Path, dsn: str, misp: Misp) -> AsyncIterator[House]:
    async with house_of(tmp_path, dsn) as made:
        declare(made, misp)
        yield made


def declare(house: House, misp: Misp, text: str = SEARCH, name: str = "partner") -> None:
    (house.sources / f"{name}.toml").write_text(text.format(base=misp.base))
    folder = house.folder / "state" / "credentials"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "partner").write_text(misp.key + "\n")
    (folder / "partner").chmod(0o600)


async def cursor(house: House) -> dict[str, Any]:
    row = await house.store.sources.get("partner")
    assert row is not None
    kept = await house.store.increments.cursor(row.id)
    assert isinstance(kept, dict)
    return kept


async def open_values(house: House) -> set[str]:
    return set(await house.store.pool.run(_open_values))


async def _open_values(connection: Any) -> list[str]:
    return [row["value"] for row in await connection.fetch("SELECT value FROM sighting WHERE closed IS NULL")]


async def history(house: House, value: str) -> list[Sighting]:
    return list(await house.store.sightings.history(value, max_tlp=Tlp.RED))


ALL = {f"192.0.2.{number}" for number in range(1, 26)}


async def test_the_first_time_all_then_what_has_changed(house: House, misp: Misp) -> None:
    report = (await house.collect())["partner"]
    assert (report.status, report.listed, report.entries, report.error) == ("ok", 25, 25, None)
    assert [(asked["timestamp"], asked["page"]) for asked in misp.asked] == [("0", 1), ("0", 2), ("0", 3)]
    assert (await cursor(house))["since"] == str(T + 25)
    assert all(finding.initial for finding in await house.findings("indicator.listed"))
    (loaded,) = await house.findings("source.loaded")
    assert (loaded.data["entries"], loaded.data["rows"]) == (25, 25)

    misp.asked.clear()
    misp.add("domain", "evil.example.org", T + 100)
    misp.change("192.0.2.7", T + 101, deleted=True)
    report = (await house.collect())["partner"]
    assert (report.status, report.listed, report.delisted, report.entries) == ("ok", 1, 1, 25)
    assert [asked["timestamp"] for asked in misp.asked] == [str(T + 25)]
    assert await open_values(house) == ALL - {"192.0.2.7"} | {"evil.example.org"}
    (gone,) = await house.findings("indicator.delisted")
    assert (gone.subject.value, gone.data["reason"]) == ("192.0.2.7", "withdrawn")
    assert (await house.findings("indicator.listed"))[-1].initial is msgspec.UNSET

    rounds = await house.store.rounds.last((await house.store.sources.get("partner")).id)
    assert [each.why for each in rounds] == ["page"] * 4
    assert all(each.body_sha256 and each.url.endswith("/restSearch") and each.ended for each in rounds)
    (sighting,) = await history(house, "192.0.2.7")
    assert (sighting.closed_round, sighting.reason) == (rounds[0].id, "withdrawn")


async def test_nothing_new_is_one_row_of_the_source(house: House) -> None:
    for _ in range(2):
        await house.collect()
    row = await house.store.sources.get("partner")
    before = await house.store.rounds.last(row.id)
    report = (await house.collect())["partner"]
    assert (report.status, report.listed, report.entries) == ("unchanged", 0, 25)
    assert await house.store.rounds.last(row.id) == before


async def test_what_was_deleted_and_is_there_again_is_listed_again(house: House, misp: Misp) -> None:
    await house.collect()
    misp.change("192.0.2.7", T + 101, deleted=True)
    await house.collect()
    misp.change("192.0.2.7", T + 102, deleted=False)
    report = (await house.collect())["partner"]
    assert (report.listed, report.delisted) == (1, 0)
    assert len(await history(house, "192.0.2.7")) == 2


async def test_a_500_in_the_middle_keeps_what_came_and_goes_on_from_there(house: House, misp: Misp) -> None:
    misp.fail = {2: 500}
    report = (await house.collect())["partner"]
    assert (report.status, report.error) == ("unreachable", "the server answered 500")
    assert await open_values(house) == {f"192.0.2.{number}" for number in range(1, 11)}
    kept = await cursor(house)
    assert (kept.get("since", ""), kept["run"]["at"]) == ("", 2)
    (degraded,) = await house.findings("source.degraded")
    assert degraded.data["new"] == "unreachable"

    misp.fail = {}
    misp.asked.clear()
    report = (await house.collect())["partner"]
    assert [asked["page"] for asked in misp.asked] == [2, 3]
    assert (report.status, report.listed, report.entries) == ("ok", 15, 25)
    assert await open_values(house) == ALL
    assert all(finding.initial for finding in await house.findings("indicator.listed"))
    assert (await cursor(house))["since"] == str(T + 25)


@pytest.mark.parametrize("bound", ["most = 2", 'max_bytes = "8KB"'])
async def test_a_run_that_goes_on_may_fetch_as_much_again(house: House, misp: Misp, bound: str) -> None:
    for number in range(26, 61):
        misp.add("ip-dst", f"192.0.2.{number}", T + number)
    declare(house, misp, SEARCH.replace("size = 10", f"size = 10\n{bound}"))
    asked = []
    for _ in range(3):
        misp.asked.clear()
        report = (await house.collect())["partner"]
        asked.append([each["page"] for each in misp.asked])
        assert (report.status, (report.error or "").startswith("stopped after")) == ("drifted", True)
    assert asked == [[1, 2], [3, 4], [5, 6]]
    assert (await house.collect())["partner"].status == "unchanged"
    assert len(await open_values(house)) == 60


async def test_a_page_that_repeats_stops_the_run_and_is_told(house: House, misp: Misp) -> None:
    misp.repeats = True
    report = (await house.collect())["partner"]
    assert report.status == "drifted"
    assert report.error == "page 2 holds the same as one before: it repeats"
    assert len(misp.asked) == 2
    assert await open_values(house) == {f"192.0.2.{number}" for number in range(1, 11)}
    assert "since" not in await cursor(house), "what lies behind the page is still to be asked for"
    misp.repeats = False
    assert (await house.collect())["partner"].status == "ok"
    assert await open_values(house) == ALL


async def test_a_cursor_that_goes_back_is_not_followed(house: House, misp: Misp) -> None:
    await house.collect()
    misp.add("domain", "evil.example.org", T + 100)
    misp.newest = T - 1000
    report = (await house.collect())["partner"]
    assert (report.status, report.listed) == ("drifted", 1)
    assert report.error == f"the cursor goes back, from {T + 25} to {T - 1000}: the old one is kept"
    assert (await cursor(house))["since"] == str(T + 25)
    misp.newest = None
    assert (await house.collect())["partner"].status == "unchanged"
    assert len(await house.findings("source.recovered")) == 1
    assert (await cursor(house))["since"] == str(T + 100)


async def test_a_date_of_the_year_9999_does_not_end_all_questions(house: House, misp: Misp) -> None:
    misp.add("domain", "late.example.org", 253_402_300_799)
    await house.collect()
    since = int((await cursor(house))["since"])
    assert abs(since - house.clock.now().timestamp()) < 60


async def test_a_wrong_key_and_too_many_requests(house: House, misp: Misp) -> None:
    await house.collect()
    misp.fail, misp.retry_after = {1: 429}, 7200
    misp.add("domain", "evil.example.org", T + 100)
    report = (await house.collect())["partner"]
    assert report.status == "rate_limited"
    row = await house.store.sources.get("partner")
    assert (row.due - house.clock.now()).total_seconds() > 7000
    misp.fail = {}
    misp.key, right = "z" * 40, misp.key
    report = (await house.collect())["partner"]
    assert (report.status, report.error) == ("forbidden", "the server refuses: 403")
    misp.key = right
    assert (await house.collect())["partner"].listed == 1


async def test_another_question_begins_anew(house: House, misp: Misp) -> None:
    await house.collect()
    declare(house, misp, SEARCH.replace('"limit"', '"tags":["x"],"limit"'))
    misp.asked.clear()
    await house.collect()
    assert [asked["timestamp"] for asked in misp.asked] == ["0"] * 3


async def test_a_run_whose_place_the_server_forgot_begins_anew(house: House, misp: Misp) -> None:
    misp.fail = {2: 500}
    await house.collect()
    misp.fail = {2: 404}

    def forget(asked: dict[str, Any]) -> None:
        if asked["page"] == 1:
            misp.fail = {}

    misp.before = forget
    report = (await house.collect())["partner"]
    assert (report.status, report.entries) == ("ok", 25)


async def test_the_key_is_nowhere(house: House, misp: Misp, capfd: pytest.CaptureFixture[str]) -> None:
    misp.echo = True
    await house.collect()
    misp.fail = {1: 500}
    await house.collect()
    misp.fail, right = {}, misp.key
    misp.key = "z" * 40
    await house.collect()
    row = await house.store.sources.get("partner")
    kept = [row, await house.store.rounds.last(row.id), await cursor(house)]
    kept += [await house.store.findings.read(0, limit=1000), await open_values(house)]
    said = msgspec.json.encode(kept).decode() + "".join(capfd.readouterr())
    assert "http://evil.example.org/%7Bcredential%7D" in said
    assert right not in said
    for path in (house.folder / "state").rglob("*"):
        if path.is_file() and path.parent.name != "credentials":
            assert right.encode() not in path.read_bytes(), path


async def test_a_page_that_is_no_answer_is_set_aside_and_the_rest_kept(house: House, misp: Misp) -> None:
    answer = misp.answer

    def spoilt(path: str, headers: Any, body: bytes) -> Any:
        if misp.asked and misp.asked[-1]["page"] == 1:
            return 200, {}, b"<!DOCTYPE html><html><body>please log in</body></html>"
        return answer(path, headers, body)

    misp.answer = spoilt  # type: ignore[method-assign]
    report = (await house.collect())["partner"]
    assert (report.status, report.error) == ("wrong_page", "an HTML page where a list is due")
    assert len(await open_values(house)) == 10
    misp.answer = answer  # type: ignore[method-assign]
    assert (await house.collect())["partner"].entries == 25


async def test_an_api_that_takes_back_by_a_word(house: House, feeds: FeedServer) -> None:
    (house.sources / "partner.toml").write_text(
        f'url = "{feeds.base}/changes"\nparser = "json"\nabsence = "nothing"\nevery = "1s"\n'
        '[options]\nfield = "value"\nwithdrawn = { state = ["removed"] }\n'
        '[request]\nheaders = { X-Since = "{since}" }\n[request.since]\npath = "*.at"\nformat = "text"\n'
    )

    def say(*rows: tuple[str, str, int]) -> None:
        said = [{"value": value, "state": state, "at": at} for value, state, at in rows]
        feeds.put("/changes", msgspec.json.encode(said).decode())

    say(("192.0.2.1", "new", 1), ("192.0.2.2", "removed", 2), ("192.0.2.3", "new", 3))
    report = (await house.collect())["partner"]
    assert (report.status, report.listed, report.entries) == ("ok", 2, 2)
    say(("192.0.2.3", "removed", 4))
    assert (await house.collect())["partner"].delisted == 1
    assert await open_values(house) == {"192.0.2.1"}
    (gone,) = await house.findings("indicator.delisted")
    assert gone.data["reason"] == "withdrawn"


# --- TAXII -----------------------------------------------------------------------------------------------------------

COLLECTION = """
url = "{base}?added_after={{since}}&next={{cursor}}"
parser = "stix"
absence = "nothing"
every = "1s"
credential = "partner"

[request]
headers = {{ Authorization = "Bearer {{credential}}", Accept = "application/taxii+json;version=2.1" }}

[request.pages]
by = "cursor"
rows = "objects"
next = "next"
more = "more"

[request.since]
from = "header"
header = "X-TAXII-Date-Added-Last"
"""


def added(number: int) -> str:
    return f"2026-11-20T04:00:00.{number:06}Z"


def pattern(number: int) -> str:
    return f"[ipv4-addr:value = '192.0.2.{number}']"


@pytest.fixture
def taxii() -> Iterator[Taxii]:
    with Taxii() as server:
        for number in range(1, 26):
            server.add(pattern(number), added(number))
        yield server


@pytest.fixture
async def asking(tmp_path: Path, dsn: str, taxii: Taxii) -> AsyncIterator[House]:
    async with house_of(tmp_path, dsn) as made:
        (made.sources / "partner.toml").write_text(COLLECTION.format(base=taxii.objects))
        folder = tmp_path / "state" / "credentials"
        folder.mkdir(parents=True)
        (folder / "partner").write_text(taxii.key)
        (folder / "partner").chmod(0o600)
        yield made


async def test_a_collection_is_read_by_its_cursors_and_then_from_where_it_ended(asking: House, taxii: Taxii) -> None:
    report = (await asking.collect())["partner"]
    assert (report.status, report.listed, report.error) == ("ok", 25, None)
    assert taxii.asked == [{}, {"next": "10"}, {"next": "20"}]
    assert (await cursor(asking))["since"] == added(25)
    taxii.asked.clear()
    taxii.add(pattern(7), added(100), revoked=True)
    taxii.add(pattern(26), added(101))
    report = (await asking.collect())["partner"]
    assert (report.listed, report.delisted) == (1, 1)
    assert taxii.asked == [{"added_after": added(25)}]
    assert (await history(asking, "192.0.2.7"))[0].reason == "withdrawn"
    assert (await asking.collect())["partner"].status == "unchanged"


async def test_more_without_next_is_told_and_what_came_is_kept(asking: House, taxii: Taxii) -> None:
    taxii.no_next = True
    for round_number, entries in ((1, 10), (2, 20)):
        report = (await asking.collect())["partner"]
        assert (report.status, report.entries) == ("drifted", entries)
        assert report.error == "page 1 says that there is more, and not where (more without next)"
        assert (await cursor(asking))["since"] == added(10 * round_number)
    assert taxii.asked == [{}, {"added_after": added(10)}], "its header says how far the answer reached"
    report = (await asking.collect())["partner"]
    assert (report.status, report.entries, report.error) == ("ok", 25, None)
    (degraded,) = await asking.findings("source.degraded")
    assert "more without next" in degraded.data["why"]


async def test_a_server_that_goes_in_a_circle(asking: House, taxii: Taxii) -> None:
    taxii.circle = True
    report = (await asking.collect())["partner"]
    assert report.status == "drifted"
    assert "repeats" in report.error or "circle" in report.error
    assert len(taxii.asked) == 2


async def test_a_cursor_that_the_server_forgot(asking: House, taxii: Taxii) -> None:
    taxii.fail = {2: 503}
    assert (await asking.collect())["partner"].status == "unreachable"
    assert (await cursor(asking))["run"]["token"] == "10"
    taxii.forgets = True
    report = (await asking.collect())["partner"]
    assert taxii.asked[2:4] == [{"next": "10"}, {}]
    assert (report.status, report.error) == ("unreachable", "the server answered 400")
    taxii.forgets = False
    assert (await asking.collect())["partner"].entries == 25
