"""Which server programs are found, chosen, and copied to where another user reaches them."""

from pathlib import Path

import pytest

from tipd.errors import ConfigError, Unavailable
from tipd.store import binaries
from tipd.store.account import Account
from tipd.store.binaries import Installation

NOBODY = Account("nobody", 65534, 65534, switch=True)


def programs(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_every_place_is_looked_into_and_the_newest_comes_first(tmp_path):
    debian = programs(tmp_path / "usr/lib/postgresql/15/bin", "15.6 (Debian 15.6-0+deb12u1)")
    fedora = programs(tmp_path / "usr/pgsql-17/bin", "17.2")
    alpine = programs(tmp_path / "usr/libexec/postgresql16", "16.10")
    homebrew = programs(tmp_path / "opt/homebrew/opt/postgresql@18/bin", "18beta1 (Homebrew)")
    path = programs(tmp_path / "own/bin", "16.9")
    programs(tmp_path / "usr/lib/postgresql/14/bin", "14.11")  # too old
    (tmp_path / "usr/bin").mkdir()
    (tmp_path / "usr/bin/postgres").symlink_to(debian / "postgres")  # the same one again
    (tmp_path / "usr/local/bin").mkdir(parents=True)
    (tmp_path / "usr/local/bin/postgres").symlink_to("/no/such/file")
    found = binaries.find({"PATH": f"relative:{path}:{tmp_path}/nothing"}, root=tmp_path)
    assert [one.folder for one in found if tmp_path in one.folder.parents] == [homebrew, fedora, alpine, path, debian]
    assert binaries.choose(found).major == 18
    assert binaries.choose(found, 16) == Installation(alpine, (16, 10))


def test_what_does_not_answer_like_postgres_is_passed_over(tmp_path):
    folder = programs(tmp_path / "bin", "15.1")
    (folder / "postgres").write_text("#!/bin/sh\necho hello\n")
    assert binaries.find({"PATH": str(folder)}, root=tmp_path / "none") == binaries.find({}, root=tmp_path / "none")
    (folder / "postgres").write_bytes(b"\x7fELF broken")
    with pytest.raises(ConfigError, match=rf"store.binaries: {folder} has no PostgreSQL server"):
        binaries.find({}, str(folder))


def test_a_named_folder_is_taken_alone(tmp_path):
    programs(tmp_path / "other", "18.1")
    folder = programs(tmp_path / "bin", "15.1")
    assert binaries.find({"PATH": str(tmp_path / "other")}, str(folder)) == [Installation(folder, (15, 1))]


def test_none_found_says_what_to_install():
    with pytest.raises(Unavailable, match=r"version 15 or newer.*postgresql.*embedded.*url_file"):
        binaries.choose([])
    with pytest.raises(Unavailable, match=r"the data need PostgreSQL 15, found: 17; .*tipd db upgrade"):
        binaries.choose([Installation(Path("/x"), (17, 1))], 15)


def test_a_client_program_may_stand_elsewhere_a_server_program_may_not(tmp_path, monkeypatch):
    folder = programs(tmp_path / "bin", "15.1")
    other = programs(tmp_path / "other", "15.1")
    (other / "psql").write_text("#!/bin/sh\n")
    (other / "psql").chmod(0o755)
    monkeypatch.setenv("PATH", str(other))
    one = Installation(folder, (15, 1))
    assert one.program("psql") == other / "psql"
    (folder / "initdb").unlink()
    for name in ("initdb", "pg_dump"):
        with pytest.raises(Unavailable, match=f"{name} is not in {folder}"):
            one.program(name)
