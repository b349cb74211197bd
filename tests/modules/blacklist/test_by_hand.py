"""Sources that are kept by hand, among those that are collected."""

from datetime import timedelta

from support.collecting import ADDRESSES, house_of

from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.store.entries import Word
from tipd.store.entry import Entry

LOCAL = 'entries = true\nabout = "what we saw ourselves"\n'


async def report(house, *values, **words):
    row = await house.store.sources.get("local")
    entries = [Entry(indicator=Indicator(Kind.IPV4, value), **words) for value in values]
    return await house.store.entries.report(row.id, entries, Word("uid 0", "seen"))


async def reasons(house):
    return {finding.subject.value: finding.data["reason"] for finding in await house.findings("indicator.delisted")}


async def test_nobody_is_asked_and_what_was_reported_stays(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        (house.sources / "local.toml").write_text(LOCAL)
        report_ = (await house.collect())["local"]
        assert (report_.status, report_.entries) == ("ok", 0)
        await report(house, *ADDRESSES[:3])
        for _ in range(2):
            row = await house.store.sources.get("local")
            assert ((await house.collect())["local"].entries, row.state, row.failures) == (3, "ok", 0)
        assert row.due - house.clock.now() > timedelta(hours=20)
        assert await reasons(house) == {}


async def test_it_ends_by_its_own_word_when_the_module_comes_round(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        (house.sources / "local.toml").write_text(LOCAL)
        await house.collect()
        await report(house, ADDRESSES[0], until=house.clock.now() + timedelta(seconds=30))
        await report(house, ADDRESSES[1])
        await house.collect("local")
        assert house.next_due - house.clock.now() <= timedelta(minutes=1)


async def test_its_declaration_goes_and_with_it_what_was_reported(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        (house.sources / "local.toml").write_text(LOCAL)
        await house.collect()
        await report(house, ADDRESSES[0])
        (house.sources / "local.toml").unlink()
        await house.collect()
        assert await reasons(house) == {ADDRESSES[0]: "source_removed"}


async def test_a_list_that_is_kept_by_hand_from_now_on_begins_empty_and_back(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("local", feeds.base)
        feeds.put("/local.txt", "\n".join(ADDRESSES))
        await house.collect()
        (house.sources / "local.toml").write_text(LOCAL)
        assert (await house.collect())["local"].delisted == 40
        await report(house, "198.51.100.1")
        assert (await house.collect())["local"].entries == 1
        house.declare("local", feeds.base)
        assert (await house.collect())["local"].listed == 40
        assert (await reasons(house))["198.51.100.1"] == "left"
        assert (await house.store.sources.get("local")).entries == 40
