"""Bodies that changed something are kept with their rounds, and let go in time."""

import hashlib
import os
from datetime import timedelta

import msgspec
import pytest
from support.collecting import ADDRESSES, house_of

from tipd.modules.blacklist import keeping
from tipd.store.bodies import Bodies


async def rounds(house, name="one"):
    row = await house.store.sources.get(name)
    return await house.store.proofs.page(row.id)


async def test_a_body_is_kept_with_the_round_that_read_it(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        house.declare("one", feeds.base)
        await house.collect()
        await house.collect()  # unchanged: no round, no body
        feeds.put("/one.txt", "\n".join(ADDRESSES[1:]))
        await house.collect()
        second, first = await rounds(house)
        bodies = Bodies.below(tmp_path / "state", timedelta(1), 10**6)
        assert b"".join(bodies.pieces(first.body, first.body_sha256)).decode() == "\n".join(ADDRESSES)
        assert b"".join(bodies.pieces(second.body, second.body_sha256)).decode() == "\n".join(ADDRESSES[1:])
        assert [one.name for one in bodies.all()] == [first.body, second.body]
        assert first.body == f"{first.source_id}/{first.id}.zst"


async def test_what_a_round_wrote_before_it_was_cut_off_can_be_proved(tmp_path, dsn, feeds, monkeypatch):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        house.declare("one", feeds.base)

        async def killed(*_args):
            raise OSError("as if killed")

        monkeypatch.setattr(house.store.rounds, "finish", killed)
        await house.collect()
        (cut_off,) = await rounds(house)
        assert (cut_off.ended, cut_off.listed) == (None, 40)
        assert (cut_off.url, cut_off.address, cut_off.http_status) == (f"{feeds.base}/one.txt", "127.0.0.1", 200)
        assert cut_off.declared["url"] == f"{feeds.base}/one.txt"
        bodies = Bodies.below(tmp_path / "state", timedelta(1), 10**6)
        assert b"".join(bodies.pieces(cut_off.body, cut_off.body_sha256)).decode() == "\n".join(ADDRESSES)


async def test_the_declaration_is_kept_by_the_digest_the_round_names(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        house.declare("one", feeds.base)
        await house.collect()
        (proof,) = await rounds(house)
        assert proof.declared["url"] == f"{feeds.base}/one.txt"
        again = msgspec.json.encode(proof.declared, order="sorted")
        assert hashlib.sha256(again).digest() == proof.declaration


async def test_bodies_past_their_time_go_and_their_rounds_say_so(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        for start in range(3):
            feeds.put("/one.txt", "\n".join(ADDRESSES[start:]))
            await house.collect()
        old = [one.body for one in reversed(await rounds(house))][:2]
        stamp = house.clock.now().timestamp() - 31 * 86400
        for name in old[:1]:
            os.utime(tmp_path / "state" / "bodies" / name, (stamp, stamp))
        await house.collect()  # within the hour nothing is looked at again
        assert (tmp_path / "state" / "bodies" / old[0]).exists()
        house.begin_anew()
        await house.collect()
        assert [one.body is None for one in reversed(await rounds(house))] == [True, False, False]
        assert [one.body_sha256 is None for one in await rounds(house)] == [False] * 3


async def test_a_body_that_cannot_be_kept_stops_no_round(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        house.declare("one", feeds.base)
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "bodies").write_text("in the way")
        report = (await house.collect())["one"]
        assert (report.status, report.listed) == ("ok", 40)
        (proof,) = await rounds(house)
        assert proof.body is None


@pytest.mark.parametrize("trouble", [OSError("input/output error")])
async def test_pruning_that_fails_is_only_noted(trouble):
    class Broken:
        def prune(self, now):
            raise trouble

    class Tools:
        bodies = Broken()

        class clock:  # noqa: N801
            @staticmethod
            def now():
                return None

        class log:  # noqa: N801
            @staticmethod
            def warning(*args, **facts):
                noted.append(facts)

    noted = []
    assert await keeping.prune(Tools()) == 0
    assert noted == [{"error": "input/output error"}]
