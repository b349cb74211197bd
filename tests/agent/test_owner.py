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


def test_nothing_changes_for_a_folder_of_ones_own_or_none(tmp_path: Path) -> None:
    before = os.geteuid(), os.getegid()
    owner.become_owner(tmp_path / "none")
    if before[0] != 0:
        owner.become_owner(Path("/"))
    assert (os.geteuid(), os.getegid()) == before
