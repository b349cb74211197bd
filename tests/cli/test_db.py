"""`tipd db`: exit codes, JSON, and one line for what is expected."""

import json

import pytest

from tipd.cli import db
from tipd.cli.main import main
from tipd.daemon import sections
from tipd.store import migrate
from tipd.store.places import Places


@pytest.fixture
def tipd(tmp_path, monkeypatch):
    """Run a `tipd db …` line against a configuration of the test's own."""
    monkeypatch.setenv("TIPD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("TIPD_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "tipd.toml"

    def call(*words, store=""):
        file.write_text(f"[api]\nlisten = '127.0.0.1:1'\n[store]\n{store}\n")
        return main(["--json", "--config", str(file), "db", *map(str, words)])

    return call


def test_a_given_database_from_nothing_to_a_restored_dump(tipd, tmp_path, empty_dsn, pg_server, capfd):
    (tmp_path / "dsn").write_text(empty_dsn)
    store = f"url_file = '{tmp_path}/dsn'"
    names = [one.name for one in migrate.load()]

    def told():
        return json.loads(capfd.readouterr().out.splitlines()[-1])

    assert tipd("status", store=store) == 1
    assert told()["pending"] == names
    assert tipd("migrate", "--dry-run", store=store) == 0
    assert told() == {"migrations": names, "dry_run": True}
    assert tipd("migrate", store=store) == 0
    assert told() == {"migrations": names, "dry_run": False}
    assert tipd("status", store=store) == 0
    before = told()
    assert before["applied"] == names
    assert tipd("dump", tmp_path / "dump", store=store) == 0
    assert told()["bytes"] > 1000
    assert tipd("restore", tmp_path / "dump", store=store) == 0
    after = told()
    assert after["previous"] == before["store_id"] != after["store_id"]
    assert tipd("upgrade", store=store) == 78
    assert "yourself" in capfd.readouterr().err
    assert tipd("shell", "--", "-AtXc", "SELECT 40 + 2", store=store) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "42"
    last = "(SELECT max(number) FROM migration)"
    database = empty_dsn.partition("@/")[2].partition("?")[0]
    pg_server.psql(f"UPDATE migration SET number = 99 WHERE number = {last}", database=database)
    assert tipd("migrate", store=store) == 78
    assert "newer" in capfd.readouterr().err


def test_a_database_that_is_not_there_is_exit_69(tipd, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("tipd.store.ops._PATIENCE", 0.1)
    (tmp_path / "dsn").write_text("postgresql://tipd@127.0.0.1:1/tipd")
    assert tipd("status", store=f"url_file = '{tmp_path}/dsn'") == 69
    assert capfd.readouterr().err.splitlines()[-1].startswith("tipd: ")


def test_a_held_state_directory_is_exit_75(tipd, tmp_path, capfd):
    with Places(tmp_path / "state").locked():
        assert tipd("upgrade") == 75
    assert "in use by another tipd" in capfd.readouterr().err


def test_every_section_of_the_daemon_may_stand_beside_it():
    """A database that must be restored shall not wait until somebody has taken a sink out of the configuration."""
    roots = {name.partition(".")[0] for name in (*sections.SECTIONS, *sections.TABLES)}
    assert roots - {"store"} <= db._OTHERS


def test_an_unknown_key_is_exit_78(tipd, capfd):
    assert tipd("status", store="url_fil = 'x'") == 78
    assert "url_file" in capfd.readouterr().err
