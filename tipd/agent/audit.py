"""Who did or saw what no other trace is left of: one JSON line each in `audit.jsonl`, appended and durable."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from tipd.agent.owner import PRIVATE

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.clock import Clock

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Audit:
    """The book."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Nothing is opened yet; whoever moves the file away (logrotate) needs to tell nobody."""
        self._path = path
        self._clock = clock

    def write(self, what: str, **about: object) -> None:
        """Add a line; it is durable when this returns. Raises OSError."""
        line = {"at": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "what": what} | about
        file = os.open(self._path, _APPEND, PRIVATE)
        try:
            os.write(file, msgspec.json.encode(line) + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
