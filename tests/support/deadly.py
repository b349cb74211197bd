"""Reads archives like the real function, but for mails that kill, stop or exhaust whoever parses them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tipd.modules.spamtrap.archives import worker
from tipd.modules.spamtrap.archives.worker import ReadJob, ReadResult

_read = worker.read


def _dangerous(raw, *rest):
    if b"X-Deadly: whole" in raw and b"the body" in raw:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"X-Deadly: header" in raw:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"X-Deadly: once" in raw and _first(raw):
        os.kill(os.getpid(), signal.SIGKILL)
    if b"X-Deadly: hang" in raw and b"the body" in raw:
        signal.pause()
    if b"X-Deadly: memory" in raw and b"the body" in raw:
        raise MemoryError
    return _read(raw, *rest)


def _first(raw):
    place = Path(raw.partition(b"X-Place: ")[2].partition(b"\r\n")[0].decode())
    if place.exists():
        return False
    place.touch()
    return True


def read_archive(job: ReadJob) -> ReadResult:
    """Read an archive, dangerously."""
    worker.read = _dangerous
    return worker.read_archive(job)
