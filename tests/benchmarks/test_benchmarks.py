"""Every benchmark runs, made small: what it measures is there, how fast it was is nobody's business here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
FIGURES = {
    "load": 4,  # first load, next poll, two kinds of unchanged poll
    "lookup": 5,
    "memory": 5,
    "start": 4,
    "stream": 6,  # two rates, each against two others; the readers that were cut and those that were not
}


def test_every_benchmark_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("[!_]*.py")} == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_it_runs_and_prints_its_figures(name: str) -> None:
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py"],
        env=os.environ | {"TIPD_BENCH_SCALE": "0.001"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(figures) == FIGURES[name]
    for figure in figures:
        assert figure.keys() == {"bench", "metric", "value", "unit", "against", "ratio"}
        assert figure["bench"] == name
        assert figure["metric"]
        assert figure["unit"]
        assert isinstance(figure["value"], (int, float))
        assert bool(figure["against"]) == (figure["ratio"] is not None)
