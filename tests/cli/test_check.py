from pathlib import Path
from typing import Any

import pytest

GOOD = 'url = "https://lists.example.org/{}.txt"\nlicence = "free"\nclass = "other"\nevery = "1h"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a configuration with one good source."""
    folder = tmp_path / "sources.d"
    folder.mkdir()
    (folder / "good.toml").write_text(GOOD.format("good"))
    file = tmp_path / "tipd.toml"
    file.write_text(f'[modules.blacklist]\ncatalogue = false\nsources_dirs = ["{folder}"]\n')
    return file


def test_what_is_right(tipd: Any, config: Path) -> None:
    ran = tipd("check", "--config", str(config))
    assert (ran.code, ran.out) == (0, "")
    assert "1 sources, 1 enabled: fine" in ran.err
    facts = {"ok": True, "config": str(config), "sources": 1, "enabled": 1, "faults": 0, "left_out": {}}
    assert tipd("--json", "check", "--config", str(config)).lines == [facts]


def test_all_that_is_wrong_is_said_at_once(tipd: Any, config: Path) -> None:
    folder = config.parent / "sources.d"
    (folder / "bad.toml").write_text(GOOD.format("bad") + 'parsr = "lines"\n')
    (folder / "worse.toml").write_text("x = [")
    with config.open("a") as file:
        file.write(f'[store]\nurl_file = "{config.parent}/none"\n')
    ran = tipd("check", "--config", str(config))
    assert ran.code == 78
    assert f"{folder}/bad.toml:5: parsr: unknown key (did you mean 'parser'?)" in ran.err
    assert f"{folder}/worse.toml" in ran.err
    assert f"{config.parent}/none" in ran.err
    ran = tipd("check", "--config", str(config), "--json")
    assert ran.code == 78
    assert sum("error" in line for line in ran.lines) == 3
    assert ran.lines[-1]["ok"] is False


def test_faulty_knowledge_is_said_too(tipd: Any, config: Path) -> None:
    folder = config.parent / "knowledge.d"
    folder.mkdir()
    (folder / "mine.toml").write_text('[[cdn]]\nname = ["cdn.example"]\nreson = "ours"\nsource = "us"\n')
    config.write_text(config.read_text() + f'[modules.fastflux]\nknowledge_dirs = ["{folder}"]\n')
    ran = tipd("check", "--config", str(config))
    assert ran.code == 78
    assert f"{folder}/mine.toml" in ran.err


def test_a_faulty_configuration(tipd: Any, config: Path) -> None:
    config.write_text('[api]\nlisen = "127.0.0.1:1"\n[store]\nmax = 3\n')
    ran = tipd("check", "--config", str(config))
    assert ran.code == 78
    assert [line.partition(": ")[2].split(":")[1] for line in ran.err.splitlines()] == ["4", "2"]
    assert tipd("check", "--config", "/nonexistent.toml").code == 78
    assert len(tipd("check", "--config", str(config), "--json").lines) == 2


def test_what_a_business_may_not_use_is_named(tipd: Any, config: Path) -> None:
    folder = config.parent / "sources.d"
    (folder / "paid.toml").write_text(GOOD.format("paid") + 'commercial = "yes"\n')
    (folder / "hobby.toml").write_text(GOOD.format("hobby") + 'commercial = "no"\n')
    assert "left out" not in tipd("check", "--config", str(config)).err
    config.write_text(config.read_text() + "commercial = true\n")
    ran = tipd("check", "--config", str(config))
    assert ran.code == 0
    assert "left out, commercial use: good (ask), hobby (no)\n" in ran.err
    assert "3 sources, 1 enabled: fine" in ran.err
    (facts,) = tipd("check", "--config", str(config), "--json").lines
    assert facts["left_out"] == {"good": "commercial use: ask", "hobby": "commercial use: no"}
    rows = [line.split()[:2] for line in tipd("sources", "list", "--config", str(config)).out.splitlines()[1:]]
    assert rows == [["good", "left_out"], ["hobby", "left_out"], ["paid", "new"]]
    assert "left out: commercial use: no" in tipd("sources", "show", "hobby", "--config", str(config)).out


def test_faults_of_spamtraps_and_sharing_name_file_and_line(tipd: Any, config: Path) -> None:
    with config.open("a") as file:
        file.write('[[modules.spamtrap.agents]]\nname = "mx1"\nurl = "https://mx1.example"\ntoken_file = "/no/token"\n')
        file.write('[sharing]\nenabled = true\nlisten = "[::]:8473"\n')
    ran = tipd("check", "--config", str(config))
    assert ran.code == 78
    assert f"{config}:7: modules.spamtrap.agents[0].token_file: there is no file /no/token" in ran.err
    assert f"{config}:10: sharing.listen: [::]:8473 is not loopback" in ran.err
