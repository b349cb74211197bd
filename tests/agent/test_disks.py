"""Disks that are full or may not be written: the agent waits, loses nothing, and goes on."""

import contextlib
import hashlib
import os
import subprocess

import pytest
import trio
from support.agents import config, hashes, host
from support.maildirs import Maildir, mail

from tipd.agent import loop
from tipd.agent.loop import run
from tipd.errors import ConfigError

MAILS = 6
WANTED = sorted(hashlib.sha256(mail(n)).hexdigest() for n in range(MAILS))


@pytest.fixture
def disk(tmp_path):
    """Give a small file system of its own as `tmp_path/disk`; needs root, as mounting does."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(place)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(loop, "_TICK", 0.02)
    monkeypatch.setattr(loop, "_FIND", 0.0)
    monkeypatch.setattr(loop, "_LONGEST_PAUSE", 0.05)


def test_a_state_folder_that_may_not_be_written_is_named(disk, tmp_path):
    mount("-o", "remount,ro", disk)
    with pytest.raises(ConfigError, match="Read-only file system"):
        host(config(disk, tmp_path))


@pytest.mark.parametrize("trouble", ["read-only", "full"])
async def test_what_comes_meanwhile_is_sealed_once_the_disk_is_well_again(disk, tmp_path, trouble):
    box = Maildir(tmp_path / "Maildir")
    box.deliver(mail(0))
    opened = host(config(disk, box.path, seal_after="1ms", look_every="50ms"))
    chain = opened.chains["urls"]
    try:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(60):
                agent = await nursery.start(run, opened)
                await until(lambda: chain.last == 1)
                spoil(disk, trouble)
                for n in range(1, MAILS):
                    box.deliver(mail(n))
                await until(lambda: agent.trouble)
                assert chain.last == 1
                mend(disk, trouble)
                await until(lambda: len(hashes(chain)) == MAILS and len(hashes(opened.chains["redacted"])) == MAILS)
                await until(lambda: not agent.trouble)
            nursery.cancel_scope.cancel()
        for each in opened.chains.values():
            assert sorted(hashes(each)) == WANTED
            assert [link.state for link in each.check(opened.keys.public)] == ["good"] * each.last
    finally:
        opened.close()


def spoil(disk, trouble: str) -> None:
    if (
        trouble == "read-only"
    ):  # the kernel refuses to remount a disk with open files, so what is sealed becomes another
        mount("--bind", disk / "state" / "chains", disk / "state" / "chains")
        mount("-o", "remount,bind,ro", disk / "state" / "chains")
        return
    with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 12))


def mend(disk, trouble: str) -> None:
    if trouble == "read-only":
        subprocess.run(["umount", "-l", str(disk / "state" / "chains")], check=True)
    else:
        (disk / "filler").unlink()


def mount(*words) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


async def until(condition) -> None:
    while not condition():
        await trio.sleep(0.02)
