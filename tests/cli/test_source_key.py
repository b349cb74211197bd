"""`tipd sources key`: a secret on its way from standard input into its file."""

import io
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

SECRET = "s3cret-key-of-the-partner"
DECLARED = 'url = "https://lists.example.org/{0}"\nclass = "other"\nevery = "1h"\n{1}\n'


@pytest.fixture
def config(tmp_path: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give three sources, two of which share a credential."""
    monkeypatch.setenv("TIPD_STATE_DIR", str(state_dir))
    folder = tmp_path / "sources.d"
    folder.mkdir()
    (folder / "one.toml").write_text(DECLARED.format("one", 'credential = "vendor"'))
    (folder / "two.toml").write_text(DECLARED.format("two", 'credential = "vendor"'))
    (folder / "open.toml").write_text(DECLARED.format("open", ""))
    file = tmp_path / "tipd.toml"
    file.write_text(f'[modules.blacklist]\ncatalogue = false\nsources_dirs = ["{folder}"]\n')
    return str(file)


def enter(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    """Put bytes where the secret is read from."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))


@pytest.mark.parametrize("name", ["vendor", "one"])
def test_it_stands_in_a_closed_file_and_is_shown_nowhere(
    tipd: Any, config: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    enter(monkeypatch, SECRET.encode() + b"\n")
    ran = tipd("sources", "key", name, "--config", config)
    path = state_dir / "credentials" / "vendor"
    assert (ran.code, ran.out) == (0, "")
    assert f"vendor is in {path}, used by one, two" in ran.err
    assert "no daemon answers: they are asked when it runs" in ran.err
    assert SECRET not in ran.err
    assert path.read_text() == SECRET + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_source_that_only_its_proxy_asks_for_a_credential(
    tipd: Any, config: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = 'proxy = "http://192.0.2.9:3128"\nproxy_credential = "proxy"'
    (Path(config).with_name("sources.d") / "three.toml").write_text(DECLARED.format("three", keys))
    enter(monkeypatch, b"user:password\n")
    assert tipd("sources", "key", "three", "--config", config).code == 0
    assert (state_dir / "credentials" / "proxy").read_text() == "user:password\n"


def test_the_daemon_is_asked_to_collect_those_that_name_it(
    tipd: Any, config: str, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        fake.answers["POST", f"/api/v1/sources/{name}/run"] = 202, {"requested": True}
    enter(monkeypatch, SECRET.encode())
    (record,) = tipd("sources", "key", "vendor", "--json", "--config", config).lines
    assert (record["credential"], record["sources"], record["daemon"]) == ("vendor", ["one", "two"], True)
    assert [asked[1] for asked in fake.asked[-2:]] == ["/api/v1/sources/one/run", "/api/v1/sources/two/run"]


def test_at_a_terminal_it_is_not_echoed(
    tipd: Any, config: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return SECRET

    enter(monkeypatch, b"")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", getpass)
    assert tipd("sources", "key", "vendor", "--config", config).code == 0
    assert asked == ["vendor: "]
    assert (state_dir / "credentials" / "vendor").read_text() == SECRET + "\n"


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("vendor", b"", "nothing was entered"),
        ("vendor", b"two\nlines\n", "one line of printable ASCII"),
        ("vendr", b"x", "no source names a credential 'vendr' (did you mean 'vendor'?)"),
        ("open", b"x", "the source open names no credential"),
    ],
)
def test_what_cannot_be_entered(
    tipd: Any, config: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch, name: str, raw: bytes, why: str
) -> None:
    enter(monkeypatch, raw)
    ran = tipd("sources", "key", name, "--config", config)
    assert ran.code != 0
    assert why in ran.err
    assert not (state_dir / "credentials" / "vendor").exists()


def test_it_is_done_on_the_daemons_machine(tipd: Any, config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(monkeypatch, b"x")
    ran = tipd("sources", "key", "vendor", "--url", "http://192.0.2.1:8470", "--config", config)
    assert "on the daemon's machine" in ran.err
