"""A chain that is a plain folder: copied there by rsync, served by another program, brought on a stick, or pushed.

What lies there may change under us and is never trusted: lines are copied, and the copy is hashed.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import nullcontext
from typing import TYPE_CHECKING

import msgspec
import trio

from tipd.agent.chain import MANIFEST, Chain, ChainError
from tipd.modules.spamtrap.agents.origin import INLINE, MOST_LISTED, AwayError, Lines, Listing
from tipd.modules.spamtrap.agents.verifying import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tipd.agent.protocol import Manifest
    from tipd.clock import Clock

SETTLED = 600.0  # seconds after which nobody is believed to be still copying
LOOK_EVERY = 0.5  # seconds: a look is one stat
MOST_BYTES = 16 * 2**20  # of manifests in one listing
_PIECE = 2**20
_PRIVATE = 0o600
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderOrigin:
    """One view's chain below a folder: in it, in its sub-folder VIEW, or in AGENT/VIEW."""

    def __init__(self, folder: Path, clock: Clock, view: str = "", agent: str = "", *, bury: bool = False) -> None:
        """`view` empty: the only one that is there. `bury`: lines that were taken are removed (an inbox)."""
        self._folder = folder
        self._clock = clock
        self._view = view
        self._agent = agent
        self._bury = bury
        self._buried = 0
        self._chain: Chain | None = None

    async def listing(self, since: int) -> Listing:
        """Read the manifests after a number; raises AwayError where there is no such folder, and Refusal."""
        return await trio.to_thread.run_sync(self._listing, since)

    def _listing(self, since: int) -> Listing:
        try:
            chain = self._chain = Chain(self._place())
            manifests: list[bytes] = []
            size = 0
            for n in range(since + 1, min(chain.last, since + MOST_LISTED) + 1):
                try:
                    manifests.append(chain.manifest(n))
                except FileNotFoundError:
                    # Copied out of order, or an inbox of somebody who never saw the beginning.
                    continue
                size += len(manifests[-1])
                if size > MOST_BYTES:
                    break
            index = chain.index()
        except (OSError, ChainError, msgspec.MsgspecError, UnicodeError) as error:
            raise AwayError("unreachable", f"{self._folder}: {getattr(error, 'strerror', None) or error}") from None
        return Listing(index.agent, index.view, chain.last, tuple(manifests))

    def _place(self) -> Path:
        """Return the folder with the manifests; raises AwayError where it cannot be told."""
        if not self._folder.is_dir():
            raise AwayError("unreachable", f"{self._folder}: there is no such folder")
        bases = [self._folder, *([self._folder / self._agent] if self._agent else [])]
        for base in bases:
            if self._view and (base / self._view).is_dir():
                return base / self._view
        if any(_is_chain(base) for base in bases):
            return next(base for base in bases if _is_chain(base))
        below = [each for base in bases if base.is_dir() for each in base.iterdir() if _is_chain(each)]
        if self._view or not below:
            return self._folder
        if len(below) > 1:
            names = ", ".join(sorted(each.name for each in below)[:5])
            raise AwayError("unreachable", f"{self._folder} holds several views ({names}): name one with `view`")
        return below[0]

    async def lines(self, manifest: Manifest, into: Path) -> Lines | None:
        """Copy a version's lines; None where only the manifest is left."""
        return await trio.to_thread.run_sync(self._lines, manifest, into)

    def _lines(self, manifest: Manifest, into: Path) -> Lines | None:
        chain, n = self._chain, manifest.n
        if chain is None:
            raise AwayError("unreachable", f"{self._folder} was not looked at")
        try:
            file = os.open(chain.body(n), _READ)
        except FileNotFoundError:
            if n < chain.first or self._bury or self._settled(chain.folder / f"{n}{MANIFEST}"):
                return None
            raise AwayError("unreachable", f"{chain.folder}: the lines of version {n} are not there yet") from None
        except (OSError, ChainError) as error:
            raise AwayError("unreachable", f"{chain.folder}: {getattr(error, 'strerror', None) or error}") from None
        try:
            if os.fstat(file).st_size < manifest.bytes and not self._settled(chain.body(n)):
                raise AwayError("unreachable", f"{chain.folder}: the lines of version {n} are not there whole yet")
            return _copied(file, manifest, into)
        except OSError as error:
            raise AwayError("unreachable", f"{chain.folder}: {error.strerror}") from None
        finally:
            os.close(file)

    def _settled(self, path: Path) -> bool:
        """Whether the file has been here for a while: who copies a chain may be in the middle of it."""
        return path.lstat().st_ctime < self._clock.now().timestamp() - SETTLED

    async def watch(self, told: Callable[[int], None]) -> None:
        """Look at the folder's time now and then: whoever copies there renames, or makes, a file in it."""
        seen: object = None
        while True:
            now = await trio.to_thread.run_sync(self._stamp)
            if now != seen:
                seen = now
                told(0)
            await trio.sleep(LOOK_EVERY)

    def _stamp(self) -> object:
        try:
            place = self._place()
            found = place.stat()
        except (OSError, AwayError):
            return None
        return found.st_mtime_ns, found.st_ino, str(place)

    async def taken(self, upto: int) -> None:
        """Remove the lines that are taken, where this is an inbox."""
        if self._bury and self._chain is not None:
            await trio.to_thread.run_sync(self._bury_upto, upto)

    def _bury_upto(self, upto: int) -> None:
        chain = self._chain
        if chain is None:
            return
        try:
            first = self._buried + 1 or chain.first
            for n in range(max(first, chain.first), min(upto, chain.last) + 1):
                chain.bury(n)
        except OSError:
            return  # they are there the next time
        self._buried = upto

    async def aclose(self) -> None:
        """Nothing is open."""


def _copied(file: int, manifest: Manifest, into: Path) -> Lines:
    """Return the lines of an open file: small ones in memory, others copied; raises Refusal and OSError."""
    size = os.fstat(file).st_size
    if size != manifest.bytes:
        words = ("truncated", "the lines are cut off") if size < manifest.bytes else ("size", "more bytes than sealed")
        raise Refusal(*words, manifest.n)
    small = size <= INLINE
    digest, gathered = hashlib.sha256(), bytearray()
    with nullcontext() if small else open(os.open(into, _WRITE, _PRIVATE), "wb") as target:  # noqa: PTH123
        while piece := os.read(file, _PIECE):
            digest.update(piece)
            if (size := size - len(piece)) < 0:  # somebody writes to it still: it could go on for ever
                raise Refusal("size", "more bytes than sealed", manifest.n)
            if target is None:
                gathered += piece
            else:
                target.write(piece)
    if digest.hexdigest() != manifest.sha256:
        raise Refusal("hash", "the lines are not those that were sealed", manifest.n)
    return Lines(data=bytes(gathered)) if small else Lines(path=into)


def _is_chain(folder: Path) -> bool:
    if not folder.is_dir() or folder.is_symlink():
        return False
    return (folder / "index.json").is_file() or any(folder.glob("[1-9]*.manifest"))
