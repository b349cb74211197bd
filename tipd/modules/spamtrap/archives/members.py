"""The mails of one archive, of whatever kind, as a stream: a member after the other, nothing unpacked to disk.

No name inside an archive is ever used for a file. Links, devices and names that would leave their folder are passed
over and counted, as is what does not look like a mail.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from fnmatch import fnmatchcase
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from tipd.modules.spamtrap.archives.mbox import is_mbox, mails_of
from tipd.work.unpack import PIECE, UnpackError, detect, open_entries
from tipd.work.unpack_streams import inflate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tipd.modules.spamtrap.settings import Layout
    from tipd.work.unpack import UnpackLimits

HEAD = 1024
_STREAMS = frozenset({"gz", "bz2", "xz", "zstd"})
_MEMORY = 64 * 2**20  # a dictionary of a member that is compressed by itself
_FIELD = re.compile(rb"(?m)^(?:From |>From |[A-Za-z][A-Za-z0-9-]{0,60}[ \t]*:)")  # what a header has at least


class Found(NamedTuple):
    """One mail of an archive: where it stood, its bytes (at most so many), its SHA-256, how many bytes it has."""

    name: str
    raw: bytes
    sha256: bytes
    size: int


class Members:
    """Iterate over it: the mails of an archive file, or of a folder. `refused` counts what was passed over, by why."""

    def __init__(
        self, path: Path, layout: Layout, limits: UnpackLimits, most: int, beat: Callable[[], None] = lambda: None
    ) -> None:
        """`most`: bytes that are kept of one mail; `beat` is called for each piece that was read."""
        self._path = path
        self._layout = layout
        self._limits = limits
        self._most = most
        self._beat = beat
        self.refused: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Found]:
        """Yield the mails; raises UnpackError, and OSError for our own disk."""
        entries = self._of_folder() if self._path.is_dir() else self._of_archive()
        for name, chunks in entries:
            if name and not self._wanted(name):
                self.refused["skipped"] += 1
                continue
            yield from self._mails(name, self._beating(chunks))

    def _wanted(self, name: str) -> bool:
        return matches(name, self._layout.members) and not matches(name, self._layout.skip)

    def _beating(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._beat()
            yield chunk

    def _of_archive(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        return open_entries(self._path, self._limits, refused=self.refused, spool=False)

    def _of_folder(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield the files of one folder, not of those below it; what is an archive itself is taken by itself."""
        with os.scandir(self._path) as found:
            names = sorted(entry.name for entry in found if not entry.is_dir(follow_symlinks=False))
        for name in names:
            if matches(name, self._layout.archives):
                continue
            chunks = self._open(self._path / name)
            if chunks is not None:
                yield name, chunks

    def _open(self, path: Path) -> Iterator[bytes] | None:
        """Return a regular file's bytes; None for what is none, or is gone."""
        try:
            number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError:
            self.refused["link"] += 1
            return None
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            self.refused["device"] += 1
            return None
        return _read(number)

    def _mails(self, name: str, chunks: Iterator[bytes]) -> Iterator[Found]:
        head, whole = _peek(chunks)
        kind = detect(head)
        if kind in _STREAMS and name:  # compressed by itself
            try:
                yield from self._plain(name, *_peek(self._bounded(self._beating(inflate(kind, whole, _MEMORY)))))
            except UnpackError:  # the member's fault: where it is the archive's, reading on says so
                self.refused["damaged"] += 1
        else:
            yield from self._plain(name, head, whole)
        for _ in whole:
            pass

    def _plain(self, name: str, head: bytes, whole: Iterator[bytes]) -> Iterator[Found]:
        if not head.strip() or not _FIELD.search(head):
            self.refused["no_mail" if head.strip() else "empty"] += 1
        elif self._layout.form == "mbox" or (self._layout.form == "auto" and is_mbox(head)):
            for mail in mails_of(whole, self._most):
                yield Found(name, mail.raw, hashlib.sha256(mail.raw).digest(), mail.size)
        else:
            yield self._mail(name, whole)

    def _bounded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield what comes out of a member, as far as a body may grow: an archive's own meter does not see it."""
        left = max(self._most * 4, self._limits.max_bytes // 16)
        for chunk in chunks:
            yield chunk[:left]
            left -= len(chunk)
            if left < 0:
                self.refused["bomb"] += 1
                return

    def _mail(self, name: str, chunks: Iterator[bytes]) -> Found:
        digest, kept, size = hashlib.sha256(), bytearray(), 0
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            if len(kept) <= self._most:
                kept += chunk[: self._most + 1 - len(kept)]
        return Found(name, bytes(kept), digest.digest(), size)


def _read(number: int) -> Iterator[bytes]:
    with os.fdopen(number, "rb", buffering=0) as file:
        while chunk := file.read(PIECE):
            yield chunk


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, and all of them again."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= HEAD:
            break
    return b"".join(held)[:HEAD], chain(held, chunks)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Say whether any pattern fits the whole name or its last part."""
    last = name.rstrip("/").rpartition("/")[2]
    return any(fnmatchcase(name, pattern) or fnmatchcase(last, pattern) for pattern in patterns)
