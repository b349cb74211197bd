"""`tipd sources test`, without the command line."""

import tomllib

import pytest

from tipd.errors import ConfigError
from tipd.modules.blacklist import catalogue, trial
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.net.request import Fetched, Validators

URL = 'url = "https://lists.example.org/x"\n'


def settings(tmp_path):
    (tmp_path / "d").mkdir(exist_ok=True)
    return BlacklistSettings(sources_dirs=(str(tmp_path / "d"),))


def test_what_a_word_means(tmp_path):
    (tmp_path / "mine.toml").write_text(URL)
    (tmp_path / "list.txt").write_text("192.0.2.1\n")
    known = settings(tmp_path)
    assert trial.find("ipsum", known).source.name == "ipsum"
    assert trial.find(str(tmp_path / "mine.toml"), known).url == "https://lists.example.org/x"
    assert trial.find(str(tmp_path / "list.txt"), known).body == tmp_path / "list.txt"
    assert trial.find("https://lists.example.org/y", known).url == "https://lists.example.org/y"
    with pytest.raises(ConfigError, match="did you mean 'ipsum'"):
        trial.find("ipsun", known)
    (tmp_path / "d" / "bad.toml").write_text("what")
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        trial.find("bad", known)
    (tmp_path / "mine.toml").write_text(URL + "x = 1\n")
    with pytest.raises(ConfigError, match="x: unknown key"):
        trial.find(str(tmp_path / "mine.toml"), known)


def test_what_is_kept_by_hand_has_nothing_to_fetch(tmp_path):
    known = settings(tmp_path)
    (tmp_path / "d" / "local.toml").write_text("entries = true\n")
    body = tmp_path / "list.txt"
    body.write_text("192.0.2.1\n")
    for word in ("local", str(tmp_path / "d" / "local.toml")):
        with pytest.raises(ConfigError, match="local: is kept by hand"):
            trial.find(word, known)
        assert trial.find(word, known, body).body == body


def test_a_declared_source(tmp_path):
    body = tmp_path / "body"
    body.write_text("# IPsum\n192.0.2.1\t3\n192.0.2.2\t2\n10.0.0.1\t9\n192.0.2.3\t2\n")
    chosen = trial.find("ipsum", settings(tmp_path), body)
    done = trial.run(chosen, body, tmp_path, first=2)
    assert (done.state, done.why, done.guesses) == ("ok", None, [])
    assert done.rows == [
        trial.TrialRow("ipv4", "192.0.2.1", {"lists": "3"}),
        trial.TrialRow("ipv4", "192.0.2.2", {"lists": "2"}),
    ]
    assert done.result.refused == {"bogon": 1}
    assert done.result.kinds == {"ipv4": 3}
    assert done.result.samples[0].line == 4


def test_a_refused_body_says_why(tmp_path):
    body = tmp_path / "body"
    body.write_text("<!DOCTYPE html><html>")
    done = trial.run(trial.find("ipsum", settings(tmp_path), body), body, tmp_path)
    assert (done.state, done.why) == ("wrong_page", "an HTML page where a list is due")


def test_a_guess_is_a_declaration_to_begin_with(tmp_path):
    body = tmp_path / "my list.txt"
    body.write_text('1,"192.0.2.1"\n2,"192.0.2.2"\n')
    done = trial.run(trial.Chosen(url="https://www.lists.example.org/feeds/bad-ones.csv"), body, tmp_path)
    assert done.result.entries == 2
    source = catalogue.parse(done.declaration)
    assert source == done.source
    assert source.name == "lists_example_org_bad_ones"
    assert done.guesses


@pytest.mark.parametrize("value", ["x", 'a"b\\c\n\t\u00e9', ["a", "b"], 3, 0.5, True])
def test_toml_is_read_back(value):
    tree = {"a": value, "t": {"b": value}}
    assert tomllib.loads(trial.to_toml(tree)) == tree


async def test_fetching(tmp_path):
    asked = []

    class Fetcher:
        async def fetch(self, request, into):
            asked.append(request)
            into.write_text("192.0.2.1\n")
            return Fetched(
                status="ok", http_status=200, url=request.url, address="192.0.2.9", validators=Validators(), path=into,
                sha256=b"", content_type=None, took=0.0,
            )  # fmt: skip

    chosen = trial.Chosen(url="https://lists.example.org/y")
    assert (await trial.fetch(chosen, Fetcher(), tmp_path / "one", tmp_path)).read_text() == "192.0.2.1\n"
    source = catalogue.shipped().ok["abusech_urlhaus"]
    await trial.fetch(trial.Chosen(source), Fetcher(), tmp_path / "two", tmp_path)
    assert asked[1].credential_file == tmp_path / "abuse_ch"
    (tmp_path / "list").write_text("192.0.2.7\n")
    local = trial.Chosen(catalogue.parse(f'path = "{tmp_path}/list"'))
    assert (await trial.fetch(local, Fetcher(), tmp_path / "three", tmp_path)).read_text() == "192.0.2.7\n"
    assert len(asked) == 2
