"""What the benchmarks share: figures as JSON Lines, medians, and the test suite's daemon and feed server."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCALE = float(os.environ.get("TIPD_BENCH_SCALE", "1"))  # less than 1: to see that the benchmarks run, not for figures
for folder in (ROOT / "tests", ROOT):
    sys.path.insert(0, str(folder))


def figure(bench: str, metric: str, value: float, unit: str, against: str = "", ratio: float | None = None) -> None:
    """Print one figure; `ratio` is against what `against` names, measured in the same run."""
    shown = {"bench": bench, "metric": metric, "value": round(value, 4), "unit": unit, "against": against}
    print(json.dumps(shown | {"ratio": None if ratio is None else round(ratio, 3)}), flush=True)


def scaled(count: int, least: int = 1) -> int:
    """Return a size, made smaller where `TIPD_BENCH_SCALE` says so."""
    return max(least, round(count * SCALE)) if SCALE < 1 else count


def say(text: str) -> None:
    """Tell what goes on, beside the figures."""
    print(text, file=sys.stderr, flush=True)


def machine() -> str:
    """Return what an absolute figure was measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    load = os.getloadavg()[0]
    return f"{len(names)} x {names[0] if names else 'unknown processor'}, load {load:.1f}"
