"""Knowledge out of TOML files: the shipped ones hold, and what is wrong names file, line and key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.errors import ConfigError
from tipd.modules.fastflux.knowledge.entry import Kind
from tipd.modules.fastflux.knowledge.reading import parse, read_all


def test_the_shipped_files_hold_and_each_entry_says_from_where_it_is_known() -> None:
    found = read_all(())
    assert {kind for kind, _ in found} == set(Kind)
    assert all(entry.reason and entry.source.startswith("https://") for _, entry in found)


def test_nothing_is_said_twice() -> None:
    said = [
        (key, value)
        for _, entry in read_all(())
        for key in ("name", "cname", "ns", "asn", "network")
        for value in getattr(entry, key)
    ]
    assert len(said) == len(set(said))


def test_the_operators_folders_are_read_by_name(tmp_path) -> None:
    (tmp_path / "b.toml").write_text('[[cdn]]\ncname = ["cdn.example"]\nreason = "ours"\n')
    (tmp_path / "a.toml").write_text('[[sinkhole]]\nnetwork = ["192.0.2.0/28"]\nreason = "ours too"\n')
    (tmp_path / "notes.txt").write_text("not read")
    mine = [entry.reason for _, entry in read_all((tmp_path,))[-2:]]
    assert mine == ["ours too", "ours"]


def test_all_that_is_wrong_is_said_at_once(tmp_path) -> None:
    (tmp_path / "one.toml").write_text(
        '[[cdn]]\ncname = ["fine.example"]\nreason = "fine"\n\n[[cdn]]\ncnam = ["x.example"]\nreason = "slip"\n'
        '\n[[pool]]\nreason = "pool"\nname = ["a..b"]\n\n[[pol]]\nreason = "x"\n\n[cdns]\n'
    )
    (tmp_path / "two.toml").write_text('[[cdn]]\nreason = "x"\nasn = ["AS1"]\n')
    (tmp_path / "three.toml").write_text("[[cdn\n")
    (tmp_path / "four.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError) as told:
        read_all((tmp_path, tmp_path / "nowhere"))
    lines = str(told.value).splitlines()
    told_of = "\n".join(lines)
    assert f"{tmp_path}/nowhere: " in told_of
    assert f"{tmp_path}/one.toml:6: cdn[1].cnam: unknown key (did you mean 'cname'?)" in lines
    assert f"{tmp_path}/one.toml:11: pool[0].name: 'a..b': " in told_of
    assert f"{tmp_path}/one.toml:13: pol: unknown table (did you mean 'pool'?)" in lines
    assert f"{tmp_path}/one.toml:16: cdns: unknown table (did you mean 'cdn'?)" in lines
    assert f"{tmp_path}/two.toml:3: cdn[0].asn: Expected `int`, got `str`" in lines
    assert f"{tmp_path}/three.toml:1: " in told_of
    assert f"{tmp_path}/four.toml: is not UTF-8 at byte 0" in lines


def test_a_table_that_is_no_array_is_told() -> None:
    faults: list[str] = []
    assert not parse('[cdn]\nreason = "x"\n', "f.toml", faults)
    assert faults == ["f.toml:1: cdn: write [[cdn]]"]
    assert not parse("cdn = [1]\n", "f.toml", faults)
    assert "cdn[0]" in faults[1]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text) -> None:
    faults: list[str] = []
    found = parse(text, "f.toml", faults)
    assert not (found and faults)


def test_a_huge_file_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tipd.modules.fastflux.knowledge.reading.LARGEST", 10)
    (tmp_path / "big.toml").write_text("# " + "x" * 20)
    with pytest.raises(ConfigError, match=r"big\.toml: has over 10 bytes"):
        read_all((tmp_path,))
