"""Switching a source on and off in the operator's files."""

import tomllib
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from tipd.errors import ConfigError, TipdError
from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist import switch as switching
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.modules.blacklist.switch import switch

OWN = """\
# ours
url = "https://lists.example.org/x"   # where it is
every = "1h"

[options]
skip = 1 # a head
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sources.d"
    made.mkdir()
    return made


def flip(*folders: Path, name: str, enabled: bool):
    settings = BlacklistSettings(sources_dirs=tuple(map(str, folders)))
    done = switch(settings, catalogue.load(settings), name, enabled=enabled)
    return done, catalogue.load(settings)


def test_a_shipped_source_gets_a_file_that_overrides_one_key(folder):
    done, sources = flip(folder, name="ipsum", enabled=False)
    assert (done.path, done.changed) == (folder / "ipsum.toml", True)
    text = done.path.read_text()
    assert text.startswith("# Made by `tipd sources disable ipsum`.")
    assert tomllib.loads(text) == {"enabled": False}
    assert done.path.stat().st_mode & 0o777 == 0o644
    assert sources.errors == ()
    assert "ipsum" not in sources.enabled
    assert sources.ok["ipsum"].url == catalogue.shipped().ok["ipsum"].url
    done, sources = flip(folder, name="ipsum", enabled=True)
    assert "ipsum" in sources.enabled
    assert [path.name for path in folder.iterdir()] == ["ipsum.toml"]


def test_all_else_in_the_operators_file_stays_as_it_stands(folder):
    file = folder / "own.toml"
    file.write_text(OWN)
    file.chmod(0o640)
    _, sources = flip(folder, name="own", enabled=False)
    assert "own" not in sources.enabled
    assert sources.ok["own"].parser_options().skip == 1
    assert file.stat().st_mode & 0o777 == 0o640
    kept = [line for line in file.read_text().splitlines() if not line.startswith("enabled")]
    assert [line for line in kept if line] == [line for line in OWN.splitlines() if line]
    flip(folder, name="own", enabled=True)
    assert tomllib.loads(file.read_text())["enabled"] is True


def test_what_is_so_already_is_not_written(folder):
    done, _ = flip(folder, name="ipsum", enabled=True)
    assert (done.changed, done.path, list(folder.iterdir())) == (False, None, [])
    file = folder / "own.toml"
    file.write_text(OWN)
    done, _ = flip(folder, name="own", enabled=True)
    assert (done.changed, file.read_text()) == (False, OWN)


def test_the_first_folder_that_can_be_written_is_taken(tmp_path, folder):
    done, _ = flip(tmp_path / "missing", folder, name="ipsum", enabled=False)
    assert done.path == folder / "ipsum.toml"


def test_where_no_folder_can_be_written_the_way_out_is_said(tmp_path, folder, monkeypatch):
    missing = tmp_path / "missing"
    with pytest.raises(TipdError) as caught:
        flip(missing, name="ipsum", enabled=False)
    assert str(caught.value) == (
        f"no folder of sources_dirs can be written: {missing} does not exist;"
        f" try: sudo mkdir -p {missing} && sudo tipd sources disable ipsum"
    )
    monkeypatch.setattr(switching.os, "access", lambda *_: False)
    with pytest.raises(TipdError, match="cannot be written by you; try: sudo tipd sources enable dan_me_uk_tor"):
        flip(folder, name="dan_me_uk_tor", enabled=True)


def test_no_folder_at_all():
    with pytest.raises(TipdError, match="sources_dirs of"):
        flip(name="ipsum", enabled=False)


def test_names_that_are_none(folder):
    with pytest.raises(TipdError, match=r"there is no source 'ipsm' \(did you mean 'ipsum'\?\)"):
        flip(folder, name="ipsm", enabled=False)
    (folder / "ipsum.toml").write_text("evry = 1\n")
    with pytest.raises(ConfigError, match=r"ipsum\.toml:1: evry: unknown key"):
        flip(folder, name="ipsum", enabled=False)


def test_a_link_stays_a_link(tmp_path, folder):
    real = tmp_path / "real.toml"
    real.write_text(OWN)
    (folder / "own.toml").symlink_to(real)
    flip(folder, name="own", enabled=False)
    assert (folder / "own.toml").is_symlink()
    assert tomllib.loads(real.read_text())["enabled"] is False


def test_a_file_that_cannot_be_replaced_stays_and_leaves_no_litter(folder, monkeypatch):
    file = folder / "own.toml"
    file.write_text(OWN)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(TipdError, match=r"own\.toml: Permission denied; try: sudo tipd sources disable own"):
        flip(folder, name="own", enabled=False)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("own.toml", OWN)]


_WORDS = st.text("abcdefgh_", min_size=1, max_size=8).filter(lambda word: word != "enabled")
_VALUES = st.one_of(
    st.booleans(), st.integers(-9, 9), st.text("ab #\"'\\\n=[]é", max_size=12), st.lists(st.integers(0, 9))
)
_TABLES = st.dictionaries(_WORDS, st.one_of(_VALUES, st.dictionaries(_WORDS, _VALUES, max_size=3)), max_size=6)


@given(tree=_TABLES, enabled=st.booleans(), had=st.booleans())
def test_nothing_but_the_key_changes(tree, enabled, had):
    text = "# kept\n" + tomlkit.dumps(({"enabled": not enabled} if had else {}) | tree) + "\n# kept too\n"
    changed = switching._with_key(text, Path("x"), enabled)
    assert tomllib.loads(changed) == tree | {"enabled": enabled}
    assert changed.count("# kept") == text.count("# kept")
