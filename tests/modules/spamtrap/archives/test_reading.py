"""Reading an archive in a process of its own: what it says is stored, and what kills it is told apart."""

import os
from pathlib import Path

import pytest
import structlog
import trio
from support.trapping import BEGAN, month, seven, spam, tarred

from tipd.errors import StoreAway, WorkerFailed
from tipd.modules.spamtrap.archives import reading as room
from tipd.modules.spamtrap.archives.reading import Deadly, Reading, UnpackFailed
from tipd.modules.spamtrap.archives.talk import Ears
from tipd.modules.spamtrap.archives.worker import ReadJob
from tipd.modules.spamtrap.gathering import Rules
from tipd.work.pool import WorkerPool

RULES = Rules(source="a", now=BEGAN, since=BEGAN)
DANGEROUS = "support.deadly:read_archive"


@pytest.fixture(autouse=True)
def _find_dangerous_jobs(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


class Keeper:
    """Keeps batches in memory."""

    def __init__(self, known=()):
        self._known = set(known)
        self.mails = []
        self.said = []
        self.away = False

    async def known(self, hashes):
        return self._known & set(hashes)

    async def keep(self, batch, _said):
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreAway("away")
        assert batch.member == "2026-11.7z"
        self.mails += batch.mails

    def shows(self, said):
        self.said.append(said)


@pytest.fixture
async def pool(nursery):
    made = WorkerPool(2, structlog.get_logger())
    await nursery.start(made.run)
    return made


async def read(pool, tmp_path, body, keeper, stall=30.0, **said):
    archive = tmp_path / "archive"
    archive.write_bytes(body)
    folder = tmp_path / f"talk-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    job = ReadJob(path=os.fsencode(archive), folder=str(folder), rules=RULES, member="2026-11.7z", **said)
    return await Reading(pool, stall=stall, memory=512 * 2**20).read(job, folder, keeper)


async def test_all_mails_of_an_archive_reach_the_keeper_with_its_name(pool, tmp_path):
    keeper = Keeper()
    result = await read(pool, tmp_path, seven(month(0, 600)), keeper)
    assert (result.mails, result.new, len(keeper.mails)) == (600, 600, 600)
    assert len({mail.sha256 for mail in keeper.mails}) == 600
    assert keeper.said[-1].end and keeper.said[-1].mails == 600
    assert [said.mails for said in keeper.said] == sorted(said.mails for said in keeper.said)


async def test_what_is_known_is_not_parsed_and_what_is_held_twice_is_one(pool, tmp_path):
    whole = Keeper()
    await read(pool, tmp_path, seven(month(0, 10)), whole)
    keeper = Keeper(mail.sha256 for mail in whole.mails)
    twice = month(0, 12) | {f"again/{n}": spam(n) for n in range(12)}
    result = await read(pool, tmp_path, seven(twice), keeper)
    assert (result.mails, result.new, len(keeper.mails)) == (24, 2, 2)


async def test_recipients_of_archives_are_masked(pool, tmp_path):
    keeper = Keeper()
    await read(pool, tmp_path, seven({"a": spam(1)}), keeper, key=b"k")
    (mail,) = keeper.mails
    assert len(mail.trap) == 8 and b"trap1@" not in mail.rest and "trap1" not in repr(mail)


async def test_a_damaged_archive_ends_with_a_word_and_what_came_before_is_kept(pool, tmp_path):
    keeper = Keeper()
    with pytest.raises(UnpackFailed, match="ends too early"):
        await read(pool, tmp_path, tarred({f"{n}": spam(n) for n in range(60)}, "w")[:-40_000], keeper)
    assert 20 < len(keeper.mails) < 60 and keeper.said[-1].end


async def test_a_store_that_is_away_ends_it_and_the_process_with_it(pool, tmp_path):
    keeper = Keeper()
    keeper.away = True
    with pytest.raises(StoreAway):
        await read(pool, tmp_path, seven(month(0, 10)), keeper)
    assert pool.facts()["busy"] == 0


@pytest.mark.parametrize("way", ["whole", "memory"])
async def test_a_mail_that_kills_its_reader_is_told_by_its_number(pool, tmp_path, monkeypatch, way):
    monkeypatch.setattr(room, "WORK", DANGEROUS)
    deadly = b"X-Deadly: " + way.encode() + b"\r\nSubject: x\r\n\r\nthe body\r\n"
    body = seven({"a": spam(1), "b": deadly, "c": spam(2)})
    with pytest.raises(Deadly) as caught:
        await read(pool, tmp_path, body, Keeper())
    assert caught.value.number == 2
    keeper = Keeper()
    result = await read(pool, tmp_path, body, keeper, deadly={2: 2})
    assert result.new == 3 and len(keeper.mails) == 3
    assert keeper.mails[1].size == len(deadly) and keeper.mails[1].subject == "x" and keeper.mails[1].defects


async def test_a_mail_whose_header_kills_too_is_known_by_its_hash_alone(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "WORK", DANGEROUS)
    deadly = b"X-Deadly: header\r\nSubject: x\r\n\r\nthe body\r\n"
    with pytest.raises(Deadly):
        await read(pool, tmp_path, seven({"a": deadly}), Keeper(), deadly={1: 2})
    keeper = Keeper()
    await read(pool, tmp_path, seven({"a": deadly}), keeper, deadly={1: 3})
    assert len(keeper.mails) == 1 and keeper.mails[0].subject == "" and keeper.mails[0].size == len(deadly)


async def test_a_process_that_stands_still_is_killed(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "WORK", DANGEROUS)
    deadly = b"X-Deadly: hang\r\nSubject: x\r\n\r\nthe body\r\n"
    with pytest.raises(Deadly, match="no progress") as caught:
        await read(pool, tmp_path, seven({"a": spam(1), "b": deadly}), Keeper(), stall=0.5)
    assert caught.value.number == 2 and pool.facts()["busy"] == 0


async def test_a_keeper_that_takes_long_is_no_standstill(pool, tmp_path, monkeypatch):
    keeper, looks = Keeper(), []
    looked_long = trio.Event()

    def place(self):
        looks.append(keeper.asked)
        if sum(looks) > 16:  # it looks eight times in the time after which a process stands still: twice that
            looked_long.set()
        return real(self)

    real = room._Ends.place
    monkeypatch.setattr(room._Ends, "place", place)

    async def slow(hashes):
        keeper.asked = True
        await looked_long.wait()
        return set()

    keeper.asked, keeper.known = False, slow
    result = await read(pool, tmp_path, seven({"a": spam(1)}), keeper, stall=0.4)
    assert keeper.asked and result.new == 1


async def test_an_archive_that_is_gone_is_no_archives_fault(pool, tmp_path):
    job = ReadJob(path=os.fsencode(tmp_path / "gone"), folder=str(tmp_path), rules=RULES, member="2026-11.7z")
    with pytest.raises(WorkerFailed) as caught:
        await Reading(pool, stall=30.0, memory=512 * 2**20).read(job, tmp_path, Keeper())
    assert caught.value.reason == "system"


def test_what_is_no_message_is_refused():
    with pytest.raises(ValueError, match="bytes"):
        Ears().hear(b"\xff\xff\xff\xff")
