"""The module over real archives, a real store and real processes: what is new is taken once, and told."""

import gzip
import random
import struct
import zlib
from datetime import timedelta

import pytest
from support.feeds import FeedServer
from support.trapping import house_of, index, mbox, month, seven, spam, tarred, zipped

from tipd.errors import StoreAway


async def test_an_archive_is_taken_once_and_what_grows_yields_only_what_is_new(dsn, tmp_path):
    with FeedServer() as site:
        site.put("/spam/", index("2026-10.7z", "2026-11.7z", "README.txt", "../elsewhere.7z", "/other/x.7z"))
        site.put("/spam/2026-10.7z", seven(month(0, 30)))
        site.put("/spam/2026-11.7z", seven(month(30, 20)))
        async with house_of(tmp_path, dsn) as house:
            house.begin({"name": "untroubled", "url": f"{site.base}/spam/", "every": "1h", "trap": "pristine"})
            first = await house.collect()
            assert (first["untroubled"].status, first["untroubled"].entries) == ("ok", 50)
            assert await house.count("spam_mail") == 50
            again = await house.collect()
            assert (again["untroubled"].status, again["untroubled"].entries) == ("ok", 0)
            site.put("/spam/2026-11.7z", seven(month(30, 25)))
            grown = await house.collect()
            assert grown["untroubled"].entries == 5 and await house.count("spam_mail") == 55
            told = await house.findings("archive.taken")
            assert [(one.data["archive"], one.data["new"]) for one in told] == [
                ("2026-11.7z", 20),
                ("2026-10.7z", 30),
                ("2026-11.7z", 5),
            ], "the newest first"
            listed = await house.findings("indicator.listed")
            assert listed and all(one.subject.value.startswith("198.51.100.") for one in listed)
            assert await house.findings("spam.campaign")


async def test_a_failed_archive_is_tried_again_and_nothing_is_marked_before_it_is_stored(dsn, tmp_path):
    with FeedServer() as site:
        site.put("/spam/", index("2026-10.7z", "2026-11.7z"))
        site.put("/spam/2026-10.7z", seven(month(0, 5)))
        site.put("/spam/2026-11.7z", seven(month(5, 9))[:-200])
        async with house_of(tmp_path, dsn) as house:
            house.begin({"name": "untroubled", "url": f"{site.base}/spam/", "every": "4h"})
            first = (await house.collect())["untroubled"]
            assert first.status == "damaged" and "2026-11.7z" in first.error and first.entries == 5
            marks = await house.store.spam.marks("untroubled")
            assert set(marks) == {"2026-10.7z"} and marks["2026-10.7z"].done
            assert [one.data["new"] for one in await house.findings("source.degraded")] == ["damaged"]
            assert house.next_due - house.clock.now() < timedelta(minutes=16), "it is tried again soon"
            site.put("/spam/2026-11.7z", seven(month(5, 9)))
            second = (await house.collect())["untroubled"]
            assert (second.status, second.entries) == ("ok", 9)
            assert await house.count("spam_mail") == 14 and site.count("/spam/2026-10.7z") == 2
            assert len(await house.findings("source.recovered")) == 1


async def test_a_site_that_is_away_or_changed_is_a_state(dsn, tmp_path):
    with FeedServer() as site:
        async with house_of(tmp_path, dsn) as house:
            house.begin({"name": "a", "url": f"{site.base}/spam/"}, {"name": "b", "url": f"{site.base}/new/"})
            site.put("/new/", "<html>we have moved</html>")
            found = await house.collect()
            assert (found["a"].status, found["b"].status) == ("gone", "wrong_page")
            assert house.sink.facts["archives"]["b"]["state"] == "wrong_page"


async def test_folders_mboxes_and_single_archives_of_this_machine(dsn, tmp_path):
    post = tmp_path / "post"
    (post / "2026" / "11").mkdir(parents=True)
    for number in range(6):
        (post / "2026" / "11" / f"{number}.txt").write_bytes(spam(number))
    (post / "old.mbox.gz").write_bytes(gzip.compress(mbox([spam(number) for number in range(10, 14)])))
    (post / "2025.tar.xz").write_bytes(tarred(month(20, 3), "w:xz"))
    (tmp_path / "alone.zip").write_bytes(zipped(month(30, 2)))
    async with house_of(tmp_path, dsn) as house:
        house.begin({"name": "post", "path": str(post)}, {"name": "alone", "path": str(tmp_path / "alone.zip")})
        first = await house.collect()
        assert (first["post"].entries, first["alone"].entries) == (13, 2)
        (post / "2026" / "11" / "7.txt").write_bytes(spam(7))
        again = await house.collect()
        assert (again["post"].entries, again["alone"].entries) == (1, 0)
        assert await house.count("spam_mail") == 16


async def test_progress_is_shown_while_an_archive_is_read(dsn, tmp_path):
    (tmp_path / "2026.7z").write_bytes(seven(month(0, 20)))
    async with house_of(tmp_path, dsn) as house:
        house.begin({"name": "a", "path": str(tmp_path / "2026.7z")})
        await house.collect()
        states = [shown["a"]["state"] for shown in house.sink.shown if "state" in shown.get("a", {})]
        assert states[0] == "listing" and "reading" in states and states[-1] == "done"
        assert house.sink.shown[-2]["a"]["mails"] == 20


async def test_each_archive_has_its_own_time_and_somebody_may_ask_for_one(dsn, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.zip").write_bytes(zipped(month(ord(name), 2)))
    async with house_of(tmp_path, dsn) as house:
        archives = [{"name": name, "path": str(tmp_path / f"{name}.zip")} for name in ("a", "b")]
        house.begin(archives[0] | {"every": "2h"}, archives[1] | {"every": "3h"})
        assert set(await house.collect(due=False)) == {"a", "b"}
        assert await house.collect(due=False) == {}, "neither is due"
        assert set(await house.collect("b", due=False)) == {"b"}
        dues = {row.name: row.due - house.clock.now() for row in await house.store.sources.all()}
        assert timedelta(hours=1) < dues["a"] < timedelta(hours=2) < dues["b"] <= timedelta(hours=3)


async def test_what_is_configured_no_more_or_switched_off_lists_nothing_any_more(dsn, tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(month(0, 4)))
    archive = {"name": "a", "path": str(tmp_path / "a.zip")}
    async with house_of(tmp_path, dsn) as house:
        await house.begin(archive).collect()
        (row,) = await house.store.sources.all()
        assert (row.module, row.class_, row.entries) == ("spamtrap", "spam", 4)
        gone = await house.begin(archive | {"enabled": False}).collect()
        assert gone["a"].delisted == 4
        (row,) = await house.store.sources.all(declared_only=False)
        assert (row.declared, row.state, row.entries) == (False, "off", 0)
        assert await house.count("spam_mail") == 4, "mails stay"
        await house.begin().collect()
        (row,) = await house.store.sources.all(declared_only=False)
        assert row.state == "removed"


async def test_the_store_going_away_in_the_midst_loses_nothing(dsn, tmp_path):
    (tmp_path / "a.7z").write_bytes(seven(month(0, 40)))
    async with house_of(tmp_path, dsn) as house:
        house.begin({"name": "a", "path": str(tmp_path / "a.7z")})
        take, calls = house.store.spam.take, []

        async def away(batch, **rest):
            calls.append(batch)
            if len(calls) == 1:
                raise StoreAway("the database is away")
            return await take(batch, **rest)

        house.store.spam.take = away
        first = await house.collect()
        assert first["a"].error == "the database is away" and await house.count("spam_archive") == 0
        second = await house.collect()
        assert second["a"].entries == 40 and await house.count("spam_archive", "done") == 1


async def test_seven_zip_archives_that_lie_in_their_headers_harm_no_other(dsn, tmp_path):
    rng, folder = random.Random(1), tmp_path / "box"
    folder.mkdir()
    honest = seven(month(0, 20))
    (folder / "good.7z").write_bytes(honest)
    at, size = struct.unpack_from("<QQ", honest, 12)
    for number in range(30):
        lying = bytearray(honest)
        place = 32 + at + rng.randrange(size)
        lying[place] = rng.choice([0xFF, 0, lying[place] ^ 0x80, lying[place] + 1 & 0xFF])
        struct.pack_into("<I", lying, 28, zlib.crc32(bytes(lying[32 + at : 32 + at + size])))  # sums that fit
        struct.pack_into("<I", lying, 8, zlib.crc32(bytes(lying[12:32])))
        (folder / f"lie{number}.7z").write_bytes(bytes(lying))
    async with house_of(tmp_path, dsn) as house:
        house.begin({"name": "box", "path": str(folder), "every": "1h"})
        report = (await house.collect())["box"]
        assert report.status == "damaged" and "lie" in report.error and "good" not in report.error
        assert await house.count("spam_mail") == 20, "each mail once, and none that is not there"
        assert (await house.store.spam.marks("box"))["good.7z"].done


@pytest.mark.long
async def test_twenty_thousand_tokens_are_stored_as_few_indicators(dsn, tmp_path):
    rng, folder = random.Random(3), tmp_path / "box"
    folder.mkdir()
    members = {}
    for number in range(20_000):
        token, word = f"{rng.getrandbits(48):012x}", "".join(rng.choices(["sun", "moon", "tree", "house"], k=3))
        hosts = f"{token}.a.example", f"{word}{number % 997}.b.example", f"c.example/{word}/{token}"
        members[f"{number}.txt"] = spam(number, host=hosts[number % 3])
    (folder / "a.zip").write_bytes(zipped(members))
    async with house_of(tmp_path, dsn) as house:
        house.begin({"name": "box", "path": str(folder), "every": "1h"})
        assert (await house.collect())["box"].entries == 20_000
        told = len(await house.findings("spam.url")) + await house.count("sighting")
        assert told + await house.count("spam_part") < 1000
