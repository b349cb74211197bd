"""One version's lines into a file, from where an earlier attempt broke off; hashed and written beside the receiving."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import trio

from tipd.modules.spamtrap.agents.verifying import Refusal
from tipd.net.request import FetchError

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.agent.protocol import Manifest
    from tipd.net.kept import Kept
    from tipd.net.line import Head, Take

PIECE = 2**20  # bytes written and hashed in one hop to a thread
_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE = 0o600
_PARTIAL = 206


class Begun:
    """A file that holds the beginning of a version's lines. Blocks: to be used in a thread."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        """Open it, and hash what an earlier attempt left there."""
        self._manifest = manifest
        self._file = os.open(path, _OPEN, _PRIVATE)
        self._digest = hashlib.sha256()
        self.size = 0
        if os.fstat(self._file).st_size > manifest.bytes:
            self.begin_anew()
        while piece := os.read(self._file, PIECE):
            self._digest.update(piece)
            self.size += len(piece)

    def begin_anew(self) -> None:
        """Forget what is there."""
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._digest, self.size = hashlib.sha256(), 0

    def write(self, pieces: list[bytes]) -> None:
        """Put pieces at the end; raises OSError."""
        for piece in pieces:
            self._digest.update(piece)
            view = memoryview(piece)
            while view:
                view = view[os.write(self._file, view) :]
            self.size += len(piece)

    def check(self) -> None:
        """Compare with what was sealed; raises Refusal, and begins anew the next time."""
        if (self.size, self._digest.hexdigest()) != (self._manifest.bytes, self._manifest.sha256):
            self.begin_anew()
            raise Refusal("hash", "the lines are not those that were sealed", self._manifest.n)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


async def download(kept: Kept, path: str, manifest: Manifest, begun: Begun) -> int:
    """Bring what is not there yet; return the answer's status (200, 206, or what the server says else).

    Raises FetchError; what came until then is kept.
    """
    fields = {"range": f"bytes={begun.size}-", "if-range": f'"{manifest.sha256}"'} if begun.size else {}
    status = 0
    failed: FetchError | None = None
    async with trio.open_nursery() as nursery:
        send, receive = trio.open_memory_channel[list[bytes] | None](1)
        nursery.start_soon(_write, receive, begun)
        flow = _Flow(begun.size, send)
        async with send:
            try:
                answer = await kept.get(path, fields=fields, most=manifest.bytes, pour=flow.begin)
                status = answer.status
            except FetchError as error:
                failed = error
            await flow.flush()
    if failed is not None:
        raise failed
    return status


class _Flow:
    """Gathers what is received to pieces worth a hop."""

    def __init__(self, start: int, send: trio.MemorySendChannel[list[bytes] | None]) -> None:
        self._start = start
        self._send = send
        self._pieces: list[bytes] = []
        self._size = 0
        self._anew = False

    def begin(self, head: Head) -> Take:
        """Look where the answer begins; raises FetchError."""
        if head.status == _PARTIAL:
            if not head.fields.get("content-range", "").startswith(f"bytes {self._start}-"):
                raise FetchError("unreachable", "the server sends another part than it was asked for")
        else:
            self._anew = self._start > 0  # it is another file by now, or the server does not know ranges
        return self._take

    async def _take(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= PIECE:
            await self.flush()

    async def flush(self) -> None:
        """Hand over what is gathered."""
        if self._anew:
            await self._send.send(None)
            self._anew = False
        if self._pieces:
            await self._send.send(self._pieces)
            self._pieces, self._size = [], 0


async def _write(receive: trio.MemoryReceiveChannel[list[bytes] | None], begun: Begun) -> None:
    async with receive:
        async for pieces in receive:
            if pieces is None:
                await trio.to_thread.run_sync(begun.begin_anew)
            else:
                await trio.to_thread.run_sync(begun.write, pieces)
