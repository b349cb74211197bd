"""Files that become history, and kept bodies read again."""

import msgspec
import pytest
import trio
from support.collecting import ADDRESSES, NEAR, house_of
from support.past import DAY

from tipd.errors import TryAgain
from tipd.model.canonical import canonical
from tipd.modules.blacklist import archive as room
from tipd.modules.blacklist.archive import Archive
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.store.bodies import Bodies
from tipd.store.history import HistoryRefused


def archive_of(house):
    settings = BlacklistSettings(catalogue=False, sources_dirs=(str(house.sources),))
    state = house.folder / "state"
    archive = Archive(settings, state, Bodies(state / "bodies"), NEAR)
    archive.begin(house.context())
    return archive


def given(house, *lines):
    path = house.folder / "given"
    path.write_text("\n".join(lines))
    return path


async def loaded(archive, *args):
    """Let a file be loaded, and wait for its end."""
    async with trio.open_nursery() as nursery:
        await nursery.start(archive.run)
        job = await archive.backfill(*args)
        with trio.fail_after(60):
            while job.state in {"waiting", "running"}:
                await trio.sleep(0.02)
            while args[1].exists():
                await trio.sleep(0.02)
        nursery.cancel_scope.cancel()
    return job


async def test_a_file_is_loaded_and_removed(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        await house.collect()
        archive, at = archive_of(house), house.clock.now() - 9 * DAY
        job = await loaded(archive, "one", given(house, *ADDRESSES), at, "old.txt")
        assert (job.state, job.entries, job.added, job.cut, job.why) == ("done", 40, 40, 0, None)
        assert archive.job(job.id) is job
        assert archive.job("nobody") is None
        assert (await house.store.proofs.get(job.round)).url == "old.txt"
        again = await loaded(archive, "one", given(house, *ADDRESSES), at, "again.txt")
        assert (again.state, again.round) == ("known", None)


async def test_the_file_is_kept_as_a_proof_and_read_again(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        await house.collect()
        archive, at = archive_of(house), house.clock.now() - 900 * DAY
        job = await loaded(archive, "one", given(house, *ADDRESSES), at, "old.txt")
        proof = await house.store.proofs.get(job.round)
        assert (
            b"".join(Bodies(tmp_path / "state" / "bodies").pieces(proof.body, proof.body_sha256))
            == "\n".join(ADDRESSES).encode()
        )
        for value, holds in ((ADDRESSES[0], True), ("198.51.100.1", False)):
            read = await archive.read_again(proof, canonical(value))
            assert (read.body, read.holds, read.same_reading) == ("kept", holds, True)
        house.begin_anew()
        await house.collect()  # prunes: it came just now, however old what it tells
        assert (await house.store.proofs.get(job.round)).body == proof.body


async def test_two_processes_that_load_at_once_take_turns(tmp_path, dsn, feeds, monkeypatch):
    async with house_of(tmp_path, dsn) as house, house_of(tmp_path, dsn) as other:
        house.declare("one", feeds.base)
        await house.collect()
        now, begun, end = house.clock.now(), trio.Event(), trio.Event()
        begin = house.store.history.begin

        async def slowly(*args):
            begun.set()
            with trio.move_on_after(1.0):  # without turns the other ends meanwhile
                await end.wait()
            return await begin(*args)

        monkeypatch.setattr(house.store.history, "begin", slowly)

        async def early():
            files[0].write_text("\n".join(ADDRESSES))
            await loaded(archive_of(house), "one", files[0], now - 20 * DAY, "early")

        files = [tmp_path / "early", tmp_path / "late"]
        files[1].write_text("\n".join(ADDRESSES[:30]))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(early)
            await begun.wait()
            await loaded(archive_of(other), "one", files[1], now - 10 * DAY, "late")
            end.set()
        asked = [(value, now - days * DAY) for days in (15, 5) for value in (ADDRESSES[0], ADDRESSES[35])]
        answers = await house.store.past.at(asked, max_tlp=4)
        assert [bool(answer.matches) for answer in answers] == [True, True, True, False]


async def test_a_file_that_is_no_list_is_refused_and_the_next_has_its_turn(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        await house.collect()
        archive, at = archive_of(house), house.clock.now() - 9 * DAY
        job = await loaded(archive, "one", given(house, "<html><body>404</body></html>"), at, "page")
        assert job.state == "refused"
        assert "HTML" in job.why
        assert (await loaded(archive, "one", given(house, *ADDRESSES), at, "list")).state == "done"


async def test_what_can_be_refused_at_once_is(tmp_path, dsn, feeds, monkeypatch):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        await house.collect()
        archive, now = archive_of(house), house.clock.now()
        (house.sources / "two.toml").write_text("url = 3")
        house.declare("new", feeds.base)
        for name, at, why in (
            ("one", now + DAY, "is not past"),
            ("nobody", now - DAY, "is not declared"),
            ("two", now - DAY, "two.toml"),
            ("new", now - DAY, "has not met"),
        ):
            with pytest.raises(HistoryRefused, match=why):
                await archive.backfill(name, given(house, "x"), at, "x")
        monkeypatch.setattr(room, "WAITING", 0)
        with pytest.raises(TryAgain):
            await archive.backfill("one", given(house, "x"), now - DAY, "x")


async def test_a_kept_body_is_read_as_it_was_declared_then(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join([*ADDRESSES, "example.org"]))
        house.declare("one", feeds.base)
        await house.collect()
        archive = archive_of(house)
        row = await house.store.sources.get("one")
        (proof,) = await house.store.proofs.page(row.id)
        for value, holds in ((ADDRESSES[0], True), ("example.org", True), ("198.51.100.1", False)):
            read = await archive.read_again(proof, canonical(value))
            assert (read.body, read.holds, read.same_reading, read.why) == ("kept", holds, True, None)
        other = msgspec.structs.replace(proof, read_digest=b"other")
        assert (await archive.read_again(other, canonical(ADDRESSES[0]))).same_reading is False
        unknown = msgspec.structs.replace(proof, declared=None)
        read = await archive.read_again(unknown, canonical(ADDRESSES[0]))
        assert (read.body, read.holds) == ("kept", None)


async def test_a_body_that_is_damaged_or_gone_is_told(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        house.declare("one", feeds.base)
        await house.collect()
        archive = archive_of(house)
        row = await house.store.sources.get("one")
        (proof,) = await house.store.proofs.page(row.id)
        path = tmp_path / "state" / "bodies" / proof.body
        path.write_bytes(path.read_bytes()[:-9])
        read = await archive.read_again(proof, canonical(ADDRESSES[0]))
        assert (read.body, read.holds) == ("damaged", None)
        path.unlink()
        assert (await archive.read_again(proof, canonical(ADDRESSES[0]))).body == "gone"
        assert list((tmp_path / "state" / "spool_past").iterdir()) == []
