"""The rounds of the module (with everything real around it: test_integration.py)."""

from datetime import timedelta
from types import SimpleNamespace

from support.collecting import ADDRESSES, house_of

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.module import BlacklistModule
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.nursery.contract import Every, Restart


def test_what_it_says_of_itself(tmp_path):
    module = BlacklistModule(BlacklistSettings(every="2h"), tmp_path)
    assert module.triggers == (Every(timedelta(hours=2)),)
    assert (module.name, module.restart) == ("blacklist", Restart.ON_FAILURE)
    assert list(tmp_path.iterdir()) == []


async def test_a_new_file_is_collected_at_the_next_round(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        assert await house.collect() == {}
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        assert (await house.collect(due=False))["one"].listed == 40


async def test_the_next_round_is_when_the_first_source_is_due(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        for name, every in (("one", "1h"), ("two", "3s")):
            house.declare(name, feeds.base)
            path = house.sources / f"{name}.toml"
            path.write_text(path.read_text().replace('"1s"', f'"{every}"'))
            feeds.put(f"/{name}.txt", "\n".join(ADDRESSES))
        await house.collect()
        rows = {row.name: row for row in await house.store.sources.all()}
        assert house.next_due == rows["two"].due < rows["one"].due


async def test_with_no_source_the_module_comes_back_at_its_pace(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        before = house.clock.now()
        await house.collect()
        assert house.next_due >= before + timedelta(hours=1)


async def test_a_source_that_was_wrong_is_told_and_recovers(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        (house.sources / "one.toml").write_text("what")
        assert (await house.collect())["one"].status == "misdeclared"
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        assert (await house.collect())["one"].status == "ok"
        assert [finding.data["new"] for finding in await house.findings("source.degraded")] == ["misdeclared"]
        assert [finding.data["old"] for finding in await house.findings("source.recovered")] == ["misdeclared"]


async def test_asking_for_one_does_not_make_a_new_one_wait(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        for name in ("one", "two"):
            house.declare(name, feeds.base)
            feeds.put(f"/{name}.txt", "\n".join(ADDRESSES))
        assert set(await house.collect("one", due=False)) == {"one"}
        assert house.next_due <= house.clock.now()


async def test_switching_a_source_off_ends_what_it_lists_and_is_told(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        file = house.sources / "one.toml"
        text = file.read_text()
        file.write_text("enabled = false\n" + text)
        assert (await house.collect())["one"].delisted == 40
        row = await house.store.sources.get("one")
        assert (row.declared, row.state, row.error, row.entries) == (False, "off", "enabled = false", 0)
        (told,) = await house.findings("source.disabled")
        assert (told.source, told.data) == ("one", {"why": "enabled = false"})
        house.begin_anew()
        assert await house.collect() == {}
        assert len(await house.findings("source.disabled")) == 1
        asked = (await house.collect("one"))["one"]
        assert (asked.status, asked.error) == ("off", "enabled = false")
        file.write_text(text)
        assert (await house.collect())["one"].listed == 40
        (told,) = await house.findings("source.enabled")
        assert (told.source, told.data) == ("one", {})
        assert await house.findings("source.recovered") == []


async def test_one_that_was_never_on_is_known_and_nothing_is_told(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        file = house.sources / "one.toml"
        text = file.read_text()
        file.write_text("enabled = false\n" + text)
        assert await house.collect() == {}
        (row,) = await house.store.sources.known()
        assert (row.name, row.state, row.class_) == ("one", "off", catalogue.load_file(file).class_)
        assert await house.findings("source.disabled") == []
        file.unlink()
        await house.collect()
        assert await house.store.sources.known() == []


async def test_a_folder_that_cannot_be_read_switches_nothing_on(tmp_path, dsn, feeds):
    """What a file in it switched off is not asked because of a missing mount; nor is it forgotten."""
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base, enabled="false")
        house.declare("two", feeds.base, enabled="false")
        await house.collect()
        shipped = catalogue.parse(f'url = "{feeds.base}/one.txt"\n', "one")
        unreadable = (catalogue.Fault("", tmp_path, "cannot be read"),)
        tools = SimpleNamespace(store=house.store)
        declared, off = await house.module._wanted(tools, catalogue.Sources({"one": shipped}, unreadable))
        assert (declared, set(off)) == ({}, {"one", "two"})
        declared, off = await house.module._wanted(tools, catalogue.Sources({"one": shipped}))
        assert (set(declared), set(off)) == ({"one"}, set())


async def test_a_business_ends_what_it_may_not_use(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        for name, commercial in (("free", "yes"), ("hobby", "no")):
            house.declare(name, feeds.base, commercial=f'"{commercial}"')
            feeds.put(f"/{name}.txt", "\n".join(ADDRESSES))
        assert len(await house.collect()) == 2
        house.begin_anew(commercial=True)
        assert (await house.collect())["hobby"].delisted == 40
        states = {row.name: (row.state, row.error) for row in await house.store.sources.known()}
        assert states["hobby"] == ("left_out", "left out: commercial use: no")
        assert states["free"][0] == "unchanged"
        house.begin_anew()
        assert (await house.collect())["hobby"].listed == 40
