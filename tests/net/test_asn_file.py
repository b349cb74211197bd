"""The AS table follows its file."""

import os

import pytest
import trio
from support.silence import SILENT
from trio.testing import wait_all_tasks_blocked

from tipd.errors import WorkerFailed
from tipd.net.asn_build import build
from tipd.net.asn_file import LOOK_EVERY, AsnFile


class _Workers:
    """Builds in this process."""

    def __init__(self):
        self.calls = 0
        self.fails = False

    async def call(self, function, argument, result_type, *, deadline, memory):
        self.calls += 1
        if self.fails:
            raise WorkerFailed("died", "no more")
        return build(argument)


class _Health:
    state = "starting"

    def note(self, **facts):
        self.facts = facts

    def beat(self):
        pass


@pytest.fixture
def workers():
    return _Workers()


def _file(path, tmp_path, workers):
    return AsnFile(str(path), tmp_path / "state" / "asn.table", workers, SILENT, _Health())


async def test_without_a_file_nothing_is_known_and_it_says_so(tmp_path, workers):
    asns = _file("", tmp_path, workers)
    await asns.refresh()
    assert asns.status() == {"state": "none", "file": None}
    assert (asns.configured, asns.table.of("192.0.2.1"), workers.calls) == (False, None, 0)


async def test_it_is_built_once_and_again_when_the_file_changes(tmp_path, workers):
    path = tmp_path / "asn.dat"
    path.write_text("192.0.2.0/24\t64500\n")
    asns = _file(path, tmp_path, workers)
    await asns.refresh()
    await asns.refresh()
    assert (asns.table.of("192.0.2.1"), workers.calls, asns.status()["state"]) == (64500, 1, "ready")
    old = asns.table
    path.write_text("192.0.2.0/24\t64501\n")
    os.utime(path, ns=(1, 1))
    await asns.refresh()
    assert (asns.table.of("192.0.2.1"), old.of("192.0.2.1")) == (64501, 64500)


async def test_a_faulty_file_leaves_the_old_table_and_is_told(tmp_path, workers):
    path = tmp_path / "asn.dat"
    path.write_text("192.0.2.0/24\t64500\n")
    asns = _file(path, tmp_path, workers)
    await asns.refresh()
    path.write_text("<html>\n")
    await asns.refresh()
    assert asns.table.of("192.0.2.1") == 64500
    assert asns.status()["state"] == "faulty"
    assert "is none of" in asns.status()["error"]
    path.unlink()
    await asns.refresh()
    assert "No such file" in asns.error
    path.write_text("192.0.2.0/24\t64502\n")
    workers.fails = True
    await asns.refresh()
    assert asns.error == "no more"
    workers.fails = False
    await asns.refresh()
    assert (asns.table.of("192.0.2.1"), asns.error) == (64502, "")


async def test_a_table_that_was_built_before_serves_at_the_next_start(tmp_path, workers):
    path = tmp_path / "asn.dat"
    path.write_text("192.0.2.0/24\t64500\n")
    await _file(path, tmp_path, workers).refresh()
    again = _file(path, tmp_path, workers)
    async with trio.open_nursery() as nursery:
        await nursery.start(again.run)
        assert again.table.of("192.0.2.1") == 64500
        nursery.cancel_scope.cancel()
    assert workers.calls == 1


async def test_a_hint_makes_it_look_at_once(tmp_path, workers):
    path = tmp_path / "asn.dat"
    asns = _file(path, tmp_path, workers)
    async with trio.open_nursery() as nursery:
        await nursery.start(asns.run)
        while not asns.error:
            await wait_all_tasks_blocked()
        path.write_text("192.0.2.0/24\t64500\n")
        asns.look()
        with trio.fail_after(30):  # the next look by itself comes after a minute
            while asns.table.of("192.0.2.1") is None:
                await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def test_a_file_that_cannot_be_read_is_left_alone_for_a_while(tmp_path, workers, mock_clock):
    path = tmp_path / "asn.dat"
    path.write_text("<html>\n")
    asns = _file(path, tmp_path, workers)
    for _ in range(600):  # ten hours of looks
        await asns.refresh(asked=False)
        mock_clock.jump(LOOK_EVERY)
    assert 5 < workers.calls < 20
    before = workers.calls
    await asns.refresh()
    assert workers.calls == before + 1
    path.write_text("192.0.2.0/24\t64500\n")
    await asns.refresh(asked=False)
    assert asns.table.of("192.0.2.1") == 64500


async def test_what_is_no_file_is_never_opened(tmp_path, workers):
    os.mkfifo(tmp_path / "pipe")
    asns = _file(tmp_path / "pipe", tmp_path, workers)
    await asns.refresh()
    assert (workers.calls, asns.error) == (0, f"{tmp_path / 'pipe'}: is not a regular file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    asns = _file(tmp_path / "loop", tmp_path, workers)
    await asns.refresh()
    assert "symbolic links" in asns.error
