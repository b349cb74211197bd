"""The kernel's hints wake, and nothing more."""

import os
from pathlib import Path

import pytest
import trio

from tipd.agent.hints import Hints


@pytest.fixture
def hints():
    made = Hints()
    yield made
    made.close()


async def test_a_mail_that_comes_wakes(hints, tmp_path):
    hints.watch([os.fsencode(tmp_path), b"/nowhere"])
    assert hints.unwatched == 0
    with trio.move_on_after(0.05) as scope:
        await hints.wait()
    assert scope.cancelled_caught
    for change in (lambda: (tmp_path / "1").write_text(""), lambda: (tmp_path / "1").rename(tmp_path / "2")):
        change()
        with trio.fail_after(10):
            await hints.wait()
        with trio.move_on_after(0.02) as scope:
            await hints.wait()
        assert scope.cancelled_caught


async def test_an_overflow_is_a_hint(hints, tmp_path):
    hints.watch([os.fsencode(tmp_path)])
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    names = [os.fsencode(tmp_path / "1"), os.fsencode(tmp_path / "2")]
    os.close(os.open(names[0], os.O_CREAT | os.O_WRONLY))
    for n in range(most + 10):  # two that follow one another and are alike would count as one
        os.rename(names[n % 2], names[1 - n % 2])  # noqa: PTH104 - there are many
    with trio.fail_after(30):
        await hints.wait()
        (tmp_path / "3").write_text("")
        await hints.wait()


async def test_without_a_descriptor_nothing_is_hinted(tmp_path):
    hints = Hints()
    hints.close()
    hints.watch([os.fsencode(tmp_path)])
    assert hints.unwatched == 1
    (tmp_path / "1").write_text("")
    with trio.move_on_after(0.05) as scope:
        await hints.wait()
    assert scope.cancelled_caught
    hints.close()
