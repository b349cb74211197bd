"""Every benchmark runs, made small: what it measures is there, how fast it was is nobody's business here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.bench import known

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
BENCHMARKS = known(FOLDER)
FIGURES = {
    "agent": 4,  # bytes over TLS, processor time of both ends, small versions
    "archive": 3,  # 7z alone, to rows, memory
    "asn": 6,
    "asof": 3,
    "dns": 5,  # rate against two others, CPU time, what is lost, what is wrong
    "flux": 12,  # the whole tracker twice; rate, load, lateness and memory with very many; four sizes, and their spread
    "formats": 8,  # one a format
    "load": 5,  # first loads without and with context, next poll, two kinds of unchanged poll
    "lookup": 5,
    "mail": 6,  # without corpora: rate and URLs against two others, the slowest, two processes
    "maildir": 5,  # a bare listing, two looks, at rest: time and memory
    "memory": 5,
    "misp": 3,
    "pivot": 20,  # five kinds at three moments, two sizes, names taken in, observations stored
    "spam": 4,  # rate and bytes, of known campaigns and of mails that are alone
    "start": 4,
    "stream": 6,  # two rates, each against two others; the readers that were cut and those that were not
    "watch": 2,
}


def test_every_benchmark_is_tried() -> None:
    assert set(BENCHMARKS) == set(FIGURES)


@pytest.fixture(scope="module")
def running(request):
    """Start all that were asked for at once: each waits most of its time."""
    environ = os.environ | {"TIPD_BENCH_SCALE": "0.001", "TIPD_CORPORA": str(FOLDER / "none")}
    started = {
        name: subprocess.Popen(
            [sys.executable, BENCHMARKS[name]],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in FIGURES
        if any(name in item.name for item in request.session.items)
    }
    yield started
    for process in started.values():
        if process.poll() is None:
            process.terminate()
        with process:  # what nobody read is closed all the same
            process.wait(30)


@pytest.mark.parametrize("name", FIGURES)
def test_it_runs_and_prints_its_figures(running, name: str) -> None:
    out, err = running[name].communicate(timeout=180)
    assert running[name].returncode == 0, err
    figures = [json.loads(line) for line in out.splitlines()]
    assert len(figures) == FIGURES[name]
    for figure in figures:
        assert figure.keys() == {"bench", "metric", "value", "unit", "against", "ratio"}
        assert figure["bench"] == name
        assert figure["metric"]
        assert figure["unit"]
        assert isinstance(figure["value"], (int, float))
        assert bool(figure["against"]) == (figure["ratio"] is not None)
