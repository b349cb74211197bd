"""A chain as a folder: `index.json`, `N.jsonl.zst`, `N.manifest`. Sealed by an agent, pulled by a daemon, or copied.

The manifests are the truth: what has none is not there. The lines are durable before their manifest is, and the
manifest before anybody is told, so a cut-off step leaves either no version or a whole one. Where retention removed the
lines the manifest stays, and is the tombstone. `index.json` is derived, for readers that cannot list a folder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from tipd.agent import protocol
from tipd.agent.durable import fsync_folder, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MANIFEST = ".manifest"
BODY = ".jsonl.zst"
INDEX = "index.json"
_PIECE = 1 << 20


class ChainError(Exception):
    """A version does not continue this chain, or the folder holds something else than a chain."""


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What `index.json` says: `first` is the lowest number whose lines are there, `last` the highest; 0: none."""

    agent: str = ""
    view: str = ""
    first: int = 0
    last: int = 0


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One version as `Chain.check` found it; `reason` says what is wrong with a bad one."""

    n: int
    state: Literal["good", "tombstone", "bad"]
    manifest: protocol.Manifest | None = None
    reason: str = ""


class Chain:
    """The versions of one view. Numbers run from 1 without holes.

    One process appends; any may read. `refresh` looks at the folder again where somebody else appends.
    """

    def __init__(self, folder: Path) -> None:
        """Look at a folder, which need not be there before the first `append`."""
        self.folder = folder
        self.first = 0
        self.last = 0
        self.refresh()

    def refresh(self) -> None:
        """Look at the folder again: another process may have appended or buried."""
        manifests, bodies = set[int](), set[int]()
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                stem, dot, kind = entry.name.partition(".")
                if stem.isdecimal() and stem.isascii() and stem[0] != "0":
                    (manifests if dot + kind == MANIFEST else bodies if dot + kind == BODY else set()).add(int(stem))
        self.last = max(manifests, default=0)
        self.first = min(bodies & manifests, default=0)

    def index(self) -> Index:
        """Return what is there."""
        manifest = msgspec.json.decode(self.manifest(self.last), type=dict) if self.last else {}
        agent, view = str(manifest.get("agent", "")), str(manifest.get("view", ""))
        return Index(agent=agent, view=view, first=self.first, last=self.last)

    def manifest(self, n: int) -> bytes:
        """Return a manifest as it was signed; raises FileNotFoundError, or ChainError where it cannot be one."""
        return _read(self.folder / f"{n}{MANIFEST}", protocol.LONGEST_MANIFEST)

    def body(self, n: int) -> Path:
        """Return where the compressed lines are; raises FileNotFoundError where there are none (a tombstone)."""
        path = self.folder / f"{n}{BODY}"
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ChainError(f"{path} is not a file")
        return path

    def has_body(self, n: int) -> bool:
        """Say whether the lines of a version are there."""
        try:
            return stat.S_ISREG((self.folder / f"{n}{BODY}").lstat().st_mode)
        except FileNotFoundError:
            return False

    def append(self, manifest: bytes, n: int, body: Path | None) -> None:
        """Put a version at the end: durable when this returns, whole or not there when it is cut off.

        `body` is moved in; None for a version whose lines were gone before it could be taken. Nothing of the manifest
        is verified here but that it continues the chain (`n`, `previous`). Raises ChainError, OSError.
        """
        self.extend([(n, manifest, body)])

    def extend(self, versions: Sequence[tuple[int, bytes, Path | None]]) -> None:
        """Put several versions (`n`, manifest, body) at the end, as `append` does one, in fewer writes to the disk."""
        self._continue(versions)
        self.folder.mkdir(parents=True, exist_ok=True)
        for n, _, body in versions:
            if body is not None:
                _move_in(body, self.folder / f"{n}{BODY}")
            else:
                (self.folder / f"{n}{BODY}").unlink(missing_ok=True)
        fsync_folder(self.folder)
        for n, manifest, _ in versions:
            write(self.folder / f"{n}{MANIFEST}", manifest, folder=False)
        fsync_folder(self.folder)
        self.last = versions[-1][0]
        self.first = self.first or next((n for n, _, body in versions if body is not None), 0)
        self._write_index()

    def _continue(self, versions: Sequence[tuple[int, bytes, Path | None]]) -> None:
        last, before = self.last, protocol.digest(self.manifest(self.last)) if self.last else None
        for n, manifest, _ in versions:
            if n != last + 1:
                raise ChainError(f"version {n} does not follow {last}")
            try:
                document = msgspec.json.decode(manifest, type=dict)
            except msgspec.MsgspecError as error:
                raise ChainError(f"version {n} has no manifest: {error}") from None
            if document.get("n") != n or document.get("previous") != before:
                raise ChainError(f"version {n} names another one before it")
            last, before = n, protocol.digest(manifest)

    def bury(self, n: int) -> None:
        """Remove the lines of a version; its manifest stays as the tombstone."""
        (self.folder / f"{n}{BODY}").unlink(missing_ok=True)
        fsync_folder(self.folder)
        if n == self.first:
            self.first = next((k for k in range(n + 1, self.last + 1) if self.has_body(k)), 0)
        self._write_index()

    def _write_index(self) -> None:
        write(self.folder / INDEX, msgspec.json.encode(self.index()), durable=False)

    def key_after(self, n: int) -> str:
        """Return the public key that must sign the version after `n`; raises what `manifest` does."""
        document = msgspec.json.decode(self.manifest(n), type=dict)
        return str(document.get("next_key") or document.get("key"))

    def check(self, key: str = "", since: int = 0) -> Iterator[Link]:
        """Yield each version after `since`, verified: signature, number, link to the one before, hash of the lines.

        `key` is the public key (base64) of the first that is looked at, or one that a later one bears; empty: the one
        it names itself. Stops after the first bad one: what follows it hangs on nothing.
        """
        before = protocol.digest(self.manifest(since)) if since else None
        current = self.key_after(since) if since else key
        for n in range(since + 1, self.last + 1):
            try:
                data = self.manifest(n)
                current = current or str(msgspec.json.decode(data, type=dict).get("key", ""))
                manifest = protocol.read(data, current)
                self._matches(manifest, n, before)
            except (protocol.ForgedError, ChainError, OSError, msgspec.MsgspecError) as error:
                yield Link(n=n, state="bad", reason=str(error))
                return
            before, current = protocol.digest(data), manifest.next_key or manifest.key
            yield Link(n=n, state="good" if self.has_body(n) else "tombstone", manifest=manifest)

    def _matches(self, manifest: protocol.Manifest, n: int, before: str | None) -> None:
        if manifest.n != n:
            raise ChainError(f"{n}{MANIFEST} says it is version {manifest.n}")
        if manifest.previous != before:
            raise ChainError("it names another version before it")
        if self.has_body(n) and _digest(self.body(n)) != (manifest.sha256, manifest.bytes):
            raise ChainError("the lines are not those that were sealed")


def _read(path: Path, most: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ChainError(f"{path} is not a file")
        data = file.read(most + 1)
    if len(data) > most:
        raise ChainError(f"{path} is longer than {most} bytes")
    return data


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _move_in(source: Path, target: Path) -> None:
    """Make the file durable, then rename it; copy it first where it lies on another file system."""
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.tmp")
        shutil.copyfile(source, beside)
        _move_in(beside, target)
        source.unlink()
