from pathlib import Path
from typing import Any

import pytest

from tipd.cli import client

GOOD = 'url = "https://lists.example.org/{}.txt"\nlicence = "free"\nclass = "other"\nevery = "1h"\nabout = "a list"\n'
STATE = {
    "name": "good",
    "state": "unchanged",
    "entries": 1234567,
    "last_success": "2026-11-22T04:00:00.5Z",
    "next_run": None,
    "weight": 0.5,
}


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Give a configuration with one good source and one that is off."""
    folder = tmp_path / "sources.d"
    folder.mkdir()
    (folder / "good.toml").write_text(GOOD.format("good"))
    (folder / "quiet.toml").write_text(GOOD.format("quiet") + "enabled = false\n")
    file = tmp_path / "tipd.toml"
    file.write_text(f'[modules.blacklist]\ncatalogue = false\nsources_dirs = ["{folder}"]\n')
    return str(file)


@pytest.fixture(autouse=True)
def _own_state_dir(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPD_STATE_DIR", str(state_dir))


def test_list_needs_no_daemon(tipd: Any, config: str) -> None:
    ran = tipd("sources", "list", "--config", config)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[:2] for line in ran.out.splitlines()[1:]] == [["good", "new"], ["quiet", "off"]]
    assert "declarations only" in tipd("sources", "list", "--config", config, "-v").err


def test_list_shows_what_the_daemon_says(tipd: Any, config: str, fake: Any) -> None:
    fake.answers["GET", "/api/v1/sources"] = 200, {"sources": [STATE]}
    row = tipd("sources", "list", "--config", config).out.splitlines()[1]
    marks = ["other", "left", "amber", "ask", "no", "free"]
    assert row.split() == ["good", "unchanged", "1,234,567", "2026-11-22", "04:00:00", "1h", *marks, "a", "list"]
    good, quiet = tipd("sources", "list", "--config", config, "--json").lines
    assert good["url"] == "https://lists.example.org/good.txt"
    assert (good["state"], good["entries"], quiet["state"]) == ("unchanged", 1234567, "off")


def test_list_tells_faults_beside_the_rest(tipd: Any, config: str) -> None:
    bad = Path(config).parent / "sources.d" / "bad.toml"
    bad.write_text("url = 3")
    ran = tipd("sources", "list", "--config", config)
    assert ran.code == 78
    assert "good" in ran.out
    assert str(bad) in ran.err


def test_show(tipd: Any, config: str, fake: Any) -> None:
    fake.answers["GET", "/api/v1/sources"] = 200, {"sources": [STATE]}
    out = tipd("sources", "show", "good", "--config", config).out
    assert "url            https://lists.example.org/good.txt" in out
    assert "state          unchanged" in out
    (record,) = tipd("sources", "show", "good", "--config", config, "--json").lines
    assert record["weight"] == 0.5
    ran = tipd("sources", "show", "god", "--config", config)
    assert (ran.code, ran.err) == (1, "tipd: there is no source 'god' (did you mean 'good'?)\n")
    (Path(config).parent / "sources.d" / "bad.toml").write_text("url = 3")
    assert tipd("sources", "show", "bad", "--config", config).code == 78


def test_run(tipd: Any, config: str, fake: Any) -> None:
    fake.answers["POST", "/api/v1/sources/good/run"] = 202, {"source": "good", "requested": True}
    assert tipd("sources", "run", "good").code == 0
    assert tipd("sources", "run", "good", "--json").lines == [{"source": "good", "requested": True}]
    assert tipd("sources", "run", "a/b").code == 1
    assert fake.asked[-1][1] == "/api/v1/sources/a%2Fb/run"


def test_run_needs_the_daemon(tipd: Any) -> None:
    assert tipd("sources", "run", "good").code == 69


def test_a_daemon_elsewhere_tells_its_own_sources(
    tipd: Any, config: str, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = client._connect
    monkeypatch.setattr(client, "_connect", lambda _: connect(client.Place(socket_path=fake.socket)))
    fake.answers["GET", "/api/v1/sources"] = 200, {"sources": [STATE | {"name": "theirs"}]}
    fake.answers["GET", "/api/v1/sources/theirs"] = 200, STATE | {"name": "theirs", "rounds": [{"id": 1}]}
    there = ("--config", config, "--url", "http://tipd.example.org")
    assert [line["name"] for line in tipd("sources", "list", "--json", *there).lines] == ["theirs"]
    assert [line.split()[0] for line in tipd("sources", "list", *there).out.splitlines()[1:]] == ["theirs"]
    (record,) = tipd("sources", "show", "theirs", "--json", *there).lines
    assert record["rounds"] == [{"id": 1}]
    assert "rounds" not in tipd("sources", "show", "theirs", *there).out
    assert tipd("sources", "show", "good", *there).code == 1


ANSWER = {"source": "good", "sha256": "ab" * 32, "entries": 1234, "why": "shrank", "state": "shrunk"}


def test_accept(tipd: Any, config: str, fake: Any) -> None:
    fake.answers["POST", "/api/v1/sources/good/accept"] = 202, ANSWER
    ran = tipd("sources", "accept", "good")
    assert (ran.code, ran.out) == (0, "")
    assert "the refused body of good (1,234 entries) is accepted" in ran.err
    assert tipd("sources", "accept", "good", "--json").lines == [ANSWER]
    problem = {"title": "Conflict", "status": 409, "detail": "nothing of 'calm' is set aside"}
    fake.answers["POST", "/api/v1/sources/calm/accept"] = 409, problem
    ran = tipd("sources", "accept", "calm")
    assert ran.code == 1
    assert "nothing of 'calm' is set aside" in ran.err


def test_accept_needs_the_daemon(tipd: Any) -> None:
    assert tipd("sources", "accept", "good").code == 69


def test_show_says_what_waits_for_a_review(tipd: Any, config: str, fake: Any) -> None:
    aside = {"sha256": "ab", "why": "shrank from 40 to 4", "entries": 4}
    for set_aside, hinted in (
        (None, False),
        (aside | {"entries": None}, False),
        (aside, True),
        (aside | {"accepted": {"sha256": "ab"}}, False),
    ):
        fake.answers["GET", "/api/v1/sources"] = 200, {"sources": [STATE | {"set_aside": set_aside}]}
        ran = tipd("sources", "show", "good", "--config", config)
        assert ("why = shrank from 40 to 4" in ran.out) is (set_aside is not None)
        assert ("tipd sources accept good" in ran.err) is hinted


def test_show_says_what_tables_say_beyond_their_defaults(tipd: Any, config: str) -> None:
    folder = Path(config).parent / "sources.d"
    tables = '[request]\nheaders = { X-Key = "k" }\n[expect]\nmin_rows = 3\nmax_bad = 0.0\n'
    (folder / "rich.toml").write_text(GOOD.format("rich") + 'parser = "delimited"\n[fields]\nnote = 1\n' + tables)
    (folder / "ours.toml").write_text("entries = true\n")
    (rich,) = tipd("sources", "show", "rich", "--config", config, "--json").lines
    assert rich["request"] == {"headers": {"X-Key": "k"}}
    assert rich["expect"] == {"min_rows": 3, "max_bad": 0.0}
    assert rich["fields"] == {"note": 1}
    assert not {"ageing", "signature", "entries", "by_hand"} & rich.keys()
    (ours,) = tipd("sources", "show", "ours", "--config", config, "--json").lines
    assert ours["by_hand"] is True
    row = next(line for line in tipd("sources", "list", "--config", config).out.splitlines() if line.startswith("ours"))
    assert row.split()[:3] == ["ours", "new", "blacklist"]
