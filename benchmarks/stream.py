"""The stream: findings of 260 bytes, one a message, to 1,000 readers and 100 more that never read, on loopback.

Three servers take turns, each a process of its own, three times: tipd's own (the real accept loop, upgrade, token,
hub and readers; the findings come from a log in memory that gives one at a time, so the database is not measured), a
plain quart-trio websocket loop under hypercorn, and `broadcast` of the `websockets` library on asyncio. None
compresses. All readers are one other process: plain sockets whose bytes are counted. Time runs from the order to
publish until the last live reader has its last byte; the CPU seconds are the server's own. The slower one gets fewer
messages.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from _audience import Audience
from _figure import figure, machine, say, scaled
from _messages import frame_bytes
from _processes import cpu_seconds

LIVE = scaled(1000, 20)
STALLED = scaled(100, 5)
MESSAGES = {"tipd": scaled(800, 600), "quart": scaled(60, 20), "websockets": scaled(800, 600)}
ROUNDS = scaled(3)
TO_CUT = 40.0  # seconds within which stalled readers must be gone
NAMES = {"quart": "a plain quart-trio loop", "websockets": "websockets' broadcast"}


@dataclass
class Turn:
    """What one turn of one server gave."""

    rate: float  # deliveries a second
    cpu: float  # the server's CPU seconds a delivery
    ended: int = 0
    told: int = 0


class Stage:
    """One server process."""

    def __init__(self, name: str) -> None:
        """Start it and wait for its port."""
        command = [sys.executable, str(Path(__file__).with_name("_stages.py")), name, str(MESSAGES[name])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the server ended")
        return line

    def order(self, word: str) -> None:
        """Send an order."""
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def report(self) -> dict[str, int]:
        """Ask how it stands."""
        self.order("report")
        return json.loads(self._line())

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def turn(name: str) -> Turn:
    """Let one server speak to a fresh audience."""
    stage = Stage(name)
    audience = None
    try:
        audience = Audience(stage.port, LIVE, STALLED)
        while stage.report()["live"] < LIVE + STALLED:
            time.sleep(0.1)
        pid, deliveries = stage.process.pid, LIVE * MESSAGES[name]
        before, begun = cpu_seconds(pid), time.perf_counter()
        stage.order("go")
        took = audience.read_until(MESSAGES[name] * frame_bytes()) - begun
        done = Turn(deliveries / took, (cpu_seconds(pid) - before) / deliveries)
        if name == "tipd":
            _wait_for_cuts(stage, audience)
            done.ended, done.told = audience.cut()
        say(f"{name}: {done.rate:,.0f} deliveries/s, {done.cpu * 1e6:.2f} µs of CPU each")
        return done
    finally:
        if audience is not None:
            audience.close()
        stage.end()


def _wait_for_cuts(stage: Stage, audience: Audience) -> None:
    """Read on until the stalled ones are gone; every live one must stay."""
    until = time.monotonic() + TO_CUT
    while (report := stage.report())["readers"] > LIVE and time.monotonic() < until:
        for _ in range(5):
            audience.read()
            time.sleep(0.05)
    if audience.lost or report["readers"] < LIVE:
        raise AssertionError(f"live readers were cut: {report}")


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    turns: dict[str, list[Turn]] = {name: [] for name in MESSAGES}
    for _ in range(ROUNDS):
        for name in MESSAGES:
            turns[name].append(turn(name))
    ours = turns["tipd"]
    rate = statistics.median(one.rate for one in ours)
    for name, shown in NAMES.items():
        ratios = [one.rate / other.rate for one, other in zip(ours, turns[name], strict=True)]
        figure(
            "stream",
            f"deliveries to {LIVE:,} readers, {STALLED} stalled",
            rate,
            "1/s",
            shown,
            statistics.median(ratios),
        )
    cpu = statistics.median(one.cpu for one in ours)
    for name, shown in NAMES.items():
        ratios = [other.cpu / one.cpu for one, other in zip(ours, turns[name], strict=True)]
        figure("stream", "deliveries a CPU second of the server", 1 / cpu, "1/s", shown, statistics.median(ratios))
    figure("stream", "live readers cut, all rounds", 0, "readers")
    least = min(one.ended for one in ours)
    figure(
        "stream", "stalled readers cut, least of all rounds", least, "readers", f"{STALLED} stalled", least / STALLED
    )
    # One that reads nothing for 30 s more is reset by TCP_USER_TIMEOUT, and then cannot read why.
    say(f"found the close code 1013 when they read again: {[one.told for one in ours]} of {STALLED}")


if __name__ == "__main__":
    main()
