"""Sources whose declaration is gone."""

from support.collecting import ADDRESSES, house_of

from tipd.model.tlp import Tlp


async def test_it_is_closed_once_also_after_a_restart(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        (house.sources / "one.toml").unlink()
        house.begin_anew()
        report = (await house.collect())["one"]
        assert (report.status, report.delisted) == ("removed", 40)
        row = await house.store.sources.get("one")
        assert (row.declared, row.state, row.entries, row.etag) == (False, "removed", 0, None)
        (newest, *_) = await house.store.rounds.last(row.id)
        assert (newest.status, newest.delisted) == ("removed", 40)
        house.begin_anew()
        assert await house.collect() == {}
        (told,) = await house.findings("source.removed")
        assert (told.source, told.data) == ("one", {"delisted": 40})


async def test_other_sources_keep_what_they_say_of_the_same_addresses(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        for name in ("one", "two"):
            house.declare(name, feeds.base)
            feeds.put(f"/{name}.txt", "\n".join(ADDRESSES))
        await house.collect()
        (house.sources / "one.toml").unlink()
        await house.collect()
        history = await house.store.sightings.history(ADDRESSES[0], max_tlp=Tlp.RED)
        assert {(sighting.source, sighting.reason) for sighting in history} == {
            ("one", "source_removed"),
            ("two", None),
        }
