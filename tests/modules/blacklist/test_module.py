"""The rounds of the module (with everything real around it: test_integration.py)."""

from datetime import timedelta

from support.collecting import ADDRESSES, house_of

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
