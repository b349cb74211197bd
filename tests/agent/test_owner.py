"""Whose the state folder is, and taking turns."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tipd.agent import owner

AS_NOBODY = """
import os, sys
from pathlib import Path
from tipd.agent import owner
owner.become_owner(Path(sys.argv[1]))
print(os.geteuid(), os.getegid(), os.getgroups())
"""


def test_turns_are_taken(tmp_path: Path) -> None:
    entered: list[str] = []

    def other() -> None:
        with owner.alone(tmp_path / "peers.json"):
            entered.append("other")

    with owner.alone(tmp_path / "peers.json"):
        thread = threading.Thread(target=other)
        thread.start()
        entered.append("first")
    thread.join(10)
    assert entered == ["first", "other"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_root_goes_on_as_whom_the_folder_belongs_to(tmp_path: Path) -> None:
    os.chown(tmp_path, 54321, 54322)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(tmp_path)], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout.split(maxsplit=2) == ["54321", "54322", "[54322]\n"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_whoever_cannot_read_the_program_is_told_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir(mode=0o700)
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 54321, 54322)
    words = AS_NOBODY.replace("owner.become", f"owner._CODE = {str(tmp_path / 'private')!r}\nowner.become")
    done = subprocess.run(
        [sys.executable, "-c", words, str(tmp_path / "state")], capture_output=True, text=True, cwd=Path.cwd()
    )
    assert done.returncode != 0
    assert f"private: cannot be read by 54321, whose {tmp_path}/state is" in done.stderr


def test_nothing_changes_for_a_folder_of_ones_own_or_none(tmp_path: Path) -> None:
    before = os.geteuid(), os.getegid()
    owner.become_owner(tmp_path / "none")
    if before[0] != 0:
        owner.become_owner(Path("/"))
    assert (os.geteuid(), os.getegid()) == before
