"""A 7z archive of 2,000 mails from its file to stored rows, against `7z x -so` reading the same archive to nothing.

`7z` is of the Debian packages p7zip-full or 7zip (also called 7zz); `TIPD_7Z` names another. Two archives, packed by
py7zr (LZMA2): made-up mails of 21 kB on the average, and mails of the corpora of `../shared/corpora` where they lie
(`TIPD_CORPORA` names another folder). Wall time, in turns, both on one core: unpacking, hashing, asking what is known,
rows, campaigns, the transaction, all processes of it and the database's; parsing, from a mail's bytes to its rows, is
measured in the worker and left out. Each turn is of another source, so that every mail is new. Memory is the worker's
peak.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import py7zr
import trio
from _figure import ROOT, figure, machine, say, scaled
from support.pg import make_server, remove_server

from tipd import log
from tipd.clock import SystemClock
from tipd.modules.spamtrap.archives.reading import Reading
from tipd.modules.spamtrap.archives.worker import ReadJob
from tipd.modules.spamtrap.gathering import Rules
from tipd.modules.spamtrap.states import MODULE
from tipd.store.sources import Declared
from tipd.store.store import Store
from tipd.work.pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from tipd.model.spam import SpamBatch

CORPORA = Path(os.environ.get("TIPD_CORPORA", ROOT.parent / "shared" / "corpora"))
MAILS = scaled(2000, 40)
TURNS = scaled(5, 2)
MEMORY = 512 * 2**20
NO_MAILS = {"NOTICE", "README.md", "LICENSE", "SOURCES.txt"}


def seven_zip() -> str:
    """Return the command to compare with; raises FileNotFoundError."""
    for name in (os.environ.get("TIPD_7Z", ""), "7z", "7zz", "7za"):
        if name and (found := shutil.which(name)):
            return found
    raise FileNotFoundError("7z: install p7zip-full or 7zip")


def made_up(count: int) -> Iterator[bytes]:
    """Yield mails with a page, links, and now and then a file that does not compress."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghilmnoprstu", k=rng.randrange(2, 11))) for _ in range(3000)]
    for number in range(count):
        page = " ".join(rng.choices(words, k=rng.randrange(300, 3000)))
        links = "".join(
            f'<a href="http://shop{number % 90}.example/{rng.randrange(10**9)}">x</a>\r\n' for _ in range(5)
        )
        file = rng.randbytes(rng.randrange(4000, 40_000)).hex() if number % 5 == 0 else ""
        yield (
            f"Received: from mail.example.net ([198.51.{number % 250}.7]) by mx.example.org; "
            f"Sun, 22 Nov 2026 04:00:00 +0000\r\nFrom: a{number}@example.net\r\nTo: trap@example.org\r\n"
            f"Subject: {' '.join(rng.choices(words, k=6))}\r\nContent-Type: text/html\r\n\r\n"
            f"<html><body><p>{page}</p>{links}<!-- {file} --></body></html>\r\n"
        ).encode()


def of_corpora(count: int) -> list[bytes]:
    """Return mails of the corpora, as many of each; none where they do not lie there."""
    found: list[bytes] = []
    for path in sorted(CORPORA.glob("*.tar.xz")) if CORPORA.is_dir() else ():
        if "malformed" in path.name:
            continue
        with tarfile.open(path) as archive:
            bodies = (
                archive.extractfile(each) for each in archive if each.isfile() and Path(each.name).name not in NO_MAILS
            )
            found += [body.read() for body, _ in zip(bodies, range(count // 2), strict=False) if body is not None]
    return found


def packed(mails: Sequence[bytes], path: Path) -> None:
    """Pack them as archives of spam are: nested folders, a mail a file."""
    filters = [{"id": py7zr.FILTER_LZMA2, "preset": 5}]
    with py7zr.SevenZipFile(path, "w", filters=filters) as archive:
        for number, body in enumerate(mails):
            archive.writef(io.BytesIO(body), f"2026/11/{number % 28 + 1:02}/{number}.txt")


class Keeper:
    """Stores as the daemon does."""

    def __init__(self, store: Store, source: str) -> None:
        self._store, self._source = store, source
        self.stored = 0

    async def known(self, hashes: Collection[bytes]) -> set[bytes]:
        return await self._store.spam.known(hashes, source=self._source, member="a")

    async def keep(self, batch: SpamBatch, _said: object) -> None:
        self.stored += (await self._store.spam.take(batch)).new

    def shows(self, said: object) -> None:
        pass


async def take(store: Store, pool: WorkerPool, path: Path, source: str) -> tuple[float, int]:
    """Read and store the archive; return the seconds without parsing, and how many mails were stored."""
    now = SystemClock().now()
    rules = Rules(source=source, now=now, since=now)
    with tempfile.TemporaryDirectory() as folder:
        keeper = Keeper(store, source)
        job = ReadJob(path=os.fsencode(path), folder=folder, rules=rules, member="a")
        began = time.perf_counter()
        result = await Reading(pool, stall=60.0, memory=MEMORY).read(job, Path(folder), keeper)
        return time.perf_counter() - began - result.parsing, keeper.stored


def peak(pool: WorkerPool) -> int:
    """Return the most bytes that a worker of the pool had resident."""
    found = [0]
    for process in pool._idle:
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                found.append(int(line.split()[1]) * 1024)
    return max(found)


def reference(command: str, path: Path) -> float:
    """Return the seconds of `7z x -so` to nothing."""
    began = time.perf_counter()
    subprocess.run([command, "x", "-so", "-bd", str(path)], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


async def compare(dsn: str, name: str, path: Path, size: int, command: str) -> None:
    """Take turns and print the figures."""
    told = log.get("bench")
    ours, theirs = [], []
    async with Store.open(dsn, clock=SystemClock(), log=told) as store, trio.open_nursery() as nursery:
        pool = WorkerPool(1, told)
        await nursery.start(pool.run)
        sources = {f"{name}-{turn}": Declared(class_="spam") for turn in range(TURNS + 1)}
        await store.sources.declare(MODULE, sources)
        for source in sources:  # the first one warms the worker up
            theirs.append(reference(command, path))
            seconds, stored = await take(store, pool, path, source)
            if stored < MAILS * 0.9:
                raise ValueError(f"only {stored} mails were stored")
            ours.append(seconds)
        memory = peak(pool)
        nursery.cancel_scope.cancel()
    mine, other = statistics.median(ours[1:]), statistics.median(theirs[1:])
    figure("archive", f"{name}_7z_x", size / other / 2**20, "MiB/s")
    figure("archive", f"{name}_to_rows", size / mine / 2**20, "MiB/s", f"{name}_7z_x", other / mine)
    figure("archive", f"{name}_memory", memory / 2**20, "MiB", "200 MiB", memory / (200 * 2**20))


def main() -> None:
    """Measure both archives."""
    command = seven_zip()
    version = subprocess.run([command], capture_output=True, text=True, check=False).stdout.split("\n")[1]
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    say(f"{machine()}; against {command} x -so ({version.strip()}); all on one core")
    log.setup("warning", stream=sys.stderr)
    server = make_server()
    try:
        with tempfile.TemporaryDirectory() as folder:
            choices: dict[str, Callable[[], Sequence[bytes]]] = {
                "made_up": lambda: list(made_up(MAILS)),
                "corpora": lambda: of_corpora(MAILS),
            }
            for name, choose in choices.items():
                mails = choose()
                if len(mails) < MAILS:
                    say(f"{name}: {len(mails)} mails lie there, so it is left out")
                    continue
                path = Path(folder) / f"{name}.7z"
                packed(mails, path)
                size = sum(map(len, mails))
                say(f"{name}: {len(mails)} mails, {size} bytes, {path.stat().st_size} packed")
                trio.run(compare, server.dsn(server.create_migrated()), name, path, size, command)
    finally:
        remove_server(server)


if __name__ == "__main__":
    main()
