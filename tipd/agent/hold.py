"""One agent for one state folder: a lock that its process holds, and the kernel takes back when it ends."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from tipd.errors import ConfigError, TipdError, TryAgain

if TYPE_CHECKING:
    from pathlib import Path

LOCK = "lock"


class Hold:
    """The lock of a state folder; raises TryAgain where another agent holds it, ConfigError where there is no room."""

    def __init__(self, state_dir: Path) -> None:
        """Make the folder (0700) where it is missing, and take its lock."""
        self._path = state_dir / LOCK
        try:
            state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"{error.filename or state_dir}: {error.strerror}") from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise TryAgain(f"{state_dir}: another agent works on it (process {holder or 'unknown'})") from None
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError:  # a full disk: only who holds it is not told
            return

    def check(self) -> None:
        """Raise TipdError where the folder is not the one that was locked: it was removed, or another one put there."""
        try:
            told = self._path.stat()
        except OSError:
            told = None
        held = os.fstat(self._descriptor)
        if told is None or (told.st_dev, told.st_ino) != (held.st_dev, held.st_ino):
            raise TipdError(f"{self._path.parent}: was removed or replaced while the agent worked on it")

    def close(self) -> None:
        """Let another agent have it."""
        os.close(self._descriptor)
