"""Whose the state folder is, and taking turns at its small files."""

from __future__ import annotations

import fcntl
import os
import pwd
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE = 0o600
_CODE = str(Path(__file__).parent)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock beside a file that is read, changed and written: commands and the agent take turns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def become_owner(folder: Path) -> None:
    """As root, go on as whom the state folder belongs to, so that what a command writes there can be read by the agent.

    Nothing happens for others, for a folder of root, or one that is not there. There is no way back. Raises ConfigError
    where that user may not read tipd's own files, for what is not imported yet could not be any more.
    """
    if os.geteuid() != 0:
        return
    try:
        found = folder.stat()
    except FileNotFoundError:
        return
    if found.st_uid != 0:
        if name := _name_of(found.st_uid):
            os.initgroups(name, found.st_gid)
        else:
            os.setgroups([found.st_gid])
        os.setresgid(found.st_gid, found.st_gid, found.st_gid)
        os.setresuid(found.st_uid, found.st_uid, found.st_uid)
        if not os.access(_CODE, os.R_OK | os.X_OK):
            who = name or found.st_uid
            raise ConfigError(f"{_CODE}: cannot be read by {who}, whose {folder} is; put the program where it can be")


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""
