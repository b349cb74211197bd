"""Where the module keeps its files, below the state folder; the calls touch the disk: run them in a thread."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

_PIECE = 1 << 20


class LocalBody(NamedTuple):
    """A local source's body as it was copied."""

    sha256: bytes
    size: int


class Places:
    """Folders are made when first needed, for our own user only."""

    def __init__(self, state_dir: Path) -> None:
        """Name the folders; nothing is made yet."""
        self._spool = state_dir / "spool"
        self._snapshots = state_dir / "snapshots"
        self._set_aside = state_dir / "set_aside"

    def sweep(self) -> None:
        """Remove what a killed run left in the spool."""
        shutil.rmtree(self._spool, ignore_errors=True)

    def scratch(self, name: str) -> Path:
        """Make and return a folder for one run of a source."""
        self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._spool))

    def snapshot(self, source_id: int) -> Path:
        """Return where the source's snapshot lies, if there is one."""
        return self._snapshots / f"{source_id}.snapshot"

    def keep_snapshot(self, made: Path, source_id: int) -> None:
        """Move a claimed snapshot into its place."""
        self._snapshots.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.replace(self.snapshot(source_id))

    def set_aside(self, body: Path, name: str) -> Path:
        """Keep a refused body for review, the last one of each source; return where."""
        self._set_aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = self._set_aside / f"{name}.body"
        body.replace(kept)
        return kept


def copy_local(path: Path, into: Path, limit: int) -> LocalBody:
    """Copy a file, or the files of a folder by name, one after the other, and hash them.

    Raises OSError; ValueError where there is more than `limit` bytes or something that is no plain file.
    """
    files = sorted(each for each in path.iterdir() if each.name[0] != ".") if path.is_dir() else [path]
    digest, size = hashlib.sha256(), 0
    with into.open("wb") as out:
        for each in files:
            with open(each, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:  # no FIFO
                if not each.is_file():
                    raise ValueError(f"{each}: is not a plain file")
                last = b"\n"
                while piece := file.read(_PIECE):
                    size += len(piece)
                    if size > limit:
                        raise ValueError(f"{path}: is larger than {limit} bytes")
                    digest.update(piece)
                    out.write(piece)
                    last = piece[-1:]
                if len(files) > 1 and last != b"\n":
                    out.write(b"\n")
    return LocalBody(digest.digest(), size)
