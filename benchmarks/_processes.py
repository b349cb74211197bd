"""CPU seconds and memory of a process and all below it, as the kernel counts them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def family(root: int) -> list[int]:
    """Return the process and all its descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(pid: int) -> float:
    """Return user and system time of one process and of its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(value) for value in fields[11:15]) / _TICK


def family_cpu(root: int) -> float:
    """Return the CPU seconds of the process and all below it."""
    total = 0.0
    for pid in family(root):
        try:
            total += cpu_seconds(pid)
        except OSError:
            continue
    return total


def family_memory(root: int) -> dict[str, int]:
    """Return the proportional set size (bytes) by process: shared pages, PostgreSQL's buffers, are counted once.

    `Pss` proper, without what is swapped out; page cache is nobody's and not counted.
    """
    shares: dict[str, int] = {}
    for pid in family(root):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode(errors="replace").split("\0")
        except OSError:
            continue
        name = words[0] if "postgres: " in words[0] else " ".join(Path(word).name for word in words[:3])
        shares[f"{name} ({pid})"] = sum(
            int(row.split()[1]) * 1024 for row in text.splitlines() if row.startswith("Pss:")
        )
    return shares


class PeakMemory:
    """Samples the family's memory every tenth of a second while it is entered; `peak` in bytes."""

    def __init__(self, root: int) -> None:
        """`root` is the process whose family is watched."""
        self.peak = 0
        self.shares: dict[str, int] = {}  # what each process had at the peak
        self._root = root
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self) -> None:
        while not self._stop.wait(0.1):
            shares = family_memory(self._root)
            if sum(shares.values()) > self.peak:
                self.peak, self.shares = sum(shares.values()), shares

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
