"""`make bench`: which benchmarks run, what is printed, and what it ends with."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    figure = {"bench": "one", "metric": "rate", "value": 12345.6, "unit": "1/s", "against": "loop", "ratio": 6.5}
    (tmp_path / "one.py").write_text(f"print('words')\nprint({json.dumps(json.dumps(figure))})\n")
    (tmp_path / "two.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "_shared.py").write_text("raise SystemExit(4)\n")
    return tmp_path


def test_the_table_holds_the_figures(bench, folder, capfd) -> None:
    assert bench.main(["--folder", str(folder), "--only", "one"]) == 0
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["bench", "metric", "value", "unit", "against", "ratio"]
    assert lines[1].split() == ["one", "rate", "12,346", "1/s", "loop", "6.5"]
    assert "words" in err


def test_json_gives_the_figures_as_they_were(bench, folder, capfd) -> None:
    assert bench.main(["--folder", str(folder), "--only", "one", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["value"] == 12345.6


def test_one_that_fails_does_not_hide_the_others(bench, folder, capfd) -> None:
    assert bench.main(["--folder", str(folder)]) == 1
    out, err = capfd.readouterr()
    assert "12,346" in out
    assert "two ended with 3" in err
    assert "shared" not in err


def test_an_unknown_name_is_told_the_known_ones(bench, folder, capfd) -> None:
    assert bench.main(["--folder", str(folder), "--only", "one,three"]) == 2
    assert capfd.readouterr().err == "no benchmark three; there are: one, two\n"


@pytest.mark.parametrize("line", ["", "12", "[1]", '{"bench": "a"}', "{"])
def test_other_lines_are_no_figures(bench, line) -> None:
    assert bench.figure_in(line) is None
