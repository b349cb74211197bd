"""One agent for one state folder."""

import shutil

import pytest
from support.agents import spawned

from tipd.agent.hold import Hold
from tipd.errors import ConfigError, TipdError, TryAgain

HELD = "import sys, pathlib; from tipd.agent.hold import Hold; Hold(pathlib.Path(sys.argv[1]))"


def test_the_second_one_refuses_and_says_who_holds_it(tmp_path):
    import os

    held = Hold(tmp_path / "state")
    second = spawned(HELD, str(tmp_path / "state"))
    assert "TryAgain" in second.stderr
    assert f"process {os.getpid()}" in second.stderr
    with pytest.raises(TryAgain):
        Hold(tmp_path / "state")
    held.close()
    assert spawned(HELD, str(tmp_path / "state")).returncode == 0


def test_a_folder_of_its_own_is_closed_to_others(tmp_path):
    Hold(tmp_path / "state").close()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_a_place_where_nothing_can_be_made_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        Hold(tmp_path / "file" / "state")


@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_was_removed_or_replaced_is_noticed(tmp_path, again):
    held = Hold(tmp_path / "state")
    held.check()
    shutil.rmtree(tmp_path / "state")
    if again:
        Hold(tmp_path / "state").close()
    with pytest.raises(TipdError, match="was removed or replaced"):
        held.check()
    held.close()
