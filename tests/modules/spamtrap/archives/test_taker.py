"""Taking one archive: what kills its reader is told apart and the rest is stored; the rest stands in test_module.py."""

import pytest
from support.feeds import FeedServer
from support.trapping import house_of, seven, spam

from tipd.modules.spamtrap.archives import reading
from tipd.modules.spamtrap.archives.listing import Piece
from tipd.modules.spamtrap.archives.taker import Taker
from tipd.modules.spamtrap.archives.tools import Tools
from tipd.modules.spamtrap.declaring import declare


@pytest.fixture(autouse=True)
def _find_dangerous_jobs(monkeypatch, request):
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath / "tests"))


def taker(house, tmp_path):
    (tmp_path / "scratch").mkdir(exist_ok=True)
    tools = Tools(house.context(), house.settings, tmp_path / "scratch", {})
    return Taker(tools, house.settings.archives[0])


async def test_mails_that_kill_their_reader_are_stored_as_far_as_they_can_be(dsn, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "WORK", "support.deadly:read_archive")
    deadly = [b"X-Deadly: %s\r\nSubject: kills\r\n\r\nthe body\r\n" % way for way in (b"whole", b"header")]
    body = seven({"a": spam(1), "b": deadly[0], "c": spam(2), "d": deadly[1], "e": spam(3)})
    (tmp_path / "x.7z").write_bytes(body)
    async with house_of(tmp_path, dsn) as house:
        house.begin({"name": "a", "path": str(tmp_path / "x.7z")})
        await declare(house.store.sources, house.settings, house.clock.now())
        piece = Piece(name="x.7z", path=bytes(tmp_path / "x.7z"), stamp="1")
        took = await taker(house, tmp_path).take(piece, None)
        assert (took.mails, took.new) == (5, 5)
        assert await house.count("spam_mail") == 5 and await house.count("spam_archive", "done") == 1
        assert list((tmp_path / "scratch").iterdir()) == []


async def test_validators_are_kept_and_sent_back(dsn, tmp_path):
    with FeedServer() as site:
        site.put("/x.7z", seven({"a": spam(1)}))
        async with house_of(tmp_path, dsn) as house:
            house.begin({"name": "a", "url": f"{site.base}/x.7z"})
            await declare(house.store.sources, house.settings, house.clock.now())
            one, piece = taker(house, tmp_path), Piece(name="x.7z", url=f"{site.base}/x.7z")
            assert (await one.take(piece, None)).new == 1
            mark = (await house.store.spam.marks("a"))["x.7z"]
            assert "etag" in mark.stamp and mark.done and mark.members == 1
            assert (await one.take(piece, mark)).unchanged
            site.retag("/x.7z")
            again = await one.take(piece, mark)
            assert again.unchanged, "other validators, the same bytes"
