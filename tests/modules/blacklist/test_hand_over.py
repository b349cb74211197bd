"""What a worker is given to read a body with."""

from support.collecting import ADDRESSES, house_of


async def jobs_of(house, feeds, monkeypatch, body):
    jobs = []
    call = house.workers.call

    async def noted(function, job, *args, **kwargs):
        jobs.append(job)
        return await call(function, job, *args, **kwargs)

    monkeypatch.setattr(house.workers, "call", noted)
    feeds.put("/one.txt", "\n".join(body))
    await house.collect()
    monkeypatch.undo()
    return jobs


async def test_the_snapshot_or_where_it_does_not_fit_the_open_keys(tmp_path, dsn, feeds, monkeypatch):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        (first,) = await jobs_of(house, feeds, monkeypatch, ADDRESSES)
        assert (first.old_snapshot, first.identity.last_round) == ("", 0)
        assert first.open_keys.endswith("open_keys")
        (second,) = await jobs_of(house, feeds, monkeypatch, ADDRESSES[1:])
        assert second.old_snapshot.endswith(".snapshot")
        assert second.open_keys == ""
        next((tmp_path / "state" / "snapshots").iterdir()).unlink()
        tried, third = await jobs_of(house, feeds, monkeypatch, ADDRESSES[2:])
        assert (tried.open_keys, third.old_snapshot, third.open_more) == ("", "", False)
        assert (await house.store.sources.get("one")).entries == 38


async def test_a_snapshot_that_cannot_be_kept_harms_nothing(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "snapshots").write_text("a file where a folder should be")
        assert (await house.collect())["one"].status == "ok"
        feeds.put("/one.txt", "\n".join(ADDRESSES[1:]))
        report = (await house.collect())["one"]
        assert (report.listed, report.delisted) == (0, 1)
