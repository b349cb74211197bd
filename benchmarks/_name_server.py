"""The C name server of the benchmarks, compiled when it is first needed, and dnsperf as the ceiling."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("_responder.c")
_built: tempfile.TemporaryDirectory[str] | None = None


def program(name: str, package: str) -> str:
    """Return where a program is; ends with the command that installs it where it is missing."""
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is missing: apt-get install {package}")
    return found


def built() -> Path:
    """Return the compiled server."""
    global _built
    if _built is None:
        _built = tempfile.TemporaryDirectory(prefix="tipd-bench-")
        subprocess.run([program("cc", "gcc"), "-O2", "-o", f"{_built.name}/server", SOURCE], check=True)
    return Path(_built.name) / "server"


class NameServer:
    """A running server; `port` on 127.0.0.1."""

    def __init__(self, addresses: int, loss: int = 0, ttl: int = 60) -> None:
        words = [built(), str(addresses), str(loss), "1", str(ttl)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[0])

    def __enter__(self) -> NameServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=10)


def dnsperf(port: int, names: list[str], seconds: float) -> float:
    """Return the queries a second that dnsperf with one thread gets answered."""
    with tempfile.NamedTemporaryFile("w", prefix="tipd-bench-", suffix=".txt") as file:
        file.writelines(f"{name} A\n" for name in names)
        file.flush()
        words = [program("dnsperf", "dnsperf"), "-s", "127.0.0.1", "-p", str(port), "-d", file.name, "-l", str(seconds)]
        shown = subprocess.run([*words, "-T", "1", "-e"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"Queries per second:\s+([\d.]+)", shown)
    if found is None:
        raise SystemExit(f"dnsperf said nothing of its rate:\n{shown}")
    return float(found[1])
