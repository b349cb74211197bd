"""Loading declarations from folders."""

import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.settings import BlacklistSettings

URL = 'url = "https://lists.example.org/x"\n'


def load(*folders, shipped=False, commercial=False):
    dirs = tuple(map(str, folders))
    return catalogue.load(BlacklistSettings(catalogue=shipped, sources_dirs=dirs, commercial=commercial))


def test_one_wrong_file_stops_only_itself(tmp_path):
    (tmp_path / "good.toml").write_text(URL)
    (tmp_path / "typing.toml").write_text(URL + 'parsr = "lines"\n')
    (tmp_path / "pattern.toml").write_text(URL + 'parser = "regex"\n[options]\npattern = "(a"\n')
    (tmp_path / "latin.toml").write_bytes(b'about = "caf\xe9"\n')
    (tmp_path / "nottoml.toml").write_text("= 3")
    (tmp_path / "large.toml").write_text("#" * 2_000_000)
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "notes.txt").write_text("no declaration")
    (tmp_path / ".hidden.toml").write_text("no declaration")
    sources = load(tmp_path)
    assert list(sources.ok) == ["good"]
    faults = {fault.name: fault.message for fault in sources.errors}
    assert set(faults) == {"typing", "pattern", "latin", "nottoml", "large", "folder"}
    assert faults["typing"] == f"{tmp_path}/typing.toml:2: parsr: unknown key (did you mean 'parser'?)"
    assert faults["pattern"].startswith(f"{tmp_path}/pattern.toml:4: pattern: missing )")
    assert "utf-8" in faults["latin"]
    assert "1 MB" in faults["large"]
    assert sorted(catalogue.names(sources)) == sorted(["good", *faults])


def test_names_come_from_the_file_and_are_unique(tmp_path):
    (tmp_path / "a.toml").write_text(URL)
    (tmp_path / "b.toml").write_text(URL + 'name = "a"\n')
    sources = load(tmp_path)
    assert list(sources.ok) == ["a"]
    assert "has a source 'a' already" in sources.errors[0].message


def test_an_own_file_overrides_only_the_keys_it_has(tmp_path):
    (tmp_path / "ipsum.toml").write_text('every = "2d"\n[expect]\nmin_rows = 1000\n')
    sources = load(tmp_path, shipped=True)
    shipped = catalogue.shipped().ok["ipsum"]
    own = sources.ok["ipsum"]
    assert (own.every, own.url, own.expect.min_rows) == ("2d", shipped.url, 1000)
    assert own.expect.must_match == shipped.expect.must_match
    assert sources.paths["ipsum"] == tmp_path / "ipsum.toml"
    assert len(sources.ok) == len(catalogue.shipped().ok)


def test_an_override_goes_into_tables_inside_tables(tmp_path):
    (tmp_path / "abusech_urlhaus.toml").write_text(
        '[request.headers]\nX-Who = "us"\n[where]\nurl_status = ["offline"]\n'
    )
    own = load(tmp_path, shipped=True).ok["abusech_urlhaus"]
    assert own.request.headers == {"Auth-Key": "{credential}", "X-Who": "us"}
    assert own.where == {"url_status": ("offline",)}
    assert own.fields == catalogue.shipped().ok["abusech_urlhaus"].fields


def test_what_operators_change_most(tmp_path):
    (tmp_path / "ipsum.toml").write_text("enabled = false\n")
    (tmp_path / "greensnow.toml").write_text('every = "1d"\n')
    (tmp_path / "abusech_threatfox.toml").write_text('credential = "our_key"\n')
    sources = load(tmp_path, shipped=True)
    assert sources.errors == ()
    assert sources.off["ipsum"] == "enabled = false"
    assert "ipsum" not in sources.enabled
    assert sources.ok["greensnow"].every == "1d"
    assert sources.ok["abusech_threatfox"].credential == "our_key"


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("ipsum", '\nevry = "2d"\n', "{}:2: evry: unknown key (did you mean 'every'?)"),
        ("ipsum", "[expect]\nmin_row = 1\n", "{}:2: expect.min_row: unknown key (did you mean 'min_rows'?)"),
        ("ipsum", 'every = "1m"\n', "{}:1: every: 1m is shorter than 1h"),
        ("ipsm", 'every = "2d"\n', "{}: has no url, and there is no shipped source 'ipsm' (did you mean 'ipsum'?)"),
    ],
)
def test_a_faulty_override_is_told_with_file_line_and_nearest(tmp_path, name, text, error):
    file = tmp_path / f"{name}.toml"
    file.write_text(text)
    (fault,) = load(tmp_path, shipped=True).errors
    assert fault.message == error.format(file)


def test_two_of_one_name_are_told_with_both_files(tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / "a.toml").write_text("\n" + URL + 'name = "a"\n')
    sources = load(*folders)
    assert sources.paths["a"] == folders[0] / "a.toml"
    (fault,) = sources.errors
    assert fault.message == f"{folders[1]}/a.toml:3: name: {folders[0]}/a.toml has a source 'a' already"


def test_one_kept_by_hand_takes_a_shipped_ones_place(tmp_path):
    (tmp_path / "ipsum.toml").write_text("entries = true\n")
    own = load(tmp_path, shipped=True).ok["ipsum"]
    assert (own.url, own.entries) == ("", True)


def test_a_business_leaves_out_what_it_may_not_use_without_asking(tmp_path):
    (tmp_path / "ours.toml").write_text("entries = true\n")
    (tmp_path / "partner.toml").write_text(URL)
    (tmp_path / "bought.toml").write_text(URL + 'commercial = "yes"\n')
    (tmp_path / "greensnow.toml").write_text('commercial = "yes"\n')
    assert load(tmp_path, shipped=True).left_out == {}
    sources = load(tmp_path, shipped=True, commercial=True)
    assert sources.left_out["openphish"] == "commercial use: no"
    assert sources.off["partner"] == "left out: commercial use: ask"
    assert {"ours", "bought", "greensnow", "ipsum"} <= set(sources.enabled)
    assert {source.commercial for source in sources.enabled.values() if not source.entries} == {"yes"}
    assert sources.off["stevenblack_hosts"] == "enabled = false"
    assert set(sources.ok) == {*sources.enabled, *sources.off}


def test_another_parser_leaves_the_old_ones_options(tmp_path):
    (tmp_path / "ipsum.toml").write_text('path = "/srv/ipsum.txt"\nparser = "lines"\n')
    own = load(tmp_path, shipped=True).ok["ipsum"]
    assert (own.url, own.path, own.options, own.fields) == ("", "/srv/ipsum.txt", {}, {})


def test_a_wrong_override_stops_the_shipped_one(tmp_path):
    (tmp_path / "ipsum.toml").write_text("evry = 1\n")
    sources = load(tmp_path, shipped=True)
    assert "ipsum" not in sources.ok
    assert [fault.name for fault in sources.errors] == ["ipsum"]


def test_disabled_sources_are_known_and_not_collected(tmp_path):
    (tmp_path / "a.toml").write_text(URL + "enabled = false\n")
    sources = load(tmp_path)
    assert (list(sources.ok), sources.enabled) == (["a"], {})


def test_a_folder_that_is_not_there_is_said(tmp_path):
    sources = load(tmp_path / "none")
    assert sources.errors[0].name == ""
    assert "no such folder" in sources.errors[0].message


def test_the_default_folder_may_be_missing():
    assert catalogue.load(BlacklistSettings(catalogue=False)).errors == ()


def test_one_file_by_itself(tmp_path):
    (tmp_path / "a.toml").write_text(URL)
    assert catalogue.load_file(tmp_path / "a.toml").name == "a"
    (tmp_path / "a.toml").write_text("what")
    assert catalogue.load_file(tmp_path / "a.toml").name == "a"


@pytest.mark.parametrize("table", ["options = 3", "expect = 3", "fields = 3", "where = { a = 3 }"])
def test_tables_that_are_none(table):
    with pytest.raises(ValueError, match="Expected"):
        catalogue.parse(URL + table)
