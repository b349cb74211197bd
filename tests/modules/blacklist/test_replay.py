"""Kept bodies read again after a parser was mended."""

from datetime import UTC, datetime

import pytest
from support.collecting import ADDRESSES, house_of

from tipd.model.tlp import Tlp
from tipd.modules.blacklist.replay import replays_of, word_for
from tipd.store.bodies import Bodies

NAMES = ["one.example.org", "two.example.org", "three.example.org"]


def test_a_replay_is_asked_for_by_a_word_among_names():
    since = datetime(2026, 11, 22, 4, tzinfo=UTC)
    words = ["plain", word_for("one"), word_for("two.x", since), "replay:bad@yesterday", "replay:naive@2026-11-22"]
    assert replays_of(words) == {
        "one": None,
        "two.x": since,
        "bad": None,
        "naive": datetime(2026, 11, 22, tzinfo=UTC),
    }


async def history(house, value):
    return [
        (one.backfilled, one.opened, one.closed)
        for one in sorted(await house.store.sightings.history(value, max_tlp=Tlp.RED), key=lambda one: one.opened)
    ]


async def mended(house, feeds, *bodies):
    """Collect bodies with a declaration that takes addresses only, then let it take names too."""
    house.declare("one", feeds.base, kind='"ipv4"')
    times = []
    for body in bodies:
        feeds.put("/one.txt", "\n".join(body))
        await house.collect()
        times.append((await rounds(house))[0].at)
    house.declare("one", feeds.base)
    return times


async def rounds(house):
    row = await house.store.sources.get("one")
    return await house.store.proofs.page(row.id)


async def test_older_bodies_add_history_and_the_last_one_is_told(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        first, second = await mended(house, feeds, ADDRESSES + NAMES[:2], ADDRESSES + NAMES[1:])
        told = await house.store.findings.last_seq()
        feeds.put("/one.txt", "nobody asks for this")
        report = (await house.collect(word_for("one"), due=False))["one"]
        assert (report.listed, report.delisted, report.error) == (2, 0, None)
        newest, *_ = await rounds(house)
        assert await history(house, NAMES[0]) == [(True, first, second)]
        (past, live) = await history(house, NAMES[1])
        assert (past[:2], live) == ((True, first), (False, newest.at, None))
        assert second < past[2] <= newest.at
        assert [one[0] for one in await history(house, NAMES[2])] == [True, False]
        findings = await house.store.findings.read(told)
        assert sorted(one.subject.value for one in findings if one.kind == "indicator.listed") == sorted(NAMES[1:])
        (replayed,) = [one for one in findings if one.kind == "source.replayed"]
        assert replayed.data == {
            "bodies": 2,
            "added": 4,
            "listed": 2,
            "delisted": 0,
            "passed_over": [],
            "error": None,
        }
        assert [one.why for one in await rounds(house)] == ["replay", "replay", "replay", "poll", "poll"]


async def test_a_replay_asks_no_provider_and_moves_no_last_success(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        await mended(house, feeds, ADDRESSES + NAMES)
        before = await house.store.sources.get("one")
        asked = feeds.count("/one.txt")
        await house.collect(word_for("one"), due=False)
        after = await house.store.sources.get("one")
        assert feeds.count("/one.txt") == asked
        assert (after.last_success, after.last_attempt, after.state) == (
            before.last_success,
            before.last_attempt,
            before.state,
        )
        assert after.entries == len(ADDRESSES) + 3
        assert after.body_sha256 == before.body_sha256
        assert after.read_digest != before.read_digest


async def test_the_same_replay_again_changes_nothing(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        await mended(house, feeds, ADDRESSES + NAMES[:2], ADDRESSES + NAMES[1:])
        await house.collect(word_for("one"), due=False)
        stands = [await history(house, name) for name in NAMES]
        report = (await house.collect(word_for("one"), due=False))["one"]
        assert (report.listed, report.delisted) == (0, 0)
        assert [await history(house, name) for name in NAMES] == stands


async def test_a_damaged_body_is_passed_over_and_named(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        await mended(house, feeds, ADDRESSES + NAMES[:1], ADDRESSES + NAMES[1:2], ADDRESSES + NAMES[2:])
        bodies = Bodies(tmp_path / "state" / "bodies")
        first, second, _ = bodies.all()
        (bodies.folder / first.name).write_bytes(b"damaged")
        (bodies.folder / second.name).unlink()
        report = (await house.collect(word_for("one"), due=False))["one"]
        assert report.listed == 1
        (replayed,) = await house.findings("source.replayed")
        assert replayed.data["bodies"] == 1
        assert [fault.partition(":")[0] for fault in replayed.data["passed_over"]] == [
            f"round {first.round}",
            f"round {second.round}",
        ]
        assert "is damaged" in replayed.data["passed_over"][0]
        assert await history(house, NAMES[0]) == []


async def test_with_its_last_body_gone_what_is_listed_stays(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        (first, _) = await mended(house, feeds, ADDRESSES + NAMES[:1], ADDRESSES + NAMES[1:2])
        bodies = Bodies(tmp_path / "state" / "bodies")
        bodies.drop(bodies.all()[-1].name)
        report = (await house.collect(word_for("one"), due=False))["one"]
        assert "is not kept" in report.error
        assert [(one[0], one[1]) for one in await history(house, NAMES[0])] == [(True, first)]
        assert await history(house, NAMES[1]) == []
        row = await house.store.sources.get("one")
        assert row.due <= house.clock.now() + (house.clock.now() - first) + (row.due - row.last_attempt)


async def test_since_leaves_older_bodies_alone(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        _, second = await mended(house, feeds, ADDRESSES + NAMES[:1], ADDRESSES + NAMES[1:2])
        await house.collect(word_for("one", second), due=False)
        assert await history(house, NAMES[0]) == []
        assert len(await history(house, NAMES[1])) == 2


async def test_known_since_tells_what_was_learnt_later(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        first, _ = await mended(house, feeds, ADDRESSES + NAMES[:1], ADDRESSES)
        await house.collect(word_for("one"), due=False)
        (answer,) = await house.store.past.at([(NAMES[0], first)], max_tlp=Tlp.RED)
        assert answer.sources == ["one"]
        replayed = [one for one in await rounds(house) if one.why == "replay" and one.at == first]
        assert answer.known_since == replayed[0].started > first


@pytest.mark.parametrize("name", ["nobody"])
async def test_a_replay_of_no_source_harms_nothing(tmp_path, dsn, feeds, name):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        assert await house.collect(word_for(name), due=False) == {}
