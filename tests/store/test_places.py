"""Folders, the lock on them, and the way to them."""

import os
import subprocess
from pathlib import Path

import pytest
import trio
from support import servers

from tipd.errors import ConfigError, TryAgain, Unavailable
from tipd.store.account import Account
from tipd.store.places import Places, Way, dsn, way
from tipd.store.postgres import managed

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


async def test_only_one_tipd_holds_a_state_directory(made_state):
    async with managed(servers.make(made_state)) as server:
        with pytest.raises(TryAgain, match=rf"in use by another tipd \(process {os.getpid()}\)"):
            async with managed(servers.make(made_state)):
                pass
        assert await servers.ask(server.dsn, "SELECT 1") == 1


async def test_a_file_in_the_way_is_named(state_dir):
    (state_dir / "postgres").write_text("")
    with pytest.raises(ConfigError, match="postgres is in the way"):
        async with managed(servers.make(state_dir)):
            pass


def test_the_lock_goes_with_its_holder(state_dir):
    places = Places(state_dir / "new" / "folder")
    with places.locked(), pytest.raises(TryAgain), places.locked():
        pass
    with places.locked():
        assert (places.state_dir / "lock").read_text() == f"{os.getpid()}\n"


def test_a_state_directory_that_cannot_be_written_is_told(state_dir):
    (state_dir / "file").write_text("")
    with pytest.raises(ConfigError, match="file is in the way: a folder must stand there"):
        Places(state_dir / "file").locked().__enter__()
    (state_dir / "lock").symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match=r"cannot write .*/lock"), Places(state_dir).locked():
        pass


@as_root
@pytest.mark.parametrize(("options", "said"), [("ro", "cannot (make|write) .*Read-only"), ("size=4m", "No space left")])
def test_a_read_only_or_full_disk_is_told(state_dir, options, said):
    disk = state_dir / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this machine does not let us mount")

    async def main():
        async with managed(servers.make(disk / "state")):
            pass

    try:
        with pytest.raises((ConfigError, Unavailable), match=said):
            trio.run(main)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_way_leads_around_closed_folders_and_long_paths(state_dir):
    class Stranger(Account):
        def can_reach(self, path):
            return False

    inner = state_dir.joinpath(*["a_rather_long_folder_name"] * 5)
    inner.mkdir(parents=True)
    (state_dir / "plain").write_text("here")
    with way(state_dir, None) as found:
        assert found == Way(str(state_dir))
    with way(state_dir, Stranger("x", 1, 1, switch=True)) as found:
        (descriptor,) = found.descriptors
        assert found.text == f"/proc/self/fd/{descriptor}"
        assert Path(found.text, "plain").read_text() == "here"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with way(inner, None) as found:
        assert found.descriptors == ()
    with way(inner, None, socket=True) as found:
        assert len(found.text) < 30
        assert dsn(found) == f"postgresql://tipd@/tipd?host=%2Fproc%2Fself%2Ffd%2F{found.descriptors[0]}"


def test_without_proc_what_cannot_work_is_told(state_dir, monkeypatch):
    monkeypatch.setattr("tipd.store.places._PROC", state_dir / "none")
    inner = state_dir.joinpath(*["a_rather_long_folder_name"] * 5)
    with pytest.raises(ConfigError, match=r"107 bytes.*move state_dir"), way(inner, None, socket=True):
        pass


@pytest.mark.parametrize("text", ["", "fifteen", "15.2"])
def test_an_odd_version_is_named(state_dir, text):
    places = Places(state_dir)
    assert places.major() is None
    places.cluster.mkdir(parents=True)
    (places.cluster / "PG_VERSION").write_text(text)
    with pytest.raises(ConfigError, match="PG_VERSION says"):
        places.major()
