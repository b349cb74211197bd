"""Kept bodies: what sources answered, compressed, as files below the state folder, one a round.

`bodies/<source id>/<round id>.zst`, and `….past.zst` of loaded history, written whole or not at all. A body
is given back only where its SHA-256 is the one that its round keeps: one that is damaged is told from one that is gone,
and never read half. All calls touch the disk: run them in a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

LEVEL = 3
_PIECE = 1 << 20
_HALF_WRITTEN = 3600.0  # seconds without a byte: nobody writes it any more
_NAME = re.compile(r"(\d{1,10})/(\d{1,19})(\.past)?\.zst\Z", re.ASCII)
FORGOTTEN = "forgotten"  # stands in a round for the body's name where the body held what an operator had forgotten


class BodyGone(LookupError):
    """The body is not kept, or not any more; the text says so."""


class BodyDamaged(ValueError):
    """The kept body is not what its round read; the text says in which way."""


class Kept(NamedTuple):
    """One file: its name, which source's and round's it is, its size packed, when it came, whether it is history."""

    name: str
    source: int
    round: int
    size: int
    at: datetime
    past: bool = False


@dataclass(frozen=True, slots=True)
class Bodies:
    """The kept bodies of one state folder; for how long, and how many bytes in all."""

    folder: Path
    keep_for: timedelta = timedelta(days=30)
    most: int = 10 * 2**30

    @classmethod
    def below(cls, state_dir: Path, keep_for: timedelta, most: int) -> Bodies:
        """Return those of a state folder."""
        return cls(state_dir / "bodies", keep_for, most)

    def keep(self, source_id: int, round_id: int, body: Path, at: datetime, *, past: bool = False) -> str | None:
        """Keep a body that came at a time, and return its name, None where none are kept; `past`: it tells of the past.

        Raises OSError; then nothing is left of it.
        """
        if not self.keep_for or not self.most:
            return None
        name = f"{source_id}/{round_id}{'.past' if past else ''}.zst"
        path = self.folder / name
        _make_folder(path.parent)
        made = path.with_suffix(".new")
        try:
            with body.open("rb") as source, made.open("wb") as target:
                zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).copy_stream(source, target)
                target.flush()
                os.fsync(target.fileno())
            os.utime(made, (at.timestamp(), at.timestamp()))
            made.replace(path)
            _sync(path.parent)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
        return name

    def path(self, name: str) -> Path:
        """Return where a body lies. Raises BodyGone for what is no name of ours."""
        if name == FORGOTTEN:
            raise BodyGone("the body held something that was forgotten, and is not kept")
        if not _NAME.match(name):
            raise BodyGone(f"{name!r} is no kept body")
        return self.folder / name

    def pieces(self, name: str | None, sha256: bytes | None) -> Iterator[bytes]:
        """Yield the body's bytes, once they are known to be whole. Raises BodyGone, BodyDamaged, OSError."""
        with self._checked(name, sha256) as file:
            yield from _unpacked(file)

    def restore(self, name: str | None, sha256: bytes | None, into: Path) -> int:
        """Write the body to a file and return its size. Raises BodyGone, BodyDamaged, OSError."""
        size = 0
        with into.open("wb") as out:
            for piece in self.pieces(name, sha256):
                size += out.write(piece)
        return size

    def check(self, name: str | None, sha256: bytes | None) -> None:
        """Read the body once and compare its hash. Raises BodyGone, BodyDamaged, OSError."""
        with self._checked(name, sha256):
            pass

    @contextmanager
    def _checked(self, name: str | None, sha256: bytes | None) -> Iterator[BinaryIO]:
        """Give the file at its beginning, read through once: what is given is what was looked at."""
        if name is None:
            raise BodyGone("the body is not kept: it was never to be, or its time has passed")
        path = self.path(name)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise BodyGone(f"{path} is not there any more") from None
        with file:
            digest = hashlib.sha256()
            try:
                for piece in _unpacked(file):
                    digest.update(piece)
            except zstandard.ZstdError as error:
                raise BodyDamaged(f"{path} is damaged: {error}") from None
            if sha256 is not None and digest.digest() != sha256:
                raise BodyDamaged(
                    f"{path} is damaged: its SHA-256 is {digest.hexdigest()[:16]}…, its round read {sha256.hex()[:16]}…"
                )
            file.seek(0)
            yield file

    def all(self) -> list[Kept]:
        """Return everything that is kept, the oldest first."""
        found: list[Kept] = []
        for path in self.folder.glob("*/*.zst"):
            match = _NAME.match(f"{path.parent.name}/{path.name}")
            if match is None:
                continue
            with suppress(FileNotFoundError):
                facts = path.stat()
                at = datetime.fromtimestamp(facts.st_mtime, UTC)
                found.append(Kept(match[0], int(match[1]), int(match[2]), facts.st_size, at, bool(match[3])))
        return sorted(found, key=lambda one: (one.at, one.round))

    def drop(self, name: str) -> None:
        """Remove a body; one that is not there is removed already."""
        with suppress(BodyGone):
            self.path(name).unlink(missing_ok=True)

    def prune(self, now: datetime) -> list[Kept]:
        """Remove what is past its time, then the oldest until the rest has room; return what was removed.

        The last body of each source stays, as long as there is room for all of these: it can be read again.
        """
        self._sweep(now)
        kept = self.all()
        newest = {one.source: one.name for one in kept if not one.past}
        old = [one for one in kept if one.name != newest.get(one.source)]
        gone = kept if not self.keep_for else [one for one in old if one.at < now - self.keep_for]
        names = {one.name for one in gone}
        total = sum(one.size for one in kept if one.name not in names)
        for one in (*old, *(one for one in kept if one.name == newest.get(one.source))):
            if total <= self.most:
                break
            if one.name not in names:
                names.add(one.name)
                total -= one.size
        removed = [one for one in kept if one.name in names]
        for one in removed:
            self.drop(one.name)
        return removed

    def _sweep(self, now: datetime) -> None:
        """Remove what a killed process left half written, unless it is being written just now."""
        for path in self.folder.glob("*/*.new"):
            with suppress(FileNotFoundError):
                if now.timestamp() - path.stat().st_mtime > _HALF_WRITTEN:
                    path.unlink()


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes in pieces, however well they were packed. Raises ZstdError where the frame is broken."""
    with zstandard.ZstdDecompressor().stream_reader(file, closefd=False) as unpacked:
        while piece := unpacked.read(_PIECE):
            yield piece


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.parent.chmod(0o700)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
