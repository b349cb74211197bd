import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.daemon import free_port

SOURCE = 'url = "{}"\nlicence = "free"\nclass = "other"\nevery = "1h"\nkind = "ipv4"\n'
BODY = "# a list\n192.0.2.1\n192.0.2.2 # two\n10.0.0.1\nevil\x1b.\n"


@pytest.fixture
def folder(tmp_path: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a configuration, a declared source and a body."""
    monkeypatch.setenv("TIPD_STATE_DIR", str(state_dir))
    (tmp_path / "sources.d").mkdir()
    (tmp_path / "sources.d" / "partner.toml").write_text(SOURCE.format("https://lists.example.org/l.txt"))
    (tmp_path / "body.txt").write_text(BODY)
    (tmp_path / "tipd.toml").write_text(
        f'[modules.blacklist]\ncatalogue = false\nsources_dirs = ["{tmp_path}/sources.d"]\n'
    )
    return tmp_path


@pytest.fixture
def test(tipd: Any, folder: Path) -> Any:
    return lambda *words: tipd("sources", "test", "--config", str(folder / "tipd.toml"), *map(str, words))


def test_a_declared_source_with_a_saved_body(test: Any, folder: Path) -> None:
    ran = test("partner", folder / "body.txt")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "partner: ok"
    assert lines[1].startswith("rows 4, indicators 2")
    assert "refused bogon 1, malformed 1" in lines
    assert "ipv4     192.0.2.1" in lines
    assert "\x1b" not in ran.out
    (record,) = test("--json", "partner", folder / "body.txt").lines
    assert (record["state"], record["entries"], record["refused"]) == ("ok", 2, {"bogon": 1, "malformed": 1})
    assert record["first"][0] == {"kind": "ipv4", "value": "192.0.2.1", "context": None}


def test_nuls_that_were_taken_out_are_told(test: Any, folder: Path) -> None:
    (folder / "body.txt").write_bytes(b"192.0.2.1\n192.0\0.2.2\n")
    assert "taken out: 1 NULs" in test("partner", folder / "body.txt").out.splitlines()


def test_what_stands_beside_the_first_rows_is_shown(test: Any, folder: Path) -> None:
    (folder / "sources.d" / "partner.toml").write_text(
        SOURCE.format("https://lists.example.org/l.txt")
        + 'parser = "delimited"\n[fields]\nport = 1\nmalware = 2\ntlp = 3\nuntil = 4\n'
    )
    body = "192.0.2.1,443,Mi\x1brai,amber,2027-01-01\n192.0.2.1,80\n192.0.2.2,99999\n"
    (folder / "body.txt").write_text(body)
    lines = test("partner", folder / "body.txt").out.splitlines()
    assert "left out beside rows, since unreadable: port 1" in lines
    assert "ipv4     192.0.2.1  malware=Mirai port=[80, 443] tlp=amber" in lines
    (record,) = test("--json", "partner", folder / "body.txt").lines
    assert record["first"][0]["context"] == {"malware": "Mirai", "port": [80, 443], "tlp": "amber"}
    assert record["unread"] == {"port": 1}
    (folder / "body.txt").write_text(body.partition("\n")[0])
    (record,) = test("--json", "partner", folder / "body.txt").lines
    assert record["first"][0]["context"]["until"] == "2027-01-01T00:00:00Z"


def test_a_body_that_would_be_refused_is_1(test: Any, folder: Path) -> None:
    (folder / "body.txt").write_text("<!DOCTYPE html><html><body>Sorry</body></html>")
    ran = test(folder / "sources.d" / "partner.toml", folder / "body.txt")
    assert ran.code == 1
    assert ran.out.startswith("partner: wrong_page, an HTML page")


def test_a_local_source_is_read_where_it_is(test: Any, folder: Path) -> None:
    text = SOURCE.format("x").replace('url = "x"', f'path = "{folder}/body.txt"')
    (folder / "local.toml").write_text(text)
    ran = test(folder / "local.toml")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "local: ok")
    assert str(folder / "body.txt") in ran.err
    (folder / "body.txt").unlink()
    assert test(folder / "local.toml").code == 69


def test_a_body_alone_is_guessed(test: Any, folder: Path) -> None:
    (folder / "body.txt").write_text("ip,when\n" + "".join(f"192.0.2.{n},2026-11-22\n" for n in range(1, 50)))
    ran = test(folder / "body.txt")
    assert ran.code == 0
    assert "guessed" in ran.out
    assert 'parser = "delimited"' in ran.out


def test_what_is_fetched_goes_through_the_guard(test: Any) -> None:
    ran = test("http://127.0.0.1:1/list.txt")
    assert ran.code in {1, 69}
    assert ran.out == ""
    assert "127.0.0.1" in ran.err


@pytest.mark.parametrize("words", [("nobody",), ("partner", "/no/such/file")])
def test_what_is_not_there_is_78(test: Any, words: tuple[str, ...]) -> None:
    ran = test(*words)
    assert (ran.code, ran.out) == (78, "")


def test_a_faulty_declaration_is_78(test: Any, folder: Path) -> None:
    (folder / "sources.d" / "partner.toml").write_text("url = 3")
    ran = test("partner")
    assert ran.code == 78
    assert "partner.toml:1" in ran.err


def test_a_bomb_is_named(test: Any, folder: Path) -> None:
    bomb = folder / "bomb.gz"
    bomb.write_bytes(gzip.compress(b"0" * 50_000_000))
    ran = test(bomb)
    assert (ran.code, ran.out) == (1, "")
    assert f"{bomb}: unpacks to more than" in ran.err


def test_what_is_no_plain_file_is_not_read(test: Any, folder: Path) -> None:
    ran = test("partner", folder)
    assert ran.code == 78
    assert "is not a plain file" in ran.err


def test_standard_output_is_for_results_alone(folder: Path) -> None:
    with (folder / "tipd.toml").open("a") as file:
        file.write('[net]\nallow_networks = ["127.0.0.0/8"]\n')
    url = f"http://127.0.0.1:{free_port()}/list.txt"
    words = [sys.executable, "-m", "tipd", "--json", "--config", str(folder / "tipd.toml"), "sources", "test", url]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)  # its log is not yet set up when it starts
    assert (ran.returncode, ran.stdout) == (69, "")
    assert ran.stderr.count("\n") == 2  # what was asked, and what came of it
