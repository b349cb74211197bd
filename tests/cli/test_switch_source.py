"""`tipd sources enable` and `disable`."""

import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def config(tmp_path: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a configuration with the shipped sources and an empty folder of one's own."""
    monkeypatch.setenv("TIPD_STATE_DIR", str(state_dir))
    folder = tmp_path / "sources.d"
    folder.mkdir()
    file = tmp_path / "tipd.toml"
    file.write_text(f'[modules.blacklist]\nsources_dirs = ["{folder}"]\n')
    return file


def test_it_works_without_a_daemon(tipd: Any, config: Path) -> None:
    own = config.parent / "sources.d" / "ipsum.toml"
    ran = tipd("sources", "disable", "ipsum", "--config", str(config))
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"tipd: ipsum is disabled in {own}; no daemon answers: it counts from its next start\n"
    assert tomllib.loads(own.read_text()) == {"enabled": False}
    assert "off" in tipd("sources", "show", "ipsum", "--config", str(config)).out
    assert "ipsum is disabled already; " in tipd("sources", "disable", "ipsum", "--config", str(config)).err
    assert tipd("sources", "enable", "ipsum", "--config", str(config)).code == 0
    assert tomllib.loads(own.read_text()) == {"enabled": True}


def test_a_daemon_is_told_with_the_reason(tipd: Any, config: Path, fake: Any) -> None:
    path = "/api/v1/sources/ipsum/switched"
    fake.answers["POST", path] = 202, {"source": "ipsum", "enabled": False}
    ran = tipd("sources", "disable", "ipsum", "--reason", "too many false ones", "--config", str(config))
    assert ran.err.endswith("; the daemon ends what it listed now\n")
    method, asked, _, body = fake.asked[-1]
    assert (method, asked, body) == ("POST", path, {"enabled": False, "reason": "too many false ones"})
    (record,) = tipd("sources", "enable", "ipsum", "--json", "--config", str(config)).lines
    own = str(config.parent / "sources.d" / "ipsum.toml")
    assert record == {"source": "ipsum", "enabled": True, "changed": True, "file": own, "daemon": True}


def test_a_daemon_that_refuses_does_not_undo_it(tipd: Any, config: Path, fake: Any) -> None:
    problem = {"title": "Forbidden", "status": 403, "detail": "needs scope write"}
    fake.answers["POST", "/api/v1/sources/ipsum/switched"] = 403, problem
    ran = tipd("sources", "disable", "ipsum", "--config", str(config))
    assert ran.code == 0
    assert "the daemon was not told (needs scope write)" in ran.err


def test_what_a_business_leaves_out_is_said(tipd: Any, config: Path) -> None:
    config.write_text(config.read_text() + "commercial = true\n")
    ran = tipd("sources", "enable", "openphish", "--config", str(config))
    assert "left out all the same: commercial use: no" in ran.err
    (config.parent / "sources.d" / "openphish.toml").write_text("enabled = false\n")
    ran = tipd("sources", "enable", "openphish", "--config", str(config))
    assert "left out all the same: commercial use: no" in ran.err
    assert "asks it" not in ran.err


def test_where_nothing_can_be_written_nothing_is_told(tipd: Any, config: Path, fake: Any) -> None:
    (config.parent / "sources.d").rmdir()
    ran = tipd("sources", "disable", "ipsum", "--config", str(config))
    assert ran.code == 1
    assert "does not exist; try: sudo mkdir -p" in ran.err
    assert fake.asked == []


def test_files_of_a_daemon_elsewhere_are_not_here(tipd: Any, config: Path) -> None:
    ran = tipd("sources", "disable", "ipsum", "--config", str(config), "--url", "http://tipd.example.org")
    assert ran.code == 1
    assert "without --url" in ran.err
