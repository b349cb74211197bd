"""As whom the managed server runs: PostgreSQL refuses root, and wants a user that has a passwd entry."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from tipd.errors import ConfigError

_FOR_ROOT = ("tipd", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the machine; `switch` says whether children must change to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def spawn(self) -> dict[str, object]:
        """Return what `subprocess` needs to start a child as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        """Give the path to this user."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_reach(self, path: Path) -> bool:
        """Say whether this user may enter the folder (or execute the file) and all folders above it.

        By mode bits alone: an access list may make it wrong. A folder wrongly called closed only takes the other way.
        """
        if not self.switch:
            return True
        real = path.resolve()
        return all(self._may_pass(part) for part in (real, *real.parents))

    def _may_pass(self, path: Path) -> bool:
        try:
            found = path.stat()
        except OSError:
            return False
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        return bool(found.st_mode & (stat.S_IXGRP if found.st_gid == self.gid else stat.S_IXOTH))


def choose(data: Path) -> Account:
    """Return the data folder's owner where it exists; else ourselves, or as root the first of tipd, postgres, nobody.

    Raises ConfigError in plain words where that cannot work.
    """
    ours = os.geteuid()
    owner = _owner(data)
    if ours != 0:
        if owner not in (None, ours):
            raise ConfigError(
                f"{data} belongs to {_called(owner)}, and tipd runs as {_called(ours)}: start it as that user "
                f"or as root, or give it the folder (chown -R {_called(ours)} {data.parent})"
            )
        return _account(ours, switch=False)
    if owner == 0:
        raise ConfigError(
            f"{data} belongs to root, and PostgreSQL does not run as root: chown -R postgres {data}, or move it away"
        )
    return _account(owner, switch=True) if owner is not None else _first_for_root()


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except (FileNotFoundError, NotADirectoryError):  # the second is told when folders are made
        return None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None


def _first_for_root() -> Account:
    for name in _FOR_ROOT:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)
    raise ConfigError("PostgreSQL does not run as root, and this machine has no user tipd, postgres or nobody: add one")


def _account(uid: int, *, switch: bool) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise ConfigError(
            f"user number {uid} has no passwd entry, and PostgreSQL cannot run without one: add the user, or name a "
            "server in [store] url_file"
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=switch)


def _called(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid if uid is not None else -1).pw_name
    except (KeyError, OverflowError):
        return str(uid)
