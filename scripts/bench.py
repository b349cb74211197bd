"""Run the benchmarks one after the other and print one table: `bench.py [--only a,b] [--json]`.

Each `benchmarks/NAME.py` prints one JSON object a line, `{"bench","metric","value","unit","against","ratio"}`; other
lines of its standard output, and all of its standard error, are passed on as they come.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_COLUMNS = ("bench", "metric", "value", "unit", "against", "ratio")

type Figure = dict[str, Any]


def known(folder: Path) -> dict[str, Path]:
    """Return the benchmarks by name; a file whose name starts with an underscore is shared by them.

    One at the end is left out: `dns.py` would hide the package of that name from all of them.
    """
    return {path.stem.rstrip("_"): path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")}


def figure_in(line: str) -> Figure | None:
    """Return the figure a line holds, None where it is something else."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and {"bench", "metric", "value"} <= value.keys() else None


def run(path: Path) -> tuple[list[Figure], int]:
    """Run one benchmark; return its figures and its exit code."""
    figures: list[Figure] = []
    with subprocess.Popen([sys.executable, path], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if (figure := figure_in(line)) is not None:
                figures.append(figure)
            print(line, end="", file=sys.stderr, flush=True)
    return figures, process.returncode


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def table(figures: list[Figure]) -> str:
    """Return the figures as aligned columns, numbers to the right."""
    rows = [_COLUMNS, *(tuple(_cell(figure.get(column)) for column in _COLUMNS) for figure in figures)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_COLUMNS))]
    right = {_COLUMNS.index("value"), _COLUMNS.index("ratio")}
    lines = (
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def main(arguments: list[str]) -> int:
    """Run what was asked for; return 0, 1 where a benchmark failed, 2 where a name is unknown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON Lines")
    parser.add_argument("--folder", type=Path, default=ROOT / "benchmarks", help="where the benchmarks are")
    options = parser.parse_args(arguments)
    benchmarks = known(options.folder)
    wanted = [name.strip() for name in options.only.split(",") if name.strip()] or list(benchmarks)
    if unknown := [name for name in wanted if name not in benchmarks]:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(benchmarks)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    failed: list[str] = []
    for name in wanted:
        print(f"== {name}", file=sys.stderr, flush=True)
        found, code = run(benchmarks[name])
        figures += found
        if code:
            failed.append(f"{name} ended with {code}")
    print("\n".join(map(json.dumps, figures)) if options.json else table(figures))
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
