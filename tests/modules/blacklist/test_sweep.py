"""Lists of recent rows, lists that die and come back, rows that age where they stand; each with all around it real."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from support.collecting import ADDRESSES, house_of

from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.sweep import next_sweep, policy_of
from tipd.store.ageing import Ends, Policy

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Ahead:
    """The machine's clock, moved."""

    def __init__(self):
        self.by = timedelta(0)

    def now(self):
        return datetime.now(UTC) + self.by


def source(**keys):
    return msgspec.convert({"name": "one", "url": "https://lists.example.org/one.txt"} | keys, Source)


@pytest.mark.parametrize(
    ("keys", "spans", "first"),
    [
        ({}, {}, False),
        ({"ageing": {"kinds": {"ipv4": "7d"}}}, {Kind.IPV4: 7 * DAY}, False),
        ({"absence": "nothing", "keep": "2d"}, dict.fromkeys(Kind, 2 * DAY), False),
        (
            {"absence": "nothing", "keep": "2d", "ageing": {"kinds": {"url": "1h"}}},
            dict.fromkeys(Kind, 2 * DAY) | {Kind.URL: HOUR},
            False,
        ),
        ({"keep": "9d", "ageing": {"from": "first"}}, dict.fromkeys(Kind, 9 * DAY), True),
    ],
)
def test_how_a_declaration_lets_its_rows_age(keys, spans, first):
    whole = "absence" not in keys
    assert policy_of(source(**keys), 7) == Policy(source_id=7, spans=spans, first=first, gone=30 * DAY, whole=whole)


def test_what_is_kept_by_hand_is_never_gone_and_what_cannot_be_read_is_as_by_default():
    assert policy_of(source(url="", entries=True), 7).gone is None
    assert policy_of(None, 7) == Policy(source_id=7, gone=30 * DAY)


@pytest.mark.parametrize(
    ("span", "end", "due"),
    [
        (DAY, 5 * HOUR, 5 * HOUR),
        (DAY, timedelta(seconds=3), timedelta(minutes=1)),
        (timedelta(minutes=1), -HOUR, timedelta(seconds=6)),
        (timedelta(seconds=1), timedelta(0), timedelta(seconds=1)),
    ],
)
def test_it_sweeps_when_something_ends_and_not_for_every_row(span, end, due):
    policies = {7: Policy(source_id=7, spans={Kind.URL: span}), 8: Policy(source_id=8)}
    ends = {7: Ends(NOW + end, None), 8: Ends(None, NOW + 9 * DAY)}
    assert next_sweep(policies, ends, NOW) == NOW + due
    assert next_sweep(policies, {}, NOW) is None


async def delisted(house):
    return [(finding.subject.value, finding.data["reason"]) for finding in await house.findings("indicator.delisted")]


async def test_recent_rows_stay_until_they_aged_and_come_back_without_a_word(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.clock = clock = Ahead()
        house.declare("one", feeds.base, absence='"nothing"', keep='"7d"')
        feeds.put("/one.txt", "\n".join(ADDRESSES[:3]))
        await house.collect()
        clock.by = DAY
        feeds.put("/one.txt", "\n".join(ADDRESSES[2:4]))
        report = (await house.collect())["one"]
        assert (report.listed, report.delisted, report.entries) == (1, 0, 2)
        assert (await house.store.sources.get("one")).entries == 4
        clock.by = 3 * DAY
        feeds.put("/one.txt", "\n".join(ADDRESSES[1:4]))  # one of them is back
        assert (await house.collect())["one"].listed == 0
        clock.by = 6.9 * DAY
        await house.collect()
        assert await delisted(house) == []
        clock.by = 7.1 * DAY  # the first was last known to be there at the very beginning
        await house.collect()
        assert await delisted(house) == [(ADDRESSES[0], "aged")]
        assert (await house.collect())["one"].status == "unchanged"  # that it aged changed nothing of what was read
        assert len(await house.findings("indicator.listed")) == 4
        feeds.put("/one.txt", "\n".join(ADDRESSES[:4]))
        assert (await house.collect())["one"].listed == 1


async def test_the_module_comes_back_when_something_ages(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.clock = clock = Ahead()
        house.declare("one", feeds.base, absence='"nothing"', keep='"10m"', every='"9h"', min_interval='"9h"')
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        feeds.put("/one.txt", "\n".join(ADDRESSES[1:]))
        await house.collect()
        assert timedelta(minutes=9) < house.next_due - clock.now() < timedelta(minutes=10)
        clock.by = timedelta(minutes=10)
        assert await house.collect(due=False) == {}  # no source is asked for it
        assert await delisted(house) == [(ADDRESSES[0], "aged")]


async def test_a_dead_list_ends_and_is_listed_anew_when_it_comes_back(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.clock = clock = Ahead()
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        for days, state, body, status in (
            (1, "gone", "", 410),
            (12, "shrunk", ADDRESSES[0], 200),
            (29, "wrong_page", "<!DOCTYPE html><html><body>buy this domain</body></html>", 200),
        ):
            clock.by = days * DAY
            feeds.put("/one.txt", body, status=status)
            assert (await house.collect())["one"].status == state
        assert await delisted(house) == []
        for days in (31.1, 32, 50):
            clock.by = days * DAY
            await house.collect()
            house.begin_anew()
            house.clock = clock
        assert {reason for _, reason in await delisted(house)} == {"source_gone"}
        assert len(await delisted(house)) == 40
        (told,) = await house.findings("source.gone")
        assert (told.source, told.data["entries"]) == ("one", 40)
        row = await house.store.sources.get("one")
        assert (row.entries, row.gone is None) == (0, False)
        ageing = [entry for entry in await house.store.rounds.last(row.id) if entry.why == "ageing"]
        assert [(entry.status, entry.delisted) for entry in ageing] == [("gone", 40)]

        feeds.put("/one.txt", "\n".join(ADDRESSES))
        report = (await house.collect())["one"]
        assert (report.status, report.listed) == ("ok", 40)
        row = await house.store.sources.get("one")
        assert (row.gone, row.failing_since, row.entries) == (None, None, 40)


async def test_a_list_whose_declaration_is_wrong_for_too_long_is_gone_too(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.clock = clock = Ahead()
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        (house.sources / "one.toml").write_text("what")
        await house.collect()
        clock.by = 29 * DAY
        await house.collect()
        assert await delisted(house) == []
        clock.by = 31 * DAY
        await house.collect()
        assert {reason for _, reason in await delisted(house)} == {"source_gone"}


async def test_recent_rows_of_a_dead_list_age_one_by_one(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.clock = clock = Ahead()
        house.declare("one", feeds.base, absence='"nothing"', keep='"7d"')
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        clock.by = 6 * DAY
        feeds.put("/one.txt", "", status=503)
        await house.collect()
        assert await delisted(house) == []
        clock.by = 7.1 * DAY
        await house.collect()
        assert {reason for _, reason in await delisted(house)} == {"aged"}
        assert await house.findings("source.gone") == []
        feeds.put("/one.txt", "\n".join(ADDRESSES))  # the very body that it had
        report = (await house.collect())["one"]
        assert (report.status, report.listed) == ("ok", 40)


async def test_a_list_declared_as_whole_keeps_nothing_that_vanished_before(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base, absence='"nothing"')
        for addresses in (ADDRESSES, ADDRESSES[1:]):
            feeds.put("/one.txt", "\n".join(addresses))
            await house.collect()
        assert (await house.store.sources.get("one")).entries == 40
        house.declare("one", feeds.base)
        assert (await house.collect())["one"].delisted == 0
        assert await delisted(house) == [(ADDRESSES[0], "left")]
        assert (await house.store.sources.get("one")).entries == 39


async def test_a_list_declared_to_age_from_last_seen_again_lists_what_stands_in_it(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.clock = clock = Ahead()
        house.declare("one", feeds.base, keep='"7d"', **{"ageing.from": '"first"'})
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        clock.by = 8 * DAY
        await house.collect()
        assert len(await delisted(house)) == 40
        house.declare("one", feeds.base)
        await house.collect()  # the sweep lets them be listed again, the next reading does
        assert (await house.collect())["one"].listed == 40


@pytest.mark.parametrize("lose", [False, True])
async def test_from_first_seen_it_is_not_listed_again_until_it_left_and_came_back(tmp_path, dsn, feeds, lose):
    async with house_of(tmp_path, dsn) as house:
        house.clock = clock = Ahead()
        house.declare("one", feeds.base, keep='"7d"', **{"ageing.from": '"first"'})
        day = 0

        async def round_with(addresses):
            nonlocal day
            day += 1
            if lose:
                for snapshot in (tmp_path / "state" / "snapshots").glob("*"):
                    snapshot.unlink()
            house.begin_anew()
            house.clock = clock
            clock.by = day * DAY
            feeds.put("/one.txt", "\n".join([f"# day {day}", *addresses]))
            return (await house.collect())["one"]

        await round_with(ADDRESSES[:20])
        await round_with(ADDRESSES)
        day = 7
        await round_with(ADDRESSES)
        assert sorted(await delisted(house)) == sorted((value, "aged") for value in ADDRESSES[:20])
        assert (await round_with(ADDRESSES)).listed == 0  # the second day's aged now
        assert (await house.store.sources.get("one")).entries == 0
        assert (await round_with(ADDRESSES)).listed == 0
        report = await round_with(ADDRESSES[1:])
        assert (report.status, report.delisted) == ("ok", 0)
        assert (await round_with(ADDRESSES)).listed == 1
        newest, oldest = await house.store.sightings.history(ADDRESSES[0], max_tlp=Tlp.RED)
        assert (newest.closed, oldest.reason) == (None, "aged")


async def test_a_machine_that_was_off_for_long_ends_nothing_that_is_still_there(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.clock = clock = Ahead()
        house.declare("one", feeds.base, absence='"nothing"', keep='"7d"')
        house.declare("two", feeds.base)
        for name in ("one", "two"):
            feeds.put(f"/{name}.txt", "\n".join(ADDRESSES))
        await house.collect()
        clock.by = 400 * DAY
        feeds.put("/two.txt", "", status=503)  # its network comes up a moment later
        await house.collect()
        assert await delisted(house) == []
        feeds.put("/two.txt", "\n".join(ADDRESSES))
        assert (await house.collect())["two"].status == "unchanged"
        assert (await house.store.sources.get("two")).failing_since is None


async def test_a_clock_that_stood_far_ahead_keeps_no_row_for_ever(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.clock = clock = Ahead()
        clock.by = 4000 * DAY
        house.declare("one", feeds.base, absence='"nothing"', keep='"7d"')
        for addresses in (ADDRESSES, ADDRESSES[1:]):
            feeds.put("/one.txt", "\n".join(addresses))
            await house.collect()
        clock.by = timedelta(0)
        await house.collect()
        assert timedelta(0) < house.next_due - clock.now() <= HOUR
        clock.by = 7.1 * DAY
        await house.collect()
        assert await delisted(house) == [(ADDRESSES[0], "aged")]
        (sighting,) = await house.store.sightings.history(ADDRESSES[0], max_tlp=Tlp.RED)
        assert sighting.closed >= sighting.opened
