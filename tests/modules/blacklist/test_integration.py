"""Collecting with the real store, the real fetcher and real worker processes, against a server on loopback."""

from datetime import timedelta

import msgspec
import pytest
from support.collecting import ADDRESSES, house_of

from tipd.errors import StoreAway
from tipd.model.tlp import Tlp
from tipd.modules.blacklist.lease import Lease, note


async def test_listed_delisted_relisted_and_unchanged(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join([*ADDRESSES, "198.51.100.0/24", "evil.example", "10.0.0.1", "192.0.2.1"]))
        report = (await house.collect())["one"]
        assert (report.status, report.entries, report.listed, report.refused) == ("ok", 42, 42, {"bogon": 1})
        loaded = await house.findings("source.loaded")
        assert loaded[0].data["entries"] == 42
        assert all(finding.initial is True for finding in await house.findings("indicator.listed"))

        report = (await house.collect())["one"]
        assert (report.status, report.listed, report.delisted) == ("unchanged", 0, 0)
        feeds.retag("/one.txt")
        assert (await house.collect())["one"].status == "unchanged"
        rounds = await house.store.rounds.last((await house.store.sources.get("one")).id)
        assert len(rounds) == 1

        feeds.put("/one.txt", "\n".join([*ADDRESSES[5:], "evil.example"]))
        report = (await house.collect())["one"]
        assert (report.status, report.listed, report.delisted, report.entries) == ("ok", 0, 6, 36)
        left = await house.findings("indicator.delisted")
        assert {finding.subject.value for finding in left} == {*ADDRESSES[:5], "198.51.100.0/24"}
        assert {finding.data["reason"] for finding in left} == {"left"}

        feeds.put("/one.txt", "\n".join([*ADDRESSES[4:], "evil.example"]))
        report = (await house.collect())["one"]
        assert (report.listed, report.delisted) == (1, 0)
        row = await house.store.sources.get("one")
        assert (row.entries, row.state, row.failures) == (37, "ok", 0)
        assert (tmp_path / "state" / "snapshots" / f"{row.id}.snapshot").exists()
        assert list((tmp_path / "state" / "spool").iterdir()) == []


def row_of(name):
    return (
        f'url = "{{}}/{name}.csv"\nevery = "1s"\nmin_interval = "1s"\nkind = "ipv4"\nclass = "scanner"\ntlp = "green"\n'
        'parser = "delimited"\n[fields]\nport = 1\nlast_seen = 2\ntlp = 3\n'
    )


async def test_what_rows_say_is_kept_together_and_changes_in_place(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        (house.sources / "said.toml").write_text(row_of("said").format(feeds.base))

        async def said(*rows):
            feeds.put("/said.csv", "".join(f"{row}\n" for row in rows))
            report = (await house.collect())["said"]
            assert report.status in {"ok", "unchanged"}, report
            history = await house.store.sightings.history("192.0.2.1", max_tlp=Tlp.RED)
            return [(one.context, one.tlp, one.closed is None) for one in history]

        other = "192.0.2.2,22,2026-11-20"
        both = await said("192.0.2.1,80,2026-11-20", "192.0.2.1,443,2026-11-22,amber", other)
        last = {"class": "scanner", "port": [80, 443], "last_seen": "2026-11-22T00:00:00Z"}
        assert both == [(last, Tlp.AMBER, True)]
        # Unmerged, merged again, and all of it on one interval, told once.
        first = {"class": "scanner", "port": 80, "last_seen": "2026-11-20T00:00:00Z"}
        assert await said("192.0.2.1,80,2026-11-20", other) == [(first, Tlp.GREEN, True)]
        assert await said("192.0.2.1,80,2026-11-20", "192.0.2.1,443,2026-11-22,amber", other) == both
        next((tmp_path / "state" / "snapshots").iterdir()).unlink()
        assert await said(other, "192.0.2.1,80,2026-11-20") == [(first, Tlp.GREEN, True)]
        told = await house.findings("indicator.listed")
        assert {(one.subject.value, one.data["last_seen"]) for one in told} == {
            ("192.0.2.1", "2026-11-22T00:00:00Z"),
            ("192.0.2.2", "2026-11-20T00:00:00Z"),
        }
        assert len(told) == 2
        assert await house.findings("indicator.delisted") == []
        # A declaration that keeps something else reads the same body again.
        text = row_of("said").format(feeds.base).replace("port = 1\n", "seen_port = 1\n")
        (house.sources / "said.toml").write_text(text)
        again = await said(other, "192.0.2.1,80,2026-11-20")
        assert again == [
            ({"class": "scanner", "seen_port": "80", "last_seen": "2026-11-20T00:00:00Z"}, Tlp.GREEN, True)
        ]


async def test_without_a_snapshot_the_open_sightings_are_asked(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        snapshot = next((tmp_path / "state" / "snapshots").iterdir())
        for damage in (snapshot.unlink, lambda: snapshot.write_bytes(snapshot.read_bytes()[:-1] + b"x")):
            damage()
            feeds.put("/one.txt", "\n".join(ADDRESSES[1:]))
            report = (await house.collect())["one"]
            assert (report.listed, report.delisted, report.entries) == (0, 1, 39)
            feeds.put("/one.txt", "\n".join(ADDRESSES))
            assert (await house.collect())["one"].listed == 1


async def test_bad_bodies_are_set_aside_and_the_good_set_stays(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        good = "\n".join(["# the list", *ADDRESSES])
        feeds.put("/one.txt", good)
        await house.collect()
        bad = {
            "wrong_page": "<!DOCTYPE html><html><body>buy this domain</body></html>",
            "shrunk": "\n".join(ADDRESSES[:4]),
            "empty": "# nothing today\n",
            "drifted": "\n".join(f"{number};what is this" for number in range(50)),
        }
        for state, body in bad.items():
            feeds.put("/one.txt", body)
            report = (await house.collect())["one"]
            assert report.status == state, report
            row = await house.store.sources.get("one")
            assert (row.state, row.entries, row.failures > 0) == (state, 40, True)
            assert (tmp_path / "state" / "set_aside" / "one.body").read_text() == body
            assert row.set_aside["why"] == row.error
        feeds.put("/one.txt", b"gone", status=410)
        assert (await house.collect())["one"].status == "gone"
        feeds.put("/one.txt", good)
        assert (await house.collect())["one"].status == "unchanged"
        told = await house.findings("source.degraded")
        assert [finding.data["new"] for finding in told] == [*bad, "gone"]
        assert [finding.data["old"] for finding in await house.findings("source.recovered")] == ["gone"]
        assert await house.findings("indicator.delisted") == []
        assert (await house.store.sources.get("one")).failures == 0


async def test_a_list_that_shrank_for_good_is_accepted_at_its_new_size(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        feeds.put("/one.txt", "\n".join(ADDRESSES[:16]))
        assert (await house.collect())["one"].status == "shrunk"
        looked_at = await house.store.sources.accept("one", house.clock.now())
        assert looked_at.set_aside["entries"] == 16

        feeds.put("/one.txt", "\n".join(ADDRESSES[:7]))  # less than half of what was accepted
        assert (await house.collect())["one"].status == "shrunk"
        feeds.put("/one.txt", "<!DOCTYPE html><html><body>buy this domain</body></html>")
        assert (await house.collect())["one"].status == "wrong_page"
        assert (await house.store.sources.get("one")).set_aside["entries"] is None
        assert await house.store.sources.accept("one", house.clock.now()) is None
        assert await house.findings("indicator.delisted") == []

        feeds.put("/one.txt", "\n".join(ADDRESSES[1:15]))  # an hour later; not the body that was looked at
        report = (await house.collect())["one"]
        assert (report.status, report.entries, report.delisted) == ("ok", 14, 26)
        row = await house.store.sources.get("one")
        assert (row.state, row.set_aside, row.entries) == ("ok", None, 14)
        (told,) = await house.findings("source.accepted")
        assert told.data == {
            "sha256": looked_at.set_aside["sha256"],
            "why": "shrank from 40 to 16 indicators (max_shrink 0.5)",
            "entries": 16,
        }
        feeds.put("/one.txt", "\n".join(ADDRESSES[:5]))
        assert (await house.collect())["one"].status == "shrunk"  # the acceptance is used up


async def test_the_very_body_that_was_accepted_is_used_and_no_other_that_lacks_its_canary(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base, **{"expect.must_match": '"the list"'})
        feeds.put("/one.txt", "\n".join(["# the list", *ADDRESSES]))
        await house.collect()
        renamed = "\n".join(["# new name", *ADDRESSES[1:]])
        feeds.put("/one.txt", renamed)
        assert (await house.collect())["one"].status == "wrong_page"
        await house.store.sources.accept("one", house.clock.now())
        feeds.put("/one.txt", "\n".join(["# new name", *ADDRESSES[2:]]))
        assert (await house.collect())["one"].status == "wrong_page"
        feeds.put("/one.txt", renamed)
        report = (await house.collect())["one"]
        assert (report.status, report.delisted) == ("ok", 1)
        assert (await house.collect())["one"].status == "unchanged"


async def test_an_acceptance_ends_where_the_list_comes_back_as_it_was(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        for body, state in ((ADDRESSES, "ok"), (ADDRESSES[:4], "shrunk"), (ADDRESSES, "unchanged")):
            feeds.put("/one.txt", "\n".join(body))
            assert (await house.collect())["one"].status == state
            if state == "shrunk":
                assert await house.store.sources.accept("one", house.clock.now()) is not None
        assert (await house.store.sources.get("one")).set_aside is None
        feeds.put("/one.txt", "\n".join(ADDRESSES[:4]))
        assert (await house.collect())["one"].status == "shrunk"


async def test_one_bad_source_harms_no_other_and_faults_are_told(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("good", feeds.base)
        house.declare("away", "http://127.0.0.1:1")
        house.declare("broken", feeds.base)
        feeds.put("/good.txt", "\n".join(ADDRESSES))
        feeds.put("/broken.txt", "\n".join(ADDRESSES))
        await house.collect()
        (house.sources / "broken.toml").write_text('url = "http://192.0.2.1/x"\nparsr = "lines"\n')
        reports = await house.collect()
        assert reports["good"].status == "unchanged"
        assert reports["away"].status == "unreachable"
        assert reports["broken"].status == "misdeclared"
        assert "broken.toml:2: parsr: unknown key (did you mean 'parser'?)" in reports["broken"].error
        row = await house.store.sources.get("broken")
        assert (row.state, row.entries) == ("misdeclared", 40)  # a typing error delists nothing


async def test_a_removed_declaration_closes_what_it_listed(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        house.declare("two", feeds.base)
        for path in ("/one.txt", "/two.txt"):
            feeds.put(path, "\n".join(ADDRESSES))
        await house.collect()
        (house.sources / "one.toml").unlink()
        house.declare("two", feeds.base, enabled="false")
        reports = await house.collect()
        assert {name: report.delisted for name, report in reports.items()} == {"one": 40, "two": 40}
        told = await house.findings("indicator.delisted")
        assert {finding.data["reason"] for finding in told} == {"source_removed"}
        assert len(await house.findings("source.removed")) == 2
        assert await house.collect() == {}
        house.declare("one", feeds.base)
        report = (await house.collect())["one"]
        assert (report.status, report.listed, report.entries) == ("ok", 40, 40)


async def test_a_folder_that_is_away_removes_nothing(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        house.sources.rename(tmp_path / "elsewhere")
        assert (await house.collect())["one"].status == "misdeclared"
        assert (await house.store.sources.get("one")).entries == 40


async def test_run_now_is_polite(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base, min_interval='"1h"')
        (house.sources / "one.toml").write_text((house.sources / "one.toml").read_text().replace('"1s"', '"2h"'))
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        before = await house.store.sources.get("one")
        reports = await house.collect("one", "nobody", due=False)
        assert "min_interval" in reports["one"].error
        assert "no such source" in reports["nobody"].error
        assert feeds.count("/one.txt") == 1
        after = await house.store.sources.get("one")  # what was asked for is done as soon as it may be
        assert after.due == before.last_attempt + timedelta(hours=1) < before.due
        assert msgspec.structs.replace(after, due=before.due) == before
        assert house.next_due <= after.due


async def test_run_now_asks_before_it_is_due(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        (house.sources / "one.toml").write_text((house.sources / "one.toml").read_text().replace('"1s"', '"2h"'))
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        assert await house.collect(due=False) == {}
        await house.store.pool.run(_long_ago)
        house.begin_anew()
        assert (await house.collect("one", due=False))["one"].status == "unchanged"
        assert feeds.count("/one.txt") == 2


async def _long_ago(connection):
    await connection.execute("UPDATE source SET last_attempt = last_attempt - interval '1 day'")


async def test_a_changed_declaration_is_read_again(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join([*ADDRESSES, "evil.example"]))
        assert (await house.collect())["one"].entries == 41
        text = (house.sources / "one.toml").read_text()
        (house.sources / "one.toml").write_text(text.replace('"auto"', '"ipv4"'))
        report = (await house.collect())["one"]
        assert (report.status, report.delisted, report.refused) == ("ok", 1, {"wrong_kind": 1})


async def test_a_local_path_is_a_source(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        folder = tmp_path / "lists"
        folder.mkdir()
        (folder / "a.txt").write_text("192.0.2.1")
        (folder / "b.txt").write_text("192.0.2.2:8080")
        (house.sources / "mine.toml").write_text(f'path = "{folder}"\nkind = "ipv4"\n')
        assert (await house.collect())["mine"].entries == 2
        history = await house.store.sightings.history("192.0.2.2", max_tlp=Tlp.RED)
        assert history[0].context == {"class": "blacklist", "port": 8080}
        assert (await house.collect())["mine"].status == "unchanged"
        (folder / "b.txt").unlink()
        (folder / "a.txt").unlink()
        folder.rmdir()
        report = (await house.collect())["mine"]
        assert (report.status, report.entries) == ("gone", 2)


async def test_many_sources_at_once_and_a_crash_of_one(tmp_path, dsn, feeds, monkeypatch):
    async with house_of(tmp_path, dsn) as house:
        for number in range(12):
            house.declare(f"s{number}", feeds.base)
            feeds.put(f"/s{number}.txt", "\n".join(ADDRESSES[: number + 1]))
        from tipd.modules.blacklist import collect

        real = collect.get_body

        async def crash(fetcher, source, *args, **kwargs):
            if source.name == "s3":
                raise ZeroDivisionError("a bug")
            return await real(fetcher, source, *args, **kwargs)

        monkeypatch.setattr(collect, "get_body", crash)
        reports = await house.collect()
        assert reports["s3"].error == "ZeroDivisionError: a bug"
        assert all(report.status == "ok" for name, report in reports.items() if name != "s3")
        row = await house.store.sources.get("s3")
        assert (row.state, row.failures, row.error) == ("new", 1, "ZeroDivisionError: a bug")
        assert row.due > row.last_attempt


async def test_what_a_killed_round_had_taken_is_due_again_after_its_floor(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        for name in ("one", "two"):
            house.declare(name, feeds.base, every='"1h"', min_interval='"2s"')
            feeds.put(f"/{name}.txt", "\n".join(ADDRESSES))
        await house.collect()
        settled = (await house.store.sources.get("two")).due
        began, until = house.clock.now(), house.clock.now() + timedelta(minutes=32)
        await house.store.sources.lease("blacklist", began, until - began, ["one"])
        note(tmp_path / "state" / "lease.json", Lease(began=began, until=until))

        house.begin_anew()
        assert await house.collect(due=False) == {}
        assert (await house.store.sources.get("one")).due == began + timedelta(seconds=2)
        assert (await house.store.sources.get("two")).due == settled
        assert house.next_due == began + timedelta(seconds=2)


async def test_what_was_taken_when_the_store_went_away_is_due_again(tmp_path, dsn, feeds, monkeypatch):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base, every='"1h"')
        feeds.put("/one.txt", "\n".join(ADDRESSES))

        async def away(*_):
            raise StoreAway("the database is away")

        monkeypatch.setattr(type(house.store.sightings), "open_keys", away)
        assert "away" in (await house.collect())["one"].error
        assert house.next_due - house.clock.now() < timedelta(seconds=2)


@pytest.mark.parametrize("whole", [True, False])
async def test_rounds_that_were_cut_off_do_not_turn_the_guards_against_the_list(tmp_path, dsn, feeds, whole):
    """Killed between opening and closing, again and again, more and more is open: that the list shrank is not true."""

    def lines(turn, number):
        return "\n".join(f"h{turn}x{each}.example.org" for each in range(number))

    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        if whole:
            feeds.put("/one.txt", lines(0, 200))
            await house.collect()
        for turn in range(1, 4):
            feeds.put("/one.txt", lines(turn, 200))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("tipd.store.rounds.next_keys", _cut_off)
                patch.setattr(type(house.store.rounds), "finish", _cut_off)
                assert "cut off" in (await house.collect())["one"].error
        assert (await house.store.sources.get("one")).entries == (800 if whole else 600)
        # without a whole round there is nothing to compare with; with one, its 200
        last = lines(9, 150 if whole else 20_000)
        feeds.put("/one.txt", last)
        report = (await house.collect())["one"]
        assert (report.status, report.entries) == ("ok", len(last.split()))
        assert (await house.store.sources.get("one")).entries == len(last.split())
        feeds.put("/one.txt", lines(9, 10))
        assert (await house.collect())["one"].status == "shrunk"


def _cut_off(*_args, **_options):
    raise RuntimeError("cut off")
