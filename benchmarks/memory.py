"""Memory while a list of 5,000,000 lines is loaded, and whether the loop stays free and the API answers meanwhile.

The proportional set size of the daemon, its workers and its PostgreSQL (shared buffers counted once), sampled ten times
a second; the look-up index, which grows with what is known, is taken off by its own count of bytes. The loop's longest
step is what the daemon's own detector saw (it looks at steps over 10 ms, and takes off the time the machine gave the
thread no processor); the API is asked for its status without a pause.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from _figure import figure, machine, say, scaled
from _lists import lines
from _processes import PeakMemory, family_memory
from support.daemon import Daemon
from support.feeds import FeedServer

ROWS = scaled(5_000_000, 2000)
MEGABYTE = 2**20


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    with tempfile.TemporaryDirectory(prefix="tipd-bench-") as name, FeedServer() as feeds:
        folder = Path(name)
        folder.chmod(0o755)
        daemon = Daemon(folder, settings='[log]\nslow_step = "10ms"\n')
        try:
            daemon.start()
            daemon.token()
            _settle()
            assert daemon.process is not None
            shares = family_memory(daemon.process.pid)
            idle = sum(shares.values())
            say("idle, MB: " + ", ".join(f"{name} {size / MEGABYTE:.0f}" for name, size in shares.items()))
            feeds.put("/huge.txt", "\n".join(lines(ROWS)))
            source = f'url = "{feeds.base}/huge.txt"\nparser = "lines"\nkind = "auto"\nevery = "12h"\n'
            daemon.declare("huge", source)
            with PeakMemory(daemon.process.pid) as memory:
                daemon.process.send_signal(1)  # SIGHUP: there is a new declaration
                answers = _ask_until_loaded(daemon)
            say(
                "at the peak, MB: " + ", ".join(f"{name} {size / MEGABYTE:.0f}" for name, size in memory.shares.items())
            )
            _report(daemon, idle, memory.peak, answers)
        finally:
            daemon.stop()


def _settle() -> None:
    time.sleep(3)


def _ask_until_loaded(daemon: Daemon) -> list[float]:
    """Ask for the status again and again until the source is loaded; return how long each answer took."""
    took: list[float] = []
    until = time.monotonic() + 1500
    while time.monotonic() < until:
        begun = time.perf_counter()
        daemon.get("/api/v1/status")
        took.append(time.perf_counter() - begun)
        rows = daemon.get("/api/v1/sources")["sources"]
        if any(row["name"] == "huge" and row["state"] == "ok" for row in rows):
            return took
        time.sleep(0.2)
    raise AssertionError(f"not loaded in time\n{daemon.tail()}")


def _report(daemon: Daemon, idle: int, peak: int, answers: list[float]) -> None:
    index = daemon.wait_for(lambda: _index(daemon), 600, "the look-up index to follow")
    over = (peak - idle - index["bytes"]) / MEGABYTE
    figure("memory", f"peak over idle, {ROWS:,} lines, index apart", over, "MB", "the 300 MB allowed", over / 300)
    per_entry = index["bytes"] / index["entries"]
    figure("memory", "look-up index", per_entry, "bytes an indicator")
    for step in _blocked(daemon):
        say(f"held the loop: {step['task']} until {step['until']}, {step['took_s']} s, starved {step['starved_s']} s")
    loop = daemon.get("/api/v1/status")["loop"]
    worst = loop["worst"] * 1000
    figure("memory", "longest step of the loop", worst, "ms", "the 50 ms allowed", worst / 50)
    figure("memory", "status answers meanwhile, median", statistics.median(answers) * 1000, "ms")
    figure("memory", "status answers meanwhile, worst", max(answers) * 1000, "ms")


def _blocked(daemon: Daemon) -> list[dict[str, Any]]:
    """Return the longest steps the daemon's log has (it tells a task not more often than every ten seconds)."""
    steps = [json.loads(line) for line in daemon.log.read_text().splitlines() if '"a task blocked the loop"' in line]
    return sorted(steps, key=lambda step: step["starved_s"] - step["took_s"])[:5]


def _index(daemon: Daemon) -> dict[str, float] | None:
    index = daemon.get("/api/v1/status")["index"]
    return index if index["entries"] >= daemon.source("huge")["entries"] >= ROWS * 0.9 else None


if __name__ == "__main__":
    main()
