"""Bodies of the past, read by their source's declaration."""

import gzip
from datetime import timedelta

import pytest
from support.collecting import ADDRESSES, house_of
from support.past import DAY

from tipd.model.tlp import Tlp
from tipd.modules.blacklist.catalogue import load_file
from tipd.modules.blacklist.history import Past
from tipd.store.history import HistoryRefused


class Loader:
    """Loads texts as bodies of one source."""

    def __init__(self, house):
        self.house = house
        self.now = house.clock.now()

    async def load(self, days, text, *, packed=False):
        house = self.house
        folder = house.folder / "scratch"
        folder.mkdir(exist_ok=True)
        body = folder / "given"
        raw = text if isinstance(text, bytes) else "\n".join(text).encode()
        body.write_bytes(gzip.compress(raw, mtime=0) if packed else raw)
        source = load_file(house.sources / "one.toml")
        row = await house.store.sources.get("one")
        tools = house.module._tools(house.context())
        return await Past(tools, source, row, folder).backfill(body, self.now + days * DAY, "given")

    async def ask(self, value, days):
        (answer,) = await self.house.store.past.at([(value, self.now + days * DAY)], max_tlp=Tlp.RED)
        return answer.sources


async def met(house, feeds, **keys):
    """Let the store meet a source whose list is not there yet."""
    house.declare("one", feeds.base, **keys)
    await house.collect()
    return Loader(house)


async def test_two_days_are_asked_as_of_both(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        loader = await met(house, feeds)
        loaded = await loader.load(-10, ADDRESSES[:20])
        assert (loaded.entries, loaded.added, loaded.cut) == (20, 20, 0)
        loaded = await loader.load(-9, ADDRESSES[10:], packed=True)
        assert (loaded.entries, loaded.added, loaded.cut) == (30, 20, 10)
        for value, days, sources in (
            (ADDRESSES[0], -10, ["one"]),
            (ADDRESSES[0], -9, []),
            (ADDRESSES[15], -9.5, ["one"]),
            (ADDRESSES[15], -9, ["one"]),
            (ADDRESSES[39], -9.5, []),
            (ADDRESSES[39], -8, ["one"]),
        ):
            assert await loader.ask(value, days) == sources, (value, days)
        assert await house.findings("indicator.listed") == []


async def test_the_proof_of_history_names_the_body_and_the_declaration(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        loader = await met(house, feeds)
        loaded = await loader.load(-10, ADDRESSES)
        proof = await house.store.proofs.get(loaded.round)
        assert (proof.why, proof.at, proof.url, proof.status) == ("backfill", loader.now - 10 * DAY, "given", "ok")
        assert proof.declared["name"] == "one"
        assert proof.body_bytes == len("\n".join(ADDRESSES))
        assert await loader.load(-10, ADDRESSES) is None


async def test_keep_bounds_what_one_body_says(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        loader = await met(house, feeds, keep='"2d"')
        await loader.load(-10, ADDRESSES)
        assert await loader.ask(ADDRESSES[0], -8.1) == ["one"]
        assert await loader.ask(ADDRESSES[0], -8) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"<!doctype html><html><body>404</body></html>", "HTML"),
        (b"", "no rows at all"),
        (b"nothing here\nis an\nindicator at all\nreally!", "cannot be read"),
        (b"\x1f\x8b\x08broken gzip", "cannot be read to its end"),
    ],
)
async def test_what_is_no_body_of_the_source_is_refused_and_leaves_nothing(tmp_path, dsn, feeds, text, why):
    async with house_of(tmp_path, dsn) as house:
        loader = await met(house, feeds)
        with pytest.raises(HistoryRefused, match=why):
            await loader.load(-10, text)
        row = await house.store.sources.get("one")
        assert [one.why for one in await house.store.proofs.page(row.id)] == []


async def test_a_much_smaller_list_was_small_then(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        loader = await met(house, feeds)
        await loader.load(-10, ADDRESSES)
        loaded = await loader.load(-9, ADDRESSES[:1])
        assert (loaded.entries, loaded.cut) == (1, 39)


async def test_history_leaves_what_tipd_sees_itself_alone(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        loader = await met(house, feeds)
        await loader.load(-10, ADDRESSES)
        feeds.put("/one.txt", "\n".join(ADDRESSES[:30]))
        report = (await house.collect())["one"]
        assert (report.listed, report.delisted) == (30, 0), report
        assert len(await house.findings("indicator.listed")) == 30
        before = await house.store.sources.get("one")
        await loader.load(-8, ADDRESSES[20:])
        after = await house.store.sources.get("one")
        assert (after.entries, after.last_round, after.body_sha256) == (30, before.last_round, before.body_sha256)
        report = (await house.collect())["one"]
        assert report.status == "unchanged"
        with pytest.raises(HistoryRefused, match="watched the source itself"):
            await loader.load((before.last_success - loader.now + timedelta(milliseconds=5)) / DAY, ADDRESSES)
