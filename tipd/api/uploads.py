"""Files on their way in, piece by piece: each piece is a request no larger than any other, so memory stays bounded.

A piece says where it belongs; one that was sent twice or out of turn is refused with how far the file is. What nobody
finishes goes after an hour, and everything at the start. The calls touch the disk: run them in a thread.
"""

from __future__ import annotations

import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

STALE = 3600.0  # seconds without a piece
MOST_FILES = 64
_NAME = re.compile(r"[0-9a-f]{32}\Z")


class UploadRefused(Exception):
    """A piece that cannot be taken; `status` as HTTP says it, `size` how far the file is."""

    def __init__(self, status: int, why: str, size: int | None = None) -> None:
        """Keep what the answer will say."""
        super().__init__(why)
        self.status = status
        self.size = size


@dataclass(frozen=True, slots=True)
class Uploads:
    """Files in one folder, at most `most` bytes each."""

    folder: Path
    most: int = 2**30

    @classmethod
    def below(cls, state_dir: Path, most: int) -> Uploads:
        """Return those of a state folder."""
        return cls(state_dir / "uploads", most)

    def sweep(self) -> None:
        """Remove what another run of the daemon left."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, now: float) -> str:
        """Begin an empty file and return its name. Raises UploadRefused where there are too many, OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = [path for path in self.folder.iterdir() if not self._stale(path, now)]
        if len(files) >= MOST_FILES:
            raise UploadRefused(503, f"{MOST_FILES} files are on their way in already")
        name = secrets.token_hex(16)
        self._path(name).touch(mode=0o600, exist_ok=False)
        return name

    def add(self, name: str, offset: int, piece: bytes) -> int:
        """Add a piece where it belongs and return how far the file is. Raises UploadRefused, OSError."""
        path = self._path(name)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            raise UploadRefused(404, "there is no such upload, or it has waited for too long") from None
        if offset != size:
            raise UploadRefused(409, f"the next piece begins at byte {size}", size)
        if size + len(piece) > self.most:
            path.unlink(missing_ok=True)
            raise UploadRefused(413, f"a file is at most {self.most} bytes")
        with path.open("ab") as file:
            file.write(piece)
        return size + len(piece)

    def take(self, name: str) -> Path:
        """Take a finished file: it is the caller's from now on. Raises UploadRefused, OSError."""
        path = self._path(name)
        taken = path.with_suffix(".taken")
        try:
            path.rename(taken)
        except FileNotFoundError:
            raise UploadRefused(404, "there is no such upload, or it has waited for too long") from None
        return taken

    def _path(self, name: str) -> Path:
        if not _NAME.match(name):
            raise UploadRefused(404, "there is no such upload")
        return self.folder / f"{name}.part"

    def _stale(self, path: Path, now: float) -> bool:
        """Remove a file nobody finishes; say whether it was one."""
        try:
            stale = path.suffix == ".part" and now - path.stat().st_mtime > STALE
        except FileNotFoundError:
            return True
        if stale:
            path.unlink(missing_ok=True)
        return stale
