"""Archives and agents stand beside lists in `tipd sources`."""

from pathlib import Path
from typing import Any

import pytest

SECTION = """
[[modules.spamtrap.archives]]
name = "untroubled"
url = "https://spam.example.org/"
[[modules.spamtrap.agents]]
name = "mx1"
path = "/srv/mx1"
enabled = false
"""
STATE = {"name": "untroubled", "state": "ok", "entries": None, "last_success": "2026-11-22T04:00:00Z", "class": "spam"}


@pytest.fixture
def config(tmp_path: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TIPD_STATE_DIR", str(state_dir))
    folder = tmp_path / "sources.d"
    folder.mkdir()
    file = tmp_path / "tipd.toml"
    file.write_text(f'[modules.blacklist]\ncatalogue = false\nsources_dirs = ["{folder}"]\n{SECTION}')
    return str(file)


def test_they_are_listed_without_a_daemon_too(tipd: Any, config: str, fake: Any) -> None:
    ran = tipd("sources", "list", "--config", config)
    assert [line.split()[:2] for line in ran.out.splitlines()[1:]] == [["mx1", "off"], ["untroubled", "new"]]
    fake.answers["GET", "/api/v1/sources"] = 200, {"sources": [STATE]}
    mx1, untroubled = tipd("sources", "list", "--config", config, "--json").lines
    assert (mx1["trap"], mx1["state"], mx1["class"]) == ("agent", "off", "spam")
    assert (untroubled["trap"], untroubled["state"], untroubled["every"]) == ("archive", "ok", "1d")


def test_one_is_shown(tipd: Any, config: str, fake: Any) -> None:
    fake.answers["GET", "/api/v1/sources"] = 200, {"sources": [STATE]}
    out = tipd("sources", "show", "untroubled", "--config", config).out
    assert "url            https://spam.example.org/" in out
    assert "state          ok" in out
    assert tipd("sources", "show", "mx1", "--config", config).code == 0
    assert tipd("sources", "show", "mx2", "--config", config).code == 1


@pytest.mark.parametrize(
    ("verb", "name", "words"),
    [("disable", "untroubled", "enabled = false` below its [[modules.spamtrap.archives]]"),
     ("enable", "mx1", "enabled = true` below its [[modules.spamtrap.agents]]")],
)  # fmt: skip
def test_it_says_where_to_switch_one(tipd: Any, config: str, verb: str, name: str, words: str) -> None:
    ran = tipd("sources", verb, name, "--config", config)
    assert ran.code == 1
    assert words in ran.err
    assert config in ran.err
